"""Map, corridors, heat tables, panels and lines in a real browser: accessible, narrow, mirrored where it is right."""

import gzip
import json
import re

import pytest
from tests.browser.test_site import AXE, OVERFLOW

from ctdc.hub.site.kit.book import ChartBook
from ctdc.hub.site.kit.spec import ChartSpec
from ctdc.hub.site.view import read_release

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATHS = ("map/", "corridors/", "themes/control/", "themes/time/", "charts/map-CountryOfExploitation/embed/")
SPECS = {
    "map/": ChartSpec("map", ("place",)),
    "corridors/": ChartSpec("flows", ("origin", "place")),
    "themes/control/": ChartSpec("heat", ("means_of_control", "age")),
    "themes/time/": ChartSpec("lines", ("gender", "year")),
}
FIRST_VIEW = {"en": 100_000, "ar": 130_000}


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_axe_finds_nothing_and_nothing_overflows(browser, address, language, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for path in PATHS:
        assert page.goto(f"{address}/{language}/{path}").status == 200
        assert not page.evaluate(OVERFLOW), path
        page.add_script_tag(path=AXE)
        found = page.evaluate("async () => (await axe.run()).violations.map(f => [f.id, f.nodes[0].html])")
        assert found == [], path
    context.close()


def plain(text: str) -> str:
    return re.sub(r"[\u2060\u2066\u2069]", "", text)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("path", SPECS)
def test_every_number_and_interval_is_in_the_accessibility_tree(browser, address, shown_release, language, path):
    made = ChartBook.of(read_release(shown_release)).draw(SPECS[path], language)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/{language}/{path}")
    session = context.new_cdp_session(page)
    tree = plain(json.dumps(session.send("Accessibility.getFullAXTree"), ensure_ascii=False))
    context.close()
    shown = [made.chart.drawn(row) for row in made.chart.rows if made.chart.drawn(row)]
    assert len(shown) > 5
    for quantity in shown:
        assert plain(quantity.text) in tree and plain(quantity.interval) in tree


def test_the_map_has_west_on_the_left_in_arabic_too_and_corridors_begin_on_the_right(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    place = "([name]) => [...document.querySelectorAll('.area')].find(a => a.textContent.startsWith(name + ':'))"
    place += ".getBoundingClientRect().x"
    page.goto(f"{address}/ar/map/")
    assert page.evaluate(place, ["المكسيك"]) < page.evaluate(place, ["الصين"])
    starts = {}
    for language in ("en", "ar"):
        page.goto(f"{address}/{language}/corridors/")
        starts[language] = page.evaluate("document.querySelector('.node').getBoundingClientRect().x")
    context.close()
    assert starts["en"] < 640 < starts["ar"]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_heaviest_page_is_light(browser, address, language):
    bodies = []
    context = browser.new_context()
    page = context.new_page()
    page.on("response", lambda response: bodies.append((response.url, response.body())))
    page.goto(f"{address}/{language}/map/", wait_until="networkidle")
    context.close()
    assert all(url.startswith(address) for url, _ in bodies)
    sizes = [len(body) if url.endswith(".woff2") else len(gzip.compress(body)) for url, body in bodies]
    assert sum(sizes) <= FIRST_VIEW[language]


def test_a_phone_has_the_table_of_corridors_instead_of_the_picture(browser, address):
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/en/corridors/")
    assert not page.locator("svg.flows").is_visible() and page.locator("table.all").is_visible()
    context.close()
