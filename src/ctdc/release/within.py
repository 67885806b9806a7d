"""People with some codes, by their answers to another question: the cross tables of a release, with their errors.

Promise: a number is shown only where the release's rule lets it be quoted; what is too few to say is None, never zero.
Every number is the release's own estimate from its noisy measurements, the same as `ctdc.load` gives for the question,
never more than the people it is a part of (`ctdc.release.wholes`).
Shares follow the code book's denominator rule: people with the codes for whom the other question has any answer. How
many these are is an estimate too where so many variables were measured together; otherwise it is counted in the
synthetic records, within what the measurements make certain with the probability of the interval, and a share's
interval then reaches as far as they allow.
"""

from __future__ import annotations

import math
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
from ctdc.release.wholes import answered, not_above, wholes_of
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

    error: the standard error of the number, as it was measured.
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
    ``records``. cells: one for each answer, None where there are too few to say. is_over: whether the numbers of the
    cells, whose answers exclude each other, add up to more than `known`; their shares are then of their sum.
    """

    known: float
    low: float
    high: float
    source: str
    cells: tuple[Cell | None, ...]
    is_over: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be said."""
        return all(cell is None for cell in self.cells)


@dataclass(frozen=True)
class _Count:
    """A number of people that can be quoted.

    value, error: as it was estimated; agreed: no more than its wholes; shown: that as published numbers are rounded.
    """

    value: float
    error: float
    agreed: float
    shown: Interval


@dataclass(frozen=True)
class _Asked:
    """What a row is made of. people: who is asked; whole: those with an answer, at least `least` of them."""

    people: Interval
    whole: Condition
    parts: tuple[Event, ...]
    counts: tuple[_Count | None, ...]
    least: float


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
        self._estimates: dict[Event, Answer | None] = {}

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
            codes = self._table(first, second).select(first, second).iter_rows()
            found = (
                (one, other, self._count(self._analysis.questions.event({first: one, second: other})))
                for one, other in codes
            )
            cells = [(one, other, cell) for one, other, count in found if (cell := _cell(count, None, 0.0))]
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
        people = self._number(base)
        if people is None or all(count is None for count in counts):
            return _nothing(len(asked))
        known = [questions.event({name: KNOWN}) for name in names]
        whole = Condition(base, (tuple(known),)) if is_group else Condition(base & known[0])
        needed = [count.agreed for count in counts if count is not None]
        least = max(needed) if is_group else math.fsum(needed)
        asked_of = _Asked(people, whole, tuple(parts), tuple(counts), least)
        found = self._measured(asked_of) if len(whole.attributes) <= self.measured_length else None
        return found or self._bounded(asked_of)

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

    def _count(self, part: Event) -> _Count | None:
        """How many people have it, no more than have a part of it; None for too few to say."""
        found = self._estimate(part)
        if found is None or found.too_few or found.value is None:
            return None
        own = found.standard_error or 0.0
        exact = self._not_above_wholes(_interval(found.value, own, Z95), part)
        few = _published(exact.value) < self._analysis.rule.threshold
        published = _interval(_published(found.value), round(own, ERROR_DECIMALS), Z95)
        shown = published if exact.value == found.value else exact
        return None if few else _Count(found.value, own, exact.value, shown)

    def _number(self, people: Event) -> Interval | None:
        """How many people there are, however few."""
        found = self._estimate(people)
        if found is None or found.value is None:
            return None
        return self._not_above_wholes(Interval(found.value, found.low, found.high), people)

    def _not_above_wholes(self, number: Interval, one: Event) -> Interval:
        wholes = [found for whole in wholes_of(one) if (found := self._estimate(whole)) and found.value is not None]
        if not wholes:
            return number
        least = min(wholes, key=lambda found: found.value or 0.0)
        return not_above(number, Interval(least.value or 0.0, least.low, least.high))

    def _estimate(self, people: Event) -> Answer | None:
        if people not in self._estimates:
            self._estimates[people] = self._answer(Quantity(Condition(people)))
        return self._estimates[people]

    def _answer(self, quantity: Quantity) -> Answer | None:
        return answer(self._analysis.estimates, self._analysis.rule, self._analysis.level, quantity)

    def _measured(self, asked: _Asked) -> Row | None:
        """The row where its denominator was measured."""
        known = self._answer(Quantity(asked.whole))
        if known is None or known.value is None or known.value <= 0:
            return None
        number, of = answered(Interval(known.value, known.low, known.high), asked.least, asked.people)
        cells = []
        for part, count in zip(asked.parts, asked.counts, strict=True):
            share = self._answer(Quantity(Condition(part), asked.whole)) if count else None
            cells.append(_cell(count, share, of))
        return Row(number.value, number.low, number.high, COUNTED, tuple(cells), _is_over(number, of))

    def _bounded(self, asked: _Asked) -> Row:
        """The row where its denominator was counted in the records: two kinds of limits then hold together."""
        estimates, half = self._analysis.estimates, Level(self._analysis.level.confidence, 2)
        whole, queries = asked.whole, inequalities(estimates, asked.whole)
        low, high = both(simple_bounds(estimates, whole), limits_of_count(estimates, half, *queries))
        low = max(0.0, low)
        if high < self._analysis.rule.threshold:
            return _nothing(len(asked.parts))
        inside = Interval(min(high, max(low, float(self._in_records(whole)))), low, high)
        number, of = answered(inside, asked.least, asked.people)
        cells = []
        for part, count in zip(asked.parts, asked.counts, strict=True):
            share = None
            if count is not None and of > 0:
                tighter = limits_of_share(estimates, half, Condition(part).query(), *queries)
                own = _interval(count.value, count.error, half.z)
                share = bounded_share(half, own, Interval(of, low, high), tighter, few=False)
            cells.append(_cell(count, share, of))
        return Row(number.value, number.low, number.high, RECORDS, tuple(cells), _is_over(number, of))

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


def _cell(count: _Count | None, share: Answer | None, of: float) -> Cell | None:
    """One cell. share: as it was estimated, whose interval is kept; of: what shares are computed with."""
    if count is None:
        return None
    part = None
    if share is not None and share.value is not None and not share.too_few and of > 0:
        value = min(1.0, count.agreed / of)
        part = Part(value, min(share.low, value), max(share.high, value))
    shown = count.shown
    return Cell(shown.value, shown.low, shown.high, part, round(count.error, ERROR_DECIMALS))


def _is_over(number: Interval, of: float) -> bool:
    """Whether shares are computed with more people than have an answer, by more than what rounding hides."""
    return of - number.value >= 0.5
