"""The errors of sums, shares and unions, against formulas worked out by hand and against simulated noise."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.release.estimates import (
    Z95,
    CellNoise,
    Estimate,
    ratio,
    share_of_known,
    union_of_flags,
)


def test_all_cells_together_have_the_total_s_error():
    noise = CellNoise(total_variance=9.0, cell_variance=5.0, categories=4)
    assert noise.covariance(4, 4, 4) == pytest.approx(9.0)


@given(st.integers(2, 300), st.floats(0.1, 100), st.floats(0.1, 100))
def test_one_cell_has_the_published_error(n, total, own):
    cell = own**2 * (n - 1) / n + total**2 / n**2
    assert CellNoise(total**2, cell, n).covariance(1, 1, 1) == pytest.approx(cell)


def test_interval_is_never_negative():
    numbers = Estimate(3.0, 5.0).as_dict()
    assert numbers["low95"] == 0
    assert numbers["high95"] == pytest.approx(3 + Z95 * 5, abs=1e-3)


def test_share_is_withheld_when_the_whole_is_within_noise():
    assert ratio(Estimate(1, 1), Estimate(1.9, 1)) is None


@pytest.mark.statistical
def test_intervals_of_shares_cover_the_truth():
    """20,000 draws, nominal 95 %: fails by chance less than once in 10,000 runs (binomial, 6 deviations wide)."""
    random = np.random.default_rng(5)
    n, total_error, own_error = 5, 6.0, 8.0
    truth = np.array([300.0, 700.0, 120.0, 60.0, 20.0])  # the first is "empty"
    covered = 0
    runs = 20_000
    cell_error = math.sqrt(own_error**2 * (n - 1) / n + total_error**2 / n**2)
    noise = CellNoise(total_error**2, cell_error**2, n)
    for _ in range(runs):
        draws = random.normal(0, own_error, n)
        cells = truth + random.normal(0, total_error) / n + draws - draws.mean()
        share = share_of_known(noise, cells[1:3], cells[1:])
        covered += abs(share.share - 820 / 900) <= Z95 * share.standard_error
    assert abs(covered / runs - 0.95) < 6 * math.sqrt(0.95 * 0.05 / runs)


def _noisy_flags(random: np.random.Generator, people: np.ndarray, deviations: dict) -> dict:
    """Counts of all-yes for every subset of three flags, with the engine's noise: one number per residual."""
    residual = {subset: random.normal(0, deviation) for subset, deviation in deviations.items()}
    counts = {}
    for size in range(1, 4):
        for outer in combinations(range(3), size):
            true = people[:, list(outer)].all(axis=1).sum()
            inner = [subset for subset in deviations if set(subset) <= set(outer)]
            noise = sum(residual[subset] / 2 ** (size - len(subset)) for subset in inner)
            variance = sum(deviations[subset] ** 2 / 4 ** (size - len(subset)) for subset in inner)
            counts[frozenset(f"f{flag}" for flag in outer)] = Estimate(true + noise, math.sqrt(variance))
    return {"total": Estimate(len(people) + residual[()], deviations[()]), "counts": counts}


@pytest.mark.statistical
def test_union_of_flags_is_unbiased_with_its_stated_error():
    """4,000 draws; mean and variance within 6 standard deviations of theory: less than one false alarm in 1e8."""
    random = np.random.default_rng(11)
    people = random.random((800, 3)) < [0.4, 0.5, 0.1]
    deviations = {(): 9.0, (0,): 4.0, (1,): 5.0, (2,): 3.0, (0, 1): 2.5, (0, 2): 2.0, (1, 2): 3.5, (0, 1, 2): 1.5}
    runs = 4000
    results, shares = [], []
    for _ in range(runs):
        noisy = _noisy_flags(random, people, deviations)
        union, covariance = union_of_flags(noisy["total"], noisy["counts"])
        part = noisy["counts"][frozenset({"f1"})]
        results.append((union.count, part.count))
        shares.append(ratio(part, union, covariance["f1"]))
    values = np.array(results)
    truth = people.any(axis=1).sum()
    error = union.standard_error
    assert abs(values[:, 0].mean() - truth) < 6 * error / math.sqrt(runs)
    assert values[:, 0].std() == pytest.approx(error, rel=6 / math.sqrt(2 * runs))
    sampled = np.cov(values.T)[0, 1]
    assert sampled == pytest.approx(covariance["f1"], abs=6 * error * part.standard_error / math.sqrt(runs))
    spread = np.std([share.share for share in shares])
    assert spread == pytest.approx(shares[0].standard_error, rel=0.1)


def test_union_needs_every_subset():
    assert union_of_flags(Estimate(10, 1), {frozenset({"a", "b"}): Estimate(1, 1)}) is None
