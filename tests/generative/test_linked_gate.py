"""One person with all linked rows moves every measured residual by no more than is declared, whatever the rows are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.support.engine import residual_of

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.linked_workload import plan_linked
from ctdc.table.coded import table_from_matrix
from ctdc.table.linked import LinkedSchema, LinkedTable
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

MAIN = Schema((Variable("area", ("north", "south", "west")), Variable("flag", ("1",))))
LINKED = Schema((Variable("age", ("young", "old")), Variable("works", ("1",))))
SCHEMA = LinkedSchema(MAIN, LINKED, 3)
PLAN = plan_linked(SCHEMA, Guarantee(2.0, 1e-6), 3)

rows = st.lists(st.tuples(*(st.integers(0, size - 1) for size in LINKED.sizes)), max_size=6)
person = st.tuples(st.tuples(*(st.integers(0, size - 1) for size in MAIN.sizes)), rows)


def tabled(people: list[tuple[tuple[int, ...], list[tuple[int, ...]]]]) -> LinkedTable:
    owner = [number for number, (_, linked) in enumerate(people) for _ in linked]
    main = np.array([one for one, _ in people], np.int64).reshape(len(people), len(MAIN.sizes)).T
    linked = (
        np.array([row for _, theirs in people for row in theirs], np.int64).reshape(len(owner), len(LINKED.sizes)).T
    )
    return LinkedTable(
        SCHEMA, table_from_matrix(MAIN, main), table_from_matrix(LINKED, linked), np.array(owner, dtype=np.int64)
    )


@given(person, st.integers(0, 2**32))
def test_one_person_moves_every_residual_by_at_most_the_declared_distance(
    one: tuple[tuple[int, ...], list[tuple[int, ...]]], seed: int
) -> None:
    """Residuals are sums over people, so what one person adds to nobody is what they add to anybody."""
    alone = tabled([one]).tally(np.random.default_rng(seed))
    cost = 0.0
    for m in PLAN.measurements:
        moved = residual_of(alone, PLAN, m)
        squared = sum(int(value) ** 2 for value in moved.flat)
        assert squared <= m.squared_sensitivity
        cost += squared / (2 * m.scale**2)
    assert cost <= PLAN.cost().rho


@given(st.lists(person, max_size=5), person, st.integers(0, 5))
def test_residuals_are_sums_over_people(
    others: list[tuple[tuple[int, ...], list[tuple[int, ...]]]],
    one: tuple[tuple[int, ...], list[tuple[int, ...]]],
    place: int,
) -> None:
    """For people of whom nothing is left out; of the others only the draw is not the same twice."""
    others = [(main, linked[: SCHEMA.most]) for main, linked in others]
    one = (one[0], one[1][: SCHEMA.most])
    random = np.random.default_rng(0)
    whole, rest, alone = (
        tabled(people).tally(random) for people in ([*others[:place], one, *others[place:]], others, [one])
    )
    for m in PLAN.measurements:
        added = residual_of(whole, PLAN, m) - residual_of(rest, PLAN, m)
        np.testing.assert_array_equal(added, residual_of(alone, PLAN, m))
