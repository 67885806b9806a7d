"""Charts as values: each format has the release's figures, draws them to scale, and is the same every time."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from python_calamine import CalamineWorkbook
from tests.support.charts import overview_charts

from ctdc.foundation.hashing import hash_bytes
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.kit.book import ChartBook
from ctdc.hub.site.kit.files import ENDINGS, chart_files
from ctdc.hub.site.kit.spec import ChartSpec
from ctdc.hub.site.kit.svg import INNER, MARGIN, WIDTH, to_svg
from ctdc.hub.site.kit.tables import COLUMNS, about_lines, to_csv, to_json, to_xlsx
from ctdc.hub.site.kit.value import Chart, safe_name
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.numbers import number
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "<script>alert(1)</script>", 'a;b,"c"', "\x01&")


@pytest.fixture(scope="module")
def view(site_release) -> SiteRelease:
    return read_release(site_release)


def charts(view: SiteRelease, language: str = "en") -> dict[str, Chart]:
    return {made.chart.id: made.chart for made in overview_charts(view, language)}


def figures_of(view: SiteRelease) -> dict[tuple[tuple[str, str], ...], dict]:
    """The release's figures by the variables and codes that they count."""
    known = {}
    for variable in view.figures["variables"]:
        known |= {((variable["name"], code["code"]),): code for code in variable["codes"]}
    for pair in view.figures["pairs"]:
        known |= {tuple(zip(pair["variables"], cell["codes"], strict=True)): cell for cell in pair["cells"]}
    for group in view.figures["groups"]:
        known |= {((member["variable"], "1"),): member for member in group["members"]}
    return known


def csv_rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def xlsx_rows(data: bytes) -> list[list]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()[1:]


def numbers(entry: dict | None) -> tuple[list[float | None], list[float | None]]:
    """Share and count of a figure with the ends of their intervals, None where the release shows none."""
    if entry is None or entry["below_threshold"]:
        return [None] * 3, [None] * 3
    share, ends = entry.get("share"), ("low95", "high95")
    shares = [share["share"], *(share[end] for end in ends)] if share else [None] * 3
    return shares, [entry["count"], *(entry[end] for end in ends)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_format_has_the_figures_of_the_release(view, language):
    known, seen = figures_of(view), 0
    for chart in charts(view, language).values():
        document = json.loads(to_json(chart))
        for row, of_csv, of_xlsx in zip(
            document["rows"], csv_rows(to_csv(chart)), xlsx_rows(to_xlsx(chart)), strict=True
        ):
            of = tuple((pair["variable"], pair["code"]) for pair in row["of"])
            share, count = numbers(known.get(of))
            share = share if row["share"] or chart.unit == "share" else [None] * 3
            wanted = [*share, *count]
            quantities = (row["share"] or {}, row["count"] or {})
            of_json = [part.get(key) for part in quantities for key in ("value", "low95", "high95")]
            assert of_json == wanted
            assert [float(of_csv[name]) if of_csv[name] else None for name in COLUMNS[6:12]] == wanted
            assert [None if cell == "" else cell for cell in of_xlsx[6:12]] == wanted
            assert of_csv["too_few"] == str(count[0] is None).lower() == str(row["too_few"]).lower()
            seen += count[0] is not None
    assert seen > 50


@pytest.mark.parametrize("language", ["en", "ar"])
def test_bars_are_in_proportion_and_whiskers_end_where_intervals_end(view, language):
    for chart in charts(view, language).values():
        if chart.kind != "bars":
            continue
        root = ElementTree.fromstring(to_svg(chart))
        said = [quantity for row in chart.rows if (quantity := chart.drawn(row))]
        bars = root.findall(f"{SVG}rect[@class='bar']")
        whiskers = root.findall(f"{SVG}line[@class='whisker']")
        assert len(bars) == len(whiskers) == len(said)
        for bar, whisker, quantity in zip(bars, whiskers, said, strict=True):
            assert float(bar.get("width")) == pytest.approx(INNER * chart.part(quantity.value), abs=1e-3)
            start = float(bar.get("x")) + (float(bar.get("width")) if language == "ar" else 0)
            assert start == pytest.approx(WIDTH - MARGIN if language == "ar" else MARGIN, abs=1e-3)
            ends = [abs(float(whisker.get(end)) - start) for end in ("x1", "x2")]
            wanted = [INNER * chart.part(end) for end in (quantity.low, quantity.high)]
            assert ends == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_columns_run_from_the_left_and_stand_on_one_line(view, language):
    chart = charts(view, language)["time"]
    bars = ElementTree.fromstring(to_svg(chart)).findall(f"{SVG}rect[@class='bar']")
    places = [float(bar.get("x")) for bar in bars]
    assert places == sorted(places)
    assert len({round(float(bar.get("y")) + float(bar.get("height")), 3) for bar in bars}) == 1
    values = [quantity.value for row in chart.rows if (quantity := chart.drawn(row))]
    scale = float(bars[0].get("height")) / values[0]
    assert [float(bar.get("height")) for bar in bars] == pytest.approx([value * scale for value in values], rel=1e-3)


def test_sides_of_a_pyramid_change_places_in_arabic(view):
    first = {}
    for language in ("en", "ar"):
        chart = charts(view, language)["age-gender"]
        bars = ElementTree.fromstring(to_svg(chart)).findall(f"{SVG}rect[@class='bar']")
        first[language] = float(bars[0].get("x")) + float(bars[0].get("width")) / 2
    assert first["en"] < WIDTH / 2 < first["ar"]
    assert first["en"] == pytest.approx(WIDTH - first["ar"], abs=1e-3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_name_their_direction_and_say_every_number(view, language):
    for chart in charts(view, language).values():
        root = ElementTree.fromstring(to_svg(chart))
        assert root.get("direction") == ("rtl" if language == "ar" else "ltr")
        assert root.find(f"{SVG}title").text == chart.title
        described = root.find(f"{SVG}desc").text
        assert chart.source.citation in described and chart.text("kit.simulated") in described
        for row in chart.rows:
            assert (quantity.text if (quantity := chart.drawn(row)) else row.instead) in described
        assert not list(root.iter(f"{SVG}style")) and not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_summary_names_the_largest_numbers_with_their_intervals_as_far_as_places_are_certain(view, language):
    told = seconds = 0
    for made in overview_charts(view, language):
        chart, summary = made.chart, " ".join(made.chart.summary)
        said = sorted((quantity for row in chart.rows if (quantity := chart.drawn(row))), key=lambda one: -one.value)
        is_second = len(said) > 1 and not any(one.high > said[1].low for one in said[2:])
        for quantity in said[: 1 + is_second]:
            assert f"{quantity.text} (" in summary and quantity.interval in summary
        could_be_first = any(one.high > said[0].low for one in said[1:])
        assert (chart.text("kit.summary.overlap") in summary) == (is_second and could_be_first), chart.id
        assert (chart.text("kit.summary.unsure") in summary) == (not is_second and could_be_first), chart.id
        seconds += is_second
        few = sum(row.few for row in chart.rows)
        assert any(number(language, few) in sentence for sentence in chart.summary) or not few
        whole = getattr(made.drawn, "whole", "")
        assert whole in summary and (not whole or whole in chart.notes)
        told += bool(whole)
    assert told > 5 and seconds


def test_a_summary_warns_as_its_chart_does(view):
    found = charts(view)
    for name, key in (("time", "chart.time.incomplete"), ("corridors", "chart.coverage")):
        caveat = SITE_TEXTS.text("en", key)
        assert caveat in found[name].notes
        assert found[name].summary[-1] == caveat


def test_a_summary_of_some_people_says_of_whom(view):
    chart = ChartBook.of(view).draw(ChartSpec("bars", ("exploitation",), {"gender": ("Woman",)}), "en").chart
    assert chart.summary[0] == "Only people with: Gender: Woman."
    assert chart.summary[1].startswith("Share of the ")


def test_what_stands_beside_the_numbers_is_said_once(view):
    for chart in charts(view).values():
        lines = list(about_lines(chart))
        assert len(lines) == len(set(lines)), chart.id


@pytest.mark.parametrize("text", HOSTILE)
def test_labels_stay_text_everywhere(view, text):
    chart = charts(view)["group-exploitation"]
    row = replace(chart.rows[0], label=text, of=((text, text),))
    hostile = replace(chart, title=text, rows=(row,))
    root = ElementTree.fromstring(to_svg(hostile))
    assert root.find(f"{SVG}title").text == text.replace("\x01", "\ufffd")
    assert not [part for part in root.iter() if part.tag == f"{SVG}script"]
    only = csv_rows(to_csv(hostile))[0]
    assert only["label"] == only["code"] == ("'" + text if text[0] in "=+-@" else text)
    with zipfile.ZipFile(io.BytesIO(to_xlsx(hostile))) as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
    assert json.loads(to_json(hostile))["rows"][0]["of"] == [{"variable": text, "code": text}]


def test_same_chart_gives_the_same_bytes_and_the_archive_holds_the_files(view):
    chart = charts(view)["time"]
    files = chart_files(chart)
    assert files == chart_files(charts(view)["time"])
    assert list(files) == [f"time.{ending}" for ending in ENDINGS]
    assert set(ENDINGS) == {"svg", "png", "csv", "xlsx", "json", "metadata.json", "zip"}
    with zipfile.ZipFile(io.BytesIO(files["time.zip"])) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            name: data for name, data in files.items() if name != "time.zip"
        }


@pytest.mark.parametrize("language", LANGUAGES)
def test_metadata_name_release_citation_and_protection(view, language):
    chart = charts(view, language)["time"]
    files = chart_files(chart)
    document = json.loads(files["time.metadata.json"])
    assert document["release"]["id"] == view.manifest.id
    assert document["citation"] == chart.source.citation
    assert document["privacy"]["epsilon"] == view.privacy["epsilon"]
    assert document["privacy"]["unit"] == view.privacy["unit"]
    assert document["privacy"]["interval"] == chart.text("kit.interval")
    for entry in document["files"]:
        assert entry["sha256"] == hash_bytes(files[entry["name"]])


def test_names_are_safe_in_addresses_and_stay_apart():
    assert safe_name("group-means_of_control") == "group-means_of_control"
    for name in ("../x", "a/b", "a.csv", "", "a b", "سن"):
        assert "/" not in safe_name(name) and "." not in safe_name(name) and " " not in safe_name(name)
    assert safe_name("a/b") != safe_name("a b") != safe_name("a.b")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_of_the_overview_leads_to_its_page_and_files(site, view, language):
    overview = (site / language / "index.html").read_text()
    for chart in charts(view, language).values():
        assert overview.count(f'href="{chart.address}"') == 1
        page = (site / chart.address.lstrip("/") / "index.html").read_text()
        for ending in ENDINGS:
            address = f"/{language}/charts/{chart.id}.{ending}"
            assert f'href="{address}"' in page and (site / address.lstrip("/")).is_file()
        embed = (site / chart.address.lstrip("/") / "embed/index.html").read_text()
        assert f'href="{chart.address}"' in embed and chart.text("kit.simulated") in embed
