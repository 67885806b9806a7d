"""The section of charts that have an address of their own: for each one its page, its files, and the chart alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage, site_text
from ctdc.hub.site.kit.files import chart_files
from ctdc.hub.site.kit.make import make_charts
from ctdc.hub.site.kit.pages import chart_context
from ctdc.hub.site.release_pages import row_texts
from ctdc.hub.site.view import SiteRelease


class ChartPages:
    """Every chart of the overview."""

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
        for made in make_charts(self._view, language, SITE_TEXTS):
            files = chart_files(made.chart)
            context = chart_context(made, files)
            context["row_texts"] = row_texts(language) if made.of_rows else site_text(language)
            yield SitePage("chart", f"charts/{made.chart.id}/", "kit_chart.html.j2", context)
            yield SitePage("chart", f"charts/{made.chart.id}/embed/", "kit_embed.html.j2", context)
            for name, data in files.items():
                yield SiteFile(f"charts/{name}", data)
