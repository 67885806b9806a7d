"""The distances of linked tables are those of a brute force over rows of text."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
from benchmarks.linked.cases import LINKED_NAMES, MAIN_NAMES, Linked, draw_cases
from benchmarks.linked.errors import across_sets, linked_errors
from benchmarks.linked.flat import to_joined


def tvd(true: list[tuple], made: list[tuple]) -> float:
    if not true or not made:
        return float(len(true) != len(made))
    one, other = Counter(true), Counter(made)
    return 0.5 * sum(abs(one[cell] / len(true) - other[cell] / len(made)) for cell in one.keys() | other.keys())


def mean(true: list[tuple], made: list[tuple], sets: list[tuple[int, ...]]) -> float:
    def of(table: list[tuple], chosen: tuple[int, ...]) -> list[tuple]:
        return [tuple(row[place] for place in chosen) for row in table]

    return float(np.mean([tvd(of(true, chosen), of(made, chosen)) for chosen in sets]))


def people(cases: Linked) -> list[tuple]:
    owners = cases.owner.tolist()
    return [(owners.count(place), *row) for place, row in enumerate(cases.victims.iter_rows())]


def side_by_side(cases: Linked) -> list[tuple]:
    main = people(cases)
    return [
        (*main[owner], *row) for owner, row in zip(cases.owner.tolist(), cases.perpetrators.iter_rows(), strict=True)
    ]


def pairs(cases: Linked) -> list[tuple]:
    table = list(cases.perpetrators.iter_rows())
    return [
        (*table[one], *table[other])
        for owner in range(cases.victims.height)
        for one, other in permutations(np.flatnonzero(cases.owner == owner).tolist(), 2)
    ]


@pytest.fixture(scope="module")
def two() -> tuple[Linked, Linked]:
    """Two drawings, the rows of one in another order than their victims'."""
    true, made = draw_cases(30, seed=1), draw_cases(24, seed=2)
    order = np.random.default_rng(0).permutation(len(made.owner))
    return true, Linked(made.victims, made.perpetrators[order], made.owner[order])


def sets(count: int, order: int) -> list[tuple[int, ...]]:
    return list(combinations(range(count), order))


def test_tables_of_one_kind_are_those_of_a_brute_force(two):
    errors = linked_errors(*two)
    tables = {
        "victims": [people(cases) for cases in two],
        "perpetrators": [list(cases.perpetrators.iter_rows()) for cases in two],
        "joined": [list(to_joined(cases).iter_rows()) for cases in two],
    }
    for kind, (true, made) in tables.items():
        for order in (1, 2):
            assert errors[kind][str(order)] == pytest.approx(mean(true, made, sets(len(true[0]), order)))
    assert errors["number"]["1"] == pytest.approx(mean(*tables["victims"], [(0,)]))
    three = mean(*tables["victims"], sets(1 + len(MAIN_NAMES), 3))
    assert errors["victims"]["3"] == pytest.approx(three)


def test_tables_across_are_those_of_a_brute_force(two):
    errors = linked_errors(*two)["across"]
    main, linked = 1 + len(MAIN_NAMES), len(LINKED_NAMES)
    true, made = (side_by_side(cases) for cases in two)
    for order in (2, 3):
        both = [chosen for chosen in sets(main + linked, order) if 0 < sum(place < main for place in chosen) < order]
        assert sorted(across_sets(main, linked)[str(order)]) == sorted(both)
        assert errors[str(order)] == pytest.approx(mean(true, made, both))


def test_pairs_of_perpetrators_are_those_of_a_brute_force(two):
    linked = len(LINKED_NAMES)
    chosen = [(one, linked + other) for one in range(linked) for other in range(one, linked)]
    true, made = (pairs(cases) for cases in two)
    assert len(true) > 20
    assert linked_errors(*two)["siblings"]["2"] == pytest.approx(mean(true, made, chosen))


def test_the_same_tables_have_no_distance_whatever_their_order(two):
    cases = two[0]
    order = np.random.default_rng(1).permutation(len(cases.owner))
    errors = linked_errors(cases, Linked(cases.victims, cases.perpetrators[order], cases.owner[order]))
    assert {value for orders in errors.values() for value in orders.values()} == {0.0}


def test_without_any_pair_the_distance_of_pairs_is_one(two):
    cases = two[0]
    first = np.unique(cases.owner, return_index=True)[1]
    single = Linked(cases.victims, cases.perpetrators[first], cases.owner[first])
    assert linked_errors(cases, single)["siblings"]["2"] == 1.0


def test_what_a_tool_wrote_joined_is_compared_as_it_wrote_it(two):
    true, made = two
    joined = linked_errors(true, made, to_joined(true))["joined"]
    assert set(joined.values()) == {0.0}
