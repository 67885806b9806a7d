"""What is measured of two linked tables, and whether the budget is divided as well as it can be."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.linked_workload import (
    ACROSS,
    BESIDE,
    IMPORTANCE,
    ROWS,
    LinkedWorkload,
    number_loadings,
    plan_linked,
    relative_deviations,
)
from ctdc.privacy.plan import share
from ctdc.table.linked import LinkedSchema
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

MAIN = Schema((Variable("area", ("north", "south")), Variable("flag", ("1",)), Variable("year", ("1", "2", "3"))))
LINKED = Schema((Variable("age", ("young", "old", "very old")), Variable("works", ("1",))))
SCHEMA = LinkedSchema(MAIN, LINKED, 3)
GUARANTEE = Guarantee(2.0, 1e-6)


def test_the_family_is_what_is_declared_and_closed() -> None:
    workload = LinkedWorkload(SCHEMA)
    family = set(workload.family)
    for chosen in family:
        assert all(inner in family for size in range(len(chosen)) for inner in itertools.combinations(chosen, size))
    assert (0, 1, 2) in family  # people, the number among them
    assert (0, 4, 5) in family  # linked rows
    assert (0, 1, 2, 4) in family  # two of a person with one of a linked row
    assert (0, 1, 4, 5) in family
    assert (0, 4, 6) in family  # siblings
    assert (0, 4, 7) in family
    assert (0, 5, 6) not in family  # the same pair seen from the other row
    assert (8,) in family
    assert not any(8 in chosen and len(chosen) > 1 for chosen in family)
    assert not any({1, 6} <= set(chosen) for chosen in family)  # another row is measured beside a linked row only


@pytest.mark.parametrize(("length", "longest"), [(1, 2), (2, 3), (3, 4)])
def test_a_shorter_length_measures_less(length: int, longest: int) -> None:
    workload = LinkedWorkload(SCHEMA, length)
    assert max(map(len, workload.family)) == longest
    kinds = {kind for kind, _ in workload.tables}
    assert (ACROSS in kinds) == (BESIDE in kinds) == (length > 1)


def test_with_one_row_each_there_are_no_siblings() -> None:
    kinds = {kind for kind, _ in LinkedWorkload(LinkedSchema(MAIN, LINKED, 1)).tables}
    assert BESIDE not in kinds
    assert ROWS in kinds


@pytest.mark.parametrize("length", [0, 4])
def test_a_length_out_of_range_is_refused(length: int) -> None:
    with pytest.raises(UserError, match=f"length is {length}"):
        LinkedWorkload(SCHEMA, length)


def test_the_plan_satisfies_its_guarantee_and_no_better_one() -> None:
    plan = plan_linked(SCHEMA, GUARANTEE, 3)
    assert plan.cost().satisfies(GUARANTEE)
    assert not plan.cost().satisfies(Guarantee(2.0 * (1 - 1e-4), 1e-6))
    assert plan.resolution == SCHEMA.whole == 6
    assert all(m.scale > 0 for m in plan.measurements)


def test_integers_that_count_more_cost_the_same() -> None:
    """Noise and sensitivity grow together, so that a person pays for the deviations alone."""
    plan = plan_linked(SCHEMA, GUARANTEE, 3)
    for m in plan.measurements:
        rho = share(plan.sizes, m.attributes) / (2 * m.deviation**2)
        assert m.cost().rho == pytest.approx(rho, rel=1e-12)


@pytest.mark.parametrize("most", [1, 2, 4, 7])
def test_number_loadings_are_those_of_the_contrasts(most: int) -> None:
    """Against the matrices: the sum over k of k times a count, along the ones and across them."""
    size = most + 1
    links = np.arange(size)
    even, uneven = number_loadings(most)
    assert even == pytest.approx((links @ np.ones(size) / size) ** 2)
    assert uneven == pytest.approx(links @ (np.eye(size) - np.ones((size, size)) / size) @ links)


def total_error(workload: LinkedWorkload, deviation: dict[tuple[int, ...], float]) -> float:
    """What the division of the budget minimises, at mu = 1, from the definition."""
    sizes = workload.schema.joint.sizes
    cost = sum(share(sizes, chosen) / value**2 for chosen, value in deviation.items())
    groups: dict[tuple[str, int], list[float]] = {}
    for (kind, chosen), size in workload.tables.items():
        loadings = workload.loadings(kind, chosen)
        variance = cost * sum(deviation[b] ** 2 * share(sizes, b) * factor for b, factor in loadings.items())
        cells = math.prod(sizes[a] for a in chosen)
        groups.setdefault((kind, size), []).append(cells**0.65 * math.sqrt(variance))
    return sum(IMPORTANCE[key] * sum(values) / len(values) for key, values in groups.items())


def test_no_other_division_of_the_budget_is_better() -> None:
    workload = LinkedWorkload(SCHEMA)
    best = relative_deviations(workload)
    found = total_error(workload, best)
    random = np.random.default_rng(0)
    for spread in (0.3, 0.03):
        for _ in range(40):
            other = {chosen: value * math.exp(spread * random.standard_normal()) for chosen, value in best.items()}
            assert total_error(workload, other) > found * (1 - 1e-6)


def test_a_wide_column_beside_many_rows_is_refused_before_rows_would_be_lost() -> None:
    """Where the number of rows was thinned, the sum over it would miss what was not followed."""
    countries = Schema((Variable("country", tuple(f"c{n}" for n in range(40))),))
    with pytest.raises(UserError, match="could not be counted") as caught:
        LinkedWorkload(LinkedSchema(MAIN, countries, 7))
    assert "at most 6 linked rows" in caught.value.detail.allowed
    assert LinkedWorkload(LinkedSchema(MAIN, countries, 6)).family


def test_too_many_columns_are_refused_by_their_own_number() -> None:
    wide = Schema(tuple(Variable(f"v{n}", ("1",)) for n in range(110)))
    with pytest.raises(UserError, match="110 columns of people and 2 of linked rows"):
        plan_linked(LinkedSchema(wide, LINKED, 2), GUARANTEE, 3)
    assert plan_linked(LinkedSchema(wide, LINKED, 2), GUARANTEE, 2).length == 2
