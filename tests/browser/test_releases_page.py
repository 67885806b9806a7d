"""The catalogue of releases and a release's own pages in a real browser: accessible, narrow, nothing in the way."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
OPEN = "document.querySelectorAll('details').forEach(part => { part.open = true })"
# Where the exit lies over something that a reader wants to press, before anybody has scrolled.
COVERED = """() => {
    const exit = document.querySelector('.exit').getBoundingClientRect();
    return [...document.querySelectorAll('.top a, .shelf a')].filter(link => {
        const box = link.getBoundingClientRect();
        return box.left < exit.right && box.right > exit.left && box.top < exit.bottom && box.bottom > exit.top;
    }).map(link => link.textContent)}"""


def opened(browser: Browser, url: str, width: int) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True).new_page()
    page.goto(url)
    return page


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_overflows_or_is_covered(browser, site_of_two, language, width):
    address, older = site_of_two
    for path in ("", f"{older}/", f"{older}/codebook/", f"{older}/privacy/"):
        page = opened(browser, f"{address}/{language}/releases/{path}", width)
        assert page.evaluate(COVERED) == [], path
        page.evaluate(OPEN)
        assert not page.evaluate(OVERFLOW), path
        page.add_script_tag(path=AXE)
        found = page.evaluate("async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])")
        assert found == [], path
        page.context.close()


def test_on_the_narrowest_phone_the_exit_covers_no_link_of_the_header_in_any_language(browser, site_of_two):
    address, older = site_of_two
    for language in ("ar", "de", "en", "es", "fr"):
        page = opened(browser, f"{address}/{language}/releases/{older}/", 320)
        assert page.locator(".shelf li a").count() == 3
        assert page.evaluate(COVERED) == [], language
        page.context.close()


def test_from_an_older_release_to_the_newest_and_on_in_another_language(browser, site_of_two):
    address, older = site_of_two
    page = opened(browser, f"{address}/en/releases/", 1280)
    assert page.get_by_role("article").count() == 2
    page.get_by_role("link", name=f"Code book ({older})").click()
    assert page.url == f"{address}/en/releases/{older}/codebook/"
    page.get_by_role("link", name="العربية").click()
    assert page.url == f"{address}/ar/releases/{older}/codebook/"
    page.get_by_role("link", name="الانتقال إلى أحدث إصدار").click()
    assert older not in page.url
    assert page.url.startswith(f"{address}/ar/releases/twin-")
    page.context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_on_a_phone_a_group_s_pages_are_one_row_that_shows_where_one_is(browser, site_of_two, language):
    address, older = site_of_two
    page = opened(browser, f"{address}/{language}/releases/{older}/", 320)
    links = page.locator("nav.local a")
    assert page.locator("nav.local").bounding_box()["height"] < 48
    for link in (page.locator("nav.local a[aria-current]"), links.first):
        link.focus()
        box = link.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 320
    assert page.evaluate("window.scrollY") == 0
    page.context.close()
