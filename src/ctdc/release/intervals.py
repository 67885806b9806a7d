"""Intervals for counts, ratios, differences of ratios and ratios of ratios, from estimates with normal noise.

Promise: pure arithmetic. A ratio's interval is Fieller's set, which is exact for two jointly normal estimates however
uncertain the denominator is, and tends to that of the delta method where it is not; so there is one rule and no
seam. Where the set is not an interval (the denominator could be zero) the answer is None, never a guess.

Differences and ratios of two such quantities have no exact set. They recover each quantity's own distance to its
limits as its error, side by side (MOVER), which again is the delta method where denominators are certain.

Sources: Fieller 1954, "Some problems in interval estimation", J. R. Stat. Soc. B 16; Franz 2007, "Ratios: a short guide
to confidence limits and proper use", arXiv:0710.2024; Zou & Donner 2008, "Construction of confidence limits about
effect measures", Stat. Med. 27, for differences; Donner & Zou 2012, "Closed-form confidence intervals for functions
of the normal mean and standard deviation", Stat. Methods Med. Res. 21, for ratios; both with a correlation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Interval:
    """An estimate between its limits. low and high may be infinite."""

    value: float
    low: float
    high: float


def deviations(confidence: float, simultaneous: int = 1) -> float:
    """Standard errors to each side of a normal estimate, so that `simultaneous` intervals all hold together.

    By Bonferroni: the probability that any misses is at most 1 - confidence, however the estimates depend on each
    other.
    """
    return NormalDist().inv_cdf(1 - (1 - confidence) / (2 * simultaneous))


def normal_interval(value: float, variance: float, z: float) -> Interval:
    """The interval of an unbiased normal estimate."""
    margin = z * math.sqrt(max(0.0, variance))
    return Interval(value, value - margin, value + margin)


def _roots(first: float, second: float, own: float, shared: float, other: float) -> tuple[float, float] | None:
    """Where (first - R second)^2 = own - 2 R shared + R^2 other; None unless the set between is an interval."""
    leading = second**2 - other
    half = first * second - shared
    rest = first**2 - own
    if leading <= 0:
        return None
    root = math.sqrt(max(0.0, half**2 - leading * rest))
    return (half - root) / leading, (half + root) / leading


def ratio_interval(part: float, whole: float, own: float, shared: float, other: float, z: float) -> Interval | None:
    """Fieller's interval for part / whole. own, other: their variances; shared: their covariance.

    None when the whole is not clearly above zero: below z standard errors of its own.
    """
    roots = _roots(part, whole, z**2 * own, z**2 * shared, z**2 * other) if whole > 0 else None
    return None if roots is None else Interval(part / whole, *roots)


def ratio_intervals(
    parts: npt.NDArray[np.float64], whole: float, own: float, shared: float, other: float, z: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """`ratio_interval` for many parts of one whole, with one variance and covariance: values, lows and highs."""
    leading = whole**2 - z**2 * other
    if whole <= 0 or leading <= 0:
        return None
    half = parts * whole - z**2 * shared
    root = np.sqrt(np.maximum(0.0, half**2 - leading * (parts**2 - z**2 * own)))
    return parts / whole, (half - root) / leading, (half + root) / leading


def difference_interval(first: Interval, second: Interval, correlation: float) -> Interval:
    """first - second, from their own intervals and the correlation of their estimates."""
    value = first.value - second.value
    below, above = first.value - first.low, first.high - first.value
    other_below, other_above = second.value - second.low, second.high - second.value
    return Interval(
        value,
        value - _combined(below, other_above, correlation),
        value + _combined(above, other_below, correlation),
    )


def _combined(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one**2 - 2 * correlation * one * other + other**2))


def quotient_interval(first: Interval, second: Interval, correlation: float) -> Interval | None:
    """first / second, from their own intervals and the correlation of their estimates.

    None when the second is not clearly above zero.
    """
    if second.value <= 0:
        return None
    below, above = first.value - first.low, first.high - first.value
    other_below, other_above = second.value - second.low, second.high - second.value
    if first.value <= 0:  # then more of the second brings the quotient nearer to zero: the wider side is safe
        other_below = other_above = max(other_below, other_above)
    low = _side(first.value, second.value, below, other_above, correlation)
    high = _side(first.value, second.value, above, other_below, correlation)
    return None if low is None or high is None else Interval(first.value / second.value, low[0], high[1])


def _side(first: float, second: float, one: float, other: float, correlation: float) -> tuple[float, float] | None:
    return _roots(first, second, one**2, correlation * one * other, other**2)
