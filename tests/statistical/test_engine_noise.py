"""Every estimate against theory, with the noise that is used in production.

False alarms: each check compares many numbers with bounds that a right engine exceeds with the probability stated in
its docstring, divided over all the numbers (Bonferroni). The noise has no seed, so this is a rate per run.
"""

import math
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import binom, chi2
from tests.support.engine import Integers, NoNoise, small_plan, some_people

from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.privacy.noise import NoiseSource, OpenDPNoise
from ctdc.privacy.plan import Attributes

pytestmark = [pytest.mark.slow, pytest.mark.statistical]

FALSE_ALARM = 1e-7
RUNS = 1200
SIZES = (3, 2, 4)
PLAN = small_plan(SIZES, length=3, epsilon=1)
MATRIX = some_people(SIZES, 60).matrix()
Tables = dict[Attributes, np.ndarray]


class TooQuiet:
    """Production noise with a standard deviation a quarter too small: what the checks below must notice."""

    publishable = False

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        noisy, _ = OpenDPNoise().add(exact, 0.75 * scale, squared_sensitivity)
        return noisy, squared_sensitivity / (2 * scale**2)


class Shifted(OpenDPNoise):
    """Production noise that is off by half a standard deviation."""

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        noisy, rho = super().add(exact, scale, squared_sensitivity)
        return noisy + round(0.5 * scale), rho


def errors(noise: NoiseSource | None, runs: int) -> Tables:
    """Estimates less truth, for every table: shape (runs, cells)."""
    true = estimate(measure(MATRIX, PLAN, NoNoise()))
    tables: dict[Attributes, list[np.ndarray]] = {attributes: [] for attributes in true.sets}
    for _ in range(runs):
        found = estimate(measure(MATRIX, PLAN, noise))
        for attributes in found.sets:
            tables[attributes].append((found.table(attributes) - true.table(attributes)).ravel())
    return {attributes: np.array(rows) for attributes, rows in tables.items()}


def deviation(attributes: Attributes) -> float:
    return math.sqrt(estimate(measure(MATRIX, PLAN, NoNoise())).variance(attributes))


def most_biased(found: Tables) -> float:
    """Largest mean error, in standard errors of a mean."""
    return max(
        float(np.abs(rows.mean(axis=0)).max()) / deviation(attributes) * math.sqrt(len(rows))
        for attributes, rows in found.items()
    )


def variance_ratios(found: Tables) -> np.ndarray:
    """Mean squared error over the stated variance, for every cell of every table."""
    return np.concatenate([(rows**2).mean(axis=0) / deviation(attributes) ** 2 for attributes, rows in found.items()])


def numbers(found: Tables) -> int:
    return sum(rows.shape[1] for rows in found.values())


def variance_bounds(found: Tables) -> tuple[float, float]:
    """Sums of squares of (nearly) normal errors follow a chi-squared distribution with one degree per run."""
    runs = len(found[()])
    share = FALSE_ALARM / numbers(found) / 2
    return float(chi2.ppf(share, runs) / runs), float(chi2.isf(share, runs) / runs)


def bias_bound(found: Tables) -> float:
    return -NormalDist().inv_cdf(FALSE_ALARM / numbers(found) / 2)


@cache
def production() -> Tables:
    return errors(None, RUNS)


def test_every_estimate_is_unbiased() -> None:
    """False alarm: below 1e-7 a run."""
    assert most_biased(production()) < bias_bound(production())


def test_every_estimate_has_the_stated_variance() -> None:
    """False alarm: below 1e-7 a run, for normal errors; those of discrete noise of this scale differ by less than
    1e-9 in their first moments."""
    low, high = variance_bounds(production())
    ratios = variance_ratios(production())
    assert low < ratios.min()
    assert ratios.max() < high


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """95 % intervals; cells of one table depend on each other, so each cell is tested by itself. False alarm: 1e-7."""
    found = production()
    share = FALSE_ALARM / numbers(found) / 2
    low, high = binom.ppf(share, RUNS, 0.95), binom.isf(share, RUNS, 0.95)
    for attributes, rows in found.items():
        covered = (np.abs(rows) <= 1.959964 * deviation(attributes)).sum(axis=0)
        assert (covered >= low).all()
        assert (covered <= high).all()


def test_measurements_are_independent_of_each_other() -> None:
    """Totals of different residuals, drawn by different threads. False alarm: below 1e-7 a run."""
    rows = []
    for _ in range(RUNS // 3):
        found = measure(MATRIX, PLAN)
        rows.append([value for m in PLAN.measurements for value in found.values[m.attributes].ravel() / m.scale])
    correlations = np.corrcoef(np.array(rows).T)
    pairs = correlations[np.triu_indices_from(correlations, 1)]
    assert np.isfinite(pairs).all()
    bound = -NormalDist().inv_cdf(FALSE_ALARM / len(pairs) / 2)
    assert np.abs(np.arctanh(pairs)).max() * math.sqrt(RUNS // 3 - 3) < bound


def test_the_checks_notice_noise_that_is_a_quarter_too_small() -> None:
    """Power: the total's and all other variances come out at 0.56; missed with probability below 1e-3."""
    found = errors(TooQuiet(), RUNS // 3)
    assert variance_ratios(found).min() < variance_bounds(found)[0]


def test_the_checks_notice_a_bias_of_half_the_noise() -> None:
    """Power: missed with probability below 1e-6."""
    found = errors(Shifted(), RUNS // 3)
    assert most_biased(found) > bias_bound(found)


@pytest.mark.parametrize("scale", [0.7, 1.5, 20.0])
def test_the_sampler_has_the_distribution_it_states(scale: float) -> None:
    """Pearson's chi-squared over the likely integers against exact probabilities. False alarm: 1e-7 each."""
    draws = 40_000
    noisy, _ = OpenDPNoise().add(np.zeros(draws, np.int64), scale, 1)
    reach = np.arange(-int(12 * scale) - 12, int(12 * scale) + 13)
    weights = np.exp(-(reach**2) / (2 * scale**2))
    expected = draws * weights / weights.sum()
    kept = expected >= 10
    counted = np.array([(noisy == value).sum() for value in reach[kept]])
    rest = draws - expected[kept].sum(), draws - counted.sum()
    statistic = ((counted - expected[kept]) ** 2 / expected[kept]).sum()
    if rest[0] > 5:
        statistic += (rest[1] - rest[0]) ** 2 / rest[0]
    assert statistic < chi2.isf(FALSE_ALARM, kept.sum())
