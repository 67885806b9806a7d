"""When a noisy count says enough to be reported: one rule for the engine that writes and the check that reads.

Promise: a function of the domain alone, so that it tells nothing about any record.
"""

from __future__ import annotations

from statistics import NormalDist

LEAST_DEVIATIONS = 2.0
# Expected number of combinations in one table that reach the limit by noise alone, if nobody had any of them. Two
# standard errors would let one in 44 through: most of what is listed from a table of 60,000 pairs of countries.
EXPECTED_FALSE = 0.03


def reporting_deviations(cells: int, length: int, expected_false: float = EXPECTED_FALSE) -> float:
    """How many standard errors a count must reach to be reported: a function of the domain alone.

    cells: combinations of known values in its table; length: variables of the table. At least 2; for tables of two
    and more variables, whose listing leaves out what is not reported, so many that noise alone brings at most
    `expected_false` of the table's combinations there, if nobody has any. A release states its own `expected_false`.
    """
    if length < 2:
        return LEAST_DEVIATIONS
    return max(LEAST_DEVIATIONS, round(NormalDist().inv_cdf(1 - expected_false / cells), 4))


def smallest_reported(cells: int, length: int, error: float, threshold: float) -> float:
    """The smallest count of a table that is reported: the threshold, or what stands out of the noise. Arguments as in
    `reporting_deviations`; error: the count's standard error.
    """
    return max(threshold, reporting_deviations(cells, length) * error)
