"""Whatever the table and whoever joins it, the gate does the same thing, and moves by the declared distance."""

import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.engine import Listener, Recorder, residual_of, small_plan

from ctdc.privacy.measure import measure
from ctdc.privacy.plan import Plan
from ctdc.table.tally import tally_of

PLANS = {
    (sizes, length): small_plan(sizes, length)
    for sizes in [(2,), (5,), (2, 2), (3, 2, 4), (2, 2, 2, 2), (3, 7, 2, 3)]
    for length in (1, 2, 3, 4)
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[Plan, np.ndarray, np.ndarray, int]:
    """A plan, records of shape (variables, rows), a person, and the place where they stand in the larger table."""
    plan = PLANS[draw(st.sampled_from(sorted(PLANS)))]
    person = st.tuples(*(st.integers(0, size - 1) for size in plan.sizes))
    rows = draw(st.lists(person, max_size=12))
    records = np.array(rows, np.uint16).reshape(len(rows), len(plan.sizes)).T
    extra = np.array(draw(person), np.uint16)
    return plan, np.ascontiguousarray(records), extra, draw(st.integers(0, len(rows)))


@given(tables())
def test_one_person_moves_every_residual_by_exactly_the_declared_distance(
    case: tuple[Plan, np.ndarray, np.ndarray, int],
) -> None:
    """Read from right to left it is a person who leaves."""
    plan, records, person, place = case
    joined = np.ascontiguousarray(np.insert(records, place, person, axis=1))
    for m in plan.measurements:
        moved = residual_of(tally_of(joined), plan, m) - residual_of(tally_of(records), plan, m)
        assert sum(int(value) ** 2 for value in moved.flat) == m.squared_sensitivity
    whole = sum(
        float(((residual_of(tally_of(joined), plan, m) - residual_of(tally_of(records), plan, m)) ** 2).sum())
        / m.scale**2
        for m in plan.measurements
    )
    assert whole / 2 <= plan.cost().rho


@given(tables(), st.randoms())
def test_the_order_of_people_does_not_matter(case: tuple[Plan, np.ndarray, np.ndarray, int], random: object) -> None:
    plan, records, *_ = case
    order = list(range(records.shape[1]))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = np.ascontiguousarray(records[:, order])
    for m in plan.measurements:
        assert np.array_equal(residual_of(tally_of(records), plan, m), residual_of(tally_of(shuffled), plan, m))


@pytest.fixture(scope="module", autouse=True)
def one_worker() -> object:
    """One thread, so that the order of calls is seen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "cpu_count", lambda: 1)
        yield


@given(tables())
@settings(max_examples=60)
def test_record_and_replay(case: tuple[Plan, np.ndarray, np.ndarray, int]) -> None:
    """With and without the person: the same primitives in the same order, shapes, scales, progress and cost."""
    plan, records, person, place = case
    seen = []
    for matrix in (records, np.ascontiguousarray(np.insert(records, place, person, axis=1))):
        recorder, listener = Recorder(), Listener()
        result = measure(matrix, plan, recorder, listener)
        shapes = [(key, values.shape, str(values.dtype)) for key, values in result.values.items()]
        seen.append((recorder.calls, listener.events, shapes, result.rho, result.publishable))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) <= len(plan.measurements)
    assert sum(squared for *_, squared in seen[0][0]) == sum(m.squared_sensitivity for m in plan.measurements)
    assert sum(math.prod(shape) for shape, *_ in seen[0][0]) == plan.cells()
