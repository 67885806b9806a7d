"""A contributor's files in the making: what it writes in each cell, and what that means in the standard.

Promise: the cells and the truth are set side by side from the same people, by code that knows nothing of the mappings
in `ctdc.intake`; so reading the cells through a mapping and finding the truth again is a real test of the mapping.
Every harmonised variable must be given a truth, even if it is only "this contributor does not collect it".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctdc.simulate.people import Bools, Ints, People

Cells = NDArray[np.object_]

REASONS = (
    "not_collected",
    "not_asked",
    "unknown",
    "refused",
    "not_applicable",
    "contributor_suppressed",
    "unmapped",
    "parse_error",
)
NO, YES = 0, 1
FLAG_CODES = ("0", "1")
ANSWERED = 0

# The periods of a contributor's history, for what it recorded: until 2011, 2012 to 2016, since 2017.
PERIOD_STARTS = (2012, 2017)


@dataclass(frozen=True)
class Blank:
    """A cell that stands for "no answer" in a contributor's file, why, and its weight among the blanks."""

    text: str | int
    reason: str
    weight: float


@dataclass
class Column:
    """One column of a native table.

    kind tells what dirt it can catch: id, date, serial, serial_date (shown as a date), code, list, country, number;
    ignored columns carry nothing that a mapping reads.
    """

    kind: str
    cells: Cells


@dataclass
class Table:
    """One native table (a file, or a sheet), columns in order."""

    columns: dict[str, Column] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())).cells)


@dataclass(frozen=True)
class Known:
    """The truth about one variable: position of the code per person, or -1 and the position of a reason."""

    codes: tuple[str, ...]
    positions: Ints
    reasons: Ints


@dataclass
class Linked:
    """Rows of an entity that belong to people, and their truth.

    people: position of each row's person. table: the native table that has a row for each of them, or "" where they
    are written into the person's own row: then one of whom nothing is known leaves no trace.
    """

    people: NDArray[np.integer]
    table: str
    truth: dict[str, Known] = field(default_factory=dict)


def labels(texts: Sequence[object], positions: NDArray[np.integer] | Bools) -> Cells:
    """`texts` picked by position, as cells."""
    return np.array(texts, dtype=object)[np.asarray(positions, dtype=np.int64)]


def join_lists(flags: Bools, items: Sequence[str], separator: str) -> Cells:
    """The items flagged in each row, joined. Works per distinct pattern of flags, not per row."""
    if flags.shape[1] > 62:
        raise ValueError("at most 62 items fit into one integer pattern")
    patterns = flags @ (1 << np.arange(flags.shape[1], dtype=np.int64))
    distinct, inverse = np.unique(patterns, return_inverse=True)
    texts = [separator.join(item for bit, item in enumerate(items) if pattern >> bit & 1) for pattern in distinct]
    return np.array(texts, dtype=object)[inverse]


def never_known(size: int, reason: str = "not_collected") -> Known:
    """The truth about a variable that nobody was asked for."""
    return Known(("",), np.full(size, -1, dtype=np.int32), np.full(size, REASONS.index(reason), dtype=np.int32))


def choose_words(
    flags: Bools, names: Sequence[str], words: Mapping[str, Sequence[str]], generator: np.random.Generator
) -> tuple[Bools, list[str]]:
    """For each flag one of the contributor's words for it: flags over words, and the words in their order."""
    chosen: list[Bools] = []
    items: list[str] = []
    for position, name in enumerate(names):
        options = words[name]
        pick = generator.integers(0, len(options), len(flags))
        for option, word in enumerate(options):
            chosen.append(flags[:, position] & (pick == option))
            items.append(word)
    return np.stack(chosen, axis=1), items


class Draft:
    """Collects tables and truth for one block of people.

    blanks: the contributor's ways to say "no answer"; the first one is used where a question does not apply unless
    one of them has the reason not_applicable. A *state* is an array over people: 0 answered, k the k-th blank.
    """

    def __init__(
        self,
        people: People,
        blanks: Sequence[Blank],
        recorded: Mapping[str, Sequence[float]],
        generator: np.random.Generator,
    ) -> None:
        self.people = people
        self.blanks = tuple(blanks)
        self.generator = generator
        self.tables: dict[str, Table] = {}
        self.truth: dict[str, Known] = {}
        self.linked: dict[str, Linked] = {}  # by entity
        self.included: Bools = np.ones(people.size, dtype=bool)  # whose case may be shared at all
        self._recorded = recorded
        self._period = np.searchsorted(PERIOD_STARTS, people.year, side="right")
        self._texts = [None, *(blank.text for blank in blanks)]
        self._reasons = np.array([-1, *(REASONS.index(blank.reason) for blank in blanks)], dtype=np.int32)

    def blank_state(self, reason: str) -> int:
        """The state that stands for `reason`, or the first blank when the contributor has no word for it."""
        for position, blank in enumerate(self.blanks, start=1):
            if blank.reason == reason:
                return position
        return 1

    def state(self, group: str, applies: Bools | None = None, of: NDArray[np.integer] | None = None) -> Ints:
        """Draw who answered the questions of `group`; where it does not apply nobody did.

        of: positions of people when the rows are not people; one answer is drawn for each.
        """
        period = self._period if of is None else self._period[of]
        size = len(period)
        chance = np.array(self._recorded[group])[period]
        weights = np.array([blank.weight for blank in self.blanks])
        which = 1 + self.generator.choice(len(weights), size=size, p=weights / weights.sum())
        state = np.where(self.generator.random(size) < chance, ANSWERED, which)
        if applies is not None:
            state = np.where(applies, state, self.blank_state("not_applicable"))
        return np.asarray(state, dtype=np.int32)

    def column(self, name: str, kind: str, values: Cells, state: Ints | None = None, table: str = "main") -> None:
        """Add a column whose cells are `values` where answered and the blank's text elsewhere."""
        if state is not None:
            values = self.cells(values, state)
        self.tables.setdefault(table, Table()).columns[name] = Column(kind, values)

    def cells(self, values: Cells, state: Ints) -> Cells:
        """`values` where answered, the blank's text elsewhere."""
        return np.where(state == ANSWERED, values, labels(self._texts, state))

    def known(self, codes: Sequence[str], positions: NDArray[np.integer] | Bools, state: Ints) -> Known:
        """A truth: `positions` in `codes` where answered, the blank's reason elsewhere."""
        positions = np.where(state == ANSWERED, np.asarray(positions, dtype=np.int32), -1).astype(np.int32)
        return Known(tuple(codes), positions, self._reasons[state])

    def not_there(self, variable: str, people: Bools, reason: str) -> None:
        """For these people the place where the answer would stand does not exist: missing for `reason`."""
        known = self.truth[variable]
        positions = np.where(people, -1, known.positions).astype(np.int32)
        reasons = np.where(people, REASONS.index(reason), known.reasons).astype(np.int32)
        self.truth[variable] = Known(known.codes, positions, reasons)

    def know(
        self, variable: str, codes: Sequence[str], positions: NDArray[np.integer] | Bools, state: Ints | None = None
    ) -> None:
        """Set the truth of `variable`: `positions` in `codes` where answered, the blank's reason elsewhere."""
        if state is None:
            state = np.zeros(len(positions), dtype=np.int32)
        self._set(variable, self.known(codes, positions, state))

    def know_flag(self, variable: str, flag: Bools, state: Ints, absent: str = "0") -> None:
        """Set the truth of a flag; what an answered list leaves out is "0" or missing for the reason `absent`."""
        self.know(variable, FLAG_CODES, flag, state)
        if absent != "0":
            self.not_there(variable, self.truth[variable].positions == NO, absent)

    def impossible(self, variables: Sequence[str], reason: str = "not_collected") -> None:
        """The contributor's form has no such question."""
        for variable in variables:
            self._set(variable, never_known(self.people.size, reason))

    def _set(self, variable: str, known: Known) -> None:
        if variable in self.truth:
            raise ValueError(f"the truth of {variable} is set twice")
        self.truth[variable] = known
