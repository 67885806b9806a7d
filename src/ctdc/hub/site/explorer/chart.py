"""A chart of the explorer as a value: what the explorer shows of one question, to be taken elsewhere.

Promise: its numbers, their intervals and what is said of them are those that the explorer shows; whom they are of
stands in the title; its addresses have the whole question. Whoever asks twice gets the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ctdc.foundation.hashing import hash_bytes
from ctdc.hub.site.charts import Bar, BarChart, drawn_as_people
from ctdc.hub.site.explorer.query import CHARTS, COUNT, PATH, SHARE, Asked
from ctdc.hub.site.explorer.view import EXPLORER_TEXTS, Explored, Line, Topic
from ctdc.hub.site.frame import SITE_TEXTS, SitePage, site_text
from ctdc.hub.site.kit.book import ChartBook, of_people
from ctdc.hub.site.kit.files import chart_files
from ctdc.hub.site.kit.make import Made
from ctdc.hub.site.kit.pages import chart_context
from ctdc.hub.site.kit.value import NAME_DIGITS, Chart, safe_name
from ctdc.hub.site.view import SiteRelease


@dataclass(frozen=True)
class Taken:
    """A chart with its files. files: content by ending."""

    made: Made
    files: Mapping[str, bytes]

    def page(self, *, alone: bool = False) -> SitePage:
        """The chart's page, or the chart alone for pages of others."""
        chart = self.made.chart
        named = {f"{chart.id}.{ending}": data for ending, data in self.files.items()}
        context: dict[str, Any] = {**chart_context(self.made, named), "row_texts": site_text(chart.language)}
        address = chart.embed if alone else chart.address
        template = "kit_embed.html.j2" if alone else "kit_chart.html.j2"
        return SitePage("chart", address.removeprefix(f"/{chart.language}/"), template, context)


def topic_at(explored: Explored, name: str) -> Topic | None:
    """The question whose chart has this name in an address."""
    return next((topic for topic in explored.topics if safe_name(topic.id) == name), None)


def take(view: SiteRelease, explored: Explored, topic: Topic, asked: Asked, language: str) -> Taken:
    """What the explorer shows of a question, as a chart with its files."""
    addresses = explored.addresses
    chosen, query = explored.chosen(topic, asked), addresses.write(addresses.showing(asked))
    home = f"{PATH}{addresses.write(addresses.showing(asked, topic.id))}#{topic.id}"
    # Of everybody the site has a chart by the topic's name, with the figures of the release.
    name = f"{topic.id}-{hash_bytes(query.encode())[:NAME_DIGITS]}"
    drawn = replace(of_people(_bars(explored, topic, asked), view, chosen, language), id=name)
    made = ChartBook.of(view).add(drawn, language, home, chosen=tuple(chosen.items()))
    start = f"/{language}/{CHARTS}{safe_name(topic.id)}"
    chart = _with_its_doubt(replace(made.chart, start=start, query=query))
    files = chart_files(chart, keep=False)
    return Taken(replace(made, chart=chart), {name.removeprefix(f"{chart.id}."): files[name] for name in files})


def _with_its_doubt(chart: Chart) -> Chart:
    """The chart with what intervals of synthetic records mean, if it has any, wherever it says what intervals mean."""
    recorded = [bool(row.recorded) for row in chart.rows if not row.few]
    if not any(recorded):
        return chart
    doubt = EXPLORER_TEXTS.text(chart.language, "explorer.interval.records")
    meaning = doubt if all(recorded) else f"{chart.privacy.interval} {doubt}"
    marked = EXPLORER_TEXTS.text(chart.language, "explorer.marked")
    return replace(chart, summary=(*chart.summary, marked), privacy=replace(chart.privacy, interval=meaning))


def _bars(explored: Explored, topic: Topic, asked: Asked) -> BarChart:
    shown = explored.chart(topic, replace(asked, bars=SHARE))
    bars = tuple(_bar(line) for line in shown.lines)
    category = SITE_TEXTS.text(explored.language, "chart.category")
    chart = BarChart(topic.id, topic.title, category, "share", bars, shown.notes, whole=shown.whole)
    return drawn_as_people(chart) if asked.bars == COUNT else chart


def _bar(line: Line) -> Bar:
    of = ((line.choice.variable, line.choice.code),)
    share, people = (replace(mark, of=of) for mark in (line.drawn, line.people))
    return Bar(line.choice.label, share, people, base=line.base, late=line.choice.late)
