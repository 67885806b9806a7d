"""Counting combinations of values: exact marginal tables of a coded table.

Promise: counts are exact 64-bit integers; a table over variables A has shape (n_a for a in A), empty first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.uint16]


@numba.njit(cache=True, nogil=True)
def _count_one(column: Matrix, out: Counts) -> None:  # pragma: no cover - compiled
    for row in range(column.shape[0]):
        out[column[row]] += 1


@numba.njit(cache=True, nogil=True)
def _count_many(columns: Matrix, strides: Counts, out: Counts) -> None:  # pragma: no cover - compiled
    width, rows = columns.shape
    for row in range(rows):
        cell = 0
        for axis in range(width):
            cell += columns[axis, row] * strides[axis]
        out[cell] += 1


@numba.njit(cache=True, nogil=True)
def _count_three(
    first: Matrix, second: Matrix, third: Matrix, stride_first: int, stride_second: int, out: Counts
) -> None:  # pragma: no cover - compiled
    for row in range(first.shape[0]):
        out[first[row] * stride_first + second[row] * stride_second + third[row]] += 1


def marginal(matrix: Matrix, sizes: Sequence[int], attributes: Sequence[int]) -> Counts:
    """Counts of every combination of the variables `attributes` in `matrix` of shape (variables, rows).

    Returns an array of shape (sizes[a] for a in attributes); for no attributes, the number of rows as a 0-d array.
    """
    shape = tuple(sizes[attribute] for attribute in attributes)
    if not shape:
        return np.array(matrix.shape[1], dtype=np.int64)
    out = np.zeros(int(np.prod(shape)), dtype=np.int64)
    if len(shape) == 1:
        _count_one(matrix[attributes[0]], out)
    elif len(shape) == 3:
        first, second, third = (matrix[attribute] for attribute in attributes)
        _count_three(first, second, third, shape[1] * shape[2], shape[2], out)
    else:
        strides = np.array([int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))], dtype=np.int64)
        _count_many(np.ascontiguousarray(matrix[list(attributes)]), strides, out)
    return out.reshape(shape)
