"""The code that a chart's page offers to others: an element that shows the chart alone, whatever its title."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.support.charts import overview_charts

from ctdc.hub.site.frame import Site, SitePage
from ctdc.hub.site.kit.files import chart_files
from ctdc.hub.site.kit.pages import chart_context
from ctdc.hub.site.place import Place
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
URL = "https://data.example.org"
HOSTILE = "\"><script>alert(1)</script>&lt;'"


class Offered(HTMLParser):
    """What a page shows as code, what it loads as scripts, and the ids of its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.code, self.scripts, self.ids, self._inside = "", list[str](), set[str](), False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids.add(values.get("id", ""))
        self.scripts += [values.get("src", "")] if tag == "script" else []
        self._inside = tag == "code" and values.get("id") == "code"

    def handle_endtag(self, tag):
        self._inside = self._inside and tag != "code"

    def handle_data(self, data):
        self.code += data if self._inside else ""


class Elements(HTMLParser):
    """The elements that a page gets from a piece of code, and any text between them."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.found, self.text = list[tuple[str, dict[str, str | None]]](), ""
        self.feed(code)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def view(site_release: Path) -> SiteRelease:
    return read_release(site_release)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_shows_the_chart_alone(site, view, language):
    for made in overview_charts(view, language):
        page = Offered((site / made.chart.address.lstrip("/") / "index.html").read_text())
        elements = Elements(page.code)
        ((tag, given),) = elements.found
        assert (tag, elements.text, given["title"]) == ("iframe", "", made.chart.title)
        assert given["src"] == f"{made.chart.address}embed/"
        assert (site / given["src"].lstrip("/") / "index.html").is_file()
        assert "no-address" in page.ids


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_site_that_knows_its_address_writes_it_and_no_title_is_markup(view, language):
    known = replace(view, place=Place(origin=URL))
    made = next(iter(overview_charts(view, language)))
    made = replace(made, chart=replace(made.chart, title=HOSTILE))
    context = chart_context(made, chart_files(made.chart)) | {"row_texts": lambda key, **values: key}
    page = Offered(
        Site(known, ()).render(SitePage("chart", made.chart.address, "kit_chart.html.j2", context), language)
    )
    ((tag, given),) = Elements(page.code).found
    assert (tag, given["src"], given["title"]) == ("iframe", f"{URL}{made.chart.address}embed/", HOSTILE)
    assert "no-address" not in page.ids


def test_pages_of_charts_alone_load_the_script_that_copies(site, view):
    chart = next(iter(overview_charts(view, "en"))).chart
    for path, copies in ((f"{chart.address}", True), (f"{chart.address}embed/", False), ("/en/", False)):
        scripts = Offered((site / path.lstrip("/") / "index.html").read_text()).scripts
        assert any("/share." in script for script in scripts) is copies, path
