"""What a guarantee means for somebody who attacks the release: what they could learn, and what they could not.

Promise: every figure follows from the release's stated guarantee (`ctdc.release.meaning`), rounded so that "at most"
stays true; nothing is typed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ctdc.release.document import Section, Table
from ctdc.release.meaning import meaning_of, noticed_of
from ctdc.release.numbers import percent, significant
from ctdc.release.texts import RELEASE_TEXTS

FALSE_ALARM_SHARES = (0.01, 0.05, 0.1, 0.2)
COULD = ("groups", "guess", "elsewhere")
COULD_NOT = ("record", "certain", "undo", "rare")


def attacker_sections(language: str, privacy: Mapping[str, Any]) -> tuple[Section, ...]:
    """How many people the best attacker can notice, what an attacker could learn, and what not.

    privacy: the content of ``privacy.json``.
    """
    accuracy = percent(language, _up(meaning_of(privacy).accuracy), 0)
    could = tuple(
        _text(language, f"attacker.could.{name}", **({"accuracy": accuracy} if name == "guess" else {}))
        for name in COULD
    )
    could_not = tuple(_text(language, f"attacker.couldnot.{name}") for name in COULD_NOT)
    return (
        _table(language, privacy),
        Section(_text(language, "attacker.could"), "could", (), could),
        Section(_text(language, "attacker.couldnot"), "could-not", (), could_not),
    )


def _table(language: str, privacy: Mapping[str, Any]) -> Section:
    epsilon = significant(language, float(privacy["epsilon"]), 3)
    delta = significant(language, float(privacy["delta"]))
    headers = tuple(_text(language, f"attacker.{column}") for column in ("alarms", "noticed", "blind"))
    rows = tuple(
        (
            percent(language, alarms, 0),
            percent(language, _up(noticed_of(privacy, alarms)), 0),
            percent(language, alarms, 0),
        )
        for alarms in FALSE_ALARM_SHARES
    )
    intro = _text(language, "attacker.table.text", epsilon=epsilon, delta=delta)
    table = Table(headers, rows, frozenset({1, 2}))
    return Section(_text(language, "attacker.table"), "attacker", (intro,), (), table)


def _text(language: str, key: str, **values: str) -> str:
    return RELEASE_TEXTS.text(language, key, **values)


def _up(share: float) -> float:
    """A share in whole per cent, rounded up."""
    return min(1.0, math.ceil(share * 100 - 1e-9) / 100)
