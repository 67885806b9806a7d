"""Pages of charts in a real browser: accessible, on a narrow phone too, and shown within pages of others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from tests.browser.conftest import answering

from ctdc.hub.site.kit.value import KIT_TEXTS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
CHARTS = ("time", "age-gender", "group-means_of_control")


@pytest.fixture
def page_elsewhere(browser: Browser) -> Iterator[Page]:
    """A page of another site, such as a notebook."""
    with answering(Starlette(routes=[Route("/", lambda request: HTMLResponse("<h1>Notebook</h1>"))])) as elsewhere:
        context = browser.new_context()
        page = context.new_page()
        page.goto(elsewhere)
        yield page
        context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_overflows(browser, address, language, width):
    for chart in CHARTS:
        for place in ("", "embed/"):
            context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
            page = context.new_page()
            page.goto(f"{address}/{language}/charts/{chart}/{place}")
            assert not page.evaluate(OVERFLOW), (chart, place)
            page.add_script_tag(path=AXE)
            found = page.evaluate("async () => (await axe.run()).violations.map(f => [f.id, f.nodes[0].html])")
            context.close()
            assert found == [], (chart, place)


def test_only_the_chart_alone_may_be_framed(browser, address):
    context = browser.new_context()
    answers = [context.request.get(f"{address}/en/charts/time/{place}").headers for place in ("", "embed/")]
    context.close()
    assert "frame-ancestors 'none'" in answers[0]["content-security-policy"]
    assert answers[0]["x-frame-options"] == "DENY"
    assert "frame-ancestors *" in answers[1]["content-security-policy"]
    assert "x-frame-options" not in answers[1]


def test_a_picture_s_text_takes_the_colour_that_a_reader_forces(browser, address):
    context = browser.new_context(forced_colors="active", color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}/en/charts/time.svg")
    colours = page.evaluate("[...document.querySelectorAll('text')].map(text => getComputedStyle(text).fill)")
    context.close()
    assert set(colours) == {"rgb(255, 255, 255)"}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_code_and_the_link_are_copied_with_the_address_at_which_they_are_read(browser, address, language):
    context = browser.new_context()
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page = context.new_page()
    here = f"{address}/{language}/charts/time/"
    page.goto(here)
    code = page.locator("#code").text_content()
    assert f'src="{here}embed/"' in code
    assert page.locator("#no-address").count() == 0
    said = page.locator("#copied")
    for button, copied in (("#copy-code", code), ("#copy-link", here)):
        page.evaluate("document.getElementById('copied').textContent = ''")
        page.locator(button).click()
        expect(said).to_have_text(KIT_TEXTS.text(language, "kit.sharing.copied"))
        assert page.evaluate("navigator.clipboard.readText()") == copied
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')) }")
    page.locator("#copy-code").click()
    expect(said).to_have_text(KIT_TEXTS.text(language, "kit.sharing.not_copied"))
    context.close()


def test_the_code_is_there_without_scripts_and_says_what_it_lacks(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/ar/charts/time/")
    assert 'src="/ar/charts/time/embed/"' in page.locator("#code").text_content()
    assert page.locator("#no-address").is_visible()
    assert not page.locator("#copying").is_visible()
    assert page.locator("#code").evaluate("part => getComputedStyle(part).direction") == "ltr"
    context.close()


def test_the_code_shows_the_chart_within_a_page_elsewhere(browser, address, page_elsewhere):
    page = browser.new_page()
    page.goto(f"{address}/en/charts/time/")
    code = page.locator("#code").text_content()
    page.close()
    page_elsewhere.evaluate("code => { document.body.innerHTML = code }", code)
    frame = page_elsewhere.frame_locator("iframe")
    frame.locator("figure#time").wait_for()
    assert frame.locator("figure#time").is_visible()


READ = """async ([url, headers]) => { try {
    const answer = await fetch(url, {headers});
    return [answer.status, answer.headers.get('content-range'), (await answer.arrayBuffer()).byteLength];
} catch (error) { return String(error) } }"""
SHOWN = """url => new Promise(done => { const picture = new Image();
    picture.onload = () => done(true); picture.onerror = () => done(false); picture.src = url })"""


def test_a_page_elsewhere_reads_released_files_in_parts_and_shows_charts(page_elsewhere, address, shown_release):
    size = (shown_release / "data/synthetic.parquet").stat().st_size
    data = f"{address}/release/{shown_release.name}/data/synthetic.parquet"
    # A browser asks first before it asks for the last bytes, where a Parquet file begins to be read.
    for part, found in (("bytes=0-3", f"bytes 0-3/{size}"), ("bytes=-8", f"bytes {size - 8}-{size - 1}/{size}")):
        assert page_elsewhere.evaluate(READ, [data, {"Range": part}]) == [206, found, 8 if "-8" in part else 4]
    for ending in ("csv", "json", "metadata.json", "xlsx", "zip"):
        assert page_elsewhere.evaluate(READ, [f"{address}/en/charts/time.{ending}", {}])[0] == 200
    assert page_elsewhere.evaluate(SHOWN, f"{address}/en/charts/time.png")
    assert page_elsewhere.evaluate(SHOWN, f"{address}/en/charts/time.svg")


def test_a_page_elsewhere_reads_no_page_of_this_site(page_elsewhere, address):
    for path in ("/en/", "/en/charts/time/", "/en/charts/time/embed/", "/en/explorer/words.json"):
        assert "TypeError" in page_elsewhere.evaluate(READ, [f"{address}{path}", {}]), path
