"""Fewer orders for few people."""

import math

import numpy as np
import pytest
from tests.support.engine import NoNoise, Recorder, small_plan, some_people

from ctdc.privacy.measure import measure
from ctdc.privacy.plan import all_sets
from ctdc.privacy.shorten import as_long_as_useful, shorter, useful_length

SIZES = (4, 2, 9, 2, 2, 5, 2, 2)


@pytest.mark.parametrize("epsilon", [0.1, 1, 8])
@pytest.mark.parametrize("length", [1, 2])
def test_a_shorter_plan_costs_no_more_and_hardly_less(epsilon: float, length: int) -> None:
    plan = small_plan(SIZES, 3, epsilon)
    short = shorter(plan, length)
    assert [m.attributes for m in short.measurements] == all_sets(len(SIZES), length)
    assert short.measurements[0] == plan.measurements[0], "the total was measured before"
    cost, limit = short.cost(), plan.cost()
    assert cost.rho <= limit.rho
    assert limit.mu_squared is None or (cost.mu_squared is not None and cost.mu_squared <= limit.mu_squared)
    ratios = [cost.rho / limit.rho]
    if cost.mu_squared is not None and limit.mu_squared is not None:
        ratios.append(cost.mu_squared / limit.mu_squared)
    assert max(ratios) > 1 - 1e-6
    assert all(short.variance(chosen) < plan.variance(chosen) for chosen in short.deviations if chosen)


def test_few_people_are_worth_short_combinations_only() -> None:
    plan = small_plan(SIZES, 3, 1.0)
    lengths = [useful_length(plan, total) for total in (-20.0, 0.0, 50.0, 200.0, 2_000.0, 1e6)]
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (1, 3)
    assert 2 in [useful_length(plan, float(total)) for total in range(0, 2_000, 5)]
    assert useful_length(small_plan(SIZES, 1, 1.0), 0.0) == 1


@pytest.mark.parametrize(("rows", "length"), [(0, 1), (10, 1), (20_000, 3)])
def test_the_gate_decides_by_the_noisy_total_and_pays_within_the_plan(rows: int, length: int) -> None:
    plan = small_plan(SIZES, 3, 1.0)
    matrix = some_people(SIZES, rows).matrix()
    recorder = Recorder()
    found = measure(matrix, plan, recorder, shorten=as_long_as_useful)
    assert found.plan.length == length
    assert [m.attributes for m in found.plan.measurements] == all_sets(len(SIZES), length)
    assert set(found.values) == set(all_sets(len(SIZES), length))
    assert recorder.calls[0] == ((1,), "int64", plan.measurements[0].scale, 1), "the total comes first"
    assert found.rho <= plan.cost().rho
    whole = measure(matrix, plan, NoNoise())
    assert len(whole.values) == len(plan.measurements), "only where it is asked for"


def test_without_noise_what_is_left_is_the_counts() -> None:
    matrix = some_people(SIZES, 12).matrix()
    found = measure(matrix, small_plan(SIZES, 3, 0.5), NoNoise(), shorten=as_long_as_useful)
    assert found.plan.length == 1
    assert float(found.values[()]) == 12
    binary = found.values[(1,)]
    assert math.isclose(float(binary[0]), 12 - 2 * np.count_nonzero(matrix[1]))


def test_with_fewer_variables_than_the_length_nothing_is_left_out() -> None:
    plan = small_plan((3, 4), 3, 2.0)
    assert useful_length(plan, 10_000.0) == 3
    assert useful_length(plan, -5.0) == 1


def test_the_guarantee_is_the_charged_one_however_short_the_plan_became() -> None:
    """That it was shortened is itself an outcome: the mechanism costs what its dearest branch costs."""
    plan = small_plan((2,) * 12, 3, 8.0)
    found = measure(some_people((2,) * 12, 4).matrix(), plan, NoNoise(), shorten=as_long_as_useful)
    assert found.plan.length < 3
    assert found.cost().rho == plan.cost().rho
    assert found.plan.cost().rho <= plan.cost().rho
    assert found.cost().epsilon(1e-6) == plan.cost().epsilon(1e-6)


def test_a_dearer_plan_is_noticed_before_it_is_drawn() -> None:
    recorder = Recorder()
    dearer = small_plan(SIZES, 3, 4.0)
    with pytest.raises(RuntimeError, match="costs more than was declared"):
        measure(some_people(SIZES, 20).matrix(), small_plan(SIZES, 3, 1.0), recorder, shorten=lambda *_: dearer)
    assert len(recorder.calls) == 1, "the total alone"
