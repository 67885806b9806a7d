"""Data stories in a real browser: accessible, whole on a narrow phone and in Arabic, every number leads to its row."""

import pytest
from tests.browser.test_site import AXE, OVERFLOW

from ctdc.hub.site.stories.source import read_stories
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLUGS = tuple(story.slug for story in read_stories()[1] if story.analysis != "linked")  # of one table


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_overflows(browser, address, language, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    # Every story in the widest and the narrowest shape once: each language gets two of them and the index.
    place = LANGUAGES.index(language)
    for slug in ("", *(SLUGS[(2 * place + step) % len(SLUGS)] for step in range(2))):
        path = f"stories/{slug}/" if slug else "stories/"
        assert page.goto(f"{address}/{language}/{path}").status == 200
        assert not page.evaluate(OVERFLOW), path
        page.add_script_tag(path=AXE)
        found = page.evaluate("async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])")
        assert found == [], path
    context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_number_leads_by_keyboard_to_where_it_is_explained(browser, address, language):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=True)
    page = context.new_page()
    page.goto(f"{address}/{language}/stories/gender/")
    links = page.locator("a.bound")
    assert links.count() > 5
    for position in range(links.count()):
        target = links.nth(position).get_attribute("href")
        row = page.locator(target)
        assert row.count() == 1
        assert links.nth(position).inner_text() in row.inner_text()
    links.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{links.first.get_attribute('href')}")
    assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
    context.close()


def test_a_printed_story_has_its_text_and_no_exit_button(browser, address):
    context = browser.new_context(viewport={"width": 800, "height": 800})
    page = context.new_page()
    page.goto(f"{address}/en/stories/gender/")
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert not page.locator(".exit").is_visible()
    context.close()
