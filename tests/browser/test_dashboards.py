"""Pages by theme and by country in a real browser: readable on a phone, accessible, bars true to their numbers."""

import pytest
from tests.browser.test_site import DRAWN

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [320, 1280])
def test_bars_are_as_long_as_their_values_and_equally_long_tracks_stand_side_by_side(browser, address, language, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/{language}/themes/exploitation/")
    drawn = [bar for bar in page.evaluate(DRAWN) if bar["chart"].startswith("cross-")]
    assert len(drawn) > 20
    assert all(abs(bar["part"] - bar["stated"]) < 0.02 for bar in drawn)
    # Heat tables have shades in the place of bars.
    tables = page.evaluate(
        """() => [...document.querySelectorAll('table.cross:not(.heat)')].map(table =>
        [...table.querySelectorAll('.track')].map(track => track.getBoundingClientRect().width))"""
    )
    assert tables
    for tracks in tables:
        assert tracks and max(tracks) - min(tracks) < 2
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


@pytest.mark.parametrize("path", ["themes/exploitation/", "explorer/"])
def test_an_address_of_a_chart_leads_to_it_on_a_phone(browser, address, path):
    """Charts on the way there become as high as they are while they are passed: a page that glides loses its place."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/en/{path}")
    charts = page.evaluate("[...document.querySelectorAll('.chart:not([hidden])')].map(chart => chart.id)")
    assert len(charts) > 4
    for chart in (charts[len(charts) // 2], charts[-1]):
        page.goto("about:blank")
        page.goto(f"{address}/en/{path}#{chart}")
        top = "chart => document.getElementById(chart).getBoundingClientRect().top"
        page.wait_for_function(f"chart => Math.abs(({top})(chart)) < 200", arg=chart)
        page.wait_for_timeout(700)  # as long as a browser would glide
        assert abs(page.evaluate(top, chart)) < 200, chart
    context.close()
