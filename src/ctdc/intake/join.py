"""Rows of other tables that belong to a person, found by key.

Promise: the joined table is read once and held in memory as small integers; each person gets at most one value per
variable by the declared rule; rows that belong to nobody are counted, not dropped in silence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.intake.model import JoinSpec
from ctdc.intake.readers.frame import Column, Frame, IntArray
from ctdc.intake.text import column_key, tidy

NO_ROW = -1


class Joined:
    """A joined table with its keys."""

    def __init__(self, spec: JoinSpec, frame: Frame, where: str) -> None:
        """`frame` is the whole table. Raises UserError (``intake.join_several``) where the mapping refuses several."""
        self.spec, self.frame, self.where = spec, frame, where
        self._positions: dict[str, int] = {}
        column = frame.columns.get(column_key(spec.column), Column([], np.zeros(0, np.int32)))
        table = np.array([self._positions.setdefault(tidy(t), len(self._positions)) for t in column.texts], np.int32)
        self.keys: IntArray = table[column.indices] if len(table) else np.zeros(0, np.int32)
        self.used = np.zeros(len(self._positions), np.bool_)
        if spec.several == "refuse":
            self._refuse_several()

    def _refuse_several(self) -> None:
        counts = np.bincount(self.keys, minlength=len(self._positions))
        if (counts > 1).any():
            rows = self.frame.rows[np.isin(self.keys, np.flatnonzero(counts > 1))]
            raise UserError(
                "intake.join_several",
                f"{int((counts > 1).sum())} cases have several rows in the table {self.spec.table!r}, "
                "and the mapping allows one.",
                where=f"{self.where}, rows {', '.join(map(str, rows[:10].tolist()))}",
                do="Correct the rows, or declare 'several: first' or 'several: last' in the mapping.",
                facts={"file": self.where, "table": self.spec.table, "rows": list(map(str, rows[:10].tolist()))},
            )

    def lookup(self, column: Column) -> IntArray:
        """For each row of the main table the number of its key, -1 when no joined row has it."""
        table = np.array([self._positions.get(tidy(text), NO_ROW) for text in column.texts], np.int32)
        keys = table[column.indices] if len(table) else np.zeros(0, np.int32)
        self.used[keys[keys >= 0]] = True
        return keys

    @property
    def orphans(self) -> int:
        """Joined rows whose key no row of the main table had so far."""
        return int((~self.used[self.keys]).sum()) if len(self.keys) else 0

    def pick(self, rank: npt.NDArray[np.int64], last: bool) -> npt.NDArray[np.int64]:
        """For each key the joined row of highest rank; among equals the first, or the last."""
        count = len(self.keys)
        order = np.arange(count)[:: -1 if last else 1]
        order = order[np.lexsort((-rank[order], self.keys[order]))]
        _, firsts = np.unique(self.keys[order], return_index=True)
        return order[firsts]

    def reduce(self, values: IntArray, rank: npt.NDArray[np.int64], last: bool) -> IntArray:
        """One value per key, by rank."""
        if not len(self.keys):
            return np.zeros(0, np.int32)
        return values[self.pick(rank, last)]


def align(per_key: IntArray, keys: IntArray, no_row: int) -> IntArray:
    """Values per key as values per main row; `no_row` where there is none."""
    if not len(per_key):
        return np.full(len(keys), no_row, np.int32)
    return np.where(keys >= 0, per_key[np.maximum(keys, 0)], no_row).astype(np.int32)
