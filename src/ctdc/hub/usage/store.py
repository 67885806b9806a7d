"""Totals of days in a folder, one small file for each month.

Promise: a file holds a day, kinds of pages and answers, languages and numbers, and in its name, its text and its time
nothing finer than a day; it appears whole or not at all, and several processes that add to it lose nothing of each
other.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import alone, as_json, atomic_file
from ctdc.hub.usage.kinds import KINDS, STATUSES
from ctdc.standard.languages import LANGUAGES

FORMAT = "ctdc-usage/1"
LOCK = ".lock"
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Counted:
    """What is counted. day: YYYY-MM-DD; kind: of `KINDS`; language: of the page, or ""; status: of `STATUSES`."""

    day: str
    kind: str
    language: str
    status: str


Totals = Mapping[Counted, int]


def add(folder: Path, totals: Totals) -> None:
    """Add to the totals in `folder`, which is made if it is missing. Raises UserError (``usage.file``), OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(folder / LOCK):
        for month in sorted({what.day[:7] for what in totals}):
            found = Counter(read_month(folder, month))
            found.update({what: number for what, number in totals.items() if what.day.startswith(month)})
            _write(folder, month, found)


def _path(folder: Path, month: str) -> Path:
    return folder / f"usage-{month}.json"


def _write(folder: Path, month: str, totals: Totals) -> None:
    days: dict[str, dict[str, int]] = {}
    for what, number in sorted(totals.items(), key=lambda pair: _key(pair[0])):
        days.setdefault(what.day, {})[f"{what.kind} {what.language or '-'} {what.status}"] = number
    midnight = datetime.fromisoformat(max(days)).replace(tzinfo=UTC).timestamp()
    with atomic_file(_path(folder, month), private=True) as temporary:
        temporary.write_text(as_json({"format": FORMAT, "days": days}), encoding="utf-8")
        os.utime(temporary, (midnight, midnight))
    for path in (folder / LOCK, folder):
        os.utime(path, (midnight, midnight))


def _key(what: Counted) -> tuple[str, str, str, str]:
    return what.day, what.kind, what.language, what.status


def months(folder: Path) -> tuple[str, ...]:
    """The months of which there are totals, oldest first."""
    found = (path.name.removeprefix("usage-").removesuffix(".json") for path in folder.glob("usage-*.json"))
    return tuple(sorted(month for month in found if MONTH.fullmatch(month)))


def read_month(folder: Path, month: str) -> Totals:
    """The totals of a month (YYYY-MM), none where nothing was counted. Raises UserError (``usage.file``)."""
    path = _path(folder, month)
    if not path.is_file():
        return {}
    try:
        return _totals(json.loads(path.read_text(encoding="utf-8")), month)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            "usage.file", "This file does not hold totals of use.", where=str(path), do="Move it away."
        ) from None


def _totals(document: Any, month: str) -> Totals:
    if document["format"] != FORMAT:
        raise ValueError(FORMAT)
    found = {}
    for day, counts in document["days"].items():
        for name, number in counts.items():
            kind, language, status = name.split(" ")
            what = checked(Counted(day, kind, language.replace("-", ""), status))
            if not day.startswith(month) or not isinstance(number, int) or number < 0:
                raise ValueError(month)
            found[what] = number
    return found


def checked(what: Counted) -> Counted:
    """The same, if it is something that is counted. Raises ValueError."""
    known = what.kind in KINDS and what.status in STATUSES and what.language in ("", *LANGUAGES)
    if not known or not DAY.fullmatch(what.day):
        raise ValueError("this is not counted")
    return what
