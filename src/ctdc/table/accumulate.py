"""Counting many tables in one pass over batches of coded rows.

Promise: memory is that of the tables and of one batch, whatever the number of rows; counts are exact 64-bit integers
and do not depend on how rows are cut into batches, nor on the number of threads: every table is counted by one thread.
"""

from __future__ import annotations

import numba
import numpy as np

from ctdc.table.count import Counts, Matrix
from ctdc.table.counting import Request
from ctdc.table.planes import PlaneCounts, suits

CHUNK_ROWS = 65_536  # of all columns together: about what a second-level cache holds


def _add(
    matrix: Matrix, axes: Counts, strides: Counts, lengths: Counts, offsets: Counts, out: Counts
) -> None:  # pragma: no cover - compiled
    """Add the rows of `matrix` (columns, rows) to all tables.

    axes, strides: (tables, most axes), of which the first `lengths` count; offsets: where each table begins in `out`.
    """
    rows = matrix.shape[1]
    for number in numba.prange(axes.shape[0]):
        begin = offsets[number]
        if lengths[number] == 1:
            only = matrix[axes[number, 0]]
            for row in range(rows):
                out[begin + only[row]] += 1
        elif lengths[number] == 2:
            first, second = matrix[axes[number, 0]], matrix[axes[number, 1]]
            step = strides[number, 0]
            for row in range(rows):
                out[begin + first[row] * step + second[row]] += 1
        elif lengths[number] == 3:
            first, second, third = matrix[axes[number, 0]], matrix[axes[number, 1]], matrix[axes[number, 2]]
            step, inner = strides[number, 0], strides[number, 1]
            for row in range(rows):
                out[begin + first[row] * step + second[row] * inner + third[row]] += 1
        else:
            for row in range(rows):
                cell = begin
                for axis in range(lengths[number]):
                    cell += matrix[axes[number, axis], row] * strides[number, axis]
                out[cell] += 1


_add_alone = numba.njit(cache=True, nogil=True)(_add)
_add_together = numba.njit(cache=True, nogil=True, parallel=True)(_add)


class Accumulator:
    """Tables of a request that grow with each batch."""

    def __init__(self, request: Request, threads: bool = True) -> None:
        """`threads`: whether to use all cores; a task of Spark has one."""
        self.request = request
        rows = [request.rows(attributes) for attributes in request.sets]
        self._by_planes = [suits([request.all_sizes[row] for row in one]) for one in rows]
        few = [one for one, small in zip(rows, self._by_planes, strict=True) if small]
        self._planes = PlaneCounts(request.all_sizes, few, threads)
        self._cells = _Cells(request, [n for n, small in enumerate(self._by_planes) if not small], threads)

    def add(self, matrix: Matrix) -> None:
        """Count some records. matrix: shape (variables, rows), every code below its variable's size."""
        for begin in range(0, matrix.shape[1], CHUNK_ROWS):
            chunk = np.ascontiguousarray(self.request.extended(matrix[:, begin : begin + CHUNK_ROWS]))
            self._planes.add(chunk)
            self._cells.add(chunk)

    def flat(self) -> Counts:
        """All cells so far, one table after the other."""
        offsets = np.cumsum(self.request.lengths) - self.request.lengths
        found: Counts = np.zeros(int(self.request.lengths.sum()), dtype=np.int64)
        self._cells.put(found, offsets)
        for attributes, small, begin in zip(self.request.sets, self._by_planes, offsets.tolist(), strict=True):
            if small:
                table = self._planes.table(self.request.rows(attributes))
                found[begin : begin + table.size] = table.ravel()
        return found


class _Cells:
    """Those tables of a request (by their numbers) that are counted cell by cell."""

    def __init__(self, request: Request, numbers: list[int], threads: bool) -> None:
        self._numbers = np.array(numbers, dtype=np.int64)
        self._add = _add_together if threads else _add_alone
        chosen = [request.sets[number] for number in numbers]
        widest = max((len(attributes) for attributes in chosen), default=0)
        self._axes, self._strides = (np.zeros((len(chosen), max(1, widest)), dtype=np.int64) for _ in range(2))
        for number, attributes in enumerate(chosen):
            shape = request.shape(attributes)
            self._axes[number, : len(shape)] = request.rows(attributes)
            self._strides[number, : len(shape)] = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
        self._lengths = np.array([len(attributes) for attributes in chosen], dtype=np.int64)
        self._sizes = request.lengths[self._numbers]
        self._offsets = np.cumsum(self._sizes) - self._sizes
        self._found: Counts = np.zeros(int(self._sizes.sum()), dtype=np.int64)

    def add(self, chunk: Matrix) -> None:
        """Count some records."""
        self._add(chunk, self._axes, self._strides, self._lengths, self._offsets, self._found)

    def put(self, into: Counts, offsets: Counts) -> None:
        """Write the tables where they belong among all. offsets: of each table of the request."""
        for number, begin, size in zip(self._numbers.tolist(), self._offsets, self._sizes, strict=True):
            into[offsets[number] : offsets[number] + size] = self._found[begin : begin + size]
