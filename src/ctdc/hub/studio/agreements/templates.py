"""Texts that a draft begins with, as the collaborative has them: to adapt with a lawyer, never to sign as they are."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from ctdc.foundation.collaborative import current
from ctdc.hub.studio.agreements.models import CLAUSES, Purpose
from ctdc.hub.studio.people.models import Organisation
from ctdc.release.texts import Catalogue

_DRAFTS = Catalogue(current().part("agreements") or Path(__file__).parent / "drafts")
YEARS = 3


def prefilled(organisation: Organisation, hub: Organisation, language: str, day: date) -> dict[str, Any]:
    """The fields of a new draft, in the language of its text, valid from a day on for three years."""
    named = {"organisation": organisation.name, "hub": hub.name}
    clauses = {name: _DRAFTS.text(language, name, **named) for name in CLAUSES}
    return {
        "title": _DRAFTS.text(language, "title", **named),
        "language": language,
        **clauses,
        "retention_months": 60,
        "purposes": [one.value for one in Purpose],
        "populations": [],
        "valid_from": day,
        "valid_until": _years_later(day, YEARS),
    }


def _years_later(day: date, years: int) -> date:
    """The same day some years later; the 28th for a 29th of February."""
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)
