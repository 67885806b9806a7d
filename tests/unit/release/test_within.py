"""Cross tables of a release: its published numbers, shares by the code book's rule, and nothing below the threshold."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.support.protected_twin import EXPLOITATION, FLAGS, GENDERS, MEANS, invented_people, write_protected

from ctdc.release.analysis import Analysis, load
from ctdc.release.counting import open_counter
from ctdc.release.protected import ProtectedData, read_protected
from ctdc.release.within import COUNTED, RECORDS, Part, Within

pytestmark = pytest.mark.slow

ROWS, SEED = 3000, 7


def protected(folder: Path, **options: object) -> ProtectedData:
    given = {"rows": ROWS, "seed": SEED, "length": 3, "codes": global_like(), **options}
    return read_protected(write_protected(folder / "p", **given))


def global_like() -> dict[str, list[str]]:
    """The codes that `invented_people` draws from, without what these tests do not ask."""
    ages = ["0--8", "09--17", "18--20", "21--23", "24--26", "27--29", "30--38", "39--47", "48+"]
    return {"gender": GENDERS, "ageBroad": ages, **{name: ["1"] for name in FLAGS if name in {*EXPLOITATION, *MEANS}}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ProtectedData:
    return protected(tmp_path_factory.mktemp("within"))


@pytest.fixture(scope="module")
def within(data: ProtectedData) -> Within:
    return Within(load(data.folder))


def published(data: ProtectedData) -> dict[frozenset, tuple[float, bool]]:
    rows = data.aggregates.select("attributes", "count", "below_threshold").iter_rows()
    return {frozenset(json.loads(attributes).items()): (count, few) for attributes, count, few in rows}


def test_counts_are_those_of_the_aggregates_and_what_is_not_there_is_none(data, within):
    table = published(data)
    shown = 0
    for age in data.schema["ageBroad"].codes:
        row = within.codes(("ageBroad", age), "gender")
        for gender, cell in zip(GENDERS, row.cells, strict=True):
            found = table.get(frozenset({("ageBroad", age), ("gender", gender)}))
            assert (cell is None) == (found is None)
            if cell:
                assert (cell.count, found[1]) == (pytest.approx(found[0], abs=0.011), False)
                shown += 1
    assert shown > 10


def test_flags_are_those_of_the_aggregates(data, within):
    table = published(data)
    for gender in GENDERS[:2]:
        for flag, cell in zip(EXPLOITATION, within.flags(("gender", gender), EXPLOITATION).cells, strict=True):
            assert cell.count == table[frozenset({("gender", gender), (flag, "1")})][0]


def test_a_row_whose_denominator_was_measured_needs_no_records(within, data):
    """Number and interval of each share are those that the release gives a reader who counts by it."""
    counter = open_counter(data.folder)
    for gender in GENDERS[:2]:
        row, told = within.codes(("gender", gender), "ageBroad"), counter.count({"gender": gender}, ["ageBroad"])
        whole = told.whole
        assert (row.source, row.known) == (COUNTED, pytest.approx(whole.value))
        assert (row.low, row.high) == (pytest.approx(whole.low), pytest.approx(whole.high))
        for place, cell in enumerate(row.cells):
            assert (cell is None) == told.too_few[place]
            if cell:
                shares = told.shares
                expected = shares.share[place], shares.low[place], shares.high[place]
                assert (cell.share.share, cell.share.low, cell.share.high) == pytest.approx(expected)
                assert (cell.count, cell.low) == pytest.approx((told.count[place], told.low[place]), abs=0.006)


@pytest.mark.parametrize("rows", [ROWS, 400])
def test_no_part_is_more_than_its_whole(tmp_path, rows):
    """In a release of few people most of what is left of a whole is noise, and often below zero."""
    data = protected(tmp_path, rows=rows)
    analysis, moved = load(data.folder), 0
    within = Within(analysis)
    for name in ("gender", "ageBroad"):
        for code in data.schema[name].codes:
            whole = analysis.estimate({name: code})
            other = "ageBroad" if name == "gender" else "gender"
            for row in (within.codes((name, code), other), within.flags((name, code), EXPLOITATION)):
                if row.is_empty:
                    continue
                cells = [cell for cell in row.cells if cell]
                assert row.known <= whole.value
                assert row.low <= row.known <= row.high
                assert all(cell.low <= cell.count <= min(cell.high, row.known + 0.006) for cell in cells)
                assert all(cell.share.low <= cell.share.share <= cell.share.high for cell in cells if cell.share)
                moved += row.known == whole.value
            row = within.codes((name, code), other)
            assert sum(cell.share.share for cell in row.cells if cell and cell.share) <= 1 + 1e-9
            needed = sum(cell.count for cell in row.cells if cell)
            assert row.is_over == (needed >= row.known + 0.5)
    assert moved > 0


def test_pairs_are_not_more_than_either_of_their_codes(tmp_path):
    data = protected(tmp_path, rows=400)
    analysis = load(data.folder)
    for age, gender, cell in Within(analysis).pairs("ageBroad", "gender"):
        for whole in ({"ageBroad": age}, {"gender": gender}):
            assert cell.count <= analysis.estimate(whole).value + 0.006


@pytest.mark.parametrize("flags", [EXPLOITATION, MEANS], ids=["measured", "beyond"])
@pytest.mark.parametrize("gender", GENDERS[:2])
def test_the_truth_is_within_the_bounds_and_the_intervals(within, flags, gender):
    """Shares are of people with any answer in the group, never of all."""
    people = invented_people(ROWS, SEED, global_like()).filter(pl.col("gender") == gender)
    answered = people.filter(pl.any_horizontal(pl.col(flags).is_not_null()))
    row = within.flags(("gender", gender), flags)
    assert row.source == RECORDS
    assert row.low <= answered.height <= row.high < people.height * 1.1
    for flag, cell in zip(flags, row.cells, strict=True):
        true = answered.filter(pl.col(flag) == "1").height / answered.height
        assert cell.share.low - 0.005 <= true <= cell.share.high + 0.005


def test_beyond_what_was_measured_an_interval_holds_that_of_an_analyst(within, data):
    """Linear programs can only narrow it further."""
    row = within.flags(("gender", "Woman"), MEANS)
    analysis = load(data.folder, groups={"means": MEANS})
    for flag, cell in zip(MEANS, row.cells, strict=True):
        share = analysis.share({flag: "1"}, among={"gender": "Woman"})
        assert cell.share.low - 1e-9 <= share.low <= share.high <= cell.share.high + 1e-9
        assert cell.share.low <= cell.share.share <= cell.share.high


def test_a_code_below_the_threshold_says_nothing(tmp_path):
    data = protected(tmp_path, rows=300)
    row = Within(load(data.folder)).flags(("gender", GENDERS[2]), EXPLOITATION)
    assert row.is_empty
    assert row.cells == (None,) * 3


def test_without_pairs_there_is_nothing(tmp_path):
    within = Within(load(protected(tmp_path, length=1).folder))
    assert within.measured_length == 1
    assert within.codes(("gender", "Woman"), "ageBroad").is_empty
    assert within.flags(("gender", "Woman"), EXPLOITATION).is_empty


def test_with_pairs_only_the_bounds_are_wider_and_hold_the_truth(tmp_path, within):
    row = Within(load(protected(tmp_path, length=2).folder)).flags(("gender", "Woman"), MEANS)
    wide = within.flags(("gender", "Woman"), MEANS)
    assert row.high - row.low >= wide.high - wide.low - 10
    people = invented_people(ROWS, SEED, global_like()).filter(pl.col("gender") == "Woman")
    assert row.low <= people.filter(pl.any_horizontal(pl.col(MEANS).is_not_null())).height <= row.high
    assert all(isinstance(cell.share, Part) for cell in row.cells)


def test_among_one_code_is_the_row_of_that_code(within):
    assert within.among({"ageBroad": ["18--20"]}, ["gender"], is_group=False) == within.codes(
        ("ageBroad", "18--20"), "gender"
    )
    assert within.among({"gender": ["Woman"]}, MEANS, is_group=True) == within.flags(("gender", "Woman"), MEANS)


def test_among_several_codes_is_one_question(within, data):
    """A sum is estimated as a whole, so that its error is less than those of its parts added up."""
    ages = ["18--20", "21--23"]
    row = within.among({"ageBroad": ages}, EXPLOITATION, is_group=True)
    analysis = load(data.folder)
    for flag, cell in zip(EXPLOITATION, row.cells, strict=True):
        found = analysis.estimate({"ageBroad": ages, flag: "1"})
        assert (cell is None) == found.too_few
        if cell:
            own = [within.flags(("ageBroad", age), EXPLOITATION).cells[EXPLOITATION.index(flag)] for age in ages]
            assert cell.count == pytest.approx(found.value, abs=0.005)
            assert None in own or cell.error < sum(part.error for part in own)
            assert 0 <= cell.share.low <= cell.share.share <= cell.share.high <= 1


def test_among_covers_the_true_shares_of_a_sum(data, within):
    people = invented_people(ROWS, SEED, global_like())
    ages = ["09--17", "18--20", "21--23"]
    row = within.among({"ageBroad": ages}, ["gender"], is_group=False)
    chosen = people.filter(pl.col("ageBroad").is_in(ages), pl.col("gender").is_not_null())
    for gender, cell in zip(GENDERS, row.cells, strict=True):
        if cell:
            true = chosen.filter(pl.col("gender") == gender).height
            assert cell.low <= true <= cell.high
            assert cell.share.low <= true / chosen.height <= cell.share.high


def test_among_two_codes_is_counted_from_the_published_triples(data, within):
    table = published(data)
    row = within.among({"ageBroad": ["18--20"], "gender": ["Woman"]}, EXPLOITATION, is_group=True)
    for flag, cell in zip(EXPLOITATION, row.cells, strict=True):
        found = table.get(frozenset({("ageBroad", "18--20"), ("gender", "Woman"), (flag, "1")}))
        assert (cell is None) == (found is None)
        assert cell is None or cell.count == found[0]


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({}, ["gender"]),
        ({"gender": ["Woman"]}, ["gender"]),
        ({"gender": []}, ["ageBroad"]),
        ({"gender": ["nobody"]}, ["ageBroad"]),
        ({"nothing": ["1"]}, ["ageBroad"]),
        ({"gender": ["Woman"]}, ["nothing"]),
        ({"gender": ["Woman"], "ageBroad": ["48+"], "isForcedLabour": ["1"]}, [MEANS[0]]),
    ],
)
def test_among_what_is_not_measured_is_none(within, chosen, names):
    assert within.among(chosen, names, is_group=False) is None


def test_pairs_are_counted_once_however_often_and_in_how_many_languages_they_are_asked_for(data, monkeypatch):
    asked = []
    real = Analysis.table
    monkeypatch.setattr(Analysis, "table", lambda self, *names: asked.append(names) or real(self, *names))
    own = Within(load(data.folder))
    assert own.pairs("ageBroad", "gender") is own.pairs("ageBroad", "gender")
    assert asked == [("ageBroad", "gender")]


def test_pairs_are_all_published_ones_the_largest_first(data, within):
    found = within.pairs("ageBroad", "gender")
    table = {
        key: value for key, value in published(data).items() if {name for name, _ in key} == {"ageBroad", "gender"}
    }
    assert len(found) == len(table) > 5
    counts = sorted((count for count, _ in table.values()), reverse=True)
    assert [cell.count for _, _, cell in found] == pytest.approx(counts, abs=0.011)
    own = [table[frozenset({("ageBroad", age), ("gender", gender)})][0] for age, gender, _ in found]
    assert [cell.count for _, _, cell in found] == pytest.approx(own, abs=0.011)
