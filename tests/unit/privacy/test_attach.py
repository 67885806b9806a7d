"""Linked rows for synthetic people: as many as each has, matching everything that was measured."""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
from tests.support.engine import Invented, NoNoise
from tests.support.linked import LINKED, some_households

from ctdc.foundation.progress import Silent
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.attach import EFFORT, LinkedFit, attach, improve_rows, new_linked_fit, ring
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.linked_workload import plan_linked
from ctdc.privacy.measure import measure
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.synthesise import grow, sweep
from ctdc.table.coded import table_from_matrix
from ctdc.table.count import marginal
from ctdc.table.linked import LinkedTable

pytestmark = pytest.mark.slow


def measured(table: LinkedTable, noise: NoiseSource) -> Estimates:
    plan = plan_linked(table.schema, Guarantee(2.0, 1e-6), 3)
    tally = table.tally(np.random.default_rng(0))
    return estimate(measure(tally, plan, noise)).among(table.schema.left_out_place)


def true_people(table: LinkedTable) -> np.ndarray:
    links = np.minimum(np.bincount(table.owner, minlength=table.main.rows), table.schema.most)
    return np.vstack([links, table.main.matrix()]).astype(np.uint16)


def tally_of(table: LinkedTable, linked: np.ndarray, owner: np.ndarray) -> LinkedTable:
    return LinkedTable(table.schema, table.main, table_from_matrix(LINKED, linked), owner)


def test_without_noise_every_measured_table_is_nearly_reproduced() -> None:
    """Values of rows, of rows and people, and of pairs of rows of one person."""
    table = some_households(1500, most=3, largest=3)
    linked, owner = attach(measured(table, NoNoise()), table.schema, true_people(table), 1)
    np.testing.assert_array_equal(owner, np.sort(table.owner))
    sizes, schema = table.schema.joint.sizes, table.schema
    own, other = (one.tally(np.random.default_rng(0)) for one in (table, tally_of(table, linked, owner)))
    worst = {}
    for size in (1, 2, 3, 4):
        for chosen in itertools.combinations(range(schema.left_out_place), size):
            if chosen in measured_sets(table) and any(a in schema.linked_places for a in chosen):
                difference = own.table(chosen, chosen, sizes) - other.table(chosen, chosen, sizes)
                worst[chosen] = np.abs(difference).sum() / (2 * own.whole * table.main.rows)
    assert len(worst) == 28
    assert max(worst.values()) < 0.02, max(worst, key=worst.__getitem__)
    assert np.mean(list(worst.values())) < 0.004


def measured_sets(table: LinkedTable) -> set[tuple[int, ...]]:
    return {m.attributes for m in plan_linked(table.schema, Guarantee(2.0, 1e-6), 3).measurements}


def test_rows_of_one_person_are_as_alike_as_they_were() -> None:
    """Of households of two, how often both rows have the same age: far from what chance would give."""
    table = some_households(2000, most=2, largest=2, seed=4)
    linked, owner = attach(measured(table, NoNoise()), table.schema, true_people(table), 1)

    def alike(values: np.ndarray, owner: np.ndarray) -> float:
        order = np.argsort(owner, kind="stable")
        pairs = owner[order][1:] == owner[order][:-1]
        return float((values[order][1:] == values[order][:-1])[pairs].mean())

    true = alike(table.linked.matrix()[0], table.owner)
    chance = alike(np.random.default_rng(0).permutation(table.linked.matrix()[0]), table.owner)
    assert true - chance > 0.1
    assert alike(linked[0], owner) == pytest.approx(true, abs=0.01)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_differences_are_those_of_the_records_all_the_time(most: int) -> None:
    """Against the tables of the records counted anew; for up to three rows a ring holds all pairs of them."""
    table = some_households(300, most=most, largest=most, seed=most)
    estimates, people = measured(table, Invented(300)), true_people(table)
    owner = np.repeat(np.arange(people.shape[1]), people[0])
    fit = new_linked_fit(estimates, table.schema, people, owner, {})
    random = np.random.default_rng(0)
    grow(fit, EFFORT, random, Silent(), improve_rows)
    sweep(fit, EFFORT, random, improve_rows)
    linked = np.ascontiguousarray(fit.records[:, list(table.schema.linked_places)].T)
    tally = tally_of(table, linked, owner).tally(random)
    checked = 0
    for chosen in (*fit.sets, *fit.paired):
        exact = tally.table(chosen, chosen, table.schema.joint.sizes) / tally.whole
        expected = exact - estimates.compact_table(chosen)
        np.testing.assert_allclose(fit.difference(chosen), expected, atol=2e-3, err_msg=str(chosen))
        checked += 1
    assert checked == sum(any(a in table.schema.linked_places for a in chosen) for chosen in estimates.sets)


def test_a_sweep_makes_the_fit_better() -> None:
    table = some_households(400)
    estimates, people = measured(table, Invented(400)), true_people(table)
    fit: LinkedFit = new_linked_fit(estimates, table.schema, people, np.repeat(np.arange(400), people[0]), {})
    random = np.random.default_rng(0)
    grow(fit, EFFORT, random, Silent(), improve_rows)
    before = fit.objective()
    sweep(fit, EFFORT, random, improve_rows)
    assert fit.objective() < before


def test_the_same_seed_gives_the_same_rows_on_any_number_of_threads() -> None:
    table = some_households(500)
    estimates, people = measured(table, Invented(500)), true_people(table)
    first = attach(estimates, table.schema, people, 3)[0]
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert np.array_equal(attach(estimates, table.schema, people, 3)[0], first)
    finally:
        numba.set_num_threads(threads)
    assert not np.array_equal(attach(estimates, table.schema, people, 4)[0], first)


def test_what_no_row_may_have_none_has() -> None:
    table = some_households(300)
    mask = np.zeros((4, 2), dtype=bool)
    mask[3, 1] = True  # nobody who is very old works
    linked, _ = attach(measured(table, Invented(300)), table.schema, true_people(table), 1, forbidden={(0, 1): mask})
    assert marginal(linked, LINKED.sizes, (0, 1))[3, 1] == 0
    assert marginal(linked, LINKED.sizes, (0, 1))[2, 1] > 0


@pytest.mark.parametrize("links", [[], [0, 0, 0], [1], [0, 3, 0, 1]])
def test_few_people_and_nobody(links: list[int]) -> None:
    table = some_households(40)
    people = np.zeros((3, len(links)), dtype=np.uint16)
    people[0] = links
    linked, owner = attach(measured(table, Invented(40)), table.schema, people, 1)
    assert linked.shape == (2, sum(links))
    assert owner.tolist() == [person for person, many in enumerate(links) for _ in range(many)]


def test_a_ring_holds_each_persons_rows() -> None:
    neighbours, links = ring(np.array([0, 2, 2, 5, 5, 5]))
    assert links.tolist() == [1, 2, 2, 3, 3, 3]
    assert neighbours.tolist() == [[0, 0], [2, 2], [1, 1], [5, 4], [3, 5], [4, 3]]
