"""Records that match the noisy tables."""

import itertools
import math

import numba
import numpy as np
import pytest
from ctdc.privacy.start import draw, mutual_information, strongest_pairs, strongest_tree, whole_counts
from tests.support.engine import Invented, NoNoise, small_plan, some_people

from ctdc.foundation.progress import Silent
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.fit import new_fit
from ctdc.privacy.kernels import apply_changes
from ctdc.privacy.measure import measure
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.scores import grouped, proposals
from ctdc.privacy.synthesise import Effort, grow, improve, synthesise

pytestmark = pytest.mark.slow  # the first call compiles


def estimated(
    sizes: tuple[int, ...], rows: int, length: int = 3, noise: NoiseSource | None = None, epsilon: float = 2
) -> Estimates:
    return estimate(measure(some_people(sizes, rows).matrix(), small_plan(sizes, length, epsilon), noise))


def objective(found: Estimates, records: np.ndarray) -> float:
    """The weighted squared distance of the records' tables from the estimates, from its definition."""
    total = 0.0
    for attributes in found.sets[1:]:
        table = np.zeros([found.sizes[a] for a in attributes])
        np.add.at(table, tuple(records[list(attributes)]), 1)
        total += float(((table - found.table(attributes)) ** 2).sum()) / found.variance(attributes)
    return total


def as_drawn(found: Estimates, rows: int, seed: int) -> np.ndarray:
    """The start of the search: records drawn along the tree, without any improvement."""
    random = np.random.default_rng(seed)
    fit = new_fit(found, rows)
    tree = strongest_pairs(found)
    for parent, child in tree.edges:
        fit.place(child, tree.column(parent, child, fit.records, random))
    return fit.records[:, :-1].T


SHAPES = [
    ((2,), 1), ((7,), 1), ((2,), 3), ((2, 2), 2), ((3, 2, 4), 1), ((3, 2, 4), 2), ((3, 2, 4), 3), ((2, 3, 2, 4, 3), 4),
    ((301, 2), 2), ((20, 18, 2), 3),
]  # fmt: skip


@pytest.mark.parametrize(("sizes", "length"), SHAPES)
@pytest.mark.parametrize("rows", [0, 1, 150])
def test_records_have_the_asked_number_and_codes_of_the_domain(sizes: tuple[int, ...], length: int, rows: int) -> None:
    records = synthesise(estimated(sizes, rows, length), rows, seed=5)
    assert records.shape == (len(sizes), rows)
    assert records.dtype == np.uint16
    assert all(column.max(initial=0) < size for column, size in zip(records, sizes, strict=True))


@pytest.mark.parametrize("rows", [3, 500])
def test_estimates_of_anybody_can_be_asked_for_any_number_of_records(rows: int) -> None:
    """Counts that are negative or contradict each other are what noise makes of small tables."""
    found = estimated((3, 2, 4), 0, noise=Invented(-30))
    assert found.total()[0] < 0
    assert synthesise(found, rows, seed=1).shape == (3, rows)


@pytest.mark.parametrize(("sizes", "length"), [((3, 2, 4), 3), ((2, 3, 2, 4, 3), 4), ((25, 2, 3), 3)])
def test_one_seed_means_one_result_on_any_number_of_threads(sizes: tuple[int, ...], length: int) -> None:
    found = estimated(sizes, 400, length, Invented(400))
    before = numba.get_num_threads()
    results = []
    try:
        for threads in sorted({1, min(2, before)}):
            numba.set_num_threads(threads)
            results += [synthesise(found, 400, seed=9) for _ in range(2)]
    finally:
        numba.set_num_threads(before)
    assert all(np.array_equal(results[0], other) for other in results[1:])
    assert not np.array_equal(results[0], synthesise(found, 400, seed=10))


@pytest.mark.parametrize(("sizes", "length"), [((3, 2, 4), 3), ((2, 3, 2, 4, 3), 4), ((20, 18, 2), 2), ((2,) * 7, 3)])
def test_the_search_makes_records_match_better_than_its_start(sizes: tuple[int, ...], length: int) -> None:
    found = estimated(sizes, 2000, length, epsilon=8)
    start, end = as_drawn(found, 2000, 3), synthesise(found, 2000, 3)
    assert objective(found, end) < 0.7 * objective(found, start)


def test_exact_tables_are_matched_nearly_exactly() -> None:
    """Without noise the records' tables are within a few people of the true ones, which real records have."""
    found = estimated((3, 2, 4, 2), 1000, noise=NoNoise())
    records = synthesise(found, 1000, 2, Effort(sweeps=30, gain=0.0))
    for attributes in found.sets[1:]:
        table = np.zeros([found.sizes[a] for a in attributes])
        np.add.at(table, tuple(records[list(attributes)]), 1)
        assert np.abs(table - found.table(attributes)).max() <= 10


def test_improving_never_makes_it_worse_and_the_differences_stay_true() -> None:
    found = estimated((3, 2, 20, 2), 600)
    random = np.random.default_rng(4)
    fit = new_fit(found, 600)
    for variable in range(4):
        fit.place(variable, random.integers(0, found.sizes[variable], 600).astype(np.uint16))
    last = fit.objective()
    for variable in [0, 1, 2, 3, 2, 1, 0, 2]:
        accepted = improve(fit, variable, random)
        now = fit.objective()
        assert now <= last + 1e-6 * last
        assert accepted >= 0
        last = now
    assert last == pytest.approx(objective(found, fit.records[:, :-1].T), rel=1e-4)


@pytest.mark.parametrize("variable", [0, 1, 2, 3])
def test_proposals_are_the_best_changes_of_each_record(variable: int) -> None:
    """Against the objective itself: change one record, count everything again."""
    found = estimated((3, 2, 20, 4), 40)
    random = np.random.default_rng(7)
    fit = new_fit(found, 40)
    for number, size in enumerate(found.sizes):
        fit.place(number, random.integers(0, size, 40).astype(np.uint16))
    best, gain = proposals(fit, variable, random)
    weight = sum(fit.weights[attributes] for attributes in fit.sets if variable in attributes)
    here = objective(found, fit.records[:, :-1].T)
    for row in range(0, 40, 7):
        scores = []
        for category in range(found.sizes[variable]):
            other = fit.records[:, :-1].copy()
            other[row, variable] = category
            change = objective(found, other.T) - here
            scores.append(change / 2 - (weight if category != fit.records[row, variable] else 0.0))
        assert gain[row] == pytest.approx(min(scores), rel=1e-3, abs=1e-3)
        assert scores[best[row]] == pytest.approx(min(scores), rel=1e-3, abs=1e-3)


def test_a_proposal_that_no_longer_helps_is_not_applied() -> None:
    """All records ask for the category that lacks one person; only as many may go as it needs."""
    found = estimated((2,), 0, 1, NoNoise())
    found.residual[()][...] = 10.0
    found.residual[(0,)][...] = [-2.4, 2.4]  # 2.6 empty, 7.4 not
    fit = new_fit(found, 10)
    fit.place(0, np.zeros(10, np.uint16))
    random = np.random.default_rng(1)
    best, _ = proposals(fit, 0, random)
    assert best.tolist() == [1] * 10
    order, groups = grouped(fit, np.arange(10), fit.placed, random)
    accepted = apply_changes(fit.records, 0, order, groups, best, fit.differences, *fit.reach(0))
    assert accepted == 7, "an eighth would overshoot by more than is missing"
    assert np.bincount(fit.records[:, 0]).tolist() == [3, 7]


def test_variables_enter_along_the_tree() -> None:
    found = estimated((3, 2, 4), 200)
    fit = new_fit(found, 200)
    grow(fit, Effort(), np.random.default_rng(1), Silent())
    assert sorted(fit.placed) == [0, 1, 2]
    assert set(fit.sets) == set(found.sets[1:])


# ---- the start ------------------------------------------------------------------------------------------------------


def test_the_strongest_tree_is_the_best_of_all_trees() -> None:
    random = np.random.default_rng(3)
    for _ in range(10):
        weights = np.triu(random.random((5, 5)), 1)
        weights += weights.T
        tree = strongest_tree(weights)
        assert sorted(child for _, child in tree) == [0, 1, 2, 3, 4]
        placed = set()
        for parent, child in tree:
            assert parent == -1 or parent in placed
            placed.add(child)
        total = sum(weights[parent, child] for parent, child in tree if parent >= 0)
        assert total == pytest.approx(max(spanning_weights(weights)))


def spanning_weights(weights: np.ndarray) -> list[float]:
    """Total weights of all spanning trees, by trying every choice of edges."""
    count = len(weights)
    totals = []
    for edges in itertools.combinations(itertools.combinations(range(count), 2), count - 1):
        groups = list(range(count))
        for one, two in edges:
            groups = [groups[one] if group == groups[two] else group for group in groups]
        if len(set(groups)) == 1:
            totals.append(sum(weights[edge] for edge in edges))
    return totals


def test_mutual_information() -> None:
    assert mutual_information(np.outer([0.2, 0.8], [3.0, 1.0, 2.0])) == pytest.approx(0, abs=1e-12)
    assert mutual_information(np.eye(4)) == pytest.approx(math.log(4))
    assert mutual_information(np.array([[1.0, 0.0], [0.0, 0.0]])) == pytest.approx(0)


@pytest.mark.parametrize("total", [0, 1, 7, 1000])
@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [0.1, 0.0, 3.0, 0.2], [1e-12, 1e-12], [5.0] * 40])
def test_whole_counts_add_up_and_are_less_than_one_off(total: int, weights: list[float]) -> None:
    shares = np.array(weights)
    counts = whole_counts(shares, total, np.random.default_rng(2))
    assert counts.sum() == total
    expected = (shares if shares.sum() else np.ones(len(shares))) / (shares.sum() or len(shares)) * total
    assert (counts >= 0).all()
    assert np.abs(counts - expected).max(initial=0) < 1 + 1e-9
    assert len(draw(shares, total, np.random.default_rng(2))) == total
