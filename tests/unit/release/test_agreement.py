"""What one release says of its countries and years agrees: on pages, in figures, and for a reader who counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.invented_release import write_release

from ctdc.release.analysis import load
from ctdc.release.counting import Counter, open_counter
from ctdc.release.figures import ORIGIN, PLACE, YEAR, compute_figures
from ctdc.release.figures_check import figures_follow
from ctdc.release.manifest import read_manifest
from ctdc.release.verify import CODEBOOK, read_released
from ctdc.release.vocabulary import read_vocabulary
from ctdc.release.within import Row, Within

pytestmark = pytest.mark.slow

ROUNDING = 0.006  # people: numbers are published with two decimals


@pytest.fixture(scope="module")
def counter(release: Path) -> Counter:
    return open_counter(release)


@pytest.fixture(scope="module")
def rows(release: Path) -> list[tuple[str, str, str, Row]]:
    """Every row of a country's or year's page: variable, code, question, row."""
    analysis = load(release)
    within, found = Within(analysis), []
    names = [name for names in (PLACE, ORIGIN, YEAR) for name in names if name in analysis.variables]
    grouped = {flag for flags in analysis.groups.values() for flag in flags}
    asked = [name for name in analysis.variables if name not in grouped and len(analysis.codes(name)) > 1]
    for name in names:
        for code in analysis.codes(name):
            found += [(name, code, one, within.codes((name, code), one)) for one in asked if one != name]
            found += [(name, code, one, within.flags((name, code), flags)) for one, flags in analysis.groups.items()]
    return [one for one in found if not one[3].is_empty]


def test_of_every_country_and_year_no_more_have_an_answer_than_there_are(
    counter: Counter, rows: list[tuple[str, str, str, Row]]
) -> None:
    assert len({name for name, *_ in rows}) > 1
    everybody = 0
    for name, code, _, row in rows:
        people = counter.total({name: code})
        assert row.known <= people.value + 1e-9
        assert row.low <= row.known <= row.high
        assert all(cell.count <= row.known + ROUNDING for cell in row.cells if cell)
        everybody += row.known == pytest.approx(people.value)
    assert everybody > 0  # else nothing had to be moved, and this test would test nothing


def test_of_every_country_and_year_shares_of_one_question_are_at_most_all(
    rows: list[tuple[str, str, str, Row]], counter: Counter
) -> None:
    single = [row for _, _, asked, row in rows if asked in counter.variables]
    sums = [sum(cell.share.share for cell in row.cells if cell and cell.share) for row in single]
    assert max(sums) <= 1 + 1e-9
    assert max(sums) > 0.9


def test_pages_and_counts_say_the_same(rows: list[tuple[str, str, str, Row]], counter: Counter) -> None:
    for name, code, asked, row in rows:
        if asked not in counter.variables:
            continue
        told = counter.count({name: code}, [asked])
        assert told.whole is not None
        assert (row.known, row.low, row.high) == pytest.approx((told.whole.value, told.whole.low, told.whole.high))
        for place, cell in enumerate(row.cells):
            if cell and cell.share:
                assert cell.count == pytest.approx(told.count[place], abs=ROUNDING)
                assert cell.share.share == pytest.approx(told.shares.share[place])


def test_an_answer_to_a_filter_is_that_of_the_row(counter: Counter) -> None:
    """However a question is put: two codes at once, or one among the people of the other."""
    names = [next(name for name in role if name in counter.variables) for role in (ORIGIN, YEAR)]
    checked = 0
    for code in counter.analysis.codes(names[1]):
        told = counter.count({names[1]: code}, [names[0]])
        for place in np.flatnonzero(~told.too_few):
            total = counter.total({names[1]: code, names[0]: told.codes[place][0]})
            assert total.value == pytest.approx(told.count[place])
            checked += 1
    assert checked > 0


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release whose group of forms of exploitation nearly everybody has an answer in."""
    return write_release(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def content(other: Path) -> Any:
    return read_released(other, read_manifest(other)[1]), read_vocabulary(other / CODEBOOK)


def test_figures_of_all_people_agree(content: Any) -> None:
    figures = compute_figures(*content)
    for entry in figures["variables"]:
        assert entry["known"]["count"] <= figures["total"]["count"]
        shares = [code["share"]["share"] for code in entry["codes"] if code["share"]]
        assert sum(shares) <= 1 + 1e-6 * len(shares)
    for group in figures["groups"]:
        counts = [member["count"] for member in group["members"] if not member["below_threshold"]]
        assert max(counts, default=0.0) <= group["denominator"]["count"] <= figures["total"]["count"]
        for member in group["members"]:
            share = member["share"]
            assert share is None or share["low95"] <= share["share"] <= share["high95"]


def test_figures_and_counts_say_the_same(content: Any, other: Path) -> None:
    counter = open_counter(other)
    for entry in compute_figures(*content)["variables"]:
        told = counter.count({}, [entry["name"]])
        if told.whole is None or told.whole.source != "counts" or entry["codes"][0]["share"] is None:
            continue
        if len(entry["codes"]) > 1:
            assert entry["known"]["count"] == pytest.approx(told.whole.value, abs=0.01)
        for place, code in enumerate(entry["codes"]):
            if code["share"] and not told.share_too_few[place]:
                assert code["share"]["share"] == pytest.approx(told.shares.share[place], abs=1e-4)


def test_a_release_from_before_verifies_as_it_did(content: Any) -> None:
    before = compute_figures(*content, agree=False)
    assert before != compute_figures(*content)
    assert figures_follow(before, *content)
    before["total"]["count"] += 1
    assert not figures_follow(before, *content)
