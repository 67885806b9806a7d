"""Records that match the noisy tables."""

import numba
import numpy as np
import pytest
from tests.support.engine import Invented, NoNoise, small_plan, some_people

from ctdc.foundation.progress import Silent
from ctdc.privacy import synthesise as module
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.fit import Fit, new_fit
from ctdc.privacy.measure import measure
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.scores import proposals
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


def placed(found: Estimates, rows: int, seed: int = 4) -> Fit:
    """All variables dealt out, in the schema's order, without any improvement."""
    random = np.random.default_rng(seed)
    fit = new_fit(found, rows)
    for variable in range(len(found.sizes)):
        fit.place(variable, random.permutation(rows))
    return fit


def scrambled(found: Estimates, rows: int, seed: int = 4) -> Fit:
    """Records that match nothing: all placed, then each column shuffled, with the differences counted anew."""
    fit = placed(found, rows, seed)
    random = np.random.default_rng(seed)
    for variable in range(len(found.sizes)):
        random.shuffle(fit.records[:, variable])
    for attributes in fit.sets:
        table = fit.difference(attributes)
        table[...] = -found.table(attributes)
        np.add.at(table, tuple(fit.records[:, list(attributes)].T), 1)
    return fit


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
    """Dealing alone is a good start, far from independent columns; the search still makes it better."""
    found = estimated(sizes, 2000, length, epsilon=8)
    start = objective(found, placed(found, 2000).matrix())
    end = objective(found, synthesise(found, 2000, 3))
    assert end < 0.98 * start
    assert start < 0.1 * objective(found, scrambled(found, 2000).matrix())


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
    fit = scrambled(found, 600)
    last = fit.objective()
    assert last == pytest.approx(objective(found, fit.matrix()), rel=1e-4)
    for variable in [0, 1, 2, 3, 2, 1, 0, 2]:
        accepted = improve(fit, variable, Effort(), random)
        now = fit.objective()
        assert now <= last + 1e-6 * last
        assert accepted >= 0
        last = now
    assert last == pytest.approx(objective(found, fit.matrix()), rel=1e-4)


@pytest.mark.parametrize("variable", [0, 1, 2, 3])
def test_proposals_are_the_best_changes_of_each_record(variable: int) -> None:
    """Against the objective itself: change one record, count everything again. Staying as it is scores nothing."""
    found = estimated((3, 2, 20, 4), 40)
    fit = scrambled(found, 40)
    best, gain = proposals(fit, variable, fit.reach(variable), np.random.default_rng(7))
    weight = sum(fit.weights[attributes] for attributes in fit.sets if variable in attributes)
    here = objective(found, fit.matrix())
    for row in range(0, 40, 3):
        mine = int(fit.records[row, variable])
        scores = {mine: 0.0}
        for category in set(range(found.sizes[variable])) - {mine}:
            other = fit.matrix()
            other[variable, row] = category
            scores[category] = (objective(found, other) - here) / 2 - weight
        least = min(scores.values())
        assert gain[row] == pytest.approx(least, rel=1e-3, abs=1e-3)
        assert scores[int(best[row])] == pytest.approx(least, rel=1e-3, abs=1e-3)


def test_every_variable_enters_and_every_set_is_matched() -> None:
    found = estimated((3, 2, 4), 200)
    fit = new_fit(found, 200)
    grow(fit, Effort(), np.random.default_rng(1), Silent())
    assert fit.placed == [2, 0, 1], "those with most categories first"
    assert set(fit.sets) == set(found.sets[1:])
    assert fit.objective() == pytest.approx(objective(found, fit.matrix()), rel=1e-4)


@pytest.mark.parametrize("most", [1, 5, 60])
def test_a_pass_tries_those_that_promise_most(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    found = estimated((3, 2, 20, 2), 600)
    fit = scrambled(found, 600)
    _, gain = proposals(fit, 2, fit.reach(2), np.random.default_rng(7))
    monkeypatch.setattr(module, "MOST_TRIED", most)
    before, last = fit.matrix(), fit.objective()
    accepted = improve(fit, 2, Effort(), np.random.default_rng(7))
    changed = np.flatnonzero(before[2] != fit.matrix()[2])
    assert 1 <= accepted == len(changed) <= most
    assert gain[changed].max() <= np.sort(gain)[most - 1]
    assert fit.objective() < last


def test_the_last_sweep_puts_single_variables_right() -> None:
    """With noise that longer tables disagree with: closer to the single counts than the same search without it."""
    sizes = (5, 4, 6, 3, 4)
    found = estimated(sizes, 3000, epsilon=1, noise=Invented(3000))

    def distance(records: np.ndarray) -> float:
        tables = [np.bincount(column, minlength=size) for column, size in zip(records, sizes, strict=True)]
        return float(sum(np.abs(table - np.maximum(found.table((v,)), 0)).sum() for v, table in enumerate(tables)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SINGLES", 1.0)
        without = synthesise(found, 3000, seed=4)
    assert distance(synthesise(found, 3000, seed=4)) < distance(without)
