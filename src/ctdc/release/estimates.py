"""Counts and shares with their errors, from published counts and their standard errors alone.

Promise: a share's error is the first-order (delta method) error of a ratio of two estimates that carry Gaussian
noise of known size; wherever a covariance is not known, the larger error is taken.

The engine's counts of one variable with n categories (empty included) are total / n plus a centred table of
noise. With S0 the variance of the total and V that of one cell, two cells a, b of one variable have covariance
S0 / n^2 + s^2 (1[a=b] - 1/n), where s^2 = (V - S0 / n^2) n / (n - 1) (Xiao, He, Zhang, Kifer, NeurIPS 2023,
section on residual bases; worked out for sums of cells here).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A number of people with its standard error."""

    count: float
    standard_error: float

    def as_dict(self) -> dict[str, float]:
        """Count, error and the 95 % interval, its lower end never under zero: there are no negative people."""
        margin = Z95 * self.standard_error
        return {
            "count": round(self.count, 3),
            "standard_error": round(self.standard_error, 3),
            "low95": round(max(0.0, self.count - margin), 3),
            "high95": round(max(0.0, self.count + margin), 3),
        }


@dataclass(frozen=True)
class Share:
    """A ratio between 0 and 1 with its standard error."""

    share: float
    standard_error: float

    def as_dict(self) -> dict[str, float]:
        """Share, error and the 95 % interval, all cut to 0-1."""
        margin = Z95 * self.standard_error
        return {
            "share": round(_unit(self.share), 6),
            "standard_error": round(self.standard_error, 6),
            "low95": round(_unit(self.share - margin), 6),
            "high95": round(_unit(self.share + margin), 6),
        }


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def ratio(part: Estimate, whole: Estimate, covariance: float = 0.0) -> Share | None:
    """`part` / `whole`; None when the whole is not clearly above zero. Leaving a positive covariance out is safe."""
    if whole.count <= 2 * whole.standard_error or whole.count <= 0:
        return None
    share = part.count / whole.count
    variance = part.standard_error**2 - 2 * share * covariance + (share * whole.standard_error) ** 2
    return Share(share, math.sqrt(max(0.0, variance)) / whole.count)


@dataclass(frozen=True)
class CellNoise:
    """The noise of one variable's counts: variance of the total, of one cell, and number of categories n >= 2."""

    total_variance: float
    cell_variance: float
    categories: int

    def covariance(self, size_a: int, size_b: int, common: int) -> float:
        """Covariance of the sums over two sets of cells, given their sizes and how many cells they share."""
        n = self.categories
        shared = self.total_variance / n**2
        own = max(0.0, self.cell_variance - shared) * n / (n - 1)
        return shared * size_a * size_b + own * (common - size_a * size_b / n)

    def sum_of(self, counts: Sequence[float]) -> Estimate:
        """The estimate of a sum of distinct cells."""
        size = len(counts)
        return Estimate(math.fsum(counts), math.sqrt(max(0.0, self.covariance(size, size, size))))


def cell_noise(total: Estimate, errors: Sequence[float], categories: int) -> CellNoise:
    """The noise of a variable's cells from their standard errors.

    Cells of one variable share one error by construction; if a file has several, the largest stands for all.
    """
    return CellNoise(total.standard_error**2, max(errors) ** 2, categories)


def share_of_known(noise: CellNoise, part: Sequence[float], known: Sequence[float]) -> Share | None:
    """Share of some codes (`part`, a subset) among all codes of a variable (`known`): empties are left out."""
    covariance = noise.covariance(len(part), len(known), len(part))
    return ratio(noise.sum_of(part), noise.sum_of(known), covariance)


def union_of_flags(
    total: Estimate, counts: Mapping[frozenset[str], Estimate]
) -> tuple[Estimate, Mapping[str, float]] | None:
    """People with at least one of some yes-flags, by inclusion and exclusion, and its covariance with each flag.

    counts: for every non-empty subset of the flags, the estimate that all of them are yes. Returns None when a
    subset is missing. Every flag has two categories (yes and empty), so the residual table of a set B is one
    number up to sign, of variance r_B found from the published errors: v_A = sum over B in A of r_B / 4^|A \\ B|.
    """
    flags = sorted({flag for subset in counts for flag in subset})
    subsets = [frozenset(group) for size in range(1, len(flags) + 1) for group in combinations(flags, size)]
    if any(subset not in counts for subset in subsets):
        return None
    size = len(flags)
    residual = {frozenset[str](): total.standard_error**2}
    for subset in subsets:
        inherited = sum(
            variance / 4 ** (len(subset) - len(inner)) for inner, variance in residual.items() if inner < subset
        )
        residual[subset] = max(0.0, counts[subset].standard_error ** 2 - inherited)
    value = math.fsum((-1) ** (len(subset) + 1) * counts[subset].count for subset in subsets)
    variance = residual[frozenset()] * (1 - 2.0**-size) ** 2
    variance += sum(residual[subset] / 4 ** (size - len(subset)) for subset in subsets)
    covariances = {
        flag: residual[frozenset()] * (1 - 2.0**-size) / 2 + residual[frozenset({flag})] / 2 ** (size - 1)
        for flag in flags
    }
    return Estimate(value, math.sqrt(variance)), covariances
