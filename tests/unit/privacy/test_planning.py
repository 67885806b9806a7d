"""What is forecast: the numbers of the plan, the rule of reporting, and the smallest epsilon for an error."""

import math
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest
from tests.support.engine import NoNoise, small_schema, some_people

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.privacy.outputs import privacy_statement
from ctdc.privacy.planning import (
    SHARES,
    curve_epsilons,
    expected_errors,
    forecast,
    sets_by_length,
    smallest_epsilon,
    table_error,
)
from ctdc.privacy.settings import Settings
from ctdc.privacy.workload import Workload, plan_workload

SCHEMA = small_schema((3, 2, 4, 5))
GUARANTEE = Guarantee(1.5, 1e-6)
WORKLOADS = {
    "all pairs": Workload(2),
    "all triples": Workload(3),
    "named": Workload(1, (("a", "b", "d"),)),
    "weighted": Workload(2, (("b", "c", "d"),), "cells", ((("a", "b"), 30.0), (("c",), 0.2))),
}


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_statement_has_the_errors_that_were_planned(name: str) -> None:
    workload = WORKLOADS[name]
    plan = plan_workload(SCHEMA, GUARANTEE, workload)
    measured = measure(some_people(SCHEMA.sizes, 50).matrix(), plan, NoNoise())
    settings = Settings(GUARANTEE, length=workload.length, workload=workload)
    statement = privacy_statement(SCHEMA, measured, estimate(measured), settings, "2026-03-01")
    stated = statement["expected_standard_error"]
    assert stated == expected_errors(plan)
    assert statement["sets_by_length"] == sets_by_length(plan)
    for line in forecast(SCHEMA, GUARANTEE, workload).lines:
        assert stated[str(line.length)] == {
            "low": pytest.approx(line.low, abs=1e-4),
            "median": pytest.approx(line.median, abs=1e-4),
            "high": pytest.approx(line.high, abs=1e-4),
        }
    assert len(stated) == len(forecast(SCHEMA, GUARANTEE, workload).lines)


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_published_error_is_the_planned_one(name: str) -> None:
    plan = plan_workload(SCHEMA, GUARANTEE, WORKLOADS[name])
    found = estimate(measure(some_people(SCHEMA.sizes, 50).matrix(), plan, NoNoise()))
    assert {chosen: found.variance(chosen) for chosen in found.sets} == {
        chosen: plan.variance(chosen) for chosen in plan.deviations
    }


def test_the_smallest_listed_count_is_the_one_of_the_published_table() -> None:
    """A forecast of one table: raise its counts in small steps, and see from where on they are listed."""
    schema = small_schema((4, 5))
    workload = Workload(2)
    plan = plan_workload(schema, GUARANTEE, workload)
    expected = forecast(schema, GUARANTEE, workload, threshold=10).line(2).listed
    for people, listed in ((math.ceil(expected) - 1, 0), (math.ceil(expected), 12)):
        matrix = np.array([[code] * people for code in range(20)]).reshape(-1)
        records = np.stack([matrix // 5, matrix % 5]).astype(np.uint16)
        rows = aggregate_table(schema, estimate(measure(records, plan, NoNoise())), 10)
        assert pc.sum(pc.equal(rows["length"], 2)).as_py() == listed


def test_a_threshold_above_the_noise_decides_what_is_listed() -> None:
    assert forecast(SCHEMA, Guarantee(50, 1e-6), Workload(2), threshold=33).line(1).listed == 33


def test_the_budget_and_the_numbers_add_up() -> None:
    plan = plan_workload(SCHEMA, GUARANTEE, WORKLOADS["weighted"])
    lines = forecast(SCHEMA, GUARANTEE, WORKLOADS["weighted"]).lines
    assert math.fsum(line.budget for line in lines) == pytest.approx(1)
    assert sum(line.numbers for line in lines) == plan.cells()
    assert sum(line.tables for line in lines) == len(plan.measurements)
    assert [line.length for line in lines] == [0, 1, 2, 3]


def test_relative_errors_follow_from_the_declared_number_of_people() -> None:
    assert forecast(SCHEMA, GUARANTEE, Workload(2)).line(1).relative == ()
    line = forecast(SCHEMA, GUARANTEE, Workload(2), cases=5000).line(1)
    assert line.relative == tuple(line.median / (share * 5000) for share in SHARES)
    assert line.exact == pytest.approx(10 * line.median)
    assert replace(line, relative=()) == forecast(SCHEMA, GUARANTEE, Workload(2)).line(1)


def test_a_named_table_has_its_own_error_in_any_order_of_names() -> None:
    plan = plan_workload(SCHEMA, GUARANTEE, Workload(2))
    assert table_error(SCHEMA, plan, ("d", "a")) == math.sqrt(plan.variance((0, 3)))
    assert forecast(SCHEMA, GUARANTEE, Workload(2), tables=[("d", "a")]).tables == (
        (("d", "a"), math.sqrt(plan.variance((0, 3)))),
    )


@pytest.mark.parametrize("names", [("a", "b", "c"), ("a", "a")])
def test_a_table_that_is_not_measured_is_said(names: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as caught:
        forecast(SCHEMA, GUARANTEE, Workload(2), tables=[names])
    assert caught.value.detail.code == "plan.table"


@pytest.mark.slow
@pytest.mark.parametrize("at_most", [3.0, 20.0, 150.0])
@pytest.mark.parametrize("name", WORKLOADS)
def test_the_smallest_epsilon_keeps_to_the_error_and_a_smaller_one_does_not(name: str, at_most: float) -> None:
    workload = WORKLOADS[name]
    found = smallest_epsilon(SCHEMA, 1e-6, workload, 2, at_most)
    assert float(f"{found:.3g}") == found
    assert forecast(SCHEMA, Guarantee(found, 1e-6), workload).line(2).median <= at_most
    assert forecast(SCHEMA, Guarantee(found * 0.98, 1e-6), workload).line(2).median > at_most


def test_an_error_that_any_epsilon_keeps_to_gives_the_smallest_one_that_is_looked_at() -> None:
    assert smallest_epsilon(SCHEMA, 1e-6, Workload(2), 2, 1e9) == 0.01


@pytest.mark.parametrize("at_most", [0.0, -1.0, math.nan, 1e-3])
def test_an_error_out_of_reach_is_said(at_most: float) -> None:
    with pytest.raises(UserError) as caught:
        smallest_epsilon(SCHEMA, 1e-6, Workload(2), 2, at_most)
    assert caught.value.detail.code == "plan.out_of_reach"


@pytest.mark.parametrize("length", [-1, 3, 4])
def test_a_length_that_is_not_measured_is_said(length: int) -> None:
    with pytest.raises(UserError) as caught:
        smallest_epsilon(SCHEMA, 1e-6, Workload(2), length, 10)
    assert caught.value.detail.code == "plan.length"
    with pytest.raises(UserError, match=r"No combination"):
        forecast(SCHEMA, GUARANTEE, Workload(2)).line(length)


@pytest.mark.parametrize("chosen", [[1.0], [0.5, 8.0], [0.01, 100.0]])
def test_the_curve_reaches_around_what_was_chosen(chosen: list[float]) -> None:
    points = curve_epsilons(chosen)
    assert points == sorted(points)
    assert points[0] <= min(chosen) <= max(chosen) <= points[-1] * (1 + 1e-9)
    assert points[-1] <= 100 * (1 + 1e-9)
