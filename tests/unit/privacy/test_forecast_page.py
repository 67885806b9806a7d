"""The page of a forecast: whole in five languages, self-contained, escaped, and its plot true to its numbers."""

import itertools
import re
from html.parser import HTMLParser
from string import Formatter

import pytest
from tests.support.engine import small_schema

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.forecast_page import HEIGHT, LEAST_GAP, WIDTH, forecast_html, plot_of
from ctdc.privacy.planning import Outlook, curve_epsilons, forecast
from ctdc.privacy.report import LANGUAGES, Writer, texts_of
from ctdc.privacy.workload import Workload
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

TEXTS = texts_of("forecast")
NAMED = Workload(1, (("a", "b"),), "cells")


def outlook(workload: Workload = NAMED, schema: Schema | None = None, cases: int = 3000) -> Outlook:
    schema = schema or small_schema((3, 2, 4))
    tables = [schema.names[:2]]

    def at(epsilon: float) -> object:
        return forecast(schema, Guarantee(epsilon, 1e-6), workload, cases=cases, tables=tables)

    return Outlook(
        "shape-1", len(schema.variables), 1e-6, workload, 10, cases,
        tuple(map(at, (1.0, 4.0))), tuple(map(at, curve_epsilons([1.0, 4.0]))), 4.0,
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture(scope="module")
def html() -> str:
    return forecast_html(outlook())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_same_places(language: str) -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    english, texts = TEXTS["en"], TEXTS[language]
    assert set(texts) == set(english)
    assert not [key for key, text in texts.items() if not text.strip() or places(text) != places(english[key])]
    assert language == "en" or not [key for key, text in texts.items() if text == english[key] and len(text) > 12]


def test_every_text_is_used(html: str) -> None:
    for language, texts in TEXTS.items():
        for key, text in texts.items():
            longest = max(re.split(r"\{\w+\}|\d+%|[\"']", text), key=len)
            assert longest in html, (language, key)


def test_the_page_is_self_contained_and_closed_in_order(html: str) -> None:
    opened: list[str] = []
    tags: set[str] = set()
    ids: list[str] = []

    class Page(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)
            ids.extend(str(value) for name, value in attrs if name == "id")
            assert not [name for name, _ in attrs if name.startswith("on")]
            if tag not in {"meta"}:
                opened.append(tag)

        def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Page().feed(html)
    assert not opened
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not re.search(r"https?:|url\(|@import|javascript:", html)
    assert "default-src 'none'" in html
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|aria-labelledby=")([^"]+)"', html)) <= set(ids)


def test_the_numbers_of_the_plan_stand_in_every_language(html: str) -> None:
    line = outlook().chosen[0].line(1)
    for language in LANGUAGES:
        section = html.split(f'id="{language}"', 1)[1].split("</section>", 1)[0]
        for value in (line.low, line.median, line.high):
            assert Writer(language, "forecast").error(value) in section


def test_special_cases_are_not_said_without_reason() -> None:
    plain = outlook(Workload(2), cases=0)
    plain = Outlook("", 3, 1e-6, plain.workload, 10, 0, plain.chosen, plain.curve)
    html = forecast_html(plain)
    for key in ("longer", "weights", "found", "relative.heading", "profile"):
        longest = max(re.split(r"\{\w+\}", TEXTS["en"][key]), key=len)
        assert longest not in html, key


def test_names_are_escaped() -> None:
    evil = '<script>alert("1")</script>&{0}{x}'
    schema = Schema((Variable(evil, ("1", "2")), Variable("b", ("1",)), Variable("c", ("1",))))
    html = forecast_html(outlook(Workload(1, ((evil, "b"),)), schema))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_short_axis_has_its_ends_for_ticks() -> None:
    """Errors between 2.1 and 2.3 have no round number between them."""
    schema = small_schema((2,))
    epsilons = (3.0, 3.05)
    curve = tuple(forecast(schema, Guarantee(epsilon, 1e-6), Workload(1)) for epsilon in epsilons)
    assert [tick.value for tick in plot_of(curve).across] == [*epsilons]
    assert [tick.digits for tick in plot_of(curve).across] == [1, 1]


def test_the_plot_is_inside_its_frame_and_falls() -> None:
    plot = plot_of(outlook(Workload(3)).curve)
    assert [curve.length for curve in plot.curves] == [1, 2, 3]
    assert len({curve.dashes for curve in plot.curves}) == 3
    for curve in plot.curves:
        points = [tuple(map(float, pair.split(","))) for pair in curve.points.split()]
        assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in points)
        assert points == sorted(points)
        assert [y for _, y in points] == sorted(y for _, y in points), "less error, further down"
    ends = sorted(curve.end for curve in plot.curves)
    assert all(after - before >= LEAST_GAP for before, after in itertools.pairwise(ends))
    for ticks in (plot.across, plot.up):
        assert ticks
        assert all(0 < tick.at < WIDTH for tick in ticks)
        assert all(round(tick.value, tick.digits) == pytest.approx(tick.value) for tick in ticks)
