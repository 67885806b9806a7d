"""Pages by theme and by country in a real browser: readable on a phone, accessible, bars true to their numbers."""

import pytest
from tests.browser.test_site import AXE, DRAWN, OVERFLOW

from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.view import read_release

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def kinds(shown_release) -> tuple[str, ...]:
    """One page of each kind: the country is the one of whom most people were exploited there."""
    dashboards = Dashboards(read_release(shown_release))
    reported = [place for place in dashboards.places if place.people["CountryOfExploitation"]]
    largest = max(reported, key=lambda place: place.people["CountryOfExploitation"]["count"])
    return "themes/", "themes/exploitation/", "themes/time/", "countries/", f"countries/{largest.path}/"


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_overflows_and_axe_finds_nothing(browser, address, kinds, language, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    for path in kinds:
        assert page.goto(f"{address}/{language}/{path}").status == 200
        assert not page.evaluate(OVERFLOW), path
        page.add_script_tag(path=AXE)
        found = page.evaluate("async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])")
        assert found == [], path
    context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [320, 1280])
def test_bars_are_as_long_as_their_values_and_equally_long_tracks_stand_side_by_side(browser, address, language, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/{language}/themes/exploitation/")
    drawn = [bar for bar in page.evaluate(DRAWN) if bar["chart"].startswith("cross-")]
    assert len(drawn) > 20
    assert all(abs(bar["part"] - bar["stated"]) < 0.02 for bar in drawn)
    for tracks in page.evaluate(
        """() => [...document.querySelectorAll('table.cross')].map(table =>
        [...table.querySelectorAll('.track')].map(track => track.getBoundingClientRect().width))"""
    ):
        assert max(tracks) - min(tracks) < 2
    context.close()


def test_header_on_a_phone_can_be_touched_and_leads_to_both_indexes(browser, address):
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/en/")
    page.locator("nav.pages").get_by_role("link", name="Dashboards").click()
    assert page.url.endswith("/en/themes/")
    links = page.locator("nav.pages a, nav.local a")
    assert all(links.nth(position).bounding_box()["height"] >= 40 for position in range(links.count()))
    page.locator("nav.local").get_by_role("link", name="Countries").click()
    assert page.url.endswith("/en/countries/")
    context.close()
