"""Unbiased estimates of every table of counts, with exact standard errors, from the noisy measurements alone.

Promise: nothing here sees a record. For a measured set A of variables the estimate of m_A is the sum over
B subset of A of T_B spread evenly over A minus B; it is unbiased, tables agree on what they share, and every cell
of A's table has the variance sum over B of s_B^2 p_B prod_{j in A minus B} 1/n_j^2 (Xiao et al. 2023, Theorem 4.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ctdc.privacy.measure import Measurements, residuals
from ctdc.privacy.plan import Attributes, cell_variance, subsets

Table = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimates:
    """Estimates over variables with `sizes` categories. residual[B]: T_B; deviation[B]: s_B."""

    sizes: tuple[int, ...]
    length: int
    residual: dict[Attributes, Table]
    deviation: dict[Attributes, float]

    @cached_property
    def sets(self) -> tuple[Attributes, ...]:
        """Every measured set, the empty one included, by size and then in order."""
        return tuple(self.residual)

    def table(self, attributes: Attributes) -> Table:
        """Estimated counts, shape (sizes of attributes). `attributes` ascending and among `sets`."""
        total = np.zeros(tuple(self.sizes[attribute] for attribute in attributes))
        for inner in subsets(attributes):
            divisor = math.prod(self.sizes[attribute] for attribute in attributes if attribute not in inner)
            shape = tuple(self.sizes[attribute] if attribute in inner else 1 for attribute in attributes)
            total += self.residual[inner].reshape(shape) / divisor
        return total

    def variance(self, attributes: Attributes) -> float:
        """Variance of each cell of `table(attributes)`."""
        return cell_variance(self.sizes, self.deviation, attributes)

    def total(self) -> tuple[float, float]:
        """Estimated number of records and its standard error."""
        return float(self.residual[()]), self.deviation[()]

    def combination(self, cells: Sequence[tuple[int, int]]) -> tuple[float, float]:
        """Estimate and standard error for one combination of (variable, category), ascending by variable."""
        attributes = tuple(variable for variable, _ in cells)
        position = tuple(category for _, category in cells)
        return float(self.table(attributes)[position]), math.sqrt(self.variance(attributes))


def estimate(measurements: Measurements) -> Estimates:
    """Turn noisy integers into residual tables, once."""
    plan = measurements.plan
    residual = {measurement.attributes: table for measurement, table in residuals(measurements)}
    return Estimates(plan.sizes, plan.length, residual, plan.deviations)
