"""Unbiased estimates of every table of counts, with exact standard errors, from the noisy measurements alone.

Promise: nothing here sees a record. For a measured set A the estimate of m_A is the sum over B subset of A of T_B
spread evenly over A minus B; it is unbiased, tables agree on what they share, and every cell of A's table has the
variance sum over B of s_B^2 p_B prod_{j in A minus B} 1/n_j^2 (Xiao et al. 2023, Theorem 4.4), in which a factor
(n - 1)/n of p_B is 1 for a wide variable of a thinned table (`selection`), because that axis is not centred. Both hold
for a fixed selection: noise in the pairs that chose a cell is in its estimate too (docs/explanation/engine.md, Limits).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ctdc.privacy.measure import Measurements, residuals
from ctdc.privacy.plan import Attributes, cell_variance, subsets
from ctdc.privacy.selection import Selection, wide_axes, wide_variables

Table = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Estimates:
    """Estimates over variables with `sizes` categories.

    residual[B]: T_B, compact where B is thinned, 0 where it was not measured; deviation[B]: s_B.
    """

    sizes: tuple[int, ...]
    length: int
    residual: dict[Attributes, Table]
    deviation: dict[Attributes, float]
    selection: Selection = field(default_factory=lambda: Selection(()))

    @cached_property
    def sets(self) -> tuple[Attributes, ...]:
        """Every measured set, the empty one included, by size and then in order."""
        return tuple(self.residual)

    def compact_shape(self, attributes: Attributes) -> tuple[int, ...]:
        """Shape of `compact_table`: places for wide variables of a thinned table, categories for the others."""
        wide = wide_axes(self.sizes, attributes)
        return tuple(len(self.selection.kept[a]) + 1 if a in wide else self.sizes[a] for a in attributes)

    def thinned(self, attributes: Attributes) -> dict[int, Ints]:
        """The variables along which `compact_table(attributes)` has compact places, with the codes they stand for."""
        return {variable: self.selection.kept[variable] for variable in wide_axes(self.sizes, attributes)}

    def listed(self, attributes: Attributes, variable: int) -> tuple[Ints, Ints]:
        """Where known codes stand on the axis of `variable` in `compact_table(attributes)`, and which they are."""
        if variable not in wide_axes(self.sizes, attributes):
            codes = np.arange(1, self.sizes[variable])
            return codes, codes
        kept = self.selection.kept[variable]
        return np.flatnonzero(kept > 0) + 1, kept[kept > 0]

    def compact_table(self, attributes: Attributes, missing: float = 0.0) -> Table:
        """Estimated counts over the places of `selection`; `missing` in cells without a measurement.

        `attributes` ascending and measured. The same as `table` where no variable is wide.
        """
        wide = wide_axes(self.sizes, attributes)
        total = np.zeros(self.compact_shape(attributes))
        for inner in subsets(attributes):
            divisor = math.prod(self.sizes[attribute] for attribute in attributes if attribute not in inner)
            residual = self._at_places(inner, wide)
            shape = iter(residual.shape)
            total += residual.reshape([next(shape) if a in inner else 1 for a in attributes]) / divisor
        if wide:
            np.copyto(total, missing, where=~self.selection.mask(attributes))
        return total

    def _at_places(self, inner: Attributes, wide: Attributes) -> Table:
        """T_inner with one place per kept code along the variables `wide`; what stands at place 0 is not used."""
        residual = self.residual[inner]
        if wide_axes(self.sizes, inner):
            return residual
        for axis, attribute in enumerate(inner):
            if attribute in wide:
                kept = self.selection.kept[attribute]
                residual = residual.take([kept[0] if len(kept) else 0, *kept], axis=axis)
        return residual

    def table(self, attributes: Attributes) -> Table:
        """Estimated counts, shape (sizes of attributes), NaN in cells without a measurement of their own."""
        compact = self.compact_table(attributes, missing=np.nan)
        wide = wide_axes(self.sizes, attributes)
        if not wide:
            return compact
        places = np.ix_(*(self.selection.places(a) if a in wide else np.arange(self.sizes[a]) for a in attributes))
        whole: Table = compact[places]
        return whole

    def measured_cells(self, attributes: Attributes) -> int:
        """Cells of the table that have an estimate."""
        wide = wide_axes(self.sizes, attributes)
        selected = int(self.selection.cells(attributes).sum()) if wide else 1
        return selected * math.prod(self.sizes[attribute] for attribute in attributes if attribute not in wide)

    def variance(self, attributes: Attributes) -> float:
        """Variance of each measured cell of `table(attributes)`."""
        return cell_variance(self.sizes, self.deviation, attributes)

    def errors(self, attributes: Attributes) -> Table:
        """Standard error of every measured cell of `table(attributes)`: one for all, of shape (1, ..., 1)."""
        return np.full((1,) * len(attributes), math.sqrt(self.variance(attributes)))

    def among(self, variables: int) -> Estimates:
        """The estimates of tables over the first so many variables."""
        sizes, wide = self.sizes[:variables], wide_variables(self.sizes[:variables])
        inner = [attributes for attributes in self.residual if not attributes or attributes[-1] < variables]
        kept = {variable: codes for variable, codes in self.selection.kept.items() if variable in wide}
        pairs = {pair: mask for pair, mask in self.selection.pairs.items() if set(pair) <= set(wide)}
        return Estimates(
            sizes,
            self.length,
            {attributes: self.residual[attributes] for attributes in inner},
            {attributes: self.deviation[attributes] for attributes in inner},
            Selection(sizes, kept, pairs),
        )

    def total(self) -> tuple[float, float]:
        """Estimated number of records and its standard error."""
        return float(self.residual[()]), self.deviation[()]

    def combination(self, cells: Sequence[tuple[int, int]]) -> tuple[float, float]:
        """Estimate (NaN if not measured) and standard error for one combination of (variable, category), ascending."""
        attributes = tuple(variable for variable, _ in cells)
        position = tuple(category for _, category in cells)
        return float(self.table(attributes)[position]), math.sqrt(self.variance(attributes))


def estimate(measurements: Measurements) -> Estimates:
    """Turn noisy integers into residual tables, once."""
    plan = measurements.plan
    residual = {measurement.attributes: table for measurement, table in residuals(measurements)}
    return Estimates(plan.sizes, plan.length, residual, plan.deviations, measurements.selection)
