"""Counting by bit planes: sixty-four rows at once.

Promise: exact 64-bit counts, the same as counting cell by cell. Every category of a variable but the first is a plane
of one bit for each row. How many people have a combination of such categories is the number of bits that are set in all
of its planes; combinations with a first category follow from smaller ones by subtraction. So a table of three yes/no
variables is one look at three planes, where counting cell by cell changes a cell for every row.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba.core import types
from numba.extending import intrinsic

from ctdc.table.count import Counts, Matrix

Planes = npt.NDArray[np.uint64]
Rows = tuple[int, ...]  # of an extended matrix: what a table is over
WIDEST = 33  # categories of a variable that has planes
MOST_PLANES = 256  # combinations of a table that are looked at; beyond, changing cells is cheaper
LONGEST = 4


@intrinsic
def _bits(_: Any, word: Any) -> Any:  # pragma: no cover - compiled
    """How many bits of a 64-bit word are set: one instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


def _look(planes: Planes, chosen: Counts, out: Counts) -> None:  # pragma: no cover - compiled
    """Add the rows that have all planes of each combination. chosen: (combinations, 3 or 4) places of planes."""
    words = planes.shape[1]
    for number in numba.prange(chosen.shape[0]):
        one, two, three = planes[chosen[number, 0]], planes[chosen[number, 1]], planes[chosen[number, 2]]
        found = np.uint64(0)
        if chosen.shape[1] == 3:
            for word in range(words):
                found += _bits(one[word] & two[word] & three[word])
        else:
            four = planes[chosen[number, 3]]
            for word in range(words):
                found += _bits(one[word] & two[word] & three[word] & four[word])
        out[number] += np.int64(found)


look_alone = numba.njit(cache=True, nogil=True)(_look)
look_together = numba.njit(cache=True, nogil=True, parallel=True)(_look)


def suits(sizes: Sequence[int]) -> bool:
    """Whether a table over variables of these sizes is counted by planes."""
    few = math.prod(size - 1 for size in sizes) <= MOST_PLANES
    return few and len(sizes) <= LONGEST and all(size <= WIDEST for size in sizes)


class PlaneCounts:
    """Tables over rows of a matrix, all of which `suits`. sizes: of the matrix's rows."""

    def __init__(self, sizes: Sequence[int], sets: Sequence[Rows], threads: bool) -> None:
        self._sizes = sizes
        self._look = look_together if threads else look_alone
        self._sets = sorted({inner for one in sets for inner in _subsets(one)}, key=lambda one: (len(one), one))
        variables = sorted({row for one in self._sets for row in one})
        # The first plane is of all rows: what a combination of fewer variables is filled up with.
        firsts = np.cumsum([1, *(sizes[row] - 1 for row in variables)]).tolist()
        self._first = dict(zip(variables, firsts, strict=False))
        self._planes = firsts[-1]
        self._parts, self._chosen = self._combinations(3 if all(len(one) < LONGEST for one in self._sets) else LONGEST)
        self._found: Counts = np.zeros(len(self._chosen), dtype=np.int64)

    def _combinations(self, width: int) -> tuple[dict[Rows, slice], Counts]:
        """Where each set's combinations stand, and the planes of each."""
        parts, blocks, begin = {}, [np.zeros((0, width), dtype=np.int64)], 0
        for one in self._sets:
            shape = [self._sizes[row] - 1 for row in one]
            block = np.zeros((math.prod(shape), width), dtype=np.int64)
            for axis, places in enumerate(np.indices(shape).reshape(len(one), len(block))):
                block[:, axis] = self._first[one[axis]] + places
            parts[one] = slice(begin, begin + len(block))
            blocks.append(block)
            begin += len(block)
        return parts, np.concatenate(blocks)

    def add(self, matrix: Matrix) -> None:
        """Count some records."""
        rows = matrix.shape[1]
        planes = np.zeros((self._planes, 8 * math.ceil(rows / 64)), dtype=np.uint8)
        filled = math.ceil(rows / 8)
        planes[0, :filled] = np.packbits(np.ones(rows, dtype=np.bool_), bitorder="little")
        for row, first in self._first.items():
            for category in range(1, self._sizes[row]):
                planes[first + category - 1, :filled] = np.packbits(matrix[row] == category, bitorder="little")
        self._look(planes.view(np.uint64), self._chosen, self._found)

    def table(self, one: Rows) -> Counts:
        """The table so far."""
        found = np.zeros([self._sizes[row] for row in one], dtype=np.int64)
        for inner in _subsets(one):
            # At the first place of an axis stands, for now, the sum over all of its categories.
            place = tuple(slice(1, None) if row in inner else 0 for row in one)
            found[place] = self._found[self._parts[inner]].reshape([self._sizes[row] - 1 for row in inner])
        for axis in range(len(one)):
            along = np.moveaxis(found, axis, 0)
            along[0] -= along[1:].sum(axis=0)
        return found


def _subsets(one: Rows) -> list[Rows]:
    return [inner for size in range(len(one) + 1) for inner in itertools.combinations(one, size)]
