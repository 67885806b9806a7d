"""Who can be told apart in a table as it is: people with a combination of values that few others have.

Promise: exact counts over the true records. The result is for whoever keeps the records, and is never published: it is
outside of every guarantee. Only known values count; that something is not known tells nobody apart here.

A person is *linkable* through a combination of up to so many values if fewer than `few` people have it: somebody who
knows these values of theirs finds one of a handful of rows, and reads the rest of it. After Sweeney (2000), "Simple
Demographics Often Identify People Uniquely".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress, Silent
from ctdc.table.coded import CodedTable

LONGEST = 3
FEW = 10
MOST_WORK = 4_000_000_000  # rows times combinations of variables: about a minute
MOST_CELLS = 1 << 24  # of a table that is counted in place; larger ones are sorted
MOST_VALUES = 20
Truths = npt.NDArray[np.bool_]
Crowds = npt.NDArray[np.int64]
Groups = Sequence[tuple[str, tuple[int, ...]]]


@dataclass(frozen=True)
class Reached:
    """People who are linkable through combinations of up to `length` values: by fewer than few, and by nobody else."""

    length: int
    linkable: int
    alone: int


@dataclass(frozen=True)
class Part:
    """A column's part in it. through: people who are linkable through a combination with a value of it; without: who
    would still be linkable if it were not there.
    """

    name: str
    through: int
    without: int


@dataclass(frozen=True)
class Value:
    """A value: how many people have it, and how many of them are linkable through a combination with it."""

    variable: str
    code: str
    people: int
    linkable: int


@dataclass(frozen=True)
class Rarity:
    """The whole answer. few: a combination is rare if fewer people have it; length: of the longest that was looked at;
    reached: by length, shortest first; parts: columns, the one with the largest part first; values: the same, of those
    that at least one person is linkable through.
    """

    people: int
    few: int
    length: int
    reached: tuple[Reached, ...]
    parts: tuple[Part, ...]
    values: tuple[Value, ...]


def affordable(rows: int, variables: int, longest: int = LONGEST) -> int:
    """The longest combinations, up to `longest`, that can be looked at in about a minute; at least 1."""
    for length in range(min(longest, variables), 1, -1):
        if rows * sum(math.comb(variables, size) for size in range(1, length + 1)) <= MOST_WORK:
            return length
    return 1


def rarity(table: CodedTable, groups: Groups, few: int = FEW, progress: Progress | None = None) -> Rarity:
    """Who is linkable in `table`. groups: each raw column with the positions of its variables."""
    watch = progress or Silent()
    variables = len(table.columns)
    length = affordable(table.rows, variables)
    sets = sum(math.comb(variables, size) for size in range(1, length + 1))
    watch.start("Looking for rare combinations", sets)
    tally = _Tally(table, groups)
    reached = []
    for size in range(1, length + 1):
        for chosen in combinations(range(variables), size):
            tally.add(chosen, few)
            watch.advance()
        reached.append(Reached(size, int((tally.smallest < few).sum()), int((tally.smallest == 1).sum())))
    watch.finish()
    return Rarity(table.rows, few, length, tuple(reached), tally.parts(), tuple(tally.values()))


class _Tally:
    """What is gathered over all combinations.

    smallest: for each person the fewest people who share one of their combinations; rare: in how many rare combinations
    they are; in_group: in how many of these with a value of each column; in_variable: whether in any, by variable.
    """

    def __init__(self, table: CodedTable, groups: Groups) -> None:
        self._table, self._groups = table, groups
        rows = table.rows
        self._group = {place: number for number, (_, places) in enumerate(groups) for place in places}
        self.smallest: Crowds = np.full(rows, np.iinfo(np.int64).max, np.int64)
        self._rare = np.zeros(rows, np.uint32)
        self._in_group = np.zeros((len(groups), rows), np.uint32)
        self._in_variable = np.zeros((len(table.columns), rows), np.bool_)

    def add(self, chosen: Sequence[int], few: int) -> None:
        """Count the combinations of these variables."""
        known, crowd = crowds(self._table, chosen)
        self.smallest[known] = np.minimum(self.smallest[known], crowd)
        rare = known[crowd < few]
        self._rare[rare] += 1
        for group in {self._group[place] for place in chosen}:
            self._in_group[group, rare] += 1
        for place in chosen:
            self._in_variable[place, rare] = True

    def parts(self) -> tuple[Part, ...]:
        """The columns, the one with the largest part first."""
        found = [
            Part(name, int((self._in_group[number] > 0).sum()), int((self._rare > self._in_group[number]).sum()))
            for number, (name, _) in enumerate(self._groups)
        ]
        return tuple(sorted(found, key=lambda part: (part.without, -part.through)))

    def values(self) -> list[Value]:
        """The values with the most linkable people."""
        found = []
        for variable, column, touched in zip(
            self._table.schema.variables, self._table.columns, self._in_variable, strict=True
        ):
            people = np.bincount(column, minlength=variable.size)
            linkable = np.bincount(column[touched], minlength=variable.size)
            found += [
                Value(variable.name, code, int(people[place]), int(linkable[place]))
                for place, code in enumerate(variable.codes, start=1)
                if linkable[place]
            ]
        return sorted(found, key=lambda value: -value.linkable)[:MOST_VALUES]


def crowds(table: CodedTable, chosen: Sequence[int]) -> tuple[Crowds, Crowds]:
    """The rows whose values of these variables are all known, and how many of them share each one's combination."""
    columns = [table.columns[place] for place in chosen]
    known = np.flatnonzero(np.all([column != 0 for column in columns], axis=0))
    cells = np.zeros(len(known), np.int64)
    size = 1
    for column, place in zip(columns, chosen, strict=True):
        cells = cells * table.schema.sizes[place] + column[known]
        size *= table.schema.sizes[place]
    if size <= MOST_CELLS:
        return known, np.bincount(cells, minlength=size)[cells]
    _, inverse, counts = np.unique(cells, return_inverse=True, return_counts=True)
    return known, counts[inverse]
