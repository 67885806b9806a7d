"""Cross tables of a release: its published numbers, shares by the code book's rule, and nothing below the threshold."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.support.protected_twin import EXPLOITATION, FLAGS, GENDERS, MEANS, invented_people, write_protected

from ctdc.release.analysis import load
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
                assert (cell.count, found[1]) == (found[0], False)
                shown += 1
    assert shown > 10


def test_flags_are_those_of_the_aggregates(data, within):
    table = published(data)
    for gender in GENDERS[:2]:
        for flag, cell in zip(EXPLOITATION, within.flags(("gender", gender), EXPLOITATION).cells, strict=True):
            assert cell.count == table[frozenset({("gender", gender), (flag, "1")})][0]


def test_a_row_whose_denominator_was_measured_needs_no_records(within, data):
    """Number and interval of each share are those that the release gives an analyst who asks for it."""
    row = within.codes(("gender", "Woman"), "ageBroad")
    analysis = load(data.folder)
    known = analysis.answered("ageBroad", among={"gender": "Woman"})
    assert (row.source, row.known, row.low, row.high) == (COUNTED, known.value, known.low, known.high)
    for age, cell in zip(data.schema["ageBroad"].codes, row.cells, strict=True):
        share = analysis.share({"ageBroad": age}, among={"gender": "Woman"})
        assert cell.share == Part(share.value, share.low, share.high)


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
