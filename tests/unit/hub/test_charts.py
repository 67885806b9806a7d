"""Charts as values: what is drawn is what the release says."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.hub.site.alphabet import alphabetical
from ctdc.hub.site.charts import LATE_YEARS, Charts, axis_end, strip_common_start
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.numbers import number
from ctdc.standard.languages import LANGUAGES


@pytest.fixture(scope="module")
def view(site_release) -> SiteRelease:
    return read_release(site_release)


@given(st.floats(1e-6, 1e9))
def test_axis_holds_the_largest_value_and_wastes_less_than_half(largest):
    end = axis_end([largest, 0])
    assert largest <= end <= 2.0000001 * largest


def test_incomplete_years_are_called_so_in_bars_too(view: SiteRelease) -> None:
    chart = Charts(view, "en", SITE_TEXTS).variable("yearOfRegistration")
    late = [bar.label for bar in chart.bars if bar.late]
    assert len(late) == LATE_YEARS
    assert [bar.label for bar in chart.bars if bar.label.endswith(" (incomplete)")] == late
    time = Charts(view, "en", SITE_TEXTS).time()
    assert time is not None
    assert [f"{column.label} (incomplete)" for column in time.columns if column.late] == late
    assert SITE_TEXTS.text("en", "dash.time.incomplete") in chart.notes


def test_axis_of_nothing():
    assert axis_end([]) == 1.0


def test_common_start_is_left_out():
    assert strip_common_start(["Recruiter: friend", "Recruiter: family"]) == ["Friend", "Family"]
    assert strip_common_start(["Recruteur : ami", "Recruteur : famille"]) == ["Ami", "Famille"]
    assert strip_common_start(["A: x", "B: y"]) == ["A: x", "B: y"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_bars_are_proportional_and_carry_their_numbers(view, language):
    charts = Charts(view, language, SITE_TEXTS)
    figures = {group["id"]: group for group in view.figures["groups"]}
    for chart in charts.groups():
        members = figures[chart.id.removeprefix("group-")]["members"]
        shares = sorted((member["share"]["share"] for member in members if member["share"]), reverse=True)
        lengths = [bar.mark.length for bar in chart.bars if not bar.mark.few]
        assert lengths == pytest.approx([length * lengths[0] / shares[0] for length in shares], rel=1e-6)
        for bar in chart.bars:
            assert bar.mark.few or bar.mark.low <= bar.mark.length <= bar.mark.high


def test_time_keeps_the_order_and_marks_the_latest_years(view):
    chart = Charts(view, "en", SITE_TEXTS).time()
    assert [column.label for column in chart.columns] == sorted(column.label for column in chart.columns)
    assert [column.late for column in chart.columns][-3:] == [False, True, True]


def test_too_few_has_neither_bar_nor_number(view):
    pyramid = Charts(view, "en", SITE_TEXTS).pyramid()
    few = [mark for row in pyramid.rows for mark in (row.left, row.right, *row.others) if mark.few]
    assert few
    assert all(mark.length == 0 and mark.interval == "" and mark.text == "too few to say" for mark in few)


def test_corridors_name_both_countries_or_one(view):
    chart = Charts(view, "en", SITE_TEXTS).corridors()
    pair = next(pair for pair in view.figures["pairs"] if pair["variables"][0] == "citizenship")
    for bar, cell in zip(chart.bars, pair["cells"], strict=False):
        assert bar.label.startswith("Within ") == (cell["codes"][0] == cell["codes"][1])
        assert bar.mark.text == number("en", cell["count"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_below_the_threshold_stands_by_its_name_whatever_its_number(view, language):
    """The order of numbers that are not shown would show which is larger."""
    for sign in (1, -1):
        group = dict(view.figures["groups"][0])
        group["members"] = [
            {**member, "share": None, "below_threshold": True, "count": sign * float(place)}
            for place, member in enumerate(group["members"])
        ]
        entry = dict(next(one for one in view.figures["variables"] if one["name"] == "ageBroad"))
        entry["codes"] = [
            {**code, "below_threshold": True, "count": sign * float(place)} for place, code in enumerate(entry["codes"])
        ]
        silent = replace(view, figures={**view.figures, "groups": [group], "variables": [entry]})
        charts = Charts(silent, language, SITE_TEXTS)
        for labels in (
            [bar.label for bar in charts.group(group["id"]).bars],
            [row.label for row in charts.map("ageBroad", is_own=False).rows],
        ):
            assert labels == sorted(labels, key=alphabetical)
            assert len(labels) > 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_countries_are_not_ranked_without_a_word_on_who_reports(view, language):
    charts, said = Charts(view, language, SITE_TEXTS), SITE_TEXTS.text(language, "chart.coverage")
    ranked = charts.countries()
    assert len(ranked) == 2
    assert all(chart.notes[-1] == said for chart in ranked)
    assert said not in charts.variable("gender").notes
