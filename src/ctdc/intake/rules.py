"""Rules: what each distinct text of a column means, looked up once per text and applied to rows by index.

Promise: every text gets a meaning: crosswalk first, then the table's null tokens, then the verb's own reading, else
it is unmapped and named. Counts are kept per distinct text, so that the report shows what was seen and how often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ctdc.intake.hints import hint
from ctdc.intake.outcomes import Outcomes, Target, missing, reason_of
from ctdc.intake.readers.frame import Column, Frame
from ctdc.intake.text import fold, tidy
from ctdc.intake.values import Crosswalk, ValueRow

MAX_DISTINCT = 20_000
MAX_ISSUES = 10_000
# Statuses of a text, from harmless to blocking.
MAPPED, NULL, WAIVED, IGNORED, PROPOSED, UNREADABLE, UNMAPPED = (
    "mapped",
    "null",
    "waived",
    "ignored",
    "proposed",
    "unreadable",
    "unmapped",
)
BLOCKING = frozenset({PROPOSED, UNREADABLE, UNMAPPED})


@dataclass(frozen=True)
class Meaning:
    """What a text means: one outcome per target, its status, and a hint for the reader of the report."""

    outcomes: tuple[int, ...]
    status: str
    hint: str = ""
    items: tuple[tuple[str, str], ...] = ()  # for lists: (item, status)


@dataclass(frozen=True)
class Issue:
    """One cell that could not be used. `row` is the number that the contributor sees. items: of a list, each with its
    status; empty for a cell that is no list.
    """

    table: str
    row: int
    column: str
    value: str
    code: str
    targets: tuple[str, ...]
    hint: str = ""
    items: tuple[tuple[str, str], ...] = ()


@dataclass
class SeenValue:
    """A distinct source value: how often it was seen and what became of it."""

    status: str
    outcomes: tuple[int, ...]
    count: int = 0
    hint: str = ""


@dataclass
class Issues:
    """The cells that could not be used: the first ones in full, all of them counted."""

    first: list[Issue] = field(default_factory=list)
    total: int = 0

    def add(self, issue: Issue) -> None:
        """Count an issue and keep it if there is room."""
        self.total += 1
        if len(self.first) < MAX_ISSUES:
            self.first.append(issue)


Explain = Callable[[str], Meaning]


@dataclass
class TextRule:
    """The meaning of one column for one or several targets.

    apply() returns one outcome array per target, shape (targets, rows).
    """

    table: str
    column: str
    targets: tuple[Target, ...]
    explain: Explain
    issues: Issues
    listed: bool = True  # whether the report lists every distinct value, or only those that block
    seen: dict[str, SeenValue] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    more_distinct: bool = False
    _cache: dict[str, Meaning] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the targets."""
        return tuple(target.name for target in self.targets)

    def meaning(self, text: str) -> Meaning:
        """The meaning of one text, remembered."""
        found = self._cache.get(text)
        if found is None:
            if len(self._cache) > 10 * MAX_DISTINCT:
                self._cache.clear()  # a column of endlessly new texts must not grow memory
            found = self._cache[text] = self.explain(text)
        return found

    def _count(self, text: str, status: str, outcomes: tuple[int, ...], hint: str, count: int) -> None:
        self.totals[status] += count
        if not self.listed and status not in BLOCKING:
            return
        entry = self.seen.get(text)
        if entry is None:
            if len(self.seen) >= MAX_DISTINCT and status not in BLOCKING:
                self.more_distinct = True
                return
            entry = self.seen[text] = SeenValue(status, outcomes, 0, hint)
        entry.count += count

    def apply(self, frame: Frame) -> npt.NDArray[np.int32]:
        """Outcomes of the frame's rows, counting texts and recording cells that cannot be used."""
        column = frame.columns[self.column]
        meanings = [self.meaning(text) for text in column.texts]
        counts = np.bincount(column.indices, minlength=len(meanings))
        for text, meaning, count in zip(column.texts, meanings, counts.tolist(), strict=True):
            if count:
                self._record(text, meaning, count)
        self._locate(frame, column, meanings, counts)
        table = np.array([m.outcomes for m in meanings], np.int32).reshape(len(meanings), len(self.targets))
        return np.ascontiguousarray(table.T[:, column.indices])

    def _record(self, text: str, meaning: Meaning, count: int) -> None:
        if not meaning.items:
            self._count(tidy(text), meaning.status, meaning.outcomes, meaning.hint, count)
        for item, status in meaning.items:
            self._count(item, status, (), "", count)

    def _locate(self, frame: Frame, column: Column, meanings: Sequence[Meaning], counts: npt.NDArray[np.int64]) -> None:
        blocking = [i for i, m in enumerate(meanings) if counts[i] and m.status in BLOCKING and m.status != PROPOSED]
        if not blocking:
            return
        for position in np.flatnonzero(np.isin(column.indices, blocking)).tolist():
            text = column.texts[column.indices[position]]
            meaning = meanings[column.indices[position]]
            row = int(frame.rows[position])
            told = (meaning.status, self.names, meaning.hint, meaning.items)
            self.issues.add(Issue(self.table, row, self.column, text, *told))


def source_columns(table: str, column: str) -> tuple[str, ...]:
    """Names under which ``values.csv`` may speak of a column: with its table first."""
    return (f"{table}.{column}", column)


class Vocabulary:
    """What a table's texts mean before any verb is asked: crosswalk rows and null tokens."""

    def __init__(self, walk: Crosswalk, table: str, null_tokens: MappingType[str, str]) -> None:
        """`null_tokens`: token to missing reason."""
        self._walk, self._table = walk, table
        self._nulls = {fold(token): missing(reason) for token, reason in null_tokens.items()}

    def rows(self, column: str, text: str) -> tuple[ValueRow, ...]:
        """The crosswalk's rows for a text of a column."""
        return self._walk.find(source_columns(self._table, column), text)

    def null(self, text: str) -> int | None:
        """The outcome of a null token; None when the text is none."""
        return self._nulls.get(fold(text))

    def _from_rows(self, rows: Sequence[ValueRow], target: Target) -> Meaning | None:
        if not target.atoms:  # a working value (a date, a choice): only a waiver can speak about it
            waiver = next((row for row in rows if row.missing_reason), None)
            if waiver is None:
                return None
            return Meaning((missing(waiver.missing_reason),), WAIVED if waiver.approved else PROPOSED)
        for name in (target.name, ""):
            for row in rows:
                if row.target_variable != name:
                    continue
                if row.missing_reason:
                    return Meaning((missing(row.missing_reason),), WAIVED if row.approved else PROPOSED)
                outcome = target.outcome(row.target_code)
                if outcome is not None and row.target_code:
                    return Meaning((outcome,), MAPPED if row.approved else PROPOSED)
        return None

    def explain(self, column: str, target: Target, read: Callable[[str], Meaning]) -> Explain:
        """The meaning of texts for one target: crosswalk, null tokens, then `read` (given the tidy text)."""

        def explain(text: str) -> Meaning:
            if (found := self._from_rows(self.rows(column, text), target)) is not None:
                return found
            if (null := self.null(text)) is not None:
                return Meaning((null,), NULL)
            if not tidy(text):
                return Meaning((missing("unmapped"),), UNMAPPED, hint("empty_cell"))
            return read(tidy(text))

        return explain

    def known(self, column: str, text: str, target: Target) -> Meaning | None:
        """What crosswalk or null tokens say about one item of a cell; None when they say nothing."""
        if (found := self._from_rows(self.rows(column, text), target)) is not None:
            return found
        null = self.null(text)
        return None if null is None else Meaning((null,), NULL)

    def explain_items(self, column: str, targets: Sequence[Target], separator: str, absents: Sequence[int]) -> Explain:
        """The meaning of list cells. `absents`: outcome of each target when a list does not mention it."""

        def explain(text: str) -> Meaning:
            rows = self.rows(column, text)
            if not rows and (null := self.null(text)) is not None:
                return Meaning((null,) * len(targets), NULL)
            if not tidy(text):
                return Meaning((missing("unmapped"),) * len(targets), UNMAPPED, hint("empty_cell"))
            # A cell that is known as a whole is not cut, even if it holds the separator.
            items = [tidy(text)] if rows else [item for part in text.split(separator) if (item := tidy(part))]
            return self._list_meaning(column, targets, items, absents)

        return explain

    def _list_meaning(
        self, column: str, targets: Sequence[Target], items: Sequence[str], absents: Sequence[int]
    ) -> Meaning:
        codes: list[set[str]] = [set() for _ in targets]
        rests: list[int | None] = [None] * len(targets)
        seen: list[tuple[str, str]] = []
        for item in dict.fromkeys(items):
            rows = self.rows(column, item)
            self._apply_item(rows, targets, codes, rests)
            seen.append((item, _item_status(rows)))
        statuses = [status for _, status in seen]
        if UNMAPPED in statuses:
            rests = [missing("unmapped")] * len(targets)  # the unknown item may have been about any of them
        outcomes = tuple(
            _list_outcome(target, found, absent if rest is None else rest)
            for target, found, absent, rest in zip(targets, codes, absents, rests, strict=True)
        )
        status = UNMAPPED if UNMAPPED in statuses else PROPOSED if PROPOSED in statuses else MAPPED
        unknown = [item for item, item_status in seen if item_status == UNMAPPED]
        return Meaning(outcomes, status, ", ".join(unknown), tuple(seen))

    def _apply_item(
        self, rows: Sequence[ValueRow], targets: Sequence[Target], codes: list[set[str]], rests: list[int | None]
    ) -> None:
        """What one item says: codes of targets, and reasons for targets that no item gives a code."""
        for row in rows:
            for position, target in enumerate(targets):
                if row.target_variable not in ("", target.name):
                    continue
                if row.target_code:
                    codes[position].add(row.target_code)
                elif row.missing_reason:
                    rests[position] = missing(row.missing_reason)


def _item_status(rows: Sequence[ValueRow]) -> str:
    if not rows:
        return UNMAPPED
    if not all(row.approved for row in rows):
        return PROPOSED
    if any(row.target_code for row in rows):
        return MAPPED
    return IGNORED if all(row.ignored_item for row in rows) else WAIVED


def _list_outcome(target: Target, codes: set[str], absent: int) -> int:
    if not codes:
        return absent
    if target.kind == "list":
        return target.outcome_of_list(frozenset(codes))
    # A yes in one item outweighs a no in another; other targets take the first code of their list.
    outcomes = [outcome for code in codes if (outcome := target.outcome(code)) is not None]
    return min(outcomes)


def _keep_unmapped(result: Outcomes, pieces: Sequence[Outcomes]) -> Outcomes:
    """Where nothing is known and one piece was unmapped, say unmapped: the unknown text may have held the answer."""
    unmapped = missing("unmapped")
    for piece in pieces[1:]:
        result[(result < 0) & (piece == unmapped)] = unmapped
    return result


def merge_flags(pieces: Sequence[Outcomes], yes: int, no: int) -> Outcomes:
    """Element-wise any-of: yes if any piece says yes, else no if any says no, else the first piece's reason."""
    result = pieces[0].copy()
    for piece in pieces[1:]:
        result[piece == yes] = yes
        result[(piece == no) & (result < 0)] = no
    return _keep_unmapped(result, pieces)


def first_known(pieces: Sequence[Outcomes]) -> Outcomes:
    """Element-wise first outcome that is a code; where none is, the first piece's reason."""
    result = pieces[0].copy()
    for piece in pieces[1:]:
        take = (result < 0) & (piece >= 0)
        result[take] = piece[take]
    return _keep_unmapped(result, pieces)


def describe(outcome: int, target: Target) -> str:
    """An outcome in words: a code, or the reason in brackets."""
    return target.codes[outcome] if outcome >= 0 else f"({reason_of(outcome)})"
