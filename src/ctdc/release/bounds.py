"""What the published counts make certain about a number that they do not measure.

Promise: the true number lies within the bounds unless a published count is further from the truth than the stated
number of standard errors, however the people's answers are related beyond what was counted.

The number is that of people with at least one of several yes-flags, or with any other pattern of answers, when more
of them are in question than the engine counts together. Every possible population is a point of a polytope: one
non-negative variable per pattern of answers, and for each measured set of flags the number of people who have all of
them, within its error. The fewest and most people with the patterns in question are the optima of two linear programs
over it (HiGHS, through SciPy).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ctdc.release.estimates import Estimate

TOLERANCE = 4.5  # standard errors allowed on each count: one in 150,000 is further off
MOST_FLAGS = 10  # 1,024 patterns; above that the simpler bounds of Bonferroni serve


def union_bounds(
    total: Estimate, flags: tuple[str, ...], counts: Mapping[frozenset[str], Estimate], unseen: Mapping[int, float]
) -> tuple[float, float]:
    """Fewest and most people who have at least one of `flags`.

    counts: published estimates that all flags of a subset are yes, the single flags among them; unseen: for each
    measured size of subset, the largest count that could have stayed below the reporting threshold there.
    """
    if len(flags) <= MOST_FLAGS:
        # People with any answer are all patterns but the empty one, the first.
        bounds = pattern_bounds(total, flags, counts, unseen, patterns_of(flags) > 0)
        if bounds is not None:
            return bounds
    return _bonferroni(total, flags, counts)


def patterns_of(flags: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """All patterns of answers, as whole numbers: bit i says whether flag i is yes."""
    return np.arange(2 ** len(flags))


def pattern_bounds(
    total: Estimate,
    flags: tuple[str, ...],
    counts: Mapping[frozenset[str], Estimate],
    unseen: Mapping[int, float],
    wanted: npt.NDArray[np.bool_],
) -> tuple[float, float] | None:
    """Fewest and most people with one of the `wanted` patterns of at most `MOST_FLAGS` flags.

    counts and unseen as for `union_bounds`; wanted: one truth value for each of `patterns_of(flags)`. None when no
    population fits all counts within the tolerance: one of them is a rare outlier.
    """
    patterns = patterns_of(flags)
    sizes = np.bitwise_count(patterns)
    rows, lows, highs = [], [], []
    for subset in patterns[(sizes > 0) & (sizes <= max(unseen, default=1))]:
        names = frozenset(flag for position, flag in enumerate(flags) if subset >> position & 1)
        low, high = _range(counts[names]) if names in counts else (0.0, unseen[len(names)])
        rows.append(((patterns & subset) == subset).astype(float))
        lows.append(low)
        highs.append(high)
    from scipy.optimize import linprog  # noqa: PLC0415  most commands find no bounds, and it takes a second to import

    low, high = _range(total)
    matrix = np.array([np.ones(len(patterns)), *rows])
    limits = np.array([high, *highs]), -np.array([low, *lows])
    objective = np.where(wanted, 1.0, 0.0)
    optima = []
    for sign in (1.0, -1.0):
        result = linprog(
            sign * objective, np.vstack([matrix, -matrix]), np.concatenate(limits), bounds=(0, None), method="highs"
        )
        if result.status != 0:
            return None
        optima.append(sign * float(result.fun))
    return optima[0], optima[1]


def _bonferroni(
    total: Estimate, flags: tuple[str, ...], counts: Mapping[frozenset[str], Estimate]
) -> tuple[float, float]:
    singles = [counts[frozenset({flag})] for flag in flags]
    most = min(_range(total)[1], math.fsum(_range(single)[1] for single in singles))
    return max(_range(single)[0] for single in singles), most


def _range(estimate: Estimate) -> tuple[float, float]:
    slack = TOLERANCE * estimate.standard_error
    return max(0.0, estimate.count - slack), max(0.0, estimate.count + slack)
