"""The plan of a mapping: its fields compiled to nodes that turn frames into outcomes.

Promise: one node per verb, each a function of columns; texts are looked up once per distinct text, rows only follow
by index. A plan belongs to one delivery: its rules count what they see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.intake.bands import Interval, intervals_of
from ctdc.intake.dates import date_hint, date_parser, has_days, pack
from ctdc.intake.hints import hint
from ctdc.intake.join import Joined, align
from ctdc.intake.mapping import Mapping, field_columns
from ctdc.intake.model import AgeAt, Band, DateSpec, FieldSpec, MonthsBetween, Outcome, SplitColumns, Step
from ctdc.intake.outcomes import NO, YES, Outcomes, Target, missing
from ctdc.intake.readers.frame import Frame, IntArray, goes_on_after
from ctdc.intake.reading import band_reader, copy_reader, country_reader, recode_reader, year_reader
from ctdc.intake.rules import (
    MAPPED,
    UNMAPPED,
    UNREADABLE,
    Issue,
    Issues,
    Meaning,
    TextRule,
    Vocabulary,
    first_known,
    merge_flags,
)
from ctdc.intake.text import column_key, fold

Table2D = npt.NDArray[np.int32]
MAX_AGE, MAX_MONTHS = 120, 1200


@dataclass
class Rows:
    """Some rows of the main table, with access to joined tables."""

    frame: Frame
    joined: MappingType[str, Joined]
    key_columns: MappingType[str, str]
    _keys: dict[str, IntArray] = field(default_factory=dict)

    def keys(self, table: str) -> IntArray:
        """For each row its key's number in a joined table, -1 for none."""
        if table not in self._keys:
            self._keys[table] = self.joined[table].lookup(self.frame.columns[self.key_columns[table]])
        return self._keys[table]


class Node(Protocol):
    """A compiled verb."""

    def run(self, rows: Rows) -> Table2D:
        """Outcomes, shape (targets, rows)."""


@dataclass
class Const:
    """The same outcome for every row."""

    outcome: int

    def run(self, rows: Rows) -> Table2D:
        """One row of outcomes."""
        return np.full((1, rows.frame.length), self.outcome, np.int32)


Ranker = Callable[[Outcomes, Target], npt.NDArray[np.int64]]


def _code_rank(outcomes: Outcomes, target: Target) -> npt.NDArray[np.int64]:
    """Which of several joined rows speaks for the person: for flags yes before no before missing."""
    if target.is_flag:
        return np.where(outcomes == target.outcome(YES), 2, np.where(outcomes >= 0, 1, 0)).astype(np.int64)
    return (outcomes >= 0).astype(np.int64)


@dataclass
class Leaf:
    """A rule on one column of the main table or of a joined one."""

    rule: TextRule
    joined: str | None
    no_row: int
    last: bool = False
    rank: Ranker = _code_rank
    _per_key: list[IntArray] | None = None
    _last: tuple[Frame, Table2D] | None = None

    def run(self, rows: Rows) -> Table2D:
        """Outcomes of the rule, brought to the main rows; a date that several fields use is read and counted once."""
        if self._last is None or self._last[0] is not rows.frame:
            self._last = (rows.frame, self._run(rows))
        return self._last[1]

    def _run(self, rows: Rows) -> Table2D:
        if self.joined is None:
            return self.rule.apply(rows.frame)
        table = rows.joined[self.joined]
        if self._per_key is None:
            empty = np.zeros((len(self.rule.targets), 0), np.int32)
            outcomes = self.rule.apply(table.frame) if table.frame.length else empty
            self._per_key = [
                table.reduce(values, self.rank(values, target), self.last)
                for values, target in zip(outcomes, self.rule.targets, strict=True)
            ]
        keys = rows.keys(self.joined)
        return np.stack([align(values, keys, self.no_row) for values in self._per_key])


@dataclass
class AnyOf:
    """Yes if any part says yes."""

    parts: list[Node]
    target: Target

    def run(self, rows: Rows) -> Table2D:
        """One row of outcomes."""
        pieces = [part.run(rows)[0] for part in self.parts]
        if not self.target.is_flag:
            return first_known(pieces)[None]
        return merge_flags(pieces, _code(self.target, YES), _code(self.target, NO))[None]


@dataclass
class FirstOf:
    """The first part that knows."""

    parts: list[Node]

    def run(self, rows: Rows) -> Table2D:
        """One row of outcomes."""
        return first_known([part.run(rows)[0] for part in self.parts])[None]


def _code(target: Target, code: str) -> int:
    outcome = target.outcome(code)
    if outcome is None:
        raise KeyError(f"{target.name} has no code {code}")  # the mapping was checked: our fault
    return outcome


@dataclass
class Span:
    """Whole years or months between two dates, as a code by look-up; impossible spans are reported by row."""

    start: Leaf
    end: Leaf
    months: bool
    table: IntArray  # span -> outcome, for 0 to the largest plausible span
    target: Target
    issues: Issues

    def run(self, rows: Rows) -> Table2D:
        """One row of outcomes."""
        start, end = self.start.run(rows)[0], self.end.run(rows)[0]
        known = (start >= 0) & (end >= 0)
        span = np.where(known, self._span(start, end), 0)
        wrong = known & ((span < 0) | (span >= len(self.table)))
        result: IntArray = np.where(start < 0, start, end).astype(np.int32)
        result[known] = self.table[np.clip(span[known], 0, len(self.table) - 1)]
        result[wrong] = missing("parse_error")
        self._report(rows, np.flatnonzero(wrong), span)
        return np.asarray(result[None])

    def _span(self, start: IntArray, end: IntArray) -> IntArray:
        if not self.months:
            return np.asarray((end - start) // 10_000, np.int32)
        months = (end // 10_000 - start // 10_000) * 12 + end // 100 % 100 - start // 100 % 100
        return np.asarray(months - (end % 100 < start % 100), np.int32)

    def _report(self, rows: Rows, wrong: npt.NDArray[np.int64], span: IntArray) -> None:
        unit = "months" if self.months else "years"
        for position in wrong.tolist():
            row = int(rows.frame.rows[position])
            column = f"{self.start.rule.column} / {self.end.rule.column}"
            self.issues.add(Issue("", row, column, f"{span[position]} {unit}", "implausible", (self.target.name,)))


@dataclass
class YearOf:
    """The year of a date."""

    date: Leaf
    target: Target
    issues: Issues

    def run(self, rows: Rows) -> Table2D:
        """One row of outcomes."""
        dates = self.date.run(rows)[0]
        years, inverse = np.unique(np.where(dates >= 0, dates // 10_000, -1), return_inverse=True)
        codes = [self.target.outcome(str(year)) for year in years.tolist()]
        table = np.array([missing("parse_error") if code is None else code for code in codes], np.int32)
        result = np.where(dates >= 0, table[inverse], dates).astype(np.int32)
        for position in np.flatnonzero((dates >= 0) & (result < 0)).tolist():
            year = str(dates[position] // 10_000)
            row = int(rows.frame.rows[position])
            self.issues.add(Issue("", row, self.date.rule.column, year, "implausible", (self.target.name,)))
        return result[None]


@dataclass
class Choices:
    """One column per choice, made when the header is known."""

    leaves: list[tuple[Leaf, tuple[tuple[int, int], ...]]]  # leaf, and (position of target, outcome for yes)
    targets: tuple[Target, ...]
    absent: tuple[int, ...]

    def run(self, rows: Rows) -> Table2D:
        """One row of outcomes per target."""
        pieces: list[list[Outcomes]] = [[] for _ in self.targets]
        for leaf, meanings in self.leaves:
            answer = leaf.run(rows)[0]
            for position, yes in meanings:
                target = self.targets[position]
                no = _code(target, NO) if target.is_flag else self.absent[position]
                pieces[position].append(np.where(answer == 1, yes, np.where(answer == 0, no, answer)).astype(np.int32))
        return np.stack([self._merge(position, found, rows) for position, found in enumerate(pieces)])

    def _merge(self, position: int, pieces: list[Outcomes], rows: Rows) -> Outcomes:
        target = self.targets[position]
        if not pieces:
            return np.full(rows.frame.length, self.absent[position], np.int32)
        if target.is_flag:
            return merge_flags(pieces, _code(target, YES), _code(target, NO))
        return first_known(pieces)


class Plan:
    """All fields of a mapping, ready for one delivery."""

    def __init__(self, mapping: Mapping, headers: MappingType[str, Sequence[str]]) -> None:
        """`headers`: the columns of each table as delivered, for fields that read columns by prefix."""
        self.mapping, self.headers = mapping, headers
        self.issues = Issues()
        self.rules: list[TextRule] = []
        self._vocabularies = {
            table.name: Vocabulary(mapping.crosswalk, table.name, {t.token: t.reason for t in table.null_tokens})
            for table in mapping.spec.tables
        }
        self._dates = {day.name: day for day in mapping.spec.dates}
        self._date_leaves: dict[str, Leaf] = {}
        self.fields = [
            (tuple(mapping.targets[name] for name in spec.all_targets), self._field(spec))
            for spec in mapping.spec.fields
        ]

    def run(self, rows: Rows) -> dict[str, Outcomes]:
        """Outcomes of every mapped variable for some rows."""
        result: dict[str, Outcomes] = {}
        for targets, node in self.fields:
            for target, outcomes in zip(targets, node.run(rows), strict=True):
                result[target.name] = outcomes
        return result

    def tells(self, outcomes: MappingType[str, Outcomes]) -> npt.NDArray[np.bool_]:
        """In which rows something is known that the mapping does not say of everybody."""
        told = [outcomes[name] >= 0 for name in self.mapping.told_by_cells()]
        return np.logical_or.reduce(told) if told else np.zeros(len(next(iter(outcomes.values()))), np.bool_)

    def columns_of(self, spec: FieldSpec) -> list[tuple[str, str]]:
        """(table, column) of every cell that a field reads, dates and choices included."""
        main = self.mapping.spec.main
        found: list[tuple[str, str]] = []
        for table, name, is_prefix in field_columns(spec, self._dates):
            key, where = column_key(name), table or main
            columns = [one for one in self.headers[where] if goes_on_after(one, key)] if is_prefix else [key]
            found += [(where, one) for one in columns]
        return list(dict.fromkeys(found))

    def _rule(
        self, table: str, column: str, targets: tuple[Target, ...], explain: Callable[[str], Meaning]
    ) -> TextRule:
        rule = TextRule(table, column_key(column), targets, explain, self.issues)
        self.rules.append(rule)
        return rule

    def _leaf(self, table: str | None, rule: TextRule) -> Leaf:
        if table is None or table == self.mapping.spec.main:
            return Leaf(rule, None, 0)
        join = self.mapping.join(table)
        return Leaf(rule, table, missing(join.no_row_reason), join.several == "last")

    def _column(self, table: str | None, column: str, target: Target, read: Callable[[str], Meaning]) -> Leaf:
        name = table or self.mapping.spec.main
        explain = self._vocabularies[name].explain(column_key(column), target, read)
        return self._leaf(table, self._rule(name, column, (target,), explain))

    def _field(self, spec: FieldSpec) -> Node:
        targets = tuple(self.mapping.targets[name] for name in spec.all_targets)
        if spec.split is not None:
            verb = spec.split
            name = verb.table or self.mapping.spec.main
            explain = self._vocabularies[name].explain_items(
                column_key(verb.column), targets, verb.separator, [_absent(t, verb.absent) for t in targets]
            )
            return self._leaf(verb.table, self._rule(name, verb.column, targets, explain))
        if spec.split_columns is not None:
            return self._choices(spec.split_columns, targets)
        return self._step(spec, targets[0])

    def _step(self, step: Step, target: Target) -> Node:
        if step.const is not None:
            return Const(_absent(target, step.const))
        if step.any_of is not None:
            return AnyOf([self._step(part, target) for part in step.any_of], target)
        if step.first_of is not None:
            return FirstOf([self._step(part, target) for part in step.first_of])
        if step.year is not None and step.year.date is not None:
            return YearOf(self._date(step.year.date), target, self.issues)
        if (span := step.age_at or step.months_between) is not None:
            return self._span(span, target)
        return self._text_step(step, target)

    def _text_step(self, step: Step, target: Target) -> Leaf:
        """The verbs that read one column of text."""
        if step.copy_ is not None:
            return self._column(step.copy_.table, step.copy_.column, target, copy_reader(target))
        if step.recode is not None:
            return self._column(step.recode.table, step.recode.column, target, recode_reader())
        if step.band is not None:
            bands = self._intervals(step.band.bands, target)
            return self._column(step.band.table, step.band.column, target, band_reader(target, bands, _highest(target)))
        if step.year is not None and step.year.column is not None:
            reader = year_reader(target, step.year.calendar == "buddhist")
            return self._column(step.year.table, step.year.column, target, reader)
        if step.country is not None:
            verb = step.country
            name = verb.table or self.mapping.spec.main
            known = self._vocabularies[name]
            reader = country_reader(
                target, verb.separator, lambda text: known.known(column_key(verb.column), text, target)
            )
            return self._column(verb.table, verb.column, target, reader)
        raise TypeError(f"no node for the verb {step.verb()}")

    def _intervals(self, bands: Sequence[Band], target: Target) -> tuple[Interval, ...]:
        if bands:
            return tuple(
                Interval(b.code, 0 if b.low is None else b.low, 10_000 if b.high is None else b.high) for b in bands
            )
        found = intervals_of(target.atoms)
        if not found:
            raise UserError(
                "intake.mapping",
                f"{target.name}: the codes of this variable are not bands of numbers.",
                where=self.mapping.where,
                do="Give 'bands' with 'code', 'from' and 'to'.",
            )
        return found

    def _date(self, name: str) -> Leaf:
        if name not in self._date_leaves:
            self._date_leaves[name] = self._make_date(self._dates[name])
        return self._date_leaves[name]

    def _make_date(self, day: DateSpec) -> Leaf:
        parse = date_parser(day.formats, day.calendar, f"{self.mapping.where}, date {day.name}")

        def read(text: str) -> Meaning:
            found = parse(text)
            if found is None or not day.earliest <= found <= day.latest:
                return Meaning((missing("parse_error"),), UNREADABLE, date_hint(text, day.earliest, day.latest))
            return Meaning((pack(found),), MAPPED)

        leaf = self._column(day.table, day.column, Target(f"date {day.name}", "date", ()), read)
        leaf.rule.listed = False
        sign = -1 if day.pick == "earliest" else 1
        leaf.rank = lambda values, _: np.where(values >= 0, values.astype(np.int64) * sign, -(1 << 40))
        return leaf

    def _span(self, span: AgeAt | MonthsBetween, target: Target) -> Span:
        months = isinstance(span, MonthsBetween)
        start, end = (span.start, span.end) if isinstance(span, MonthsBetween) else (span.born, span.at)
        for name in (start, end):
            if not has_days(self._dates[name].formats):
                raise UserError(
                    "intake.mapping",
                    f"{target.name}: the date {name!r} may hold a year only, which is too coarse for a difference.",
                    where=self.mapping.where,
                    do="Use 'band' on a column with the age, or list the variable under 'impossible'.",
                )
        bands = self._intervals(span.bands, target)
        table = [_band_outcome(n, bands, target) for n in range((MAX_MONTHS if months else MAX_AGE) + 1)]
        return Span(self._date(start), self._date(end), months, np.array(table, np.int32), target, self.issues)

    def _choices(self, verb: SplitColumns, targets: tuple[Target, ...]) -> Choices:
        name = verb.table or self.mapping.spec.main
        leaves = []
        for column in self.headers[name]:
            if column.startswith(column_key(verb.prefix)) and column != column_key(verb.prefix):
                leaves.append(self._choice(verb, name, column, targets))
        return Choices(leaves, targets, tuple(_absent(target, verb.absent) for target in targets))

    def _choice(
        self, verb: SplitColumns, table: str, column: str, targets: tuple[Target, ...]
    ) -> tuple[Leaf, tuple[tuple[int, int], ...]]:
        choice = column[len(column_key(verb.prefix)) :]
        rows = self._vocabularies[table].rows(column_key(verb.prefix), choice)
        meanings = tuple(
            (position, _code(target, row.target_code))
            for position, target in enumerate(targets)
            for row in rows
            if row.target_variable == target.name and row.target_code
        )
        yes, no = {fold(text) for text in verb.yes}, {fold(text) for text in verb.no}

        def read(text: str) -> Meaning:
            if fold(text) in no:
                return Meaning((0,), MAPPED)
            if fold(text) not in yes:
                return Meaning((missing("unmapped"),), UNMAPPED, hint("not_yes_or_no", yes=", ".join(verb.yes)))
            if not rows:
                return Meaning(
                    (missing("unmapped"),), UNMAPPED, hint("unknown_choice", column=verb.prefix, value=choice)
                )
            return Meaning((1,), MAPPED)

        working = Target(f"choice {choice}", "choice", ())
        leaf = self._column(verb.table, column, working, read)
        leaf.rank = lambda values, _: values.astype(np.int64)
        return leaf, meanings


def _highest(target: Target) -> int:
    """The largest number that is plausible: completed years, or months for the duration."""
    return MAX_MONTHS if target.name == "traffickMonths" else MAX_AGE


def _band_outcome(number: int, bands: Sequence[Interval], target: Target) -> int:
    code = next((band.code for band in bands if band.low <= number <= band.high), None)
    return missing("unmapped") if code is None else _code(target, code)


def _absent(target: Target, outcome: Outcome) -> int:
    return missing(outcome.missing) if outcome.missing is not None else _code(target, outcome.code or "")
