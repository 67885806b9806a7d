"""Estimates of tables of which only selected cells are measured, against theory, with an injected normal noise.

The selection is held fixed: that is what the stated errors are for. Noise of production is compared with theory in
`test_engine_noise`; here a fixed seed makes the result the same in every run.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.stats import chi2, norm
from tests.support.engine import Integers, NoNoise, small_plan, some_people

from ctdc.privacy import selection as module
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.privacy.plan import Attributes
from ctdc.privacy.selection import Selection

pytestmark = [pytest.mark.slow, pytest.mark.statistical]

FALSE_ALARM = 1e-6  # had the seed been drawn
RUNS = 1500
CASES = [((5, 2, 4), 3), ((4, 3, 2, 5), 4), ((4, 4, 4), 3)]


@dataclass
class Normal:
    """Rounded normal noise, whose variance is that of the discrete noise plus a twelfth."""

    factor: float = 1.0
    publishable = False
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(20260301))

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        noise = np.rint(self.random.normal(0, self.factor * scale, exact.shape)).astype(np.int64)
        return exact + noise, squared_sensitivity / (2 * scale**2)


def errors(sizes: tuple[int, ...], length: int, factor: float = 1.0) -> dict[Attributes, tuple[np.ndarray, float]]:
    """Per table: estimates less truth in measured cells, shape (runs, cells), and the stated variance."""
    plan, matrix, noise = small_plan(sizes, length, epsilon=1), some_people(sizes, 300).matrix(), Normal(factor)
    selection = measure(matrix, plan, NoNoise()).selection
    assert selection.kept
    true = estimate(measure(matrix, plan, NoNoise(), None, selection))
    tables: dict[Attributes, list[np.ndarray]] = {attributes: [] for attributes in true.sets}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.cpu_count", lambda: 1)  # one thread, so that the noise comes in one order
        for _ in range(RUNS):
            found = estimate(measure(matrix, plan, noise, None, selection))
            for attributes in found.sets:
                off = found.table(attributes) - true.table(attributes)
                tables[attributes].append(off[~np.isnan(off)].ravel())
    assert isinstance(selection, Selection)
    return {attributes: (np.array(rows), true.variance(attributes)) for attributes, rows in tables.items()}


@pytest.mark.parametrize(("sizes", "length"), CASES)
def test_with_a_fixed_selection_estimates_are_unbiased_with_the_stated_variance(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...], length: int
) -> None:
    monkeypatch.setattr(module, "WIDE", 4)
    monkeypatch.setattr(module, "BESIDE", 4)
    found = errors(sizes, length)
    numbers = sum(rows.shape[1] for rows, _ in found.values())
    share = FALSE_ALARM / numbers / 2
    low, high = chi2.ppf(share, RUNS) / RUNS, chi2.isf(share, RUNS) / RUNS
    for rows, variance in found.values():
        assert np.abs(rows.mean(axis=0)).max(initial=0) < norm.isf(share) * math.sqrt(variance / RUNS)
        ratios = (rows**2).mean(axis=0) / variance
        assert low < ratios.min(initial=1)
        assert ratios.max(initial=1) < high


def test_the_check_notices_noise_that_is_a_fifth_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WIDE", 4)
    monkeypatch.setattr(module, "BESIDE", 4)
    found = errors((5, 2, 4), 3, factor=0.8)
    low = chi2.ppf(FALSE_ALARM / sum(rows.shape[1] for rows, _ in found.values()) / 2, RUNS) / RUNS
    longest, variance = found[0, 1, 2]
    assert ((longest**2).mean(axis=0) / variance).min() < low
