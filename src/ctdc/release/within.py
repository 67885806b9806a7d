"""People with some codes, by their answers to another question: the cross tables of a release, from its counts alone.

Promise: a number is shown only where the release publishes it; what it does not publish is None, never zero. Shares
follow the code book's denominator rule: people with the code for whom the other question has any answer. How many
these are is had from the published counts where all of the row is published; otherwise it is counted in the synthetic
records, the published counts bound it, and a share's interval then reaches as far as both bounds allow.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import polars as pl

from ctdc.release.bounds import TOLERANCE, union_bounds
from ctdc.release.estimates import Z95, CellNoise, Estimate, ratio, share_of_known
from ctdc.release.protected import ProtectedData
from ctdc.release.vocabulary import FLAG_CODES
from ctdc.table.reporting import EXPECTED_FALSE, reporting_deviations

PAIR, TRIPLE = 2, 3
COUNTED, RECORDS = "counts", "records"  # where a denominator is from, as in the figures
Code = tuple[str, str]  # a variable and one of its codes
Filter = Mapping[str, Sequence[str]]  # variables and the codes that people have of each: any of them, of every variable


@dataclass(frozen=True)
class Part:
    """A share from 0 to 1 with its 95 % interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Cell:
    """A published number of people with its 95 % interval; share: of those with any answer, None if not known.

    error: the standard error of the number.
    """

    count: float
    low: float
    high: float
    share: Part | None
    error: float = 0.0


@dataclass(frozen=True)
class Row:
    """People with one code, by the answers to a question. Of a code below the threshold no cell is shown.

    known: people with the code and any answer to the question; low, high: between what that number lies; source:
    ``counts`` or ``records``. cells: one for each answer, None where the release publishes none.
    """

    known: float
    low: float
    high: float
    source: str
    cells: tuple[Cell | None, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be said."""
        return all(cell is None for cell in self.cells)


class Within:
    """Cross tables of one protected table. Every row is computed once, however often it is asked for."""

    def __init__(self, data: ProtectedData) -> None:
        self._data = data
        self._rows: dict[tuple[frozenset[Code], tuple[str, ...]], Row] = {}

    @property
    def measured_length(self) -> int:
        """How many variables the longest measured combinations have."""
        return int(self._data.privacy["length"])

    def codes(self, condition: Code, question: str) -> Row:
        """People with the code `condition` by the codes of the variable `question`, in the schema's order."""
        return self._answers(frozenset({condition}), (question,), is_group=False)

    def flags(self, condition: Code, flags: Sequence[str]) -> Row:
        """People with the code `condition` by several flags that share a denominator, in the order given."""
        return self._answers(frozenset({condition}), tuple(flags), is_group=True)

    def among(self, chosen: Filter, names: Sequence[str], *, is_group: bool) -> Row | None:
        """People whom a filter chooses, by a variable's codes or, `is_group`, by flags that share a denominator.

        A cell is shown only if each of the counts that it is the sum of is published; the error of a sum is the sum of
        their errors, which is the largest that it can be. None when the release does not measure so many variables
        together, when it has no such variable or code, or when a filter asks for what it chooses by.
        """
        variables = {*chosen, *names}
        if len(variables) < len(chosen) + len(names) or not chosen or not all(map(self._has, variables)):
            return None
        known = all(code in self._data.schema[name].codes for name, codes in chosen.items() for code in codes)
        if not known or not all(chosen.values()) or len(chosen) >= self.measured_length:
            return None
        if len(chosen) >= TRIPLE:
            return None
        parts = product(*([(name, code) for code in dict.fromkeys(codes)] for name, codes in chosen.items()))
        return _sum_of([self._answers(frozenset(part), tuple(names), is_group=is_group) for part in parts])

    def pairs(self, first: str, second: str) -> list[tuple[str, str, Cell]]:
        """Every published pair of codes of two variables with its number, the largest first; shares are not known."""
        found = []
        for codes, count in self._published.items():
            chosen = dict(codes)
            if chosen.keys() == {first, second}:
                found.append((chosen[first], chosen[second], _cell(count, None)))
        return sorted(found, key=lambda pair: (-pair[2].count, pair[0], pair[1]))

    def _has(self, name: str) -> bool:
        return name in self._data.schema.names

    def _answers(self, conditions: frozenset[Code], names: tuple[str, ...], *, is_group: bool) -> Row:
        # A flag that is asked for alone is not a variable that is asked for by codes.
        key = conditions, ("", *names) if is_group else names
        if key not in self._rows:
            self._rows[key] = self._flags(conditions, names) if is_group else self._codes(conditions, names[0])
        return self._rows[key]

    @cached_property
    def _published(self) -> Mapping[frozenset[Code], Estimate]:
        """Every published count of one or two variables, and those of three that have two flags."""
        flags = [variable.name for variable in self._data.schema.variables if variable.codes == FLAG_CODES]
        frame = self._data.aggregates.filter(~pl.col("below_threshold"), pl.col("length").is_between(1, PAIR))
        rows = [frame]
        if flags and self.measured_length >= TRIPLE:
            yes = pl.sum_horizontal(pl.col(flag).is_not_null() for flag in flags)
            two_flags = self._data.wide.select((pl.col("length") == TRIPLE) & (yes >= PAIR)).to_series()
            rows.append(self._data.aggregates.filter(two_flags & ~self._data.aggregates["below_threshold"]))
        return _estimates(pl.concat(rows))

    @cached_property
    def _published_triples(self) -> Mapping[frozenset[Code], Estimate]:
        """Every published count of three variables: many, and needed only where two are filtered by."""
        triples = (pl.col("length") == TRIPLE) & ~pl.col("below_threshold")
        return _estimates(self._data.aggregates.filter(triples))

    def _count(self, codes: frozenset[Code], conditions: int) -> Estimate | None:
        """A published count; conditions: of how many of its codes people are chosen by."""
        if conditions > 1 and len(codes) == TRIPLE:
            return self._published_triples.get(codes)
        return self._published.get(codes)

    @cached_property
    def _largest_errors(self) -> Mapping[int, float]:
        frame = self._data.aggregates.group_by("length").agg(pl.col("standard_error").max())
        published = dict(zip(frame["length"], frame["standard_error"], strict=True))
        errors = {0: published[0]}
        for length in range(1, self.measured_length + 1):
            errors[length] = max(published.get(length, 0.0), errors[length - 1])
        return errors

    def _unseen(self, length: int, cells: int) -> float:
        """The most people that an unpublished combination of `length` variables with so many cells can have."""
        expected = float(self._data.privacy.get("expected_false", EXPECTED_FALSE))
        error = self._largest_errors[length]
        limit = max(float(self._data.privacy["threshold"]), reporting_deviations(cells, length, expected) * error)
        return limit + TOLERANCE * error

    def _cells_of(self, conditions: frozenset[Code]) -> int:
        """How many cells the table of the variables has that people are chosen by."""
        return prod(len(self._data.schema[name].codes) for name, _ in conditions)

    def _codes(self, conditions: frozenset[Code], question: str) -> Row:
        codes, size = self._data.schema[question].codes, len(conditions)
        whole = self._published.get(conditions)
        counts = [self._count(conditions | {(question, code)}, size) for code in codes]
        seen = [count for count in counts if count is not None]
        if whole is None or not seen:
            return _nothing(len(codes))
        # Within one code the row of a pair's table is noisy as a table of one variable is: its sum, spread evenly,
        # plus centred noise. So is the row of three variables' table within a pair.
        error = max(count.standard_error for count in seen)
        noise = CellNoise(whole.standard_error**2, error**2, len(codes) + 1)
        known = noise.sum_of([count.count for count in seen])
        if len(seen) == len(codes):
            return _measured(noise, known, seen)
        slack = TOLERANCE * known.standard_error
        unseen = self._unseen(size + 1, len(codes) * self._cells_of(conditions))
        most = known.count + slack + (len(codes) - len(seen)) * unseen
        high = min(whole.count + TOLERANCE * whole.standard_error, most)
        return self._bounded(conditions, (question,), counts, (known.count - slack, high))

    def _flags(self, conditions: frozenset[Code], flags: tuple[str, ...]) -> Row:
        whole, given = self._published.get(conditions), len(conditions)
        counts = [self._count(conditions | {(flag, FLAG_CODES[0])}, given) for flag in flags]
        if whole is None or all(count is None for count in counts):
            return _nothing(len(flags))
        cells = self._cells_of(conditions)
        sizes = range(1, min(self.measured_length, TRIPLE) - given + 1)
        unseen = {size: self._unseen(size + given, cells) for size in sizes}
        together = self._together(conditions, flags)
        for flag in flags:  # what is not published lies between zero and the most that it can be
            together.setdefault(frozenset({flag}), Estimate(0.0, unseen[1] / TOLERANCE))
        return self._bounded(conditions, flags, counts, union_bounds(whole, flags, together, unseen))

    def _together(self, conditions: frozenset[Code], flags: Sequence[str]) -> dict[frozenset[str], Estimate]:
        found = {}
        for position, first in enumerate(flags):
            for second in flags[position:]:
                names = frozenset({first, second})
                count = self._count(conditions | {(name, FLAG_CODES[0]) for name in names}, len(conditions))
                if count is not None:
                    found[names] = count
        return found

    def _bounded(
        self,
        conditions: frozenset[Code],
        names: Sequence[str],
        counts: Sequence[Estimate | None],
        limits: tuple[float, float],
    ) -> Row:
        low, high = max(0.0, limits[0]), max(0.0, *limits)
        # A whole is not less than its published parts, whatever the records say.
        most = max(count.count for count in counts if count is not None)
        known = min(high, max(low, most, float(self._in_records(conditions, names))))
        cells = tuple(None if count is None else _cell(count, _part(count, known, low, high)) for count in counts)
        return Row(known, low, high, RECORDS, cells)

    def _in_records(self, conditions: frozenset[Code], names: Sequence[str]) -> int:
        answered = pl.any_horizontal(pl.col(list(names)).is_not_null())
        chosen = [pl.col(variable) == code for variable, code in conditions]
        return self._data.synthetic.filter(*chosen, answered).height


def _estimates(frame: pl.DataFrame) -> Mapping[frozenset[Code], Estimate]:
    columns = frame.select("attributes", "count", "standard_error")
    return {
        frozenset(json.loads(attributes).items()): Estimate(count, error)
        for attributes, count, error in columns.iter_rows()
    }


def _nothing(cells: int) -> Row:
    return Row(0.0, 0.0, 0.0, RECORDS, (None,) * cells)


def _measured(noise: CellNoise, known: Estimate, counts: Sequence[Estimate]) -> Row:
    values = [count.count for count in counts]
    cells = []
    for count in counts:
        share = share_of_known(noise, [count.count], values)
        stated = share and share.as_dict()
        cells.append(_cell(count, Part(stated["share"], stated["low95"], stated["high95"]) if stated else None))
    margin = Z95 * known.standard_error
    return Row(known.count, max(0.0, known.count - margin), known.count + margin, COUNTED, tuple(cells))


def _cell(count: Estimate, share: Part | None) -> Cell:
    margin = Z95 * count.standard_error
    ends = max(0.0, count.count - margin), max(0.0, count.count + margin)
    return Cell(count.count, *ends, share, count.standard_error)


def _part(count: Estimate, known: float, low: float, high: float) -> Part | None:
    """The share of a count in a number of which bounds are known, each end at its worst."""
    margin = Z95 * count.standard_error
    if known <= 0 or high <= 0:
        return None
    least = max(0.0, count.count - margin) / high
    most = (count.count + margin) / low if low > 0 else 1.0
    return Part(_unit(count.count / known), _unit(least), _unit(most))


def _sum_of(rows: Sequence[Row]) -> Row:
    """People in any of several rows; nobody is in two of them."""
    if len(rows) == 1:
        return rows[0]
    known, low, high = (math.fsum(getattr(row, name) for row in rows) for name in ("known", "low", "high"))
    source = share_source(rows)
    cells = [_sum_cell(parts, source, (known, low, high)) for parts in zip(*(row.cells for row in rows), strict=True)]
    return Row(known, low, high, source, tuple(cells))


def _sum_cell(parts: Sequence[Cell | None], source: str, whole: tuple[float, float, float]) -> Cell | None:
    shown = [part for part in parts if part is not None]
    if len(shown) < len(parts):
        return None
    known, low, high = whole
    count = Estimate(math.fsum(part.count for part in shown), math.fsum(part.error for part in shown))
    if source != COUNTED:
        return _cell(count, _part(count, known, low, high))
    # Part and whole rise together, so leaving their covariance out makes the interval wider than it has to be.
    stated = ratio(count, Estimate(known, (high - known) / Z95))
    share = stated and stated.as_dict()
    return _cell(count, Part(share["share"], share["low95"], share["high95"]) if share else None)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def share_source(rows: Iterable[Row]) -> str:
    """``counts`` if every denominator of some rows is had from the published counts, else ``records``."""
    return COUNTED if all(row.source == COUNTED for row in rows if not row.is_empty) else RECORDS
