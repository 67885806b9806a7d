"""People with some codes, by their answers to another question: the cross tables of a release, with their errors.

Promise: a number is shown only where the release's rule lets it be quoted; what is too few to say is None, never zero.
Every number is the release's own estimate from its noisy measurements, the same as `ctdc.load` gives for the question.
Shares follow the code book's denominator rule: people with the codes for whom the other question has any answer. How
many these are is an estimate too where so many variables were measured together; otherwise it is counted in the
synthetic records, within what the measurements make certain with the probability of the interval, and a share's
interval then reaches as far as they allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ctdc.privacy.linear import Event
from ctdc.release.analysis import Analysis
from ctdc.release.answers import (
    DECIMALS,
    ERROR_DECIMALS,
    Answer,
    Level,
    Quantity,
    answer,
    both,
    bounded_share,
    limits_of_count,
    limits_of_share,
)
from ctdc.release.beyond import inequalities, simple_bounds
from ctdc.release.estimates import Z95
from ctdc.release.intervals import Interval
from ctdc.release.questions import KNOWN, Condition
from ctdc.release.records import Chosen, coded_records
from ctdc.release.vocabulary import FLAG_CODES
from ctdc.table.coded import CodedTable

PAIR = 2
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
    """An estimated number of people with its 95 % interval; share: of those with any answer, None if not known.

    error: the standard error of the number.
    """

    count: float
    low: float
    high: float
    share: Part | None
    error: float = 0.0


@dataclass(frozen=True)
class Row:
    """People with some codes, by the answers to a question.

    known: those with any answer to the question; low, high: between what that number lies; source: ``counts`` or
    ``records``. cells: one for each answer, None where there are too few to say.
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
    """Cross tables of the people of one release. Every row and list of pairs is computed once, however often it is
    asked for.
    """

    def __init__(self, analysis: Analysis | None) -> None:
        """analysis: None for a release whose measurements cannot be read, which has no cross tables."""
        self._opened = analysis
        self._rows: dict[tuple[frozenset[tuple[str, frozenset[str]]], tuple[str, ...]], Row] = {}
        self._tables: dict[tuple[str, str], Set[tuple[str, str]]] = {}
        self._listed: dict[tuple[str, str], tuple[tuple[str, str, Cell], ...]] = {}

    @property
    def measured_length(self) -> int:
        """How many variables the longest measured combinations have; 0 where there are no cross tables."""
        return 0 if self._opened is None else self._opened.length

    def codes(self, condition: Code, question: str) -> Row:
        """People with the code `condition` by the codes of the variable `question`, in the schema's order."""
        return self._answers({condition[0]: (condition[1],)}, (question,), is_group=False)

    def flags(self, condition: Code, flags: Sequence[str]) -> Row:
        """People with the code `condition` by several flags that share a denominator, in the order given."""
        return self._answers({condition[0]: (condition[1],)}, tuple(flags), is_group=True)

    def among(self, chosen: Filter, names: Sequence[str], *, is_group: bool) -> Row | None:
        """People whom a filter chooses, by a variable's codes or, `is_group`, by flags that share a denominator.

        None when the release does not measure so many variables together, when it has no such variable or code, or
        when a filter asks for what it chooses by.
        """
        if self._opened is None:
            return None
        variables = {*chosen, *names}
        if len(variables) < len(chosen) + len(names) or not chosen or not all(map(self._has, variables)):
            return None
        known = all(code in self._analysis.codes(name) for name, codes in chosen.items() for code in codes)
        if not known or not all(chosen.values()) or len(chosen) >= self.measured_length:
            return None
        return self._answers(chosen, tuple(names), is_group=is_group)

    def pairs(self, first: str, second: str) -> tuple[tuple[str, str, Cell], ...]:
        """Every pair of codes of two variables that can be quoted, the largest first; shares are not known."""
        if (first, second) not in self._listed:
            cells = [
                (one, other, Cell(_published(count), low, high, None, error))
                for one, other, count, error, low, high, _ in self._table(first, second).iter_rows()
            ]
            self._listed[first, second] = tuple(sorted(cells, key=lambda pair: (-pair[2].count, pair[0], pair[1])))
        return self._listed[first, second]

    # ---- inside -----------------------------------------------------------------------------------------------------

    @property
    def _analysis(self) -> Analysis:
        if self._opened is None:
            raise ValueError("the measurements of this release cannot be read")
        return self._opened

    def _has(self, name: str) -> bool:
        return name in self._analysis.variables

    def _answers(self, chosen: Filter, names: tuple[str, ...], *, is_group: bool) -> Row:
        # A flag that is asked for alone is not a variable that is asked for by codes.
        key = frozenset((name, frozenset(codes)) for name, codes in chosen.items()), ("", *names) if is_group else names
        if key not in self._rows:
            self._rows[key] = self._row(chosen, names, is_group=is_group)
        return self._rows[key]

    def _row(self, chosen: Filter, names: tuple[str, ...], *, is_group: bool) -> Row:
        questions = self._analysis.questions
        base = questions.event({name: tuple(codes) for name, codes in chosen.items()})
        asked = [(name, FLAG_CODES[0]) for name in names]
        if not is_group:
            asked = [(names[0], code) for code in self._analysis.codes(names[0])]
        if len(chosen) + 1 > self.measured_length:
            return _nothing(len(asked))
        parts = [base & questions.event({name: code}) for name, code in asked]
        quoted = self._quoted(chosen, asked)
        counts = [self._count(part) if there else None for part, there in zip(parts, quoted, strict=True)]
        if all(count is None for count in counts):
            return _nothing(len(asked))
        known = [questions.event({name: KNOWN}) for name in names]
        whole = Condition(base, (tuple(known),)) if is_group else Condition(base & known[0])
        if len(whole.attributes) <= self.measured_length:
            found = self._measured(whole, parts, counts)
            if found is not None:
                return found
        return self._bounded(whole, parts, counts)

    def _quoted(self, chosen: Filter, asked: Sequence[Code]) -> list[bool]:
        """Which answers are worth asking for: of one code, those that its table says are not too few to say."""
        (name, codes), *more = chosen.items()
        if more or len(codes) > 1:
            return [True] * len(asked)
        return [other == name or (codes[0], code) in self._pairs(name, other) for other, code in asked]

    def _pairs(self, first: str, second: str) -> Set[tuple[str, str]]:
        if (first, second) not in self._tables:
            self._tables[first, second] = frozenset(self._table(first, second).select(first, second).iter_rows())
        return self._tables[first, second]

    def _table(self, first: str, second: str) -> pl.DataFrame:
        """The pairs of codes that are not too few to say."""
        return self._analysis.table(first, second).filter(too_few=False)

    def _count(self, part: Event) -> Answer | None:
        """How many people have it; None for too few to say."""
        found = self._answer(Quantity(Condition(part)))
        return None if found is None or found.too_few or found.value is None else found

    def _answer(self, quantity: Quantity) -> Answer | None:
        return answer(self._analysis.estimates, self._analysis.rule, self._analysis.level, quantity)

    def _measured(self, whole: Condition, parts: Sequence[Event], counts: Sequence[Answer | None]) -> Row | None:
        """The row where its denominator was measured."""
        known = self._answer(Quantity(whole))
        if known is None or known.value is None or known.value <= 0:
            return None
        shares = [
            count and self._answer(Quantity(Condition(part), whole)) for part, count in zip(parts, counts, strict=True)
        ]
        cells = tuple(_cell(count, share) for count, share in zip(counts, shares, strict=True))
        most = max(cell.count for cell in cells if cell is not None)  # a whole is not less than any of its parts
        return Row(max(known.value, most), max(known.low, 0.0), max(known.high, most), COUNTED, cells)

    def _bounded(self, whole: Condition, parts: Sequence[Event], counts: Sequence[Answer | None]) -> Row:
        """The row where its denominator was counted in the records: two kinds of limits then hold together."""
        estimates, half = self._analysis.estimates, Level(self._analysis.level.confidence, 2)
        queries = inequalities(estimates, whole)
        low, high = both(simple_bounds(estimates, whole), limits_of_count(estimates, half, *queries))
        low = max(0.0, low)
        if high < self._analysis.rule.threshold:
            return _nothing(len(parts))
        # A whole is not less than any of its parts, whatever the records say.
        most = max(count.value or 0.0 for count in counts if count is not None)
        known = min(high, max(low, most, float(self._in_records(whole))))
        cells = []
        for part, count in zip(parts, counts, strict=True):
            share = None
            if count is not None and known > 0:
                tighter = limits_of_share(estimates, half, Condition(part).query(), *queries)
                own = _interval(count.value or 0.0, count.standard_error or 0.0, half.z)
                share = bounded_share(half, own, Interval(known, low, high), tighter, few=False)
            cells.append(_cell(count, share))
        return Row(known, low, high, RECORDS, tuple(cells))

    def _in_records(self, whole: Condition) -> int:
        return Chosen(self._records, whole.base).meeting(whole)

    @cached_property
    def _records(self) -> CodedTable:
        return coded_records(self._analysis.data)


def _nothing(cells: int) -> Row:
    return Row(0.0, 0.0, 0.0, RECORDS, (None,) * cells)


def _published(count: float) -> float:
    """A count as it is published, rounded as there."""
    return float(np.round(count, DECIMALS))


def _interval(value: float, error: float, z: float) -> Interval:
    return Interval(value, max(0.0, value - z * error), max(0.0, value + z * error))


def _cell(count: Answer | None, share: Answer | None) -> Cell | None:
    if count is None:
        return None
    error = round(count.standard_error or 0.0, ERROR_DECIMALS)
    number = _interval(_published(count.value or 0.0), error, Z95)
    part = None if share is None or share.value is None or share.too_few else Part(share.value, share.low, share.high)
    return Cell(number.value, number.low, number.high, part, error)
