"""The state of the search for records: the records, and how far each of their tables is from its estimate.

Promise: `differences` equals (records' counts less estimates) for every measured cell of every set among the placed
variables. Cells that were not measured have no target: they start at 0 and are set back by `release`, so that they only
resist changes for their own sake. A fit grows one variable at a time, so that early variables are matched while the
problem is still small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.kernels import deal, deal_flag
from ctdc.privacy.plan import Attributes
from ctdc.privacy.selection import wide_axes
from ctdc.privacy.structure import PENALTY
from ctdc.table.constraints import Mask

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Reach:
    """The placed sets with one variable, as `kernels` takes them; the first `whole` are over the variable's codes.

    steps: what share of itself a record counts in each; group: tells apart the reaches of one variable, for groups of
    records that are in different sets.
    """

    sets: tuple[Attributes, ...]
    whole: int
    weights: Floats
    offsets: Ints
    own: Ints
    others: Ints
    strides: Ints
    steps: Floats
    group: int = 0

    @property
    def resistance(self) -> float:
        """What a change costs for its own sake, of a record that counts one, in sets over the variable's codes."""
        return float((self.weights * self.steps)[: self.whole].sum())


@dataclass
class Fit:
    """records: (rows, columns) as `columns` says, the last column always 0; differences: all tables, flat, float32;
    amounts: (rows,) what each record counts.
    """

    estimates: Estimates
    weights: dict[Attributes, float]
    offsets: dict[Attributes, int]
    records: Codes
    differences: Floats
    compact_columns: dict[int, int]
    impossible: Mapping[Attributes, Mask]
    amounts: Floats
    placed: list[int] = field(default_factory=list)
    sets: list[Attributes] = field(default_factory=list)
    layouts: dict[tuple[int, int, int], Any] = field(default_factory=dict)  # kept here for `scores`
    _reach: dict[tuple[int, int], Reach] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Categories per variable."""
        return self.estimates.sizes

    @property
    def searched(self) -> range:
        """The variables that are placed and changed; others are as they came."""
        return range(len(self.sizes))

    def shape(self, attributes: Attributes) -> tuple[int, ...]:
        """Shape of the table over `attributes`, compact along wide variables."""
        return self.estimates.compact_shape(attributes)

    def columns(self, attributes: Attributes) -> Attributes:
        """Columns of `records` with the places of `attributes` in their table."""
        wide = wide_axes(self.sizes, attributes)
        return tuple(self.compact_columns[attribute] if attribute in wide else attribute for attribute in attributes)

    def matrix(self) -> Codes:
        """The records' codes, shape (variables, rows)."""
        return np.ascontiguousarray(self.records[:, : len(self.sizes)].T)

    def difference(self, attributes: Attributes) -> Floats:
        """Records' counts less estimates over `attributes`, a view."""
        shape = self.shape(attributes)
        offset = self.offsets[attributes]
        return self.differences[offset : offset + math.prod(shape)].reshape(shape)

    def place(self, variable: int, order: Ints) -> None:
        """Deal out first values of `variable` to the records, in `order`, and start matching every set it completes."""
        self.placed.append(variable)
        placed = set(self.placed)
        self.sets += [key for key in self.offsets if variable in key and placed.issuperset(key)]
        if self.sizes[variable] == 2:
            self._deal_flag(variable, order, self.reach(variable))
        else:
            self._deal(variable, order, self.reach(variable))
        self.release()

    def _deal(self, variable: int, order: Ints, reach: Reach) -> None:
        lengths = np.array([math.prod(self.shape(attributes)) for attributes in reach.sets])
        parts = _parts(lengths)
        tables = np.zeros((int(lengths.sum()), 2), dtype=np.float32)
        for attributes, part in zip(reach.sets, parts, strict=True):
            tables[part, 1] = self._target(attributes).ravel()
        deal(
            self.records,
            variable,
            self.compact_columns.get(variable, -1),
            self.estimates.selection.places(variable),
            order,
            tables,
            reach.whole,
            reach.weights,
            np.array([part.start for part in parts]),
            reach.own,
            reach.others,
            reach.strides,
            self.amounts,
        )
        for attributes, part in zip(reach.sets, parts, strict=True):
            self.difference(attributes)[...] = (tables[part, 0] - tables[part, 1]).reshape(self.shape(attributes))

    def _deal_flag(self, variable: int, order: Ints, reach: Reach) -> None:
        lengths = np.array([math.prod(self.shape(attributes)) // 2 for attributes in reach.sets])
        parts = _parts(lengths)
        lead, both, target = np.zeros((3, int(lengths.sum())), dtype=np.float32)
        targets = [np.moveaxis(self._target(key), key.index(variable), 0) for key in reach.sets]
        for part, (no, yes) in zip(parts, targets, strict=True):
            target[part] = (yes - no).ravel()
        # Without the variable's own axis, strides of axes before it are half as long.
        halved = np.where(reach.strides > reach.own[:, None], reach.strides // 2, reach.strides).astype(np.int32)
        offsets = np.array([part.start for part in parts], dtype=np.int32)
        others = reach.others.astype(np.int32)
        deal_flag(
            self.records, variable, order, lead, both, target, reach.weights, offsets, others, halved, self.amounts
        )
        for attributes, part, (no, yes) in zip(reach.sets, parts, targets, strict=True):
            difference = np.moveaxis(self.difference(attributes), attributes.index(variable), 0)
            difference[0] = (both[part] - lead[part]).reshape(no.shape) / 2 - no
            difference[1] = (both[part] + lead[part]).reshape(yes.shape) / 2 - yes

    def _target(self, attributes: Attributes) -> npt.NDArray[np.float64]:
        """Estimates over `attributes`; 0 in cells without a measurement."""
        table = self.estimates.compact_table(attributes)
        if attributes in self.impossible:
            # So far below zero that no record is dealt into such a cell, and that any leaves it who can.
            table[self.impossible[attributes]] -= PENALTY
        return table

    def column_sizes(self) -> tuple[int, ...]:
        """Places per column of `records`."""
        compact = self.estimates.selection.compact_sizes()
        return (*self.sizes, *(compact[variable] for variable in self.compact_columns), 1)

    def release(self) -> None:
        """Let cells without a measurement be whatever they are by now."""
        for attributes in self.sets:
            if wide_axes(self.sizes, attributes):
                table = self.difference(attributes)
                np.copyto(table, np.float32(0.0), where=~self.estimates.selection.mask(attributes))

    def objective(self) -> float:
        """sum over placed sets A of w_A |E_A|^2, over measured cells, without what facts make impossible."""
        return math.fsum(self.weights[attributes] * self._squared(attributes) for attributes in self.sets)

    def _squared(self, attributes: Attributes) -> float:
        table = self.difference(attributes)
        if attributes in self.impossible:
            table = np.where(self.impossible[attributes], np.float32(0.0), table)
        if wide_axes(self.sizes, attributes):
            table = np.where(self.estimates.selection.mask(attributes), table, np.float32(0.0))
        return float(np.vdot(table, table))

    def favour_singles(self, factor: float) -> None:
        """Let every placed variable's own table count `factor` times as much in changes from now on."""
        for variable in self.searched:
            reach = self.reach(variable)
            reach.weights[reach.sets.index((variable,))] *= np.float32(factor)

    def reach(self, variable: int) -> Reach:
        """The placed sets with `variable`; found once for every state of growth."""
        key = variable, len(self.placed)
        if key not in self._reach:
            self._reach[key] = self._find_reach(variable)
        return self._reach[key]

    def _find_reach(self, variable: int) -> Reach:
        mine = [attributes for attributes in self.sets if variable in attributes]
        mine.sort(key=lambda attributes: self._is_compact(attributes, variable))
        width = max(1, max(len(attributes) for attributes in mine) - 1)
        others = np.full((len(mine), width), self.records.shape[1] - 1, dtype=np.int64)
        strides = np.zeros((len(mine), width), dtype=np.int64)
        own = np.zeros(len(mine), dtype=np.int64)
        for number, attributes in enumerate(mine):
            steps = steps_of(self.shape(attributes))
            rest = [axis for axis, attribute in enumerate(attributes) if attribute != variable]
            own[number] = steps[attributes.index(variable)]
            columns = self.columns(attributes)
            others[number, : len(rest)] = [columns[axis] for axis in rest]
            strides[number, : len(rest)] = [steps[axis] for axis in rest]
        return Reach(
            sets=tuple(mine),
            whole=sum(not self._is_compact(attributes, variable) for attributes in mine),
            weights=np.array([self.weights[attributes] for attributes in mine], dtype=np.float32),
            offsets=np.array([self.offsets[attributes] for attributes in mine], dtype=np.int64),
            own=own,
            others=others,
            strides=strides,
            steps=np.ones(len(mine), dtype=np.float32),
        )

    def _is_compact(self, attributes: Attributes, variable: int) -> bool:
        return variable in wide_axes(self.sizes, attributes)


def _parts(lengths: Ints) -> list[slice]:
    """Where arrays of these lengths lie when they stand one after the other."""
    ends = np.cumsum(lengths).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths.tolist(), strict=True)]


def steps_of(shape: Sequence[int]) -> list[int]:
    """How far apart neighbours along each axis stand in a flat table."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def new_fit(estimates: Estimates, rows: int, impossible: Mapping[tuple[int, int], Mask] | None = None) -> Fit:
    """A fit of `rows` records with no variable placed. Each table weighs one over the variance of its cells."""
    sets = [attributes for attributes in estimates.sets if attributes]
    lengths = [math.prod(estimates.compact_shape(attributes)) for attributes in sets]
    offsets = dict(zip(sets, np.cumsum([0, *lengths[:-1]]).tolist(), strict=True))
    weights = {attributes: 1 / estimates.variance(attributes) for attributes in sets}
    variables = len(estimates.sizes)
    compact = {variable: variables + number for number, variable in enumerate(estimates.selection.kept)}
    records = np.zeros((rows, variables + len(compact) + 1), dtype=np.uint16)
    differences = np.zeros(sum(lengths), dtype=np.float32)
    amounts = np.ones(rows, dtype=np.float32)
    return Fit(estimates, weights, offsets, records, differences, compact, dict((impossible or {}).items()), amounts)
