"""Every chart of every template: what a screen reader is told, and how long bars are, is what the release counted.

Which templates there are is asked of the site, and each is visited once in a language. What a chart counts is in its
own file: the file's counts are held to the released table of counts, and what is told and drawn to the file.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from benchmarks.templates import Template, templates_of
from playwright.sync_api import Browser
from tests.browser.survey import OPEN
from tests.browser.test_site import DRAWN

from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.view import read_release
from ctdc.release.figures import PLACE
from ctdc.release.numbers import number, number_range, percent, percent_range

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LANGUAGES = ("en", "ar")  # one of each direction: how numbers are written in each has tests of its own
EXPLORER = "explorer.html.j2"  # draws its charts anew with each question, and has tests of its own
# Each chart that has a page of its own: its id here, and the address of that page, which it may be itself.
CHARTS = """() => [...document.querySelectorAll('figure.chart')].map(chart => {
    const page = chart.querySelector('.own-page a');
    return [chart.id, page ? page.getAttribute('href') : location.pathname.replace('embed/', '')]})"""
NOTHING_TO_READ = (
    "[\u200e\u200f\u2060\u2066-\u2069\\\\\"']"  # marks of direction, and quotes of the tree's own notation
)
SHOWN = 5  # of each chart without a file
ROUNDED = 0.011  # file and table have two decimals, of which the last may be rounded otherwise

Combination = frozenset[tuple[str, str]]


@dataclass
class Visited:
    """What was seen of one page. told: by a chart's id the lines of its tree; pages: by a chart's id its own page."""

    told: dict[str, list[str]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    bars: list[dict[str, Any]] = field(default_factory=list)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(NOTHING_TO_READ, "", text))


@pytest.fixture(scope="module")
def templates(shown_site: Path, shown_release: Path) -> list[Template]:
    return [one for one in templates_of(shown_site, read_release(shown_release), None) if one.file != EXPLORER]


@pytest.fixture(scope="module", params=LANGUAGES)
def visited(
    request, browser: Browser, address: str, templates: Sequence[Template]
) -> tuple[str, dict[Template, Visited]]:
    """Every page with a chart on it, in one language."""
    language, found = request.param, dict[Template, Visited]()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    for template in templates:
        page.goto(f"{address}/{language}/{template.path}")
        page.evaluate(OPEN)  # a picture's numbers are in the table below it
        charts = dict(page.evaluate(CHARTS))
        if charts:
            told = {name: page.locator(f"[id='{name}']").aria_snapshot().splitlines() for name in charts}
            told = {name: [plain(line) for line in lines] for name, lines in told.items()}
            found[template] = Visited(told, charts, page.evaluate(DRAWN))
    context.close()
    return language, found


@pytest.fixture(scope="module")
def counted(shown_release: Path) -> dict[Combination, float]:
    """Every count that was released, by its codes."""
    with (shown_release / "data/aggregates.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["below_threshold"] == "false"]
    return {frozenset(json.loads(row["attributes"]).items()): float(row["count"]) for row in rows}


def charts_of(site: Path, pages: Mapping[Template, Visited]) -> Iterator[tuple[str, dict, list[str]]]:
    """Each chart with a file: where it stands, what the file says, and what is told of it."""
    for template, seen in pages.items():
        for name, own in seen.pages.items():
            file = site / f"{own.strip('/')}.json"
            if file.is_file():
                yield f"{template}: {name}", json.loads(file.read_text(encoding="utf-8")), seen.told[name]


def texts_of(row: Mapping[str, Any], language: str) -> list[str]:
    """The numbers of a row as they are to be read."""
    count, share, texts = row["count"], row["share"], []
    if share:
        texts += [percent(language, share["value"]), percent_range(language, share["low95"], share["high95"])]
    if count:
        texts += [number(language, count["value"]), number_range(language, count["low95"], count["high95"])]
    return [plain(text) for text in texts]


def test_every_shape_of_a_chart_and_every_kind_of_page_is_visited(visited, shown_site):
    files = {template.file for template in visited[1]}
    assert files >= {"overview.html.j2", "theme.html.j2", "country.html.j2", "journey.html.j2", "story.html.j2"}
    assert files >= {"kit_chart.html.j2", "kit_embed.html.j2"}
    kinds = {chart["kind"] for _, chart, _ in charts_of(shown_site, visited[1])}
    assert kinds >= {"bars", "pyramid", "columns", "cross", "heat", "multiples", "map", "flows"}


def test_what_is_told_of_each_row_is_what_was_counted(visited, shown_site):
    language, pages = visited
    missing, told = [], 0
    for where, chart, lines in charts_of(shown_site, pages):
        for row in chart["rows"]:
            texts = texts_of(row, language)
            names = [plain(name) for name in (row["label"], row["series"]) if name]
            told += len(texts)
            if texts and not any(any(n in line for n in names) and all(t in line for t in texts) for line in lines):
                missing.append((where, row["label"], texts))
    assert told > 1000
    assert missing == []


def test_what_a_chart_counts_is_what_was_released(visited, shown_site, counted):
    held = 0
    for where, chart, _ in charts_of(shown_site, visited[1]):
        chosen = {(name, code) for name, codes in chart["filter"].items() for code in codes}
        for row in chart["rows"]:
            codes = frozenset((part["variable"], part["code"]) for part in row["of"]) | chosen
            if row["count"] and codes in counted:
                held += 1
                assert row["count"]["value"] == pytest.approx(counted[codes], abs=ROUNDED), (where, sorted(codes))
    assert held > 200


def test_a_country_s_page_tells_what_was_counted_of_its_people(visited, shown_release, counted):
    """Most of its charts have no file, so their largest numbers are held to the released table."""
    language, pages = visited
    view = read_release(shown_release)
    dashboards = Dashboards(view)
    (template,) = [one for one in pages if one.file == "country.html.j2"]
    (place,) = [one for one in dashboards.places if template.path == f"countries/{one.path}/"]
    held = 0
    for role in dashboards.roles:
        for name, words in view.words.items():
            chart = pages[template].told.get(f"{'place' if role in PLACE else 'origin'}-{name}")
            told = {(one.code, counted.get(frozenset({(role, place.code), (name, one.code)}))) for one in words.codes}
            for code, count in sorted((one for one in told if chart and one[1]), key=lambda one: -one[1])[:SHOWN]:
                label = plain(view.code_label(name, code, language))
                held += 1
                assert [line for line in chart if label in line and plain(number(language, count)) in line], (
                    name,
                    code,
                )
    assert held > SHOWN


def test_bars_are_as_long_as_what_was_counted(visited, shown_site):
    """On the page as the file has it, and in the browser as the page has it."""
    _, pages = visited
    files = {where: chart for where, chart, _ in charts_of(shown_site, pages)}
    kinds = set()
    for template, seen in pages.items():
        for bar in seen.bars:
            assert bar["part"] == pytest.approx(bar["stated"], abs=0.005), (template, bar["chart"])
        for name in seen.pages:
            stated = [bar["stated"] for bar in seen.bars if bar["chart"] == name]
            chart = files.get(f"{template}: {name}")
            if chart is not None and stated:
                kinds.add(chart["kind"])
                values = [row["share"] if chart["drawn"] == "share" else row["count"] for row in chart["rows"]]
                parts = [min(1.0, max(0.0, one["value"] / chart["axis"])) for one in values if one]
                # A pyramid has two sides; who is on neither is told in words.
                assert len(stated) == len(parts) or chart["kind"] == "pyramid", (template, name)
                assert not [one for one in stated if min(abs(one - part) for part in parts) > 1e-6], (template, name)
    assert kinds == {"bars", "pyramid", "cross", "multiples", "lines"}
    assert {template.file for template, seen in pages.items() if seen.bars} >= {"country.html.j2", "story.html.j2"}
