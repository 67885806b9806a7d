"""Bounds on what was not measured: they hold the truth, for every kind of condition, and tell when they are simple."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.engine import Invented, NoNoise, small_plan, small_schema

from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.linear import Event, evaluate, event
from ctdc.privacy.measure import measure
from ctdc.release.analysis import Analysis
from ctdc.release.answers import TOO_FEW, both
from ctdc.release.beyond import beyond, bounds, inequalities
from ctdc.release.protected import ProtectedData
from ctdc.release.questions import Condition
from ctdc.table.coded import table_from_matrix

SIZES = (3, 2, 4, 2, 2)
SCHEMA = small_schema(SIZES)
PLAN = small_plan(SIZES, length=2)


def people(seed: int, sizes: tuple[int, ...] = SIZES, rows: int = 300) -> np.ndarray:
    random = np.random.default_rng(seed)
    hidden = random.random(rows)
    return np.array(
        [np.floor(n * hidden ** random.uniform(0.5, 3) * random.random(rows) ** 0.3) for n in sizes]
    ).astype(np.uint16)


def member(matrix: np.ndarray, one: Event) -> np.ndarray:
    columns = [np.isin(matrix[variable], sorted(categories)) for variable, categories in one.chosen]
    return np.logical_and.reduce([np.ones(matrix.shape[1], bool), *columns])


def number(matrix: np.ndarray, condition: Condition) -> int:
    sides = [np.logical_or.reduce([member(matrix, one) for one in events]) for events in condition.alternatives]
    return int(np.logical_and.reduce([member(matrix, condition.base), *sides]).sum())


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    def some(least: int, most: int) -> Event:
        variables = draw(st.sets(st.integers(0, len(SIZES) - 1), min_size=least, max_size=most))
        return event({one: draw(st.sets(st.integers(0, SIZES[one] - 1), min_size=1)) for one in variables})

    alternatives = [tuple(some(1, 1) for _ in range(draw(st.integers(1, 3)))) for _ in range(draw(st.integers(0, 2)))]
    return Condition(some(0, 4), tuple(alternatives))


@pytest.mark.slow
@given(conditions(), st.integers(0, 20))
@settings(max_examples=60)
def test_the_truth_and_the_answer_are_within_the_bounds(condition: Condition, seed: int) -> None:
    matrix = people(seed)
    found = estimate(measure(matrix, PLAN, NoNoise()))
    records = pl.DataFrame(table_from_matrix(SCHEMA, matrix).to_arrow()).with_columns(pl.all().cast(pl.String))
    low, high = bounds(found, condition)
    truth = number(matrix, condition)
    assert low - 1e-6 <= truth <= high + 1e-6
    answer = beyond(found, SCHEMA, records, condition)
    assert answer.value == pytest.approx(truth, abs=1e-6)
    assert (answer.low, answer.high) == (low, high)


def test_records_outside_the_bounds_are_moved_to_the_nearer_one() -> None:
    matrix = people(1)
    found = estimate(measure(matrix, PLAN, NoNoise()))
    nobody = pl.DataFrame({name: pl.Series([], dtype=pl.String) for name in SCHEMA.names})
    condition = Condition(event({0: [0, 1, 2]}))
    answer = beyond(found, SCHEMA, nobody, condition)
    assert answer.value == answer.low > 0


@pytest.mark.slow
def test_many_flags_get_the_simple_bounds() -> None:
    """Twelve flags among one code: more patterns than the linear programs hold."""
    sizes = (3, *[2] * 12)
    matrix = people(3, sizes, 500)
    found = estimate(measure(matrix, small_plan(sizes, length=2), NoNoise()))
    flags = tuple(event({variable: [1]}) for variable in range(1, 13))
    for base in (Event(), event({0: [1]})):
        condition = Condition(base, (flags,))
        low, high = bounds(found, condition)
        assert low <= number(matrix, condition) <= high
    everything = Condition(event({variable: [1] for variable in range(1, 13)}))
    low, high = bounds(found, everything)
    assert low == 0
    assert number(matrix, everything) <= high


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(1, 5), st.booleans())
def test_the_inequalities_hold_for_every_population(seed: int, flags: int, among: bool) -> None:
    sizes = (3, *[2] * 5)
    matrix = people(seed, sizes, 200)
    found = estimate(measure(matrix, small_plan(sizes, length=3), NoNoise()))
    base = event({0: [1, 2]}) if among else Event()
    condition = Condition(base, (tuple(event({variable: [1]}) for variable in range(1, flags + 1)),))
    below, above = inequalities(found, condition)
    truth = number(matrix, condition)
    joint = evaluate(found, [*below, *above])
    assert joint is not None
    assert below
    assert (joint.values[: len(below)] <= truth + 1e-6).all()
    assert (joint.values[len(below) :] >= truth - 1e-6).all()


def test_without_one_alternative_or_beyond_its_pairs_there_is_no_inequality() -> None:
    found = estimate(measure(people(1), PLAN, NoNoise()))
    flags = tuple(event({variable: [1]}) for variable in (1, 3, 4))
    assert inequalities(found, Condition(event({0: [1]}))) == ([], [])
    assert inequalities(found, Condition(event({0: [1]}), (flags,))) == ([], [])
    assert inequalities(found, Condition(Event(), (flags, flags))) == ([], [])
    assert len(inequalities(found, Condition(Event(), (flags,)))[0]) == 2


def test_ranges_that_do_not_meet_leave_the_first() -> None:
    assert both((0, 5), (3, 9)) == (3, 5)
    assert both((0, 5), (6, 9)) == (0, 5)


def without(found: Estimates, *sets: tuple[int, ...]) -> Estimates:
    residual = {attributes: table for attributes, table in found.residual.items() if attributes not in sets}
    return Estimates(found.sizes, found.length, residual, found.deviation)


def test_what_was_left_unmeasured_has_no_number_but_an_upper_bound() -> None:
    found = without(estimate(measure(people(1), PLAN, Invented(300))), (0, 2))
    data = ProtectedData(Path(), SCHEMA, {"threshold": 10.0, "length": 2})
    release = Analysis(data, {}, found)
    answer = release.estimate(a="a1", c="c3")
    assert (answer.value, answer.standard_error, answer.too_few, answer.note) == (None, None, True, TOO_FEW)
    assert answer.low == 0
    assert math.isfinite(answer.high)
    share = release.share({"a": "a1"}, among={"c": "c3"})
    assert (share.value, share.low, share.high, share.too_few) == (None, 0.0, 1.0, True)
    compared = release.difference(share, release.share({"a": "a1"}))
    assert (compared.value, compared.too_few, compared.note) == (None, True, TOO_FEW)
    assert release.estimate(a="a1", b="b1").value is not None


def test_a_table_that_was_left_unmeasured_says_so_cell_by_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = estimate(measure(people(1), PLAN, Invented(300)))
    release = Analysis(ProtectedData(Path(), SCHEMA, {"threshold": 10.0, "length": 2}), {}, whole)
    expected = release.table("a", "c", empty=True)
    whole_table = Estimates.table

    def thinned(found: Estimates, attributes: tuple[int, ...]) -> np.ndarray:
        table = whole_table(found, attributes)
        table[:, [1, 2]] = np.nan
        return table

    monkeypatch.setattr(Estimates, "table", thinned)
    table = release.table("a", "c", empty=True)
    gone = pl.col("c").is_in(["c1", "c2"]).fill_null(value=False)
    assert table.filter(gone)["count"].null_count() == table.filter(gone).height == 6
    assert table.filter(gone)["too_few"].all()
    kept = [frame.filter(~gone) for frame in (table, expected)]
    assert (
        kept[0]
        .drop("count", "standard_error", "low", "high")
        .equals(kept[1].drop("count", "standard_error", "low", "high"))
    )
    np.testing.assert_allclose(kept[0]["high"], kept[1]["high"])
