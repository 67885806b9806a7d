"""The charts of a release's overview as values. For tests only."""

from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.kit.make import Made, Maker, drawn_charts
from ctdc.hub.site.view import SiteRelease


def overview_charts(view: SiteRelease, language: str) -> tuple[Made, ...]:
    """In the order of the page."""
    maker = Maker(view, language, SITE_TEXTS)
    return tuple(maker.make(drawn, of_rows=of_rows) for drawn, of_rows in drawn_charts(view, language, SITE_TEXTS))
