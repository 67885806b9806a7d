"""The simulation of five years: what the page says of the three ways follows from the plans, and it is shown."""

import math
import re
from xml.etree import ElementTree

import pytest
from benchmarks import years
from benchmarks.years import COHORTS, EVERYBODY, PAGE, PICTURE, SPLIT, WAYS, Year

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small() -> dict[str, list[Year]]:
    found = list(years.simulate(people=300, repeats=2))
    return {way: [one for one in found if one.way == way] for way in WAYS}


def test_every_way_has_a_release_a_year(small: dict[str, list[Year]]) -> None:
    assert all([one.number for one in small[way]] == [1, 2, 3, 4, 5] for way in WAYS)


def test_only_cohorts_and_the_split_budget_keep_the_promise(small: dict[str, list[Year]]) -> None:
    everybody, split, cohorts = ([one.epsilon for one in small[way]] for way in (EVERYBODY, SPLIT, COHORTS))
    assert everybody == sorted(everybody)
    assert everybody[0] <= 4 < everybody[1]
    assert split == sorted(split)
    assert 3.9 < split[-1] <= 4
    assert set(cohorts) == {everybody[0]}


def test_errors_of_cohorts_grow_with_the_root_of_their_number(small: dict[str, list[Year]]) -> None:
    first = small[COHORTS][0].error
    for year in small[COHORTS]:
        assert year.error == pytest.approx(first * math.sqrt(year.number))
        assert year.error <= small[SPLIT][0].error * 1.05
    assert small[EVERYBODY][-1].error == first


@pytest.mark.statistical
def test_realised_errors_are_as_large_as_said(small: dict[str, list[Year]]) -> None:
    """Each is a root mean square over some thousand dependent counts: within a factor of 2 of the median pair's."""
    for way in WAYS:
        for year in small[way]:
            assert 0.5 < year.realised / year.error < 2, (way, year)


def test_the_page_shows_what_the_plans_give(small: dict[str, list[Year]]) -> None:
    """Losses and standard errors depend on no record and no noise, so the page cannot drift from the engine."""
    rows = re.findall(
        r"^\| ([^|]+) \| (\d) \| ([\d.]+) \| ([\d.]+) \| [\d.]+ \|$", PAGE.read_text(), flags=re.MULTILINE
    )
    expected = [
        (one.way, str(one.number), f"{one.epsilon:.2f}", f"{one.error:.1f}") for way in WAYS for one in small[way]
    ]
    assert rows == expected


def test_the_picture_is_the_one_of_the_page_and_readable_on_dark(small: dict[str, list[Year]]) -> None:
    text = PICTURE.read_text()
    assert text == years.picture([one for way in WAYS for one in small[way]])
    assert "prefers-color-scheme: dark" in text
    root = ElementTree.fromstring(text)
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 9, "three ways in two diagrams, and the key"
    assert len({line.get("class") for line in lines}) == 3


def test_figures_replace_only_what_is_between_the_marks() -> None:
    page = "before\n<!-- figures -->\nold\n<!-- end -->\nafter\n"
    assert years.with_figures(page, "new") == page.replace("old", "new")
