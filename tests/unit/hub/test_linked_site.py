"""Pages of linked tables: whole, with the files of both, and never a linked row called a person."""

import json
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from tests.support.linked_profile import PROFILE, write_linked_profile
from tests.support.linked_release import CREATED, write_linked_release
from tests.unit.hub.test_site_build import pages, read

import ctdc
from ctdc.hub.site.build import build_site
from ctdc.hub.site.charts import Charts
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.stories.numbers import Numbers
from ctdc.hub.site.stories.prose import STORY_TEXTS
from ctdc.hub.site.stories.section import Stories
from ctdc.hub.site.stories.source import Bound, read_stories
from ctdc.hub.site.view import read_release
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.release.numbers import number
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.loader import load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    info = ReleaseInfo("pairs", simulated=True, profile=PROFILE)
    return build(write_linked_profile(folder), folder / "store", info, None, CREATED)


@pytest.fixture(scope="module")
def pairs_site(tmp_path_factory: pytest.TempPathFactory, pairs: Path) -> Path:
    return build_site(pairs, tmp_path_factory.mktemp("pairs-site") / "site")


@pytest.fixture(scope="module")
def households_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("households-site")
    return build_site(write_linked_release(folder), folder / "site")


def test_every_link_leads_somewhere(pairs_site, households_site):
    for site in (pairs_site, households_site):
        for path in pages(site):
            text = path.read_text()
            for address in read(path).followed:
                if address.startswith("#"):
                    assert text.count(f'id="{address[1:]}"') == 1, address
                elif not address.startswith("https://"):
                    target = site / address.partition("?")[0].lstrip("/")
                    assert target.is_file() or (target / "index.html").is_file(), address


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_data_file_is_offered_with_what_it_counts(pairs, pairs_site, language):
    page = (pairs_site / language / "data/index.html").read_text()
    for entry in json.loads((pairs / "manifest.json").read_text())["files"]:
        if entry["path"].startswith("data/"):
            assert f"/{entry['path']}" in page
    for name in ("victims", "perpetrators", "flattened", "linked_aggregates", "across_aggregates"):
        assert f"data/{name}.csv" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overview_has_a_part_for_linked_rows(pairs, pairs_site, language):
    page = (pairs_site / language / "index.html").read_text()
    figures = json.loads((pairs / "data/figures.json").read_text())["linked"]
    assert f'<h2 id="linked">{load().entities["perpetrator"].labels[language]}</h2>' in page
    assert number(language, figures["total"]["count"]) in page
    for chart in ("variable-numberOfPerpetrators", "linked-group-perpetrator_role", "linked-variable-IP_Gender"):
        assert page.count(f'id="{chart}"') == 1


def test_charts_of_linked_rows_say_rows_and_those_of_people_say_people(pairs):
    view = read_release(pairs)
    rows = Charts(view.linked, "en", SITE_TEXTS, of_rows=True)
    notes = [note for chart in (*rows.groups(), *rows.variables()) for note in chart.notes]
    assert notes
    assert not [note for note in notes if "people" in note]
    people = Charts(view, "en", SITE_TEXTS)
    assert [note for note in people.links().notes if "people" in note]
    assert not [note for chart in people.variables() for note in chart.notes if "linked" in note]


def test_roles_that_a_people_s_chart_has_are_not_sought_among_linked_rows(pairs):
    rows = Charts(read_release(pairs).linked, "en", SITE_TEXTS, of_rows=True)
    assert rows.time() is rows.pyramid() is rows.corridors() is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_book_keeps_both_tables_apart(households_site, language):
    page = (households_site / language / "codebook/index.html").read_text()
    for anchor in ("households", "household_members", "members", "linked.age", "linked.works"):
        assert page.count(f'id="{anchor}"') == 1


def test_one_table_has_no_such_part(site):
    page = (site / "en/index.html").read_text()
    assert 'id="linked"' not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_linked_rows_have_a_page_of_their_own_with_every_chart_of_them(pairs, pairs_site, language):
    view = read_release(pairs)
    page = (pairs_site / language / "linked/index.html").read_text()
    rows = Charts(view.linked, language, SITE_TEXTS, of_rows=True)
    for chart in (Charts(view, language, SITE_TEXTS).links(), *rows.groups(), *rows.variables()):
        assert page.count(f'id="{chart.id}"') == 1
        assert f'href="/{language}/charts/{chart.id}/"' in page
    total = view.linked.figures["total"]["count"]
    assert number(language, total) in page and SITE_TEXTS.text(language, "rows.people") in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_explorer_says_where_linked_rows_are_counted(pairs, pairs_site, language):
    page = (pairs_site / language / "explorer/index.html").read_text()
    assert f'<a href="/{language}/linked/">{load().entities["perpetrator"].labels[language]}</a>' in page
    assert f"/api/v1/releases/{pairs.name}/linked/counts" in page


# ---- the story of perpetrators --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(pairs):
    return next(told for told in Stories(read_release(pairs)).told if told.story.slug == "perpetrators")


def test_numbers_of_linked_rows_in_a_story_are_those_that_analysts_get(told, pairs):
    rows = ctdc.load(pairs).linked
    exact = {
        "rows": rows.estimate(),
        "men": rows.share({"IP_Gender": "Male"}),
        "family": rows.share({"IP_Relation": "FamilyIntimatePartner"}),
        "men_of_women": rows.share({"IP_Gender": "Male"}, among={"gender": "Female"}),
    }
    for name, answer in exact.items():
        value = told.values[name]
        assert (value.value, value.low, value.high) == pytest.approx((answer.value, answer.low, answer.high), abs=0.01)
    people = ctdc.load(pairs).share({"numberOfPerpetrators": ["2", "3", "4+"]})
    assert told.values["several"].value == pytest.approx(people.value, abs=0.005)
    gap = rows.difference(rows.share({"IP_Gender": "Male"}), rows.share({"IP_Gender": "Female"}))
    found = told.values["sex_gap"]
    assert found.high - found.low == pytest.approx(gap.high - gap.low, abs=1e-9)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_of_perpetrators_is_told_where_they_are_on_record(pairs_site, households_site, language):
    page = (pairs_site / language / "stories/perpetrators/index.html").read_text()
    assert STORY_TEXTS.text(language, "stories.note.rows") in unescape(page)
    assert SITE_TEXTS.text(language, "rows.people") in page
    assert f'href="/{language}/charts/linked-variable-IP_Gender/"' in page
    assert "explorer/?IP_" not in page  # the explorer counts people
    assert not (households_site / language / "stories/perpetrators").exists()


def test_what_was_not_counted_together_is_left_out_of_the_story(pairs):
    view = read_release(pairs)
    terms, _ = read_stories()
    numbers = Numbers(view, terms)
    given = {"part": "perpetrators_men", "among": "several_perpetrators"}
    together = numbers.value(Bound("one", "share", given, "latest", of_rows=True), {}, {})
    assert together.there  # the number of rows goes with any of them
    alone = replace(view, vocabulary=replace(view.vocabulary, linked=None))
    assert Numbers(alone, terms).value(Bound("one", "share", given, "latest", of_rows=True), {}, {}).absent
