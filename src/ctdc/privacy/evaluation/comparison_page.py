"""The comparison of several ways as a page: one file, five languages, no script, no request.

Promise: made from the report's JSON values alone; everything is escaped; the notice that it is never to be published
stands on top in every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from ctdc.privacy.attacks.findings import UNFIT
from ctdc.privacy.evaluation.marginals import SIZE_NAMES
from ctdc.privacy.report import LANGUAGES, Writer, page_templates

Way = Mapping[str, Any]
COUNTED = ("order1", "order2", "order3")
FEW, SIZE = SIZE_NAMES[1:3]  # true counts of the combinations that are looked at


def comparison_html(report: Mapping[str, Any]) -> str:
    """The whole page, self-contained HTML, of a report in the form ``ctdc-comparison/1``."""
    context = {
        "r": report,
        "languages": LANGUAGES,
        "writers": [Writer(language, "comparison") for language in LANGUAGES],
        "quasi": Markup(", ").join(Markup('<bdi dir="auto">{}</bdi>').format(name) for name in report["quasi"]),
        "by_name": {one["name"]: one for one in report["ways"]},
        "orders": COUNTED[: report["length"]],
        "kept": lambda one: kept(one, report["people"]),
        "withheld": withheld,
        "error": error,
        "lost": lost,
        "sizes": dict(
            zip(("few", "many", "low", "high"), (int(end) for end in f"{FEW}-{SIZE}".split("-")), strict=True)
        ),
        "shares": shares,
        "worst_of": worst_of,
        "attack_key": attack_key,
        "unfit": UNFIT,
    }
    return page_templates().get_template("comparison.html.j2").render(context)


def kept(way: Way, people: int) -> float | None:
    """The share of the people whose own records are still there; None where records are not anybody's."""
    return 1 - way["removed"] / people if "removed" in way else None


def withheld(way: Way) -> float:
    """The share of the cells in the quasi-identifiers that are suppressed or coarser."""
    found: Mapping[str, float] = way["withheld"]
    return sum(found.values()) / len(found)


def error(way: Way, place: int) -> float | None:
    """Mean relative error of the counts of `place` + 1 characteristics that are of the size that is looked at."""
    return None if way["evaluation"] is None else _of_size(way, place, SIZE)["relative"]


def lost(way: Way, place: int) -> float | None:
    """Share of the combinations of few people that are not there any more."""
    return None if way["evaluation"] is None else _of_size(way, place, FEW)["lost"]


def _of_size(way: Way, place: int, size: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        one for one in way["evaluation"]["orders"][place]["errors"]["by_size"] if one["size"] == size
    )
    return found


def shares(way: Way) -> dict[str, float]:
    """Errors of the shares in charts, in percentage points: the mean over charts, and the largest."""
    charts = [one for one in way["evaluation"]["charts"] if one["mean"] is not None]
    means, most = [one["mean"] for one in charts], [one["worst"] for one in charts]
    return {"mean": 100 * sum(means) / max(1, len(means)), "most": 100 * max(most, default=0.0)}


def worst_of(candidate: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The attack that surely gained most, None where nothing was found."""
    named = candidate["worst"]
    if named is None:
        return None
    wanted = named["attack"], named["targets"]
    found: Mapping[str, Any] = next(one for one in candidate["attacks"] if (one["attack"], one["targets"]) == wanted)
    return found


def attack_key(name: str) -> str:
    """Under which text an attack stands: those of one kind share a text."""
    kind = name.split("-", maxsplit=1)[0]
    return name if kind == "quasi" else kind
