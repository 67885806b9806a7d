"""Whatever is asked, many questions at once are answered as the same questions are one by one."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.engine import small_plan, some_people
from tests.support.invented_release import Seeded

from ctdc.foundation.errors import UserError
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.release.analysis import Analysis
from ctdc.release.counting import Counter, Number
from ctdc.release.protected import ProtectedData

pytestmark = pytest.mark.slow

SIZES = (40, 3, 36, 2, 2, 9, 2)  # a and c are wide: with a third variable only some of their codes are measured
PEOPLE = some_people(SIZES, 6000)
NAMES = PEOPLE.schema.names
GROUPS = {"two": ("d", "e")}  # g is a flag of no group
PRIVACY = {"threshold": 10.0, "length": 3}
FOUND = estimate(measure(PEOPLE.matrix(), small_plan(SIZES, 3, 4.0), Seeded()))


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Counter:
    folder = tmp_path_factory.mktemp("data")
    pl.DataFrame(PEOPLE.to_arrow()).with_columns(pl.all().cast(pl.String)).write_parquet(folder / "synthetic.parquet")
    return Counter(Analysis(ProtectedData(folder, PEOPLE.schema, PRIVACY), GROUPS, FOUND))


def some_codes(name: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(["", *PEOPLE.schema[name].codes]), min_size=1, max_size=4, unique=True)


@st.composite
def questions(draw: st.DrawFn) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    filtered = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    by = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    return {name: draw(some_codes(name)) for name in filtered}, tuple(by)


def one_by_one(
    analysis: Analysis, filters: dict[str, list[str]], names: tuple[str, ...], codes: tuple[str, ...]
) -> Any:
    """The answers for a cell: its count, and its share, None where there is none from counts."""
    cell = {**filters, **dict(zip(names, codes, strict=True))}
    try:
        count = analysis.estimate(cell)
    except UserError as error:
        assert error.detail.code == "analysis.too_long"
        return None, None
    if "" in codes:
        return count, None
    try:
        share = analysis.share(dict(zip(names, codes, strict=True)), among=filters)
    except UserError as error:
        assert error.detail.code == "analysis.denominator"
        return count, None
    return count, share


@given(questions())
def test_each_cell_is_what_the_analysis_says(
    counter: Counter, question: tuple[dict[str, list[str]], tuple[str, ...]]
) -> None:
    filters, names = question
    found = counter.count(filters, names)
    own = [filters.get(name) for name in names]
    assert all(
        wanted is None or code in wanted for codes in found.codes for wanted, code in zip(own, codes, strict=True)
    )
    step = max(1, len(found.codes) // 12)
    for place in range(0, len(found.codes), step):
        count, share = one_by_one(counter.analysis, filters, names, found.codes[place])
        measured = count is not None and count.value is not None
        assert found.measured[place] == measured
        if not measured:
            continue
        np.testing.assert_allclose(found.count[place], count.value, atol=1e-6)
        np.testing.assert_allclose((found.low[place], found.high[place]), (count.low, count.high), atol=1e-6)
        assert found.too_few[place] == count.too_few
        if share is None:
            assert math.isnan(found.shares.share[place])
        elif share.source == "counts" and share.value is not None:
            got = found.shares.share[place], found.shares.low[place], found.shares.high[place]
            np.testing.assert_allclose(got, (share.value, share.low, share.high), atol=1e-9)
            assert found.share_too_few[place] == share.too_few


@given(questions())
def test_totals_and_denominators_are_what_the_analysis_says(
    counter: Counter, question: tuple[dict[str, list[str]], tuple[str, ...]]
) -> None:
    filters, names = question
    explored = counter.explore(filters, names)
    expected = counter.analysis.estimate(filters)
    if expected.value is not None:
        same(explored.total, expected)
    for name, found in zip(names, explored.variables, strict=True):
        if found.whole is not None and found.whole.source == "counts":
            of = "two" if name in GROUPS["two"] else name
            same(found.whole, counter.analysis.answered(of, among=filters))


def same(found: Number, expected: Any) -> None:
    np.testing.assert_allclose(
        (found.value, found.low, found.high), (expected.value, expected.low, expected.high), atol=1e-6
    )
    assert found.too_few == expected.too_few


@given(questions())
def test_beyond_the_measured_orders_it_is_the_records(
    counter: Counter, question: tuple[dict[str, list[str]], tuple[str, ...]]
) -> None:
    filters, names = question
    found = counter.count(filters, names)
    frame = counter.analysis.data.synthetic
    for name, wanted in filters.items():
        frame = frame.filter(pl.col(name).fill_null("").is_in(wanted))
    for place in np.flatnonzero(~found.measured)[:: max(1, int((~found.measured).sum()) // 8)]:
        cell = frame
        for name, code in zip(names, found.codes[place], strict=True):
            cell = cell.filter(pl.col(name).fill_null("") == code)
        assert found.count[place] == min(cell.height, max(1.0, explored_high(counter, filters)))
        assert found.low[place] <= found.count[place] <= found.high[place]


def explored_high(counter: Counter, filters: dict[str, list[str]]) -> float:
    return counter.total(filters).high
