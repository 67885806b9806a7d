"""The site in a real browser: its numbers and its bars are true to its data. What all pages owe: `test_templates`."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from ctdc.release.numbers import END_ISOLATE, ISOLATE, number, number_range, percent, percent_range
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WIDTHS = (320, 1280)
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# Every length that is drawn, beside the numbers that it stands for, as the browser laid it out.
DRAWN = """() => [...document.querySelectorAll('.bar')].filter(bar => bar.querySelector('.fill')).map(bar => {
    const width = part => bar.querySelector(part).getBoundingClientRect().width;
    return {chart: bar.closest('figure').id, part: width('.fill') / width('.track'),
            stated: Number(bar.querySelector('.fill').dataset.length)}})"""

# Words of menus whose letters stand on several lines, with no hyphen that was written there.
BROKEN = """() => [...document.querySelectorAll('header nav a, nav.local a, footer nav a')].flatMap(link =>
    [...link.textContent.matchAll(/[^\\s\\-–]+/g)].filter(word => {
        const lines = new Set();
        for (let at = word.index; at < word.index + word[0].length; at++) {
            const letter = document.createRange();
            letter.setStart(link.firstChild, at);
            letter.setEnd(link.firstChild, at + 1);
            const box = letter.getBoundingClientRect();
            if (box.width) lines.add(Math.round(box.top));
        }
        return lines.size > 1;
    }).map(word => word[0]))"""


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens a page in a fresh context; options are those of the context."""
    contexts: list[BrowserContext] = []

    def opened(path: str, **options: object) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.seen = []
        page.on("request", lambda request: page.seen.append(request.url))
        page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()


def test_axe_sees_a_planted_fault(open_page):
    """That nothing is found above means something only if the tool finds what is there."""
    page = open_page("/en/", bypass_csp=True)
    page.evaluate("document.querySelector('h1').style.color = '#1a4a52'")
    page.add_script_tag(path=AXE)
    assert "color-contrast" in page.evaluate("async () => (await axe.run()).violations.map(fault => fault.id)")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_a_menu_breaks_on_a_phone(open_page, language):
    page = open_page(f"/{language}/stories/")
    for width in (320, 360, 390, 430, 480, 600, 700):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(BROKEN) == [], width
        assert not page.evaluate(OVERFLOW), width


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace(ISOLATE, "").replace(END_ISOLATE, ""))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_in_the_accessibility_tree(open_page, shown_release, language):
    """Counts and shares with their intervals, as the figures file has them, in the words of each language."""
    figures = json.loads((shown_release / "data/figures.json").read_text())
    page = open_page(f"/{language}/")
    tree = _plain(page.locator("main").aria_snapshot())
    wanted = []
    for member in (member for group in figures["groups"] for member in group["members"]):
        if member["share"]:
            wanted.append(percent(language, member["share"]["share"]))
            wanted.append(percent_range(language, member["share"]["low95"], member["share"]["high95"]))
        wanted.append(number(language, member["count"]))
    years = next(entry for entry in figures["variables"] if entry["name"] == "yearOfRegistration")
    pyramid = next(pair for pair in figures["pairs"] if pair["variables"] == ["ageBroad", "gender"])
    for entry in [*years["codes"], *pyramid["cells"]]:
        if not entry["below_threshold"]:
            wanted += [number(language, entry["count"]), number_range(language, entry["low95"], entry["high95"])]
    missing = [text for text in wanted if _plain(text) not in tree]
    assert wanted and not missing


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", WIDTHS)
def test_bars_are_drawn_as_long_as_their_values(open_page, language, width):
    page = open_page(f"/{language}/", viewport={"width": width, "height": 800})
    drawn = page.evaluate(DRAWN)
    assert len(drawn) > 50
    for bar in drawn:
        assert bar["part"] == pytest.approx(bar["stated"], abs=0.005), bar["chart"]


def test_columns_over_time_stand_on_zero_and_in_proportion(open_page, shown_release):
    figures = json.loads((shown_release / "data/figures.json").read_text())
    years = next(entry for entry in figures["variables"] if entry["name"] == "yearOfRegistration")["codes"]
    page = open_page("/en/")
    columns = "[...document.querySelectorAll('.columns .fill')].map(r => [Number(r.getAttribute('height')),"
    sizes = page.evaluate(columns + " Number(r.getAttribute('y'))])")
    assert len({round(height + top, 2) for height, top in sizes}) == 1
    scale = sizes[0][0] / years[0]["count"]
    assert [height for height, _ in sizes] == pytest.approx([year["count"] * scale for year in years], rel=1e-3)


def test_arabic_bars_start_at_the_right_and_time_runs_from_the_left(open_page):
    page = open_page("/ar/", viewport={"width": 1280, "height": 800})
    edges = page.evaluate(
        """() => { const bar = document.querySelector('.bars .bar');
        return ['.fill', '.track'].map(part => bar.querySelector(part).getBoundingClientRect().right) }"""
    )
    assert edges[0] == pytest.approx(edges[1], abs=1)
    years = page.evaluate(
        "[...document.querySelectorAll('.columns .year')].map(text => text.getBoundingClientRect().left)"
    )
    assert years == sorted(years)
    fonts = page.evaluate(
        "document.fonts.ready.then(() => [...document.fonts].filter(f => f.status === 'loaded').length)"
    )
    assert fonts == 2


def test_interval_is_drawn_around_the_end_of_the_bar(open_page):
    page = open_page("/en/")
    for low, end, high in page.evaluate(
        """() => [...document.querySelectorAll('.bars .bar')].filter(bar => bar.querySelector('.fill')).map(bar => {
        const line = bar.querySelector('.whisker').getBoundingClientRect();
        return [line.left, bar.querySelector('.fill').getBoundingClientRect().right, line.right]})"""
    ):
        assert low - 1 <= end <= high + 1


def test_works_without_scripts(open_page):
    page = open_page("/en/", java_script_enabled=False)
    assert page.get_by_role("link", name="Exit this page").get_attribute("href") == "https://en.wikipedia.org/"
    page.get_by_role("link", name="Data", exact=True).first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Data and documents"
    page.get_by_role("link", name="العربية").click()
    assert page.url.endswith("/ar/data/")


def test_three_shifts_leave_and_two_do_not(open_page):
    page = open_page("/en/")
    page.route("https://**", lambda route: route.fulfill(body="neutral", content_type="text/html"))
    page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    assert page.url.endswith("/en/")
    page.keyboard.press("Shift")
    page.wait_for_url("https://en.wikipedia.org/")


def test_download_is_the_released_file(open_page, shown_release):
    page = open_page("/en/data/")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="aggregates.csv").click()
    assert Path(waiting.value.path()).read_bytes() == (shown_release / "data/aggregates.csv").read_bytes()


def test_forced_colours_and_print_keep_the_bars(open_page):
    page = open_page("/en/", forced_colors="active")
    fill = "getComputedStyle(document.querySelector('.bars .fill')).fill"
    track = "getComputedStyle(document.querySelector('.bars .track')).fill"
    assert page.evaluate(fill) != page.evaluate(track)
    page.emulate_media(media="print")
    assert not page.locator(".exit").is_visible()
    assert page.locator("h1").is_visible()


def test_examples_for_programs_can_be_copied_as_they_are_read(open_page, address):
    page = open_page("/ar/api/")
    examples = page.locator("dd > code").all_inner_texts()
    wanted = [f'"{address}' if "(" in example else address for example in examples if "/" in example]
    assert len(wanted) > 8
    assert all(start in example for start, example in zip(wanted, examples, strict=True))
    assert page.locator("[data-no-start]").is_hidden() and page.faults == []
    plain = open_page("/ar/api/", java_script_enabled=False)
    assert plain.locator("[data-no-start]").is_visible()
    assert plain.locator("dd > code").first.inner_text() == "/api/v1/releases"
