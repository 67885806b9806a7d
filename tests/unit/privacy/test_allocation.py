"""How the budget is divided over tables: the policy's objective, from its definition, and that it is at its least."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy.optimize import minimize

from ctdc.privacy.allocation import FILLED_EXPONENT, IMPORTANCE, balanced, balanced_weights, class_of, classes
from ctdc.privacy.plan import Attributes, all_sets, relative_deviations, share, spread, subsets

DOMAINS = [(2,), (7,), (2, 2), (2, 3, 5), (4, 4, 4, 4), (2, 9, 2, 3, 2), (60, 2, 60, 5)]
LENGTHS = [1, 2, 3, 4]
Deviations = dict[Attributes, float]


def price(sizes: tuple[int, ...], deviations: Deviations) -> float:
    return math.fsum(share(sizes, b) / value**2 for b, value in deviations.items())


def objective(sizes: tuple[int, ...], deviations: Deviations) -> float:
    """sum over k of IMPORTANCE[k] x mean over sets A of k variables of cells^0.65 sqrt(v_A), set by set."""
    per_length = Counter(len(outer) for outer in deviations)
    total = 0.0
    for outer in deviations:
        variance = math.fsum(
            deviations[inner] ** 2 * share(sizes, inner) * spread(sizes, inner, outer) for inner in subsets(outer)
        )
        cells = math.prod(sizes[attribute] for attribute in outer)
        total += IMPORTANCE[len(outer)] / per_length[len(outer)] * cells**FILLED_EXPONENT * math.sqrt(variance)
    return total


def at_budget_one(sizes: tuple[int, ...], deviations: Deviations) -> Deviations:
    factor = math.sqrt(price(sizes, deviations))
    return {attributes: value * factor for attributes, value in deviations.items()}


def allocated(sizes: tuple[int, ...], length: int) -> Deviations:
    return at_budget_one(
        sizes, relative_deviations(sizes, all_sets(len(sizes), length), balanced(sizes, all_sets(len(sizes), length)))
    )


@pytest.mark.parametrize("sizes", DOMAINS)
@pytest.mark.parametrize("length", LENGTHS)
def test_classes_are_the_sets_grouped_by_their_sizes(sizes: tuple[int, ...], length: int) -> None:
    """Counted by combinatorics: which sizes, and in how many ways they can be chosen."""
    available = Counter(sizes)
    found = classes(sizes, all_sets(len(sizes), length))
    assert sum(found.values()) == sum(math.comb(len(sizes), size) for size in range(length + 1))
    for chosen, number in found.items():
        assert list(chosen) == sorted(chosen)
        assert number == math.prod(math.comb(available[size], times) for size, times in Counter(chosen).items())


@pytest.mark.parametrize("sizes", DOMAINS)
@pytest.mark.parametrize("length", LENGTHS)
def test_weights_are_positive_and_those_of_the_class(sizes: tuple[int, ...], length: int) -> None:
    weights, weight = (
        balanced_weights(sizes, all_sets(len(sizes), length)),
        balanced(sizes, all_sets(len(sizes), length)),
    )
    for chosen in all_sets(len(sizes), length):
        assert weight(sizes, chosen) == weights[class_of(sizes, chosen)] > 0


@pytest.mark.parametrize("sizes", DOMAINS)
@pytest.mark.parametrize("length", LENGTHS)
def test_no_class_would_rather_have_another_share_of_the_budget(sizes: tuple[int, ...], length: int) -> None:
    """A fixed point: more or less noise for any class, at the same cost, does not make the objective smaller."""
    best = allocated(sizes, length)
    least = objective(sizes, best)
    for chosen, factor in itertools.product(classes(sizes, all_sets(len(sizes), length)), (0.9, 0.97, 1.03, 1.1)):
        other = {b: value * (factor if class_of(sizes, b) == chosen else 1.0) for b, value in best.items()}
        other = at_budget_one(sizes, other)
        assert price(sizes, other) == pytest.approx(1)
        assert objective(sizes, other) >= least * (1 - 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "length"), [((2, 3), 2), ((2, 3, 5), 2), ((4, 2, 9), 3), ((40, 2, 3), 3)])
def test_a_general_optimiser_finds_nothing_better(sizes: tuple[int, ...], length: int) -> None:
    """Every set on its own, from several beginnings: equal sizes need not get equal noise there."""
    sets = all_sets(len(sizes), length)
    best = objective(sizes, allocated(sizes, length))

    def value(logarithms: np.ndarray) -> float:
        return objective(
            sizes, at_budget_one(sizes, dict(zip(sets, np.exp(logarithms), strict=True)))
        )  # free of the scale

    random = np.random.default_rng(6)
    found = [minimize(value, random.normal(0, 1, len(sets)), method="BFGS").fun for _ in range(5)]
    assert min(found) == pytest.approx(best, rel=1e-5)
    assert min(found) >= best * (1 - 1e-5)
