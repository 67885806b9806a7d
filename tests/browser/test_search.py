"""The search page in a real browser: what people type is found, in every language, with a keyboard, without scripts."""

import json
import random

import pytest
from tests.browser.survey import AXE, AXE_FOUND, OVERFLOW, START_AXE

from ctdc.hub.site.search.words import words
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# A country as its language writes it, and as people type it.
COUNTRIES = {
    "ar": ("أوكرانيا", "اوكرانيا"),
    "en": ("Ukraine", "ukraine"),
    "fr": ("Philippines", "PHILÍPPINES"),
    "de": ("Rumänien", "Rumaenien"),
    "es": ("México", "mexico"),
}
LETTERS = "aÀéÎñöÜßœØłıſςΣѓЙ ـأإآٱءؤئىةهيیکًَُِّْ٠٩۰۹0a1-_’ﬁ½²Ⅳ"


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def names(page) -> list[str]:
    return page.locator("#found li a").all_inner_texts()


def ask(page, address: str, language: str, asked: str) -> list[str]:
    page.goto(f"{address}/{language}/search/")
    page.locator("#q").fill(asked)
    page.locator("#found [role=status]:not(:empty)").wait_for()
    return names(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_country_variable_and_code_are_found_however_they_are_typed(page, address, language):
    content = json.loads(page.request.get(address + index_of(page, address, language)).body())
    rows = {
        kind: [row for row in content["documents"] if content["kinds"][row[0]] == kind] for kind in content["kinds"]
    }
    named = {row[1] for kind in ("country", "code") for row in rows[kind]}
    for asked in COUNTRIES[language]:
        found = ask(page, address, language, asked)
        assert COUNTRIES[language][0] in named
        assert COUNTRIES[language][0] in found, asked
    gender = next(row for row in rows["variable"] if row[3] == "gender")
    assert gender[1] in ask(page, address, language, "gender")
    assert gender[1] in ask(page, address, language, gender[1].upper())
    code = next(row for row in rows["code"] if len(row[3]) == 3)
    assert code[1] in ask(page, address, language, code[3].lower())


def index_of(page, address: str, language: str) -> str:
    page.goto(f"{address}/{language}/search/")
    return page.locator("#ask").get_attribute("data-index")


def test_words_are_the_same_here_and_in_python(page, address):
    page.goto(f"{address}/en/search/")
    chance = random.Random(7)
    texts = ["".join(chance.choices(LETTERS, k=chance.randrange(1, 14))) for _ in range(1500)]
    texts += [
        "Österreich und Straße",
        "والأطفال للنساء بالعمل الله",
        "İstanbul",
        "Länder, in denen (neue) Fälle",
        "ΣΊΣΥΦΟΣ",
    ]
    for language in ("de", "ar"):
        there = page.evaluate(
            "([texts, language]) => texts.map(text => window.ctdcWords(text, language))", [texts, language]
        )
        assert there == [words(text, language) for text in texts]


def test_index_is_fetched_when_it_is_needed_and_the_question_is_in_the_address(page, address):
    seen = []
    page.on("request", lambda request: seen.append(request.url))
    page.goto(f"{address}/en/search/", wait_until="networkidle")
    assert not any(url.endswith(".json") for url in seen)
    page.locator("#q").fill("gender")
    page.locator("#found section").first.wait_for()
    assert page.url.endswith("?q=gender")
    page.reload()
    page.locator("#found section").first.wait_for()
    assert page.locator("#q").input_value() == "gender"


def test_keyboard_alone_from_any_page_to_a_result(page, address):
    page.goto(f"{address}/en/data/")
    page.locator("#find").focus()
    page.keyboard.type("ukraine")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/search/?q=ukraine")
    page.locator("#found section").first.wait_for()
    found = names(page)
    wanted = found.index("Ukraine") + 1  # pages that name the country stand before its own
    page.locator("#q").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == found[0]
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "q"
    for _ in range(wanted):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Ukraine"
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/countries/**")


def test_nothing_found_helps_on_and_markup_stays_text(page, address):
    assert "Ukraine" in ask(page, address, "en", "ukrayne")
    assert ask(page, address, "en", "xkrane") == ["Ukraine"]  # offered, not found
    assert "Did you mean" in page.locator("#found").inner_text()
    ask(page, address, "en", "<img src=x onerror=alert(1)>qqq")
    assert page.locator("#found img").count() == 0
    assert "Try fewer or other words" in page.locator("#found").inner_text()
    assert "<img src=x" in page.locator("#found [role=status]").inner_text()


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [320, 1280])
def test_results_are_accessible_and_do_not_overflow(page, address, language, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert len(ask(page, address, language, COUNTRIES[language][0][:3])) > 1
    assert not page.evaluate(OVERFLOW)
    page.add_script_tag(path=AXE)
    page.evaluate(START_AXE, {})
    assert page.evaluate(AXE_FOUND) == []
    assert page.locator("#found mark").count() > 0


def test_without_scripts_the_server_answers_from_the_header_of_any_page(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/ar/help/")
    page.locator("#find").fill("اوكرانيا")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ar/search/?q=*")
    assert "أوكرانيا" in names(page)
    page.goto(f"{address}/ar/search/")
    assert page.locator("main ul.names a").count() > 50
    context.close()
