"""Questions to a release of linked tables: people and linked rows apart, each with the error of its published count."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.support.linked import some_households
from tests.support.linked_release import CREATED, HOUSEHOLDS, INFO, write_households

import ctdc
from ctdc.foundation.errors import UserError
from ctdc.release.analysis import Analysis
from ctdc.release.build import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_households(tmp_path_factory.mktemp("asked"))


@pytest.fixture(scope="module")
def release(folder: Path) -> Analysis:
    return ctdc.load(build(folder, folder.parent / "store", INFO, None, CREATED))


def truth() -> pl.DataFrame:
    """The members with what is known of their household."""
    table = some_households(HOUSEHOLDS)
    links = np.bincount(table.owner, minlength=HOUSEHOLDS)
    rows = pl.DataFrame(table.linked.to_arrow()).with_columns(owner=pl.Series(table.owner))
    people = pl.DataFrame(table.main.to_arrow()).with_columns(members=pl.Series(links)).with_row_index("owner")
    return rows.join(people.cast({"owner": pl.Int64}), on="owner")


def test_people_are_counted_as_before(release):
    assert release.variables == ("members", "area", "flag")
    published = release.data.combinations("members", "area").row(0, named=True)
    answer = release.estimate(members=published["members"], area=published["area"])
    assert answer.unit == "people"
    assert answer.value == pytest.approx(published["count"], abs=0.006)
    assert answer.standard_error == pytest.approx(published["standard_error"], abs=1e-4)


def test_linked_rows_are_counted_as_published(release):
    linked = release.linked
    assert linked.variables == ("members", "area", "flag", "linked.age", "linked.works")
    total = linked.estimate()
    assert (total.unit, total.kind) == ("linked rows", "count")
    stated = linked.data.facts["count"]
    assert total.value == pytest.approx(stated["count"], abs=0.006)
    assert total.standard_error == pytest.approx(stated["standard_error"], abs=1e-4)
    for part in (linked.data.linked, linked.data.across):
        names = part.schema.names
        rows = part.wide.filter(pl.col("length") > 0)
        assert rows.height > 3
        for row in rows.iter_rows(named=True):
            found = linked.estimate({name: row[name] for name in names if row[name] is not None})
            assert found.value == pytest.approx(row["count"], abs=0.006)
            assert found.standard_error == pytest.approx(row["standard_error"], abs=1e-4)
            assert found.too_few == row["below_threshold"]


def test_counts_of_rows_are_near_the_truth_where_nothing_was_cut(release):
    known = truth().filter(pl.col("members") == 2, pl.col("area") == "north", pl.col("age") == "old")
    found = release.linked.estimate(members="2", area="north", age="old")
    assert found.standard_error < 25
    assert found.value == pytest.approx(known.height, abs=5 * found.standard_error)


def test_a_share_of_rows_is_of_those_that_are_known(release):
    linked = release.linked
    share = linked.share({"age": "old"}, among={"area": "west"})
    part = linked.estimate(age="old", area="west")
    whole = linked.estimate({"linked.age": release.known}, area="west")
    assert share.unit == "share"
    assert share.value == pytest.approx(part.value / whole.value)
    assert share.low < share.value < share.high
    everybody = linked.share({"works": "1"}, of="all")
    assert everybody.value == pytest.approx(linked.estimate(works="1").value / linked.estimate().value)


def test_rows_can_be_compared_with_rows_only(release):
    linked = release.linked
    old, young = linked.estimate(age="old"), linked.estimate(age="young")
    difference = linked.difference(old, young)
    assert difference.value == pytest.approx(old.value - young.value)
    assert difference.unit == "linked rows"
    assert linked.ratio(old, young).value == pytest.approx(old.value / young.value)
    with pytest.raises(UserError) as caught:
        release.difference(release.estimate(), linked.estimate())
    assert caught.value.detail.code == "analysis.compare"


def test_the_level_is_shared(release):
    wide = release.at(confidence=0.999).linked.estimate(age="old")
    narrow = release.linked.at(confidence=0.5).estimate(age="old")
    assert wide.high - wide.low > narrow.high - narrow.low > 0


def test_what_was_not_counted_together_is_an_error(release):
    with pytest.raises(UserError) as caught:
        release.linked.estimate(area="north", flag="1", age="old", works="1")
    assert caught.value.detail.code == "analysis.not_counted"


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"nothing": "1"}, "analysis.unknown_variable"),
        ({"age": "ancient"}, "analysis.unknown_code"),
        ({"linked.area": "north"}, "analysis.unknown_variable"),
    ],
)
def test_misspelt_questions_are_answered_by_what_exists(release, question, code):
    with pytest.raises(UserError) as caught:
        release.linked.estimate(question)
    assert caught.value.detail.code == code


def test_a_flag_of_no_group_has_no_denominator_of_its_own(release):
    with pytest.raises(UserError) as caught:
        release.linked.share({"works": "1"})
    assert caught.value.detail.code == "analysis.denominator"


def test_the_tables_are_at_hand(release):
    people, rows = release.linked.people, release.linked.rows
    assert rows.columns == ["id", "age", "works"]
    assert set(rows["id"]) <= set(people["id"])
    assert release.linked.codes("age") == ("young", "old", "very old")


def test_a_protected_folder_is_opened_too(folder, release):
    opened = ctdc.load(folder)
    assert opened.linked.estimate(age="old") == release.linked.estimate(age="old")


def test_one_table_has_no_linked_rows(release):
    with pytest.raises(UserError) as caught:
        _ = replace(release, links=None).linked
    assert caught.value.detail.code == "analysis.one_table"
