"""What a column of the table looks like, and what it may be: a guess for a person to judge.

Promise: a guess is never a declaration; what it was made from stays in the project. A column that looks as if it named
people, or held free text, is guessed to be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.choices import Choice, day_of
from ctdc.hub.workbench.prepare import column_of
from ctdc.table.bands import PERIODS
from ctdc.table.identifiers import kind_of_header, scan_values
from ctdc.table.infer import draft_field

MOST_VALUES = 300  # different values that are kept to be shown; more are no list of codes
ALMOST_ALL = 0.9  # share of filled cells with a value of their own, from which on a column tells people apart
ENOUGH = 20  # cells below which such a share says nothing


@dataclass(frozen=True)
class Look:
    """A column: filled cells, different values, the most frequent of these with how often they occur.

    warning: kind of a direct identifier that it seems to hold, ``distinct`` for one value per row, or empty.
    """

    name: str
    filled: int
    distinct: int
    values: tuple[tuple[str, int], ...]
    warning: str

    @property
    def complete(self) -> bool:
        """Whether all values are among `values`."""
        return self.distinct == len(self.values)


def look_at(table: Path, name: str) -> tuple[Look, Choice]:
    """What one column looks like, and the choice that is proposed for it."""
    array = column_of(table, name)
    counts = pc.value_counts(array)
    texts, numbers = counts.field(0).cast(pa.string()).to_pylist(), counts.field(1).to_pylist()
    pairs = [(text, number) for text, number in zip(texts, numbers, strict=True) if text]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    filled = sum(number for _, number in pairs)
    look = Look(name, filled, len(pairs), tuple(pairs[:MOST_VALUES]), "")
    proposed = proposal(look, array)
    return Look(name, filled, len(pairs), look.values, warning_of(look, pairs, proposed)), proposed


def warning_of(look: Look, pairs: Sequence[tuple[str, int]], proposed: Choice) -> str:
    """Why the column should be left out; empty where nothing speaks for it."""
    if kind := kind_of_header(look.name):
        return kind
    if proposed.kind in ("numbers", "dates"):
        counted = proposed.kind == "numbers" and proposed.whole and look.distinct == look.filled >= ENOUGH
        return "distinct" if counted else ""
    found = scan_values("", look.name, pairs, blocking=False)
    if found:
        return found[0].kind
    return "distinct" if look.filled >= ENOUGH and look.distinct >= ALMOST_ALL * look.filled else ""


def proposal(look: Look, array: pa.DictionaryArray) -> Choice:
    """What the column may be."""
    dated = _dated(look)
    if dated is not None:
        return dated
    try:
        field = draft_field(look.name, pa.chunked_array([array]), MOST_VALUES, look.name)
    except UserError:  # too many values for a list, and they are neither numbers nor dates
        return Choice(look.name)
    return _from_draft(look.name, field)


def _from_draft(name: str, field: Mapping[str, Any]) -> Choice:
    extras = field.get("ctdc", {})
    if "bands" in extras and field["type"] == "date":
        bands = extras["bands"]
        return Choice(name, "dates", by=bands["by"], first=bands["from"], last=bands["to"])
    if "bands" in extras:
        edges = tuple(f"{edge:g}" if isinstance(edge, float) else str(edge) for edge in extras["bands"]["edges"])
        return Choice(name, "numbers", edges=edges, whole=field["type"] == "integer")
    codes = tuple(field["constraints"]["enum"])
    if "split" in extras:
        return Choice(name, "several", codes=codes, separator=extras["split"])
    return Choice(name, "codes", codes=codes)


def _dated(look: Look) -> Choice | None:
    """Dates that are written with the day or the month first; None for anything else."""
    for written in ("dmy", "mdy"):
        days = [day_of(text, written) for text, _ in look.values]
        known = [day for day in days if day is not None]
        if known and len(known) == len(days):
            first, last = min(known), max(known)
            by = "year" if (last - first).days > 3 * 366 else "quarter" if (last - first).days > 366 else "month"
            label = PERIODS[by].label
            return Choice(look.name, "dates", by=by, first=label(first), last=label(last), written=written)
    return None


def settled(look: Look, proposed: Choice) -> Choice:
    """The proposal as it stands at first: left out where the look warns."""
    return Choice(look.name) if look.warning else proposed


def as_json(look: Look) -> dict[str, Any]:
    """A look as JSON values."""
    return asdict(look)


def from_json(stored: Mapping[str, Any]) -> Look:
    """Read back what `as_json` gave."""
    values = tuple((str(text), int(number)) for text, number in stored["values"])
    return Look(stored["name"], stored["filled"], stored["distinct"], values, stored["warning"])
