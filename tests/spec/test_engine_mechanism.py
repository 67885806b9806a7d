"""The mechanism, written out as matrices: what the engine does without any is checked against the definition.

For a tiny domain the histogram x over all full combinations is a vector, every measurement is a matrix R_B, and the
engine's estimates must be the generalised least-squares estimates from y = R x + noise.
"""

import itertools
import math

import numpy as np
import pytest
from tests.support.engine import Invented, NoNoise, residual_of, small_plan, some_people

from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import Measurements, measure
from ctdc.privacy.plan import Attributes, Plan
from ctdc.table.tally import tally_of

Matrix = np.ndarray
CASES = [
    ((2,), 1),
    ((4,), 1),
    ((3, 2), 2),
    ((3, 2), 1),
    ((2, 3, 4), 2),
    ((2, 3, 4), 3),
    ((2, 2, 2), 3),
    ((2, 3, 2, 3), 4),
]


def marginal_matrix(sizes: tuple[int, ...], attributes: Attributes) -> Matrix:
    """Sums x over all variables but `attributes`: shape (cells of the table, cells of the domain)."""
    factors = [np.eye(n) if variable in attributes else np.ones((1, n)) for variable, n in enumerate(sizes)]
    return kronecker(factors)


def kronecker(factors: list[Matrix]) -> Matrix:
    product = np.ones((1, 1))
    for factor in factors:
        product = np.kron(product, factor)
    return product


def residual_matrix(sizes: tuple[int, ...], attributes: Attributes) -> Matrix:
    """R_B: n I - J for wide variables, (1, -1) for binary ones, sums over the others."""
    factors = []
    for variable, n in enumerate(sizes):
        if variable not in attributes:
            factors.append(np.ones((1, n)))
        elif n == 2:
            factors.append(np.array([[1.0, -1.0]]))
        else:
            factors.append(n * np.eye(n) - np.ones((n, n)))
    return kronecker(factors)


def histogram(sizes: tuple[int, ...], matrix: Matrix) -> Matrix:
    cells = np.ravel_multi_index(tuple(matrix.astype(np.int64)), sizes)
    return np.bincount(cells, minlength=math.prod(sizes)).astype(float)


def stacked(plan: Plan) -> tuple[Matrix, Matrix]:
    """All R_B below each other, and the standard deviation of each row's noise."""
    parts = [residual_matrix(plan.sizes, m.attributes) for m in plan.measurements]
    deviations = [np.full(len(part), m.scale) for part, m in zip(parts, plan.measurements, strict=True)]
    return np.vstack(parts), np.concatenate(deviations)


@pytest.mark.parametrize(("sizes", "length"), CASES)
def test_what_is_released_is_the_matrix_times_the_histogram(sizes: tuple[int, ...], length: int) -> None:
    plan, matrix = small_plan(sizes, length), some_people(sizes, 60).matrix()
    x = histogram(sizes, matrix)
    for m in plan.measurements:
        expected = residual_matrix(sizes, m.attributes) @ x
        np.testing.assert_array_equal(residual_of(tally_of(matrix), plan, m).ravel(), expected)


@pytest.mark.parametrize(("sizes", "length"), CASES)
def test_the_declared_sensitivity_is_the_norm_of_every_column(sizes: tuple[int, ...], length: int) -> None:
    """One person adds one column of R_B; all columns are equally long, so nobody is protected less."""
    for m in small_plan(sizes, length).measurements:
        columns = (residual_matrix(sizes, m.attributes) ** 2).sum(axis=0)
        np.testing.assert_array_equal(columns, m.squared_sensitivity)


@pytest.mark.parametrize(("sizes", "length"), CASES)
def test_the_whole_release_costs_what_one_gaussian_mechanism_costs(sizes: tuple[int, ...], length: int) -> None:
    plan = small_plan(sizes, length)
    matrix, deviations = stacked(plan)
    mu_squared = ((matrix / deviations[:, None]) ** 2).sum(axis=0)
    np.testing.assert_allclose(mu_squared / 2, plan.cost().rho, rtol=1e-9)


@pytest.mark.parametrize(("sizes", "length"), CASES)
def test_estimates_are_the_least_squares_estimates(sizes: tuple[int, ...], length: int) -> None:
    plan = small_plan(sizes, length)
    measured = measure(some_people(sizes, 60).matrix(), plan, Invented())
    matrix, deviations = stacked(plan)
    y = np.concatenate([measured.values[m.attributes].ravel() for m in plan.measurements]).astype(float)
    x, *_ = np.linalg.lstsq(matrix / deviations[:, None], y / deviations, rcond=1e-12)
    found = estimate(measured)
    for attributes in found.sets:
        expected = marginal_matrix(sizes, attributes) @ x
        np.testing.assert_allclose(found.table(attributes).ravel(), expected, atol=1e-6)


@pytest.mark.parametrize(("sizes", "length"), CASES)
def test_the_stated_variance_is_that_of_least_squares(sizes: tuple[int, ...], length: int) -> None:
    plan = small_plan(sizes, length)
    matrix, deviations = stacked(plan)
    scaled = matrix / deviations[:, None]
    covariance = np.linalg.pinv(scaled.T @ scaled, rcond=1e-12)
    found = estimate(measure(some_people(sizes, 3).matrix(), plan, NoNoise()))
    for attributes in found.sets:
        table = marginal_matrix(sizes, attributes)
        variances = np.diag(table @ covariance @ table.T)
        np.testing.assert_allclose(variances, found.variance(attributes), rtol=1e-6)


@pytest.mark.parametrize(("sizes", "length"), [((2, 3, 4), 3), ((2, 3, 2, 3), 4), ((5, 2, 3), 2)])
def test_all_tables_agree_on_what_they_share(sizes: tuple[int, ...], length: int) -> None:
    found = estimate(measure(some_people(sizes, 60).matrix(), small_plan(sizes, length), Invented()))
    for outer, inner in itertools.product(found.sets, found.sets):
        if set(inner) <= set(outer):
            others = tuple(axis for axis, attribute in enumerate(outer) if attribute not in inner)
            np.testing.assert_allclose(found.table(outer).sum(axis=others), found.table(inner), atol=1e-9)


def test_measurements_of_two_groups_of_people_add_up() -> None:
    """What makes yearly cohorts possible: residuals are linear in the records."""
    sizes = (3, 2, 4)
    plan = small_plan(sizes)
    one, two = (some_people(sizes, rows, seed=rows).matrix() for rows in (30, 50))
    parts = [measure(matrix, plan, NoNoise()) for matrix in (one, two)]
    added = {key: parts[0].values[key] + parts[1].values[key] for key in parts[0].values}
    together = measure(np.hstack([one, two]), plan, NoNoise())
    assert isinstance(together, Measurements)
    assert all(np.array_equal(added[key], together.values[key]) for key in added)
