"""Charts by their specifications: the numbers are the release's, and what it lacks is None."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from tests.support.invented_release import write_release

from ctdc.hub.site.chart_pages import chart_pages
from ctdc.hub.site.charts import Mark
from ctdc.hub.site.cross import CrossCell
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.kit.book import ChartBook
from ctdc.hub.site.kit.files import ENDINGS, chart_files
from ctdc.hub.site.kit.spec import ChartSpec
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow

EVERY_KIND = (
    ChartSpec("bars", ("exploitation",)),
    ChartSpec("bars", ("gender",), measure="count"),
    ChartSpec("bars", ("means_of_control",), {"gender": "Woman"}),
    ChartSpec("pyramid", ("age", "gender")),
    ChartSpec("cross", ("exploitation", "gender")),
    ChartSpec("heat", ("age", "gender")),
    ChartSpec("multiples", ("means_of_control", "exploitation")),
)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> SiteRelease:
    return read_release(write_release(tmp_path_factory.mktemp("book")))


@pytest.fixture(scope="module")
def book(view: SiteRelease) -> ChartBook:
    return ChartBook(view, SITE_TEXTS)


@pytest.fixture(scope="module")
def published(view: SiteRelease) -> dict[frozenset, tuple[float, float]]:
    """Count and standard error of every published combination."""
    frame = pl.read_parquet(Path(view.folder) / "data/aggregates.parquet").filter(~pl.col("below_threshold"))
    rows = frame.select("attributes", "count", "standard_error").iter_rows()
    return {frozenset(json.loads(attributes).items()): (count, error) for attributes, count, error in rows}


def counted(book: ChartBook, spec: ChartSpec) -> dict[tuple, tuple[float, float, float] | None]:
    made = book.draw(spec, "en")
    assert made is not None
    return {row.of: row.count and (row.count.value, row.count.low, row.count.high) for row in made.chart.rows}


@pytest.mark.parametrize("spec", EVERY_KIND, ids=lambda spec: f"{spec.kind}{spec.suffix}")
def test_every_kind_is_drawn_in_every_language_with_the_same_numbers(book, spec):
    made = [book.draw(spec, language) for language in LANGUAGES]
    assert all(one is not None for one in made)
    numbers = [[row.count and row.count.value for row in one.chart.rows] for one in made if one]
    assert len(numbers[0]) > 2 and numbers.count(numbers[0]) == len(LANGUAGES)
    assert len({one.chart.id for one in made if one}) == 1


@pytest.mark.parametrize("spec", [spec for spec in EVERY_KIND if not spec.filter], ids=lambda spec: spec.kind)
def test_counts_are_the_published_ones(book, published, spec):
    for of, count in counted(book, spec).items():
        known = published.get(frozenset(of))
        assert (count is None) == (known is None), of
        if count and known:
            assert count[0] == pytest.approx(known[0], abs=0.011)  # published to two decimals


def test_a_filter_is_the_sum_of_published_counts(book, published):
    ages = ("09--17", "18--20", "21--23")
    spec = ChartSpec("bars", ("exploitation",), {"ageBroad": ages})
    for of, count in counted(book, spec).items():
        parts = [published.get(frozenset({*of, ("ageBroad", age)})) for age in ages]
        # What has too few in each part can have enough in all of them together.
        if count and None not in parts:
            assert count[0] == pytest.approx(sum(part[0] for part in parts), abs=0.04)
            # As wide as independent errors would make it at least, and not wider than their sum.
            errors = [part[1] for part in parts]
            assert max(errors) * 0.9 < (count[2] - count[0]) / 1.959963984540054 < sum(errors) * 1.001


def test_two_filters_count_people_with_both(book, published):
    spec = ChartSpec("bars", ("exploitation",), {"gender": "Woman", "ageBroad": "18--20"})
    for of, count in counted(book, spec).items():
        known = published.get(frozenset({*of, ("gender", "Woman"), ("ageBroad", "18--20")}))
        assert (count is None) == (known is None)
        assert count is None or count[0] == pytest.approx(known[0], abs=0.011)


def test_a_filter_stands_in_title_note_and_files(book, view):
    made = book.draw(ChartSpec("bars", ("exploitation",), {"ageBroad": ("09--17", "18--20")}), "en")
    labels = [view.code_label("ageBroad", code, "en") for code in ("09--17", "18--20")]
    assert all(label in made.chart.title and label in made.chart.notes[0] for label in labels)
    files = chart_files(made.chart)
    assert json.loads(files[f"{made.chart.id}.json"])["filter"] == {"ageBroad": ["09--17", "18--20"]}
    assert b"ageBroad=09--17|18--20" in files[f"{made.chart.id}.csv"]


@pytest.mark.parametrize(
    "spec",
    [
        ChartSpec("bars", ("nothing",)),
        ChartSpec("bars", ("gender",), {"nothing": "1"}),
        ChartSpec("bars", ("gender",), {"ageBroad": "no such code"}),
        ChartSpec("bars", ("gender",), {"gender": "Woman"}),
        ChartSpec("bars", ("gender",), {"ageBroad": "48+", "traffickMonths": "25+ (2+ yrs)", "isForcedLabour": "1"}),
        ChartSpec("bars", ("gender",), counted="linked_rows"),
        ChartSpec("bars", ("gender",), release="another"),
        ChartSpec("columns", ("year",)),
        ChartSpec("columns", ("gender",)),
        ChartSpec("lines", ("gender", "age")),
        ChartSpec("pyramid", ("gender", "age")),
        ChartSpec("cross", ("gender", "gender")),
    ],
    ids=str,
)
def test_what_the_release_lacks_is_none(book, spec):
    assert book.draw(spec, "en") is None


def test_a_chart_leads_back_to_the_page_that_asked(book):
    homes = [book.draw(EVERY_KIND[0], "en", home).home for home in ("stories/one/", "stories/two/")]
    assert homes == ["stories/one/", "stories/two/"]


def test_a_section_brings_only_the_charts_that_are_not_there_already(view):
    book = ChartBook.of(view)
    assert book is ChartBook.of(view)
    own = ChartSpec("bars", ("exploitation",), {"gender": "Woman"})
    drawn = [book.draw(spec, "en", "stories/one/") for spec in (EVERY_KIND[0], own, own)]
    paths = [page.path for page in chart_pages(view, [made for made in drawn if made])]
    assert f"charts/group-exploitation{own.suffix}/" in paths
    assert len(paths) == len(set(paths)) == len(ENDINGS) + 2


def sheet_of(data: bytes) -> list[list]:
    """The first sheet of a workbook."""
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


CROSSES = (ChartSpec("cross", ("exploitation", "gender")), ChartSpec("multiples", ("means_of_control", "exploitation")))


@pytest.mark.parametrize("spec", CROSSES, ids=lambda spec: spec.kind)
def test_files_of_a_cross_table_have_the_number_of_people_whom_each_share_is_of(view, book, spec):
    made = book.draw(spec, "de")
    assert made is not None
    asked = view.groups[spec.dimensions[0]].variables
    rows = list(csv.DictReader(io.StringIO(chart_files(made.chart)[f"{made.chart.id}.csv"].decode("utf-8-sig"))))
    read = json.loads(chart_files(made.chart)[f"{made.chart.id}.json"])["rows"]
    headings, *sheet = sheet_of(chart_files(made.chart)[f"{made.chart.id}.xlsx"])
    place = headings.index("Menschen mit einer Antwort")
    for line, one, cells in zip(rows, read, sheet, strict=True):
        condition = next(pair for pair in one["of"] if pair["variable"] not in asked)
        own = view.within.flags((condition["variable"], condition["code"]), asked)
        if own.is_empty:
            assert (one["base"], line["base"], cells[place]) == (None, "", "")
            continue
        assert one["base"] == {"value": own.known, "low95": own.low, "high95": own.high}
        assert float(line["base"]) == cells[place] == own.known
        assert one["count"] is None or one["count"]["value"] <= own.known
    assert any(line["base"] for line in rows)


def test_files_of_bars_have_the_number_of_people_whom_shares_are_of(view, book):
    """Of all people that of the figures, of some that of their row."""
    group, entry = view.figures["groups"][0], view.figures["variables"]
    gender = next(one for one in entry if one["name"] == "gender")
    some = view.within.flags(("gender", "Woman"), view.groups[group["id"]].variables)
    wanted = {
        ChartSpec("bars", (group["id"],)): tuple(group["denominator"][end] for end in ("count", "low95", "high95")),
        ChartSpec("bars", ("gender",)): tuple(gender["known"][end] for end in ("count", "low95", "high95")),
        ChartSpec("bars", (group["id"],), {"gender": ("Woman",)}): (some.known, some.low, some.high),
    }
    for spec, base in wanted.items():
        made = book.draw(spec, "en")
        assert made is not None
        files = chart_files(made.chart)
        for line in csv.DictReader(io.StringIO(files[f"{made.chart.id}.csv"].decode("utf-8-sig"))):
            assert tuple(float(line[end]) for end in ("base", "base_low95", "base_high95")) == pytest.approx(base)
        assert all(
            row["base"]["value"] == pytest.approx(base[0]) for row in json.loads(files[f"{made.chart.id}.json"])["rows"]
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_say_what_the_page_says_where_there_is_no_number(book, language):
    """A share that is not known is not the same as too few to say."""
    made = book.draw(CROSSES[0], language)
    assert made is not None
    unknown, few = (SITE_TEXTS.text(language, key) for key in ("dash.unknown_share", "chart.too_few"))
    table = made.drawn
    silent = [Mark(text, "", 0.0, 0.0, 0.0, few=True, of=table.rows[0][1][0].share.of) for text in (unknown, few)]
    label, cells = table.rows[0]
    row = (replace(cells[0], share=silent[0]), CrossCell(silent[1], silent[1]), *cells[2:])
    for look in ("cross", "multiples"):
        drawn = replace(table, look=look, rows=((label, row), *table.rows[1:]), id=f"{look}-altered")
        chart = book.add(drawn, language).chart
        files = chart_files(chart)
        picture = files[f"{look}-altered.svg"].decode()
        described = re.search(r"<desc[^>]*>(.*?)</desc>", picture, re.DOTALL)[1]
        assert f": {unknown}." in described and f": {few}." in described
        shown = re.sub(r"<(title|desc).*?</\1>", "", picture, flags=re.DOTALL)
        assert unknown in shown and few in shown
        assert {unknown, few} <= {line[-1] for line in sheet_of(files[f"{look}-altered.xlsx"])}
        (first, second, *_) = json.loads(files[f"{look}-altered.json"])["rows"]
        assert (first["too_few"], second["too_few"]) == (False, True)


def test_equal_specifications_give_equal_bytes(view):
    spec = ChartSpec("multiples", ("means_of_control", "exploitation"))
    made = [ChartBook(view, SITE_TEXTS).draw(spec, "ar") for _ in range(2)]
    assert made[0] and made[1] and chart_files(made[0].chart) == chart_files(made[1].chart)
