"""People to be counted, each of whom is one record or is spread evenly over several.

Promise: in every table each person counts exactly `whole`, divided among cells by weights that depend on that person's
rows alone; counts are exact 64-bit integers. So a person's part of a table is, up to the factor `whole`, a mean of
ordinary records, and moves anything linear by no more than one record can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numba
import numpy as np

from ctdc.table.count import Counts, Matrix, marginal
from ctdc.table.counting import Request, Tables


@numba.njit(cache=True, nogil=True)
def _weigh(columns: Matrix, strides: Counts, weights: Counts, out: Counts) -> None:  # pragma: no cover - compiled
    width, rows = columns.shape
    for row in range(rows):
        cell = 0
        for axis in range(width):
            cell += columns[axis, row] * strides[axis]
        out[cell] += weights[row]


@dataclass(frozen=True)
class Layer:
    """Rows from which tables over the variables `knows` are counted.

    matrix: shape (variables, rows); weights: shape (rows,), what each row counts; None: one row is one person.
    """

    matrix: Matrix
    knows: frozenset[int]
    weights: Counts | None = None


@dataclass(frozen=True)
class Tally:
    """The same people in one or more layers, those that are quickest to count first; `whole`: what a person counts."""

    layers: tuple[Layer, ...]
    whole: int = 1

    @property
    def variables(self) -> int:
        """Number of variables."""
        return len(self.layers[0].matrix)

    def table(self, attributes: Sequence[int], rows: Sequence[int], sizes: Sequence[int]) -> Counts:
        """The table over `attributes`, of shape (sizes[r] for r in rows).

        rows: where in the matrices each attribute's column is; another row than its own holds it in compact places.
        """
        layer = next(layer for layer in self.layers if layer.knows.issuperset(attributes))
        if layer.weights is None:
            return self.whole * marginal(layer.matrix, sizes, rows)
        shape = tuple(sizes[row] for row in rows)
        strides = np.array([int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))], dtype=np.int64)
        out = np.zeros(int(np.prod(shape)), dtype=np.int64)
        _weigh(np.ascontiguousarray(layer.matrix[list(rows)]), strides, layer.weights, out)
        return out.reshape(shape)

    def prepare(self, request: Request) -> None:
        """Nothing: rows are held, and a table is counted when it is asked for."""

    def tables(self, request: Request) -> Tables:
        """See `ctdc.table.counting.Counting`."""
        people = self.extended(request.extended) if request.places else self
        return lambda attributes: people.table(attributes, request.rows(attributes), request.all_sizes)

    def extended(self, more: Callable[[Matrix], Matrix]) -> Tally:
        """The same people with every layer's matrix replaced by `more` of it."""
        return replace(self, layers=tuple(replace(layer, matrix=more(layer.matrix)) for layer in self.layers))


def tally_of(matrix: Matrix) -> Tally:
    """People with one record each. matrix: shape (variables, rows)."""
    return Tally((Layer(matrix, frozenset(range(len(matrix)))),))
