"""Bands: declared intervals of numbers or dates, each with a label that stands for everything in it.

Promise: bands are public and fixed before a record is read; a value belongs to the band whose edge it has reached
and whose next edge it has not; what lies outside all of them follows a declared rule, never a silent one.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError

RULES = ("error", "empty", "open")
MAX_EDGE = 2**53  # whole numbers beyond it are not all doubles
MAX_PERIODS = 1_200  # a century of months
EPOCH = date(1970, 1, 1)
NUMBER_KEYS = {"edges", "labels", "below", "above", "outside"}
DATE_KEYS = NUMBER_KEYS | {"by", "from", "to"}


@dataclass(frozen=True)
class Bands:
    """Ascending edges (numbers, or days since 1970-01-01) and one label per band, from the lowest to the highest.

    Band i runs from edge i up to but without edge i + 1. below, above: the rule for values outside, of which
    ``open`` adds a band without a lower or an upper end. Raises ValueError for labels that do not fit.
    """

    edges: tuple[float, ...]
    labels: tuple[str, ...]
    below: str = "error"
    above: str = "error"

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.edges) - 1 + (self.below == "open") + (self.above == "open"):
            raise ValueError("one label per band is needed")

    def positions(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """For each value 1 plus the place of its label, 0 for empty, -1 where the rule is an error. NaN gives -1."""
        found = np.searchsorted(np.array(self.edges), values, side="right").astype(np.int64)
        outside = {"error": -1, "empty": 0}
        lowest, highest = found == 0, found == len(self.edges)
        placed = found + (self.below == "open")
        placed[lowest] = outside.get(self.below, 1)
        placed[highest] = outside.get(self.above, len(self.labels))
        placed[np.isnan(values)] = -1
        return placed


def parse_bands(spec: Any, kind: str, name: str, where: str) -> Bands:
    """Bands from their declaration. kind: ``integer``, ``number`` or ``date``; name: of the column, for errors.

    Raises UserError (``schema.bands``) for anything that is not a declaration of bands.
    """
    refuse = _refusal(kind, name, where)
    if isinstance(spec, str):
        spec = {"by": spec}
    elif isinstance(spec, Sequence):
        spec = {"edges": spec}
    if not isinstance(spec, Mapping):
        raise refuse("are neither a list of edges nor an object")
    unknown = sorted(set(spec) - (DATE_KEYS if kind == "date" else NUMBER_KEYS))
    if unknown:
        raise refuse(f"have the unknown key {unknown[0]!r}")
    below, above = (spec.get(side, spec.get("outside", "error")) for side in ("below", "above"))
    if below not in RULES or above not in RULES:
        raise refuse("have an unknown rule for values outside")
    edges, labels, ends = _date_edges(spec, refuse) if kind == "date" else _number_edges(spec, kind, refuse)
    if any(later <= earlier for earlier, later in itertools.pairwise(edges)):
        raise refuse("have edges that do not ascend")
    low, high = ([ends[0]] if below == "open" else []), ([ends[1]] if above == "open" else [])
    return _bands(edges, spec.get("labels", [*low, *labels, *high]), below, above, refuse)


def _bands(edges: Sequence[float], labels: Any, below: str, above: str, refuse: Callable[[str], UserError]) -> Bands:
    if not isinstance(labels, Sequence) or isinstance(labels, str) or not all(isinstance(one, str) for one in labels):
        raise refuse("have labels that are not a list of texts")
    if len(edges) < 2 and "open" not in (below, above):
        raise refuse("have one edge, and no open end to go with it")
    try:
        return Bands(tuple(edges), tuple(labels), below, above)
    except ValueError:
        raise refuse(f"have {len(labels)} labels, which is not one per band") from None


def _refusal(kind: str, name: str, where: str) -> Callable[[str], UserError]:
    allowed = {
        "date": '{"by": "year", "quarter" or "month", "from": ..., "to": ...}, or {"edges": [ISO dates]}',
        "integer": '{"edges": [whole numbers, ascending]}',
        "number": '{"edges": [numbers, ascending]}',
    }[kind]
    rules = ', and if wanted "labels", and "below", "above" or (for both) "outside": "error", "empty" or "open"'

    def refuse(problem: str) -> UserError:
        return UserError(
            "schema.bands",
            f"The bands of the field {name!r} {problem}.",
            where=where,
            allowed=allowed + rules,
            do="Correct the bands in the schema.",
        )

    return refuse


Edges = tuple[list[float], list[str], tuple[str, str]]


def _number_edges(spec: Mapping[str, Any], kind: str, refuse: Callable[[str], UserError]) -> Edges:
    """Edges, the labels of the closed bands, and those of the open ones."""
    given = spec.get("edges")
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise refuse("have no edges")
    if not all(_is_edge(edge, kind) for edge in given):
        raise refuse(
            "have an edge that is not a whole number" if kind == "integer" else "have an edge that is no number"
        )
    pairs = list(itertools.pairwise(given))
    if kind == "integer":
        labels = [f"{low}--{high - 1}" if high - low > 1 else f"{low}" for low, high in pairs]
    else:
        labels = [f"{low}--<{high}" for low, high in pairs]
    return [float(edge) for edge in given], labels, (f"<{given[0]}", f"{given[-1]}+")


def _is_edge(edge: Any, kind: str) -> bool:
    """Whether it is a number that a double holds exactly, and whole where that is declared."""
    if isinstance(edge, int):
        return not isinstance(edge, bool) and abs(edge) <= MAX_EDGE
    return kind == "number" and isinstance(edge, float) and math.isfinite(edge)


def _date_edges(spec: Mapping[str, Any], refuse: Callable[[str], UserError]) -> Edges:
    if "by" not in spec:
        return _dated_edges(spec.get("edges"), refuse)
    period = PERIODS.get(spec["by"]) if isinstance(spec["by"], str) else None
    if period is None:
        raise refuse("are by no known period")
    if "from" not in spec or "to" not in spec:
        raise refuse('by a period need "from" and "to", for the domain must be known before a record is read')
    first, last = (period.parse(str(spec[end])) for end in ("from", "to"))
    if first is None or last is None:
        raise refuse(f"have an end that is not written like {period.example!r}, nor as an ISO date")
    if last.year == date.max.year:
        raise refuse("reach the end of the calendar")
    starts = [first]
    while starts[-1] <= last and len(starts) <= MAX_PERIODS:
        starts.append(period.following(starts[-1]))
    if not 2 <= len(starts) <= MAX_PERIODS:
        raise refuse(f"are not between 1 and {MAX_PERIODS - 1}")
    labels = [period.label(start) for start in starts[:-1]]
    return [float(days_of(start)) for start in starts], labels, (f"<{labels[0]}", f">{labels[-1]}")


def _dated_edges(given: Any, refuse: Callable[[str], UserError]) -> Edges:
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise refuse("have neither a period nor edges")
    days = [iso_date(str(edge)) for edge in given]
    known = [day for day in days if day is not None]
    if len(known) < len(days):
        raise refuse("have an edge that is no ISO date")
    labels = [f"{low}--{high - timedelta(days=1)}" for low, high in itertools.pairwise(known)]
    return [float(days_of(day)) for day in known], labels, (f"<{known[0]}", f">={known[-1]}")


def days_of(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def iso_date(text: str) -> date | None:
    """The date that `text` is, written YYYY-MM-DD; None when it is not one."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Period:
    """A calendar period of so many months. example, pattern: how one is written; label: writes one."""

    months: int
    example: str
    pattern: str
    label: Callable[[date], str]

    def parse(self, text: str) -> date | None:
        """First day of the period that `text` names, or that the ISO date `text` lies in; None for neither."""
        if day := iso_date(text):
            return date(day.year, (day.month - 1) // self.months * self.months + 1, 1)
        found = re.fullmatch(self.pattern, text)
        month = (int(found.group(2) or 1) - 1) * min(self.months, 3) + 1 if found else 0
        return date(int(found.group(1)), month, 1) if found and 1 <= month <= 12 and int(found.group(1)) else None

    def following(self, start: date) -> date:
        """First day of the next period."""
        month = start.month - 1 + self.months
        return date(start.year + month // 12, month % 12 + 1, 1)


PERIODS: Mapping[str, Period] = {
    "year": Period(12, "2023", r"(\d{4})()", lambda day: f"{day.year:04}"),
    "quarter": Period(3, "2023-Q1", r"(\d{4})-Q([1-4])", lambda day: f"{day.year:04}-Q{(day.month + 2) // 3}"),
    "month": Period(1, "2023-01", r"(\d{4})-(\d{2})", lambda day: f"{day.year:04}-{day.month:02}"),
}
