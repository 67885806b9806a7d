"""Whatever is asked, many questions at once are answered as the same questions are one by one, and agree."""

import math
from itertools import combinations
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
from ctdc.privacy.linear import evaluate
from ctdc.privacy.measure import measure
from ctdc.release.analysis import Analysis
from ctdc.release.counting import Counted, Counter, Number
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


def least_whole(analysis: Analysis, *people: dict[str, Any]) -> float:
    """The smallest estimate of those of whom all of these are a part."""
    wholes = [
        analysis.estimate({name: one[name] for name in names})
        for one in people
        for size in range(len(one) + 1)
        for names in combinations(one, size)
        if len(names) <= analysis.length
    ]
    return min(answer.value for answer in wholes if answer.value is not None)


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
        cell = {**filters, **dict(zip(names, found.codes[place], strict=True))}
        most = least_whole(counter.analysis, cell, filters)
        if not set(names).isdisjoint(filters):  # all of them, who may be counted in the records alone
            most = min(most, counter.total(filters).value)
        agrees = count.too_few or count.value <= most + 1e-9
        np.testing.assert_allclose(found.count[place], count.value if agrees else most, atol=1e-6)
        assert found.low[place] <= max(0.0, found.count[place]) <= found.high[place]
        if agrees:
            np.testing.assert_allclose((found.low[place], found.high[place]), (count.low, count.high), atol=1e-6)
        assert found.too_few[place] == (count.too_few or round(found.count[place], 2) < PRIVACY["threshold"])
        if share is None:
            assert math.isnan(found.shares.share[place])
        elif share.source == "counts" and share.value is not None:
            assert found.whole is not None
            same_share(found, place, share)


def same_share(found: Counted, place: int, share: Any) -> None:
    """A share is the analysis' where nothing had to be moved, and its interval holds the analysis' everywhere.

    It is moved, too, where the codes add up to more than everybody, though none of the numbers is.
    """
    got = found.shares.share[place], found.shares.low[place], found.shares.high[place]
    assert got[1] <= share.low + 1e-6  # a root of what is not quite zero
    assert got[2] >= share.high - 1e-6
    assert 0 <= got[1] <= got[0] <= got[2] <= 1
    assert found.whole is not None
    asked = share.origin.quantity
    part, whole = (evaluate(FOUND, [one.query()]).values[0] for one in (asked.part, asked.whole))
    stands = math.isclose(found.count[place], part, abs_tol=1e-9) and math.isclose(
        found.whole.value, whole, abs_tol=1e-9
    )
    if stands and shown(found) <= found.whole.value + 1e-9:
        np.testing.assert_allclose(got, (share.value, share.low, share.high), atol=1e-6)


@given(questions())
def test_totals_and_denominators_are_what_the_analysis_says(
    counter: Counter, question: tuple[dict[str, list[str]], tuple[str, ...]]
) -> None:
    filters, names = question
    explored = counter.explore(filters, names)
    expected = counter.analysis.estimate(filters)
    if expected.value is not None:
        same(explored.total, expected, least_whole(counter.analysis, filters), 0.0)
    for name, found in zip(names, explored.variables, strict=True):
        if found.whole is not None and found.whole.source == "counts":
            of = "two" if name in GROUPS["two"] else name
            known = counter.analysis.answered(of, among=filters)
            flags = GROUPS["two"] if of != name else (name,)
            least = max(shown(counter.count(filters, (flag,))) for flag in flags)
            same(found.whole, known, explored.total.value, least)


def shown(found: Counted) -> float:
    """How many people the codes have that can be quoted."""
    known = np.array(["" not in codes for codes in found.codes])
    return float(found.count[known & ~found.too_few].sum())


def same(found: Number, expected: Any, most: float, least: float) -> None:
    """The estimate, unless that is more than a whole or less than its parts."""
    assert found.low - 1e-6 <= max(0.0, found.value) <= found.high + 1e-6
    if max(found.value, expected.value) <= 0:
        assert found.too_few  # of nobody it does not matter how far below zero they were estimated
    elif least <= expected.value <= most:
        np.testing.assert_allclose(
            (found.value, found.low, found.high), (expected.value, expected.low, expected.high), atol=1e-6
        )
    elif expected.value > most:
        assert found.value == pytest.approx(most)
    assert found.value <= max(0.0, most) + 1e-6  # nobody is never too many, even of people estimated below zero
    assert found.too_few == (expected.too_few or found.value < PRIVACY["threshold"])


@given(questions())
def test_parts_and_wholes_agree(counter: Counter, question: tuple[dict[str, list[str]], tuple[str, ...]]) -> None:
    """What is shown is at most what it is a part of, and answers that exclude each other are at most all."""
    filters, names = question
    total = counter.total(filters)
    for own in ({}, *({name: filters[name]} for name in filters)):
        assert total.source == "records" or total.too_few or total.value <= counter.total(own).value + 1e-6
    found = counter.count(filters, names)
    if found.whole is None or found.whole.too_few:
        return
    assert found.whole.value <= total.value + 1e-6
    quoted = ~found.share_too_few
    assert (found.count[quoted] <= found.whole.value + 1e-6).all()
    assert found.shares.share[quoted].sum() <= 1 + 1e-9


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
        expected = min(cell.height, max(1.0, counter.total(filters).value))
        least = least_whole(counter.analysis, {**filters, **dict(zip(names, found.codes[place], strict=True))})
        assert min(expected, least) - 1e-6 <= found.count[place] <= expected + 1e-6
        assert found.low[place] <= max(0.0, found.count[place]) <= found.high[place]
