"""The privacy statement of a release with what its numbers mean for somebody who attacks it.

Promise: every figure follows from the release's stated guarantee (`ctdc.release.statement`), rounded so that "at most"
stays true; nothing is typed.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ctdc.hub.site.datasets.words import dataset_text
from ctdc.hub.site.view import SiteRelease
from ctdc.release.document import Section, Table
from ctdc.release.numbers import percent, significant
from ctdc.release.statement import meaning_of, noticed_of, privacy_statement

FALSE_ALARMS = (0.01, 0.05, 0.1, 0.2)
COULD = ("groups", "guess", "elsewhere")
COULD_NOT = ("record", "certain", "undo", "rare")
BEFORE = "unit"  # the section of the statement before which these stand


def statement_sections(view: SiteRelease, language: str) -> tuple[Section, ...]:
    """The release's own statement, and after its numbers what an attacker could and could not learn."""
    own = privacy_statement(language, view.privacy, view.vocabulary.linked)
    place = next((at for at, section in enumerate(own) if section.anchor == BEFORE), len(own))
    return (*own[:place], *_sections(view, language), *own[place:])


def _sections(view: SiteRelease, language: str) -> tuple[Section, ...]:
    text = dataset_text(language)
    accuracy = percent(language, _up(meaning_of(view.privacy).accuracy), 0)
    could = tuple(
        text(f"attacker.could.{name}", **({"accuracy": accuracy} if name == "guess" else {})) for name in COULD
    )
    could_not = tuple(text(f"attacker.couldnot.{name}") for name in COULD_NOT)
    return (
        _table(view, language),
        Section(text("attacker.could"), "could", (), could),
        Section(text("attacker.couldnot"), "could-not", (), could_not),
    )


def _table(view: SiteRelease, language: str) -> Section:
    text = dataset_text(language)
    epsilon = significant(language, float(view.privacy["epsilon"]), 3)
    delta = significant(language, float(view.privacy["delta"]))
    headers = tuple(text(f"attacker.{column}") for column in ("alarms", "noticed", "blind"))
    rows = tuple(
        (
            percent(language, alarms, 0),
            percent(language, _up(noticed_of(view.privacy, alarms)), 0),
            percent(language, alarms, 0),
        )
        for alarms in FALSE_ALARMS
    )
    intro = text("attacker.table.text", epsilon=epsilon, delta=delta)
    section = Section(text("attacker.table"), "attacker", (intro,))
    return replace(section, table=Table(headers, rows, frozenset({1, 2})))


def _up(share: float) -> float:
    """A share in whole per cent, rounded up."""
    return min(1.0, math.ceil(share * 100 - 1e-9) / 100)
