"""The dashboards that are not about one theme: the map, corridors, and, of linked tables, the linked rows.

Promise: a page exists only if the release has something to show on it; every chart on it has an address of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ctdc.hub.site.about.sources import reporting_context, sources_file
from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage, site_text
from ctdc.hub.site.kit.book import ChartBook
from ctdc.hub.site.kit.make import Made, drawn_charts
from ctdc.hub.site.kit.pages import ChartLinks
from ctdc.hub.site.kit.spec import ChartSpec
from ctdc.hub.site.release_pages import row_texts
from ctdc.hub.site.view import SiteRelease
from ctdc.release.numbers import number, number_range

MAP, CORRIDORS, LINKED = "map", "corridors", "linked"
SPECS: Mapping[str, tuple[ChartSpec, ...]] = {
    MAP: (ChartSpec("map", ("place",)), ChartSpec("map", ("origin",))),
    CORRIDORS: (ChartSpec("flows", ("origin", "place")),),
}


class Journeys:
    """The section of these pages."""

    id = "journeys"
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view
        self.content = sources_file(view)
        self._book = ChartBook.of(view)

    def entries(self, language: str) -> Sequence[Entry]:
        """All pages that there are."""
        names = [name for name in SPECS if self._drawn(name, language)]
        labels = {name: SITE_TEXTS.text(language, f"dash.{name}.title") for name in names}
        words = self._view.vocabulary.linked
        if words is not None and self._view.linked is not None:
            labels[LINKED] = words.labels[language]
        return [Entry("dashboards", name, f"{name}/", label) for name, label in labels.items()]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """All pages that there are."""
        for entry in self.entries(language):
            context = self._linked(language) if entry.name == LINKED else self._picture(entry.name, language)
            yield SitePage(entry.name, entry.path, "journey.html.j2", context)

    def charts(self, language: str) -> Iterator[Made]:
        """Every chart that has an address of its own and is not on the overview."""
        for name in SPECS:
            yield from self._drawn(name, language)

    def _drawn(self, name: str, language: str) -> list[Made]:
        return [made for spec in SPECS[name] if (made := self._book.draw(spec, language, f"{name}/"))]

    def _picture(self, name: str, language: str) -> dict[str, Any]:
        text = site_text(language)
        made = [(one, text) for one in self._drawn(name, language)]
        return {
            "heading": text(f"dash.{name}.title"),
            "lead": text(f"dash.{name}.lead"),
            "wide": made,
            "flow": [],
            "more": ChartLinks(language),
            **reporting_context(self._view, language),
        }

    def _linked(self, language: str) -> dict[str, Any]:
        """Linked rows, and people by how many they have: charts of the overview, together on one page."""
        words, rows = self._view.vocabulary.linked, self._view.linked
        if words is None or rows is None:
            raise ValueError("the release has no linked rows")
        text, total = site_text(language), rows.figures["total"]
        count, between = (
            number(language, max(0, total["count"])),
            number_range(language, total["low95"], total["high95"]),
        )
        found = [
            (self._book.add(drawn, language, of_rows=of_rows), row_texts(language) if of_rows else text)
            for drawn, of_rows in drawn_charts(self._view, language, SITE_TEXTS)
            if of_rows or drawn.id == f"variable-{words.number}"
        ]
        return {
            "heading": words.labels[language],
            "lead": text("rows.total", count=count, range=between),
            "text": text("rows.text", most=number(language, words.most)),
            "wide": [],
            "flow": found,
            "more": ChartLinks(language),
            **reporting_context(self._view, language, shown=False),
        }
