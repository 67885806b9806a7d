"""Tables along some variables against the sums that they are of, in domains with and without thinned tables."""

import numpy as np
import pytest
from tests.support.engine import Invented, NoNoise, small_plan, some_people

from ctdc.privacy.along import Along
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.linear import Event, count, evaluate, event
from ctdc.privacy.measure import measure

SIZES = (40, 3, 36, 9, 2)
PEOPLE = some_people(SIZES, 3000).matrix()


@pytest.fixture(scope="module")
def found() -> Estimates:
    return estimate(measure(PEOPLE, small_plan(SIZES), NoNoise()))


@pytest.mark.parametrize(
    ("base", "free"),
    [
        (Event(), (1,)),
        (event({1: {1, 2}}), (0,)),
        (event({0: {3, 4}, 1: {1}}), (2,)),
        (event({0: range(1, 40), 4: {1}}), (3,)),  # counted by what is left: not known
        (event({1: {2}}), (0, 3)),
    ],
)
def test_each_cell_is_the_sum_that_it_is_of(found: Estimates, base: Event, free: tuple[int, ...]) -> None:
    table = Along(found).table(base, free)
    assert table is not None
    assert table.shape == tuple(SIZES[variable] for variable in free)
    for place in list(np.ndindex(table.shape))[::7]:
        cell = base & event({variable: {category} for variable, category in zip(free, place, strict=True)})
        joint = evaluate(found, [count(cell)])
        assert np.isnan(table[place]) if joint is None else table[place] == pytest.approx(float(joint.values[0]))


def test_some_cells_of_a_thinned_table_have_no_measurement(found: Estimates) -> None:
    table = Along(found).table(event({1: {1}}), (0, 2))
    assert table is not None
    assert 0 < np.isnan(table).sum() < table.size


def test_more_variables_than_were_counted_together_have_none() -> None:
    short = estimate(measure(PEOPLE, small_plan(SIZES, 2), Invented()))
    assert Along(short).table(event({1: {1}, 3: {1}}), (4,)) is None
    assert Along(short).table(event({1: {1}}), (4,)) is not None
