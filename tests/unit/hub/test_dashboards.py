"""Pages by theme and by country: the release's numbers, nothing below the threshold, whole in every language."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from protected_twin import EXPLOITATION, FREQUENT, GENDERS, MONTHS, write_protected
from tests.support.linked_profile import PROFILE as LINKED_PROFILE
from tests.support.linked_profile import write_linked_profile
from tests.unit.hub.test_site_build import read

from ctdc.hub.site.alphabet import alphabetical
from ctdc.hub.site.build import build_site
from ctdc.hub.site.cross import Crosses, Question
from ctdc.hub.site.dashboards import Dashboards, place_paths
from ctdc.hub.site.explorer.section import Explorer
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.release.numbers import number, number_range
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.presentation import presentation

pytestmark = pytest.mark.slow

CREATED = datetime(2026, 3, 1, tzinfo=UTC)
TYPES = Question("exploitation", tuple(EXPLOITATION), is_group=True)
GENDER = Question("gender", ("gender",), is_group=False)


@pytest.fixture(scope="module")
def view(site_release: Path) -> SiteRelease:
    return read_release(site_release)


@pytest.fixture(scope="module")
def dashboards(view: SiteRelease) -> Dashboards:
    return Dashboards(view)


def pages(site: Path, paths: list[str]) -> list[Path]:
    return [site / language / path / "index.html" for language in LANGUAGES for path in paths]


def test_there_is_a_page_for_each_theme_and_reported_country_in_every_language(site, dashboards, view):
    paths = dashboards.paths()
    assert [f"themes/{theme.id}/" in paths for theme in presentation().themes] == [True] * 5
    reported = set()
    for entry in view.figures["variables"]:
        if entry["name"] in ("citizenship", "CountryOfExploitation"):
            reported |= {code["code"] for code in entry["codes"] if not code["below_threshold"]}
    assert {path for path in paths if re.fullmatch(r"countries/.+/", path)} == {
        f"countries/{code.lower()}/" for code in reported
    }
    for page in pages(site, paths):
        text = page.read_text()
        assert text.count("<h1>") == 1, page
        assert not re.search(r"\bdash\.\w+|\{\w+\}", text), page


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("ar", "أشكال الاستغلال بحسب النوع الاجتماعي"),
        ("de", "Formen der Ausbeutung nach „Geschlecht“"),
        ("en", "Types of exploitation by gender"),
        ("es", "Formas de explotación por género"),
        ("fr", "Formes d'exploitation par genre"),
    ],
)
def test_a_title_reads_as_a_phrase(view, dashboards, language, title):
    table = Crosses(view, dashboards.within, language, SITE_TEXTS).table(TYPES, GENDER)
    assert table.title == title


def test_every_link_leads_somewhere_and_nothing_is_inline(site, dashboards):
    for page in pages(site, dashboards.paths()):
        links = read(page)
        assert not links.inline
        for address in links.followed:
            if not address.startswith(("#", "https://")):
                assert (site / address.partition("?")[0].lstrip("/") / "index.html").is_file(), address


def test_identifiers_are_used_once_on_a_page(site, dashboards):
    for page in pages(site, dashboards.paths()):
        found = re.findall(r' id="([^"]+)"', page.read_text())
        assert len(found) == len(set(found)), page


@pytest.mark.parametrize("language", LANGUAGES)
def test_cross_table_has_the_numbers_of_the_aggregates(view, dashboards, language):
    aggregates = dashboards.within._analysis.data.combinations("gender", "isForcedLabour")
    rows = {row["gender"]: row for row in aggregates.iter_rows(named=True)}
    codes = next(entry["codes"] for entry in view.figures["variables"] if entry["name"] == "gender")
    reported = {code["code"] for code in codes if not code["below_threshold"]}
    table = Crosses(view, dashboards.within, language, SITE_TEXTS).table(TYPES, GENDER)
    genders = [code.code for code in view.words["gender"].codes]
    assert table.columns == tuple(view.code_label("gender", code, language) for code in genders)
    _, cells = table.rows[0]
    for gender, cell in zip(genders, cells, strict=True):
        # A part of what is itself too few to say is not shown, even where noise lifts it over the threshold.
        assert cell.people.few == (gender not in rows or gender not in reported)
        if not cell.people.few:
            row = rows[gender]
            assert cell.people.text == number(language, row["count"])
            assert cell.people.interval == number_range(language, row["low95"], row["high95"])
            assert cell.share.low <= cell.share.length <= cell.share.high


def test_what_is_not_published_has_neither_bar_nor_number(view, dashboards):
    crosses = Crosses(view, dashboards.within, "en", SITE_TEXTS)
    question = Question("ageBroad", ("ageBroad",), is_group=False)
    table = crosses.table(question, GENDER)
    few = [cell for _, cells in table.rows for cell in cells if cell.people.few]
    assert few
    assert all(cell.share.few and cell.share.length == 0 and cell.people.interval == "" for cell in few)
    assert {cell.people.text for cell in few} == {"too few to say"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_that_add_up_to_more_than_all_are_said_to(view, dashboards, language):
    crosses = Crosses(view, dashboards.within, language, SITE_TEXTS)
    row = dashboards.within.codes(("isForcedLabour", "1"), "gender")
    said = SITE_TEXTS.text(language, "dash.over")
    for is_over in (True, False):
        chart = crosses.bars_of(replace(row, is_over=is_over), GENDER, "bars")
        assert (said in chart.notes) == is_over


def test_the_most_frequent_are_said_to_be_only_where_there_are_more(view, dashboards):
    crosses = Crosses(view, dashboards.within, "en", SITE_TEXTS)
    origin = Question("citizenship", ("citizenship",), is_group=False)
    rows = [crosses.row(("CountryOfExploitation", place.code), origin) for place in dashboards.places]
    rows.append(crosses.row(("gender", "Woman"), origin))
    found = set()
    for row in rows:
        reported = sum(cell is not None for cell in row.cells)
        chart = crosses.bars_of(row, origin, "bars")
        if chart:
            said = [note for note in chart.notes if "most frequent" in note]
            assert bool(said) == (len(chart.bars) < reported)
            found.add(bool(said))
    assert found == {True, False}


def test_years_stand_in_rows_and_the_latest_are_marked(view, dashboards):
    year = Question("yearOfRegistration", ("yearOfRegistration",), is_group=False)
    table = Crosses(view, dashboards.within, "en", SITE_TEXTS).table(GENDER, year)
    labels = [label for label, _ in table.rows]
    assert table.sideways
    assert ["incomplete" in label for label in labels][-3:] == [False, True, True]
    assert labels == sorted(labels)
    assert any("does not mean less trafficking" in note for note in table.notes)


def test_a_country_s_page_has_its_numbers_and_those_of_its_pairs(site, dashboards, view):
    place = max(
        (place for place in dashboards.places if place.people["CountryOfExploitation"]),
        key=lambda place: place.people["CountryOfExploitation"]["count"],
    )
    page = (site / "en/countries" / place.path / "index.html").read_text()
    entry = place.people["CountryOfExploitation"]
    assert f"People exploited here: {number('en', entry['count'])} " in page
    pairs = dashboards.within._analysis.data.combinations("gender", "CountryOfExploitation")
    for row in pairs.iter_rows(named=True):
        if row["CountryOfExploitation"] == place.code:
            assert f"<bdi>{number('en', row['count'])}</bdi>" in page
    assert 'id="place-citizenship"' in page
    assert 'id="place-exploitation"' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_country_s_page_leads_to_the_explorer_with_that_country_chosen(site, dashboards, view, language):
    addresses = Explorer(view).explored(language).addresses
    for place in dashboards.places:
        if place.is_reported:
            page = site / language / "countries" / place.path / "index.html"
            start = f"/{language}/explorer/?"
            found = [f"?{one.removeprefix(start)}" for one in read(page).followed if one.startswith(start)]
            queries = [query.partition("#")[0] for query in found]
            roles = [role for role in dashboards.roles if place.people[role]]
            whole = [query for query, link in zip(queries, found, strict=True) if query == link]
            assert [addresses.read(query[1:])[0].filters for query in whole] == [
                {role: (place.code,)} for role in roles
            ]
            assert all(addresses.read(query[1:])[1] for query in queries)
            assert [addresses.write(addresses.read(query[1:])[0]) for query in queries] == queries


def test_a_chart_of_a_country_leads_to_the_same_chart(dashboards, view):
    """To its own page or to the explorer, which shows that chart alone, with the same numbers of people."""
    explored = Explorer(view).explored("en")
    compared = 0
    for page in dashboards.pages("en"):
        for part in page.context.get("parts", ()) if page.template == "country.html.j2" else ():
            for chart, link in part["charts"]:
                if link.address.startswith("/en/charts/"):
                    continue
                query, _, topic = link.address.removeprefix("/en/explorer/?").partition("#")
                asked, understood = explored.addresses.read(query)
                assert (understood, asked.show) == (True, (topic,))
                own = next(one for one in explored.topics if one.id == topic)
                there = {line.choice.label: line.people.text for line in explored.chart(own, asked).lines}
                said = {bar.label: bar.people.text for bar in chart.bars}
                assert {label: there[label] for label in said if label in there} == said
                compared += len(said)
    assert compared > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_index_is_alphabetical_and_names_the_rest_without_numbers(site, dashboards, view, language):
    page = (site / language / "countries/index.html").read_text()
    names = re.findall(r'<th scope="row" role="rowheader"><a href="[^"]+">([^<]+)</a>', page)
    few = re.findall(r"<li>([^<]+)</li>", page.partition('class="names"')[2])
    names, few = [unescape(name) for name in names], [unescape(name) for name in few]
    assert names and few
    for found in (names, few):
        assert [alphabetical(name) for name in found] == sorted(alphabetical(name) for name in found)
    assert len(names) + len(few) == len(dashboards.places)
    assert not [name for name in few if re.search(r"\d", name)]


def test_the_alphabet_of_each_language():
    assert sorted(["Ägypten", "Zypern", "Afghanistan", "Albanien"], key=alphabetical) == [
        "Afghanistan", "Ägypten", "Albanien", "Zypern",
    ]  # fmt: skip
    assert sorted(["Ñandú", "Oro", "Nube", "Níger"], key=alphabetical) == ["Níger", "Nube", "Ñandú", "Oro"]
    assert sorted(["بلجيكا", "ألمانيا", "الأردن"], key=alphabetical)[-1] == "بلجيكا"


def test_addresses_of_countries_are_plain_and_different():
    paths = place_paths(["../x", "ITA", "ita", "a b", "ZWE"])
    assert paths["ITA"] == "ita"
    assert len(set(paths.values())) == 5
    assert all(re.fullmatch(r"[a-z0-9-]+", path) for path in paths.values())


def built(folder: Path, info: ReleaseInfo, **options: object) -> tuple[Path, Dashboards]:
    release = build(write_protected(folder / "p", **options), folder / "store", info, None, CREATED)
    return build_site(release, folder / "site"), Dashboards(read_release(release))


def test_a_release_without_these_variables_has_no_such_pages(tmp_path):
    site, dashboards = built(tmp_path, ReleaseInfo("other", simulated=True), rows=400, codes={"traffickMonths": MONTHS})
    assert [theme.id for theme in dashboards.themes] == ["exploitation"]
    assert not (site / "en/countries").exists()
    assert "/en/countries/" not in (site / "en/index.html").read_text()


def test_single_counts_only_make_no_cross_tables(tmp_path):
    codes = {"gender": GENDERS, "CountryOfExploitation": sorted(FREQUENT.split())}
    site, dashboards = built(tmp_path, ReleaseInfo("other", simulated=True), rows=900, codes=codes, length=1)
    assert dashboards.paths()
    for path in dashboards.paths():
        assert 'class="cross even' not in (site / "en" / path / "index.html").read_text()


def test_linked_tables_have_the_pages_of_their_people(tmp_path):
    info = ReleaseInfo("pairs", simulated=True, profile=LINKED_PROFILE)
    release = build(write_linked_profile(tmp_path), tmp_path / "store", info, None, CREATED)
    site = build_site(release, tmp_path / "site")
    dashboards = Dashboards(read_release(release))
    assert dashboards.themes
    assert all(page.is_file() for page in pages(site, dashboards.paths()))
    figures = json.loads((release / "data/figures.json").read_text())
    assert figures["linked"]["variables"]
