"""Bounds on a union that was not measured: they hold the truth, and they are tight where the counts decide."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdc.release.bounds import union_bounds
from ctdc.release.estimates import Estimate


def counted(people: np.ndarray, length: int, error: float, random: np.random.Generator | None = None) -> tuple:
    flags = tuple(f"f{position}" for position in range(people.shape[1]))
    counts = {}
    for size in range(1, length + 1):
        for chosen in combinations(range(people.shape[1]), size):
            noise = 0.0 if random is None else float(np.clip(random.normal(0, error), -4 * error, 4 * error))
            true = int(people[:, list(chosen)].all(axis=1).sum())
            counts[frozenset(flags[position] for position in chosen)] = Estimate(true + noise, error)
    return Estimate(float(len(people)), error), flags, counts


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 3), st.floats(0.1, 20))
@settings(max_examples=60)
def test_truth_is_within_the_bounds(seed, flags, length, error):
    random = np.random.default_rng(seed)
    hidden = random.random((400, 1))
    people = random.random((400, flags)) < hidden * random.random(flags)
    total, names, counts = counted(people, length, error, random)
    published = {subset: estimate for subset, estimate in counts.items() if len(subset) == 1 or estimate.count >= 10}
    unseen = {size: max(10, 2 * error) + 4.5 * error for size in range(1, length + 1)}
    low, high = union_bounds(total, names, published, unseen)
    assert low - 1e-6 <= people.any(axis=1).sum() <= high + 1e-6


def test_exact_counts_of_every_subset_leave_no_doubt():
    people = np.random.default_rng(1).random((300, 3)) < 0.4
    total, names, counts = counted(people, 3, 1e-9)
    low, high = union_bounds(total, names, counts, {1: 0.0, 2: 0.0, 3: 0.0})
    assert low == pytest.approx(people.any(axis=1).sum(), abs=1e-3)
    assert high == pytest.approx(low, abs=1e-3)


def test_counts_that_no_population_fits_fall_back_to_simple_bounds():
    counts = {frozenset({"a"}): Estimate(10, 0.1), frozenset({"b"}): Estimate(20, 0.1)}
    counts[frozenset({"a", "b"})] = Estimate(90, 0.1)
    low, high = union_bounds(Estimate(100, 0.1), ("a", "b"), counts, {1: 0.0, 2: 0.0})
    assert (low, high) == (pytest.approx(19.55), pytest.approx(30.9))


def test_many_flags_get_simple_bounds():
    people = np.random.default_rng(2).random((500, 14)) < 0.05
    total, names, counts = counted(people, 1, 1.0)
    low, high = union_bounds(total, names, counts, {1: 15.0})
    assert low <= people.any(axis=1).sum() <= high
