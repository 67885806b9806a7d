"""The synthetic records as small unsigned integers, for counting some of them many times.

Promise: nothing here changes a record, and nothing that was asked is kept beyond its question, so that one table may
answer many questions at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.privacy.linear import Categories, Event
from ctdc.release.protected import ProtectedData
from ctdc.release.questions import Condition
from ctdc.table.coded import CodedTable, Column, code_table

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def coded_records(data: ProtectedData) -> CodedTable:
    """The records of a release, one column of 8 or 16 bits per variable."""
    return code_table(data.synthetic.to_arrow(), data.schema, data.records_file)


class Chosen:
    """The records that belong to one event. Columns are narrowed to them when they are first asked for."""

    def __init__(self, table: CodedTable, chosen: Event) -> None:
        self._table, self._chosen = table, chosen.chosen
        self._places = self._found()
        self._columns: dict[int, Column] = {}

    def _found(self) -> Places | None:
        """Where the records stand; None for all of them. Each variable is looked at only where the last ones hold."""
        found: Places | None = None
        for variable, categories in self._chosen:
            column, wanted = self._table.columns[variable], self._wanted(variable, categories)
            found = np.flatnonzero(wanted[column]) if found is None else found[wanted[column[found]]]
        return found

    def _wanted(self, variable: int, categories: Categories) -> Marks:
        wanted = np.zeros(self._table.schema.sizes[variable], dtype=bool)
        wanted[list(categories)] = True
        return wanted

    def __len__(self) -> int:
        return self._table.rows if self._places is None else len(self._places)

    def column(self, variable: int) -> Column:
        """A variable's categories in these records."""
        if variable not in self._columns:
            column = self._table.columns[variable]
            self._columns[variable] = column if self._places is None else column[self._places]
        return self._columns[variable]

    def table(self, variables: Sequence[int]) -> Floats:
        """These records by the categories of the variables, shape (sizes of them)."""
        sizes = [self._table.schema.sizes[variable] for variable in variables]
        number: npt.NDArray[Any] = self.column(variables[0])
        for variable, size in zip(variables[1:], sizes[1:], strict=True):
            number = number.astype(np.int64) * size + self.column(variable)
        return np.bincount(number, minlength=math.prod(sizes)).astype(np.float64).reshape(sizes)

    def meeting(self, condition: Condition) -> int:
        """How many of these records meet the condition as well."""
        met = self._in(condition.base)
        for events in condition.alternatives:
            met &= self._in_any(events)
        return int(np.count_nonzero(met))

    def _in_any(self, events: Iterable[Event]) -> Marks:
        either = np.zeros(len(self), dtype=bool)
        for one in events:
            either |= self._in(one)
        return either

    def _in(self, one: Event) -> Marks:
        met = np.ones(len(self), dtype=bool)
        for variable, categories in one.chosen:
            if (variable, categories) not in self._chosen:  # of these all of them are anyway
                met &= self._wanted(variable, categories)[self.column(variable)]
        return met
