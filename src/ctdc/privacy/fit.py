"""The state of the search for records: the records, and how far each of their tables is from its estimate.

Promise: `differences` always equals (records' counts less estimates) for every set among the placed variables.
A fit grows one variable at a time, so that early variables are matched while the problem is still small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.plan import Attributes
from ctdc.table.count import marginal

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]


@dataclass
class Fit:
    """records: (rows, variables + 1), the last column always 0; differences: all tables, flat, float32."""

    estimates: Estimates
    weights: dict[Attributes, float]
    offsets: dict[Attributes, int]
    records: Codes
    differences: Floats
    placed: list[int] = field(default_factory=list)
    sets: list[Attributes] = field(default_factory=list)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Categories per variable."""
        return self.estimates.sizes

    def shape(self, attributes: Attributes) -> tuple[int, ...]:
        """Shape of the table over `attributes`."""
        return tuple(self.sizes[attribute] for attribute in attributes)

    def difference(self, attributes: Attributes) -> Floats:
        """Records' counts less estimates over `attributes`, a view."""
        shape = self.shape(attributes)
        offset = self.offsets[attributes]
        return self.differences[offset : offset + math.prod(shape)].reshape(shape)

    def place(self, variable: int, column: Codes) -> None:
        """Give the records their first values of `variable`, and start matching every set it completes."""
        self.records[:, variable] = column
        self.placed.append(variable)
        placed = set(self.placed)
        matrix = np.ascontiguousarray(self.records[:, :-1].T)
        for attributes in self.offsets:
            if variable in attributes and placed.issuperset(attributes):
                self.difference(attributes)[...] = marginal(matrix, self.sizes, attributes) - self.estimates.table(
                    attributes
                )
                self.sets.append(attributes)

    def objective(self) -> float:
        """sum over placed sets A of w_A |E_A|^2."""
        return math.fsum(
            self.weights[attributes] * float(np.vdot(self.difference(attributes), self.difference(attributes)))
            for attributes in self.sets
        )

    def reach(self, variable: int) -> tuple[Floats, Ints, Ints, Ints, Ints]:
        """For each placed set with `variable`: weight, offset, its stride, the other variables and their strides."""
        mine = [attributes for attributes in self.sets if variable in attributes]
        width = max(1, max(len(attributes) for attributes in mine) - 1)
        others = np.full((len(mine), width), len(self.sizes), dtype=np.int64)
        strides = np.zeros((len(mine), width), dtype=np.int64)
        own = np.zeros(len(mine), dtype=np.int64)
        for number, attributes in enumerate(mine):
            shape = self.shape(attributes)
            steps = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
            rest = [
                (attribute, step) for attribute, step in zip(attributes, steps, strict=True) if attribute != variable
            ]
            own[number] = steps[attributes.index(variable)]
            for slot, (attribute, step) in enumerate(rest):
                others[number, slot], strides[number, slot] = attribute, step
        weights = np.array([self.weights[attributes] for attributes in mine], dtype=np.float32)
        offsets = np.array([self.offsets[attributes] for attributes in mine], dtype=np.int64)
        return weights, offsets, own, others, strides


def new_fit(estimates: Estimates, rows: int) -> Fit:
    """A fit of `rows` records with no variable placed. Each table weighs one over the variance of its cells."""
    sets = [attributes for attributes in estimates.sets if attributes]
    lengths = [math.prod(estimates.sizes[attribute] for attribute in attributes) for attributes in sets]
    offsets = dict(zip(sets, np.cumsum([0, *lengths[:-1]]).tolist(), strict=True))
    weights = {attributes: 1 / estimates.variance(attributes) for attributes in sets}
    records = np.zeros((rows, len(estimates.sizes) + 1), dtype=np.uint16)
    return Fit(estimates, weights, offsets, records, np.zeros(sum(lengths), dtype=np.float32))
