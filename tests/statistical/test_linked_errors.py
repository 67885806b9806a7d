"""Counts of linked rows have the errors that are stated for them, over repeated draws.

False alarms: as in `test_plan_errors`, bounds that a right engine leaves with probability 1e-7 over all cells.
"""

import numpy as np
import pytest
from scipy.stats import chi2
from tests.support.engine import NoNoise
from tests.support.linked import some_households

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.estimate import estimate
from ctdc.privacy.linked_estimates import LinkedEstimates
from ctdc.privacy.linked_workload import plan_linked
from ctdc.privacy.measure import measure
from ctdc.privacy.noise import NoiseSource, OpenDPNoise

pytestmark = [pytest.mark.slow, pytest.mark.statistical]

FALSE_ALARM = 1e-7
RUNS = 200
TABLE = some_households(80)
PLAN = plan_linked(TABLE.schema, Guarantee(2.0, 1e-6), 3)


def counts(noise: NoiseSource) -> np.ndarray:
    """Every count of linked rows and of people that is published, one after the other."""
    found = estimates(noise)
    tables = [each.compact_table(key)[known(key)] for each in (found.rows, found.across) for key in each.sets]
    people = [found.people.table(key)[known(key)] for key in found.people.sets]
    return np.concatenate([table.ravel() for table in (*tables, *people)])


def known(attributes: tuple[int, ...]) -> tuple[slice, ...]:
    return (slice(1, None),) * len(attributes)


def estimates(noise: NoiseSource) -> LinkedEstimates:
    tally = TABLE.tally(np.random.default_rng(0))  # the same rows are kept each time: the draw is no noise
    return LinkedEstimates(TABLE.schema, 3, estimate(measure(tally, PLAN, noise)))


def variances() -> np.ndarray:
    found = estimates(NoNoise())
    spread = []
    for each in (found.rows, found.across, found.people):
        for key in each.sets:
            shape = tuple(each.sizes[a] - 1 for a in key)
            spread.append(np.broadcast_to(np.square(each.errors(key)), shape).ravel())
    return np.concatenate(spread)


def test_stated_errors_are_realised_errors() -> None:
    exact, stated = counts(NoNoise()), variances()
    squares = np.zeros(len(exact))
    inside = 0.0
    for _ in range(RUNS):
        errors = counts(OpenDPNoise()) - exact
        squares += errors**2
        inside += float((np.abs(errors) <= 1.96 * np.sqrt(stated)).mean()) / RUNS
    ratios = squares / RUNS / stated
    low, high = chi2.ppf([FALSE_ALARM / 2 / len(exact), 1 - FALSE_ALARM / 2 / len(exact)], RUNS) / RUNS
    assert len(exact) == 149
    assert low < ratios.min()
    assert ratios.max() < high
    assert inside == pytest.approx(0.95, abs=0.005)
