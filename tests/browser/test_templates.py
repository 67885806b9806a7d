"""The bars that every template of the site has to meet, in every language; which templates there are is found out.

What is looked at, and how, is in `survey`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from benchmarks.templates import Template, read_newest, templates_of
from playwright.sync_api import Browser, Page
from tests.browser.survey import (
    MODE_LANGUAGES,
    Seen,
    Survey,
    links_without_scripts,
    together,
    walk,
)

from ctdc.hub.site.frame import NEUTRAL_PAGE
from ctdc.standard.languages import LANGUAGES, direction

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST_VIEW = {"ar": 130_000}  # bytes on the wire; Arabic brings its letters
OTHER_FIRST_VIEW, SCRIPTS, REQUESTS = 100_000, 40_000, 8
ALONE = "/embed/"  # a chart alone, for pages of others: it has no header, so nothing to skip or to leave


@pytest.fixture(scope="module")
def survey(browser: Browser, site_of_two: tuple[str, str], two_releases: list[Path], two_built: Path) -> Survey:
    return Survey(browser, site_of_two[0], templates_of(two_built, *read_newest(two_releases)))


@pytest.fixture
def opened(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def framed(survey: Survey) -> list[Template]:
    """The templates that have the site's header."""
    return [template for template in survey.templates if not f"/{template.path}".endswith(ALONE)]


def faults(seen: Mapping[Template, Seen], fault: object) -> dict[str, object]:
    """What `fault` finds on each page, without those where it finds nothing."""
    return {str(template): found for template, page in seen.items() if (found := fault(page))}


def test_every_kind_of_page_is_looked_at(survey, two_built):
    """Whatever the site has been built from is a template that was found, and the largest pages are among them."""
    files = {template.file for template in survey.templates}
    assert {"overview.html.j2", "codebook.html.j2", "country.html.j2", "kit_chart.html.j2", "releases.html.j2"} <= files
    assert all(
        (two_built / language / one.path / "index.html").is_file() for language in LANGUAGES for one in survey.templates
    )


@pytest.mark.heavy
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_phone_and_desktop_and_in_the_dark(survey, language):
    assert faults(survey.of(language), lambda page: {at: found for at, found in page.axe.items() if found}) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_overflows(survey, language):
    assert faults(survey.of(language), lambda page: page.overflows) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_laid_out_late_has_room(survey, language):
    assert faults(survey.of(language), lambda page: page.higher) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", LANGUAGES)
def test_first_view_is_small_and_from_here(survey, language):
    def too_much(page: Seen) -> list[object]:
        limit = FIRST_VIEW.get(language, OTHER_FIRST_VIEW)
        return [
            *[url for url in page.requests if not url.startswith(f"{survey.address}/")],
            *[f"{sum(page.sizes.values()):.0f} bytes"] * (not 0 < sum(page.sizes.values()) <= limit),
            *[f"{page.script_bytes:.0f} bytes of scripts"] * (page.script_bytes > SCRIPTS),
            *[f"{len(page.requests)} requests"] * (len(page.requests) > REQUESTS),
        ]

    assert faults(survey.of(language), too_much) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_stored_and_the_console_is_quiet(survey, language):
    assert faults(survey.of(language), lambda page: page.faults or page.stored) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", LANGUAGES)
def test_language_direction_and_headings_in_order(survey, language):
    def wrong(page: Seen) -> list[object]:
        jumps = [pair for pair in zip(page.headings, page.headings[1:], strict=False) if pair[1] > pair[0] + 1]
        root = [] if page.root == [language, direction(language)] else page.root
        return [*root, *jumps, *(["one h1"] if page.headings.count(1) != 1 or page.headings[0] != 1 else [])]

    assert faults(survey.of(language), wrong) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", MODE_LANGUAGES)
def test_bars_can_be_seen_in_light_dark_and_forced_colours(survey, language):
    assert any(page.unseen for page in survey.of(language).values())
    assert faults(survey.of(language), lambda page: {at: found[:3] for at, found in page.unseen.items() if found}) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", MODE_LANGUAGES)
def test_nothing_moves_for_those_who_asked_for_that(survey, language):
    assert faults(survey.of(language), lambda page: page.moving[:3]) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", MODE_LANGUAGES)
def test_paper_shows_everything_but_the_header(survey, language):
    assert faults(survey.of(language), lambda page: page.cut[:3] or page.printed) == {}


@pytest.mark.heavy
@pytest.mark.parametrize("language", ["en", "ar"])
def test_keyboard_reaches_everything_and_shows_where_it_is(survey, opened, language):
    wrong = {}
    for template in survey.templates:
        opened.goto(f"{survey.address}/{language}/{template.path}")
        found = walk(opened)
        if found["missed"] or found["unmarked"]:
            wrong[str(template)] = (found["missed"][:3], found["unmarked"][:3])
        if template in framed(survey) and 'class="skip"' not in found["first"]:
            wrong[str(template)] = f"first stop: {found['first']}"
    assert wrong == {}


def test_skip_link_leads_to_the_content(survey, opened):
    for template in framed(survey):
        opened.goto(f"{survey.address}/en/{template.path}")
        opened.keyboard.press("Tab")
        opened.keyboard.press("Enter")
        assert opened.evaluate("document.activeElement.id") == "content", template


def test_three_shifts_leave_every_page_and_the_button_does(survey, opened):
    opened.route("https://**", lambda route: route.fulfill(body="neutral", content_type="text/html"))
    for template in framed(survey):
        opened.goto(f"{survey.address}/en/{template.path}")
        assert opened.locator(".exit").get_attribute("href") == NEUTRAL_PAGE.format(language="en")
        for _ in range(3):
            opened.keyboard.press("Shift")
        opened.wait_for_url(NEUTRAL_PAGE.format(language="en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_exit_leads_to_a_neutral_page_in_the_reader_s_language(survey, opened, language):
    opened.route("https://**", lambda route: route.fulfill(body="neutral", content_type="text/html"))
    opened.goto(f"{survey.address}/{language}/")
    opened.locator(".exit").click()
    opened.wait_for_url(NEUTRAL_PAGE.format(language=language))


@pytest.mark.heavy
def test_without_scripts_every_page_reads_and_every_link_leads_somewhere(survey, browser):
    context = browser.new_context(java_script_enabled=False)
    found: dict[str, str] = {}
    for language in ("en", "ar"):
        for template in survey.templates:
            url = f"{survey.address}/{language}/{template.path}"
            found |= {link: url for link in links_without_scripts(context, url) if link.startswith(survey.address)}
    lost = {link: page for link, page in found.items() if context.request.head(link).status != 200}
    context.close()
    assert len(found) > len(survey.templates)
    assert lost == {}


def test_first_and_lost_pages_are_accessible_too(survey):
    for path in ("/", "/nowhere"):
        seen = Seen()
        together([survey.look(path, seen, modes=True)])
        assert not any(seen.axe.values()), seen.axe
        assert seen.overflows == []
        assert {urlsplit(url).netloc for url in seen.requests} == {urlsplit(survey.address).netloc}
