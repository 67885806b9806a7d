"""The report of attacks on a release as a page: one file, five languages, no script, no request.

Promise: made from the report alone, so it holds statistics and nobody's values; it says on top of every language that
it is never to be published; every name is escaped; the pictures' numbers are all beside them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctdc.privacy.attacks.difference import FOUND, IMPOSSIBLE, NOTHING, WITHIN
from ctdc.privacy.attacks.findings import UNFIT, AttackReport
from ctdc.privacy.report import LANGUAGES, Writer, page_templates, texts_of

VERDICTS = {FOUND: "found", WITHIN: "within", NOTHING: "nothing", UNFIT: "unfit", IMPOSSIBLE: "impossible"}
LEAST, WIDTH, HEIGHT, EDGE = -0.1, 140.0, 18.0, 4.0  # the smallest difference that has room; size, margin of a picture
TICKS = (0.0, 0.01, 0.1, 0.5, 1.0)


@dataclass(frozen=True)
class Picture:
    """Where a difference and its interval stand."""

    low: float
    at: float
    high: float


def _across(difference: float) -> float:
    """The place of a difference on the scale of the square root."""
    start = -math.sqrt(-LEAST)
    root = math.copysign(math.sqrt(abs(difference)), difference)
    return round(EDGE + (max(root, start) - start) / (1 - start) * (WIDTH - 2 * EDGE), 1)


def picture(attack: Mapping[str, Any]) -> Picture:
    """The picture of one attack as the report's JSON has it."""
    return Picture(_across(attack["low"]), _across(attack["difference"]), _across(attack["high"]))


def names_of(language: str = "en") -> Mapping[str, str]:
    """Key -> text, of the page."""
    return texts_of("attacks")[language]


def _cells(report: Mapping[str, Any]) -> list[tuple[str, str, list[Mapping[str, Any] | None]]]:
    """Each attack with whom it looks for, and what it showed on each file, None where it was not made."""
    files = [{(one["attack"], one["targets"]): one for one in each["attacks"]} for each in report["candidates"]]
    every = dict.fromkeys(key for each in files for key in each)
    order = list(names_of())
    rows = sorted(every, key=lambda key: order.index("attack." + key[0]))
    return [(attack, targets, [each.get((attack, targets)) for each in files]) for attack, targets in rows]


def attacks_html(report: AttackReport) -> str:
    """The whole page, self-contained HTML."""
    document = report.as_dict()
    context = {
        "r": document,
        "languages": LANGUAGES,
        "writers": [Writer(language, "attacks") for language in LANGUAGES],
        "verdicts": VERDICTS,
        "rows": _cells(document),
        "picture": picture,
        "ticks": [_across(tick) for tick in TICKS],
        "frame": {"width": WIDTH, "height": HEIGHT},
        "found": FOUND,
        "calm": (NOTHING, WITHIN),
    }
    return page_templates().get_template("attacks.html.j2").render(context)
