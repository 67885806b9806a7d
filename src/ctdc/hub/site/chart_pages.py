"""The section of charts that have an address of their own: for each one its page, its files, and the chart alone.

Promise: every chart of the overview, of the dashboards and, of everybody, of the explorer is here once. A section that
draws others (such as stories) brings them itself with `chart_pages`; what is here already is left out there, so that no
page is made twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.explorer.query import PATH, SHOW, SHOWN_CHARTS
from ctdc.hub.site.explorer.view import questions
from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage, site_text
from ctdc.hub.site.journeys import Journeys
from ctdc.hub.site.kit.book import ChartBook
from ctdc.hub.site.kit.files import chart_files
from ctdc.hub.site.kit.make import Made, drawn_charts
from ctdc.hub.site.kit.pages import chart_context
from ctdc.hub.site.kit.spec import ChartSpec
from ctdc.hub.site.release_pages import row_texts
from ctdc.hub.site.view import SiteRelease


class ChartPages:
    """Every chart of the overview, of the dashboards and, of everybody, of the explorer."""

    id = "charts"
    content = None
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view

    def entries(self, language: str) -> Sequence[Entry]:
        """None: charts are found where they are drawn."""
        return ()

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """The pages and the files."""
        for made in standard_charts(self._view, language).values():
            yield from _pages(made)


def standard_charts(view: SiteRelease, language: str) -> dict[str, Made]:
    """All of these charts by their ids; each leads back to the first page that has it."""
    book, found = ChartBook.of(view), dict[str, Made]()
    for drawn, of_rows in drawn_charts(view, language, SITE_TEXTS):
        made = book.add(drawn, language, of_rows=of_rows)
        found[made.chart.id] = made
    for made in (*Dashboards(view).charts(language), *Journeys(view).charts(language)):
        found.setdefault(made.chart.id, made)
    variables = (words.name for words in view.vocabulary.variables) if view.is_measured else ()
    for place, (_, name) in enumerate(questions(view, variables)):
        if alone := book.draw(ChartSpec("bars", (name,)), language):
            own = alone.chart.id
            home = PATH if place < SHOWN_CHARTS else f"{PATH}?{SHOW}={own}#{own}"
            found.setdefault(own, replace(alone, home=home))
    return found


def chart_pages(view: SiteRelease, made: Iterable[Made]) -> Iterator[SitePage | SiteFile]:
    """The pages and files of charts that a section draws, without those that `ChartPages` brings and repetitions."""
    brought: dict[str, set[str]] = {}
    for one in made:
        language = one.chart.language
        if language not in brought:
            brought[language] = set(standard_charts(view, language))
        if one.chart.id not in brought[language]:
            brought[language].add(one.chart.id)
            yield from _pages(one)


def _pages(made: Made) -> Iterator[SitePage | SiteFile]:
    files = chart_files(made.chart)
    context = chart_context(made, files)
    language, address = made.chart.language, f"charts/{made.chart.id}/"
    context["row_texts"] = row_texts(language) if made.of_rows else site_text(language)
    yield SitePage("chart", address, "kit_chart.html.j2", context)
    yield SitePage("chart", f"{address}embed/", "kit_embed.html.j2", context)
    for name, data in files.items():
        yield SiteFile(f"charts/{name}", data)
