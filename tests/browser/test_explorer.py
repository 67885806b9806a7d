"""The explorer in a real browser: by mouse, by keyboard, by address, by phone, in Arabic, and without JavaScript."""

import re
import threading
from contextlib import contextmanager

import pytest
import uvicorn
from tests.browser.test_site import AXE, OVERFLOW

from ctdc.hub.site.build import build_site
from ctdc.hub.site.explorer.service import site_at, with_explorer
from ctdc.hub.site.serve import application, bind
from ctdc.release.analysis import load

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LANGUAGES = ("ar", "de", "en", "es", "fr")
# What the page says, wherever it was made: headline, chips, charts with their rows, marks, bars, links and notes.
SAID = """() => {
  const text = element => element.textContent.replace(/\\s+/g, ' ').trim();
  const rows = figure => [...figure.querySelectorAll('tbody tr')].map(row => [...row.children].map(text).concat(
    row.querySelector('a').getAttribute('href'), row.querySelector('a').getAttribute('aria-current'),
    row.querySelector('.fill')?.dataset.length ?? null, row.querySelector('.fill')?.getAttribute('width') ?? null,
    row.querySelectorAll('svg > *').length));
  return {
    answer: text(document.getElementById('answer')), api: document.getElementById('api').getAttribute('href'),
    chips: [...document.querySelectorAll('#chips li')].map(text),
    ticked: [...document.querySelectorAll('#questions input:checked')].map(input => input.name + '=' + input.value),
    charts: [...document.querySelectorAll('#charts > .chart')].filter(figure => !figure.hidden).map(figure =>
      [figure.id, rows(figure), [...figure.querySelectorAll('figcaption p')].map(text)]) };
}"""


@pytest.fixture(scope="module")
def release(measured_release):
    return measured_release


@pytest.fixture(scope="module")
def place(release, tmp_path_factory):
    """The site with its service: http://127.0.0.1:port"""
    pages = build_site(release, tmp_path_factory.mktemp("explored-site") / "site")
    with answering(with_explorer(application(pages), site_at(pages))) as address:
        yield address


@contextmanager
def answering(app):
    with bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def open_page(browser, place):
    contexts = []

    def opened(path, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda fault: page.faults.append(str(fault)))
        page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
        page.goto(place + path)
        return page

    yield opened
    for context in contexts:
        context.close()


def tick(page, question, answer):
    """Open a question and choose an answer, with the mouse."""
    ask = page.locator("details.ask").filter(has=page.locator("summary", has_text=re.compile(f"^{question}$")))
    if ask.get_attribute("open") is None:
        ask.locator("summary").click()
    ask.get_by_label(answer, exact=True).click()


def settled(page, query):
    page.wait_for_function("query => location.search === query && !document.querySelector('[aria-busy]')", arg=query)
    return page.evaluate(SAID)


def test_filters_by_mouse_lead_to_addresses_and_back(open_page):
    page = open_page("/en/explorer/")
    everybody = page.evaluate(SAID)
    tick(page, "Gender", "Woman")
    women = settled(page, "?gender=Woman")
    tick(page, "Age group", "9–17 years")
    girls = settled(page, "?ageBroad=09--17&gender=Woman")
    assert len({everybody["answer"], women["answer"], girls["answer"]}) == 3
    assert [chip.removesuffix(" ×") for chip in girls["chips"]] == [
        "Remove: Gender: Woman",
        "Remove: Age group: 9–17 years",
    ]
    page.go_back()
    assert settled(page, "?gender=Woman") == women
    page.go_back()
    again = settled(page, "")
    assert again["answer"] == everybody["answer"]
    assert_same_charts(again["charts"], everybody["charts"])
    page.go_forward()
    assert settled(page, "?gender=Woman") == women
    page.locator("#chips a").click()
    assert settled(page, "") == everybody
    assert page.faults == []


def test_a_bar_is_a_filter_and_the_keyboard_is_enough(open_page):
    page = open_page("/en/explorer/")
    link = page.locator("#variable-gender tbody a").first
    link.focus()
    page.keyboard.press("Enter")
    settled(page, "?gender=Woman")
    assert link.evaluate("link => link === document.activeElement && link.getAttribute('aria-current') === 'true'")
    page.locator("details.ask summary").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    settled(page, "")
    assert page.evaluate("document.activeElement.type") == "checkbox"
    page.keyboard.press("Space")
    settled(page, "?gender=Woman")
    page.locator("#chips a").focus()
    page.keyboard.press("Enter")
    settled(page, "")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


AT_ONCE = """names => {
  const charts = [...document.querySelectorAll('#charts > .chart:not([hidden])')];
  const inWindow = chart => { const at = chart.getBoundingClientRect(); return at.bottom > 0 && at.top < innerHeight; };
  const before = charts.filter(inWindow).map(chart => chart.id);
  for (const [name, value] of names) document.querySelector(`#questions [name="${name}"][value="${value}"]`).click();
  const busy = charts.filter(chart => chart.ariaBusy === 'true');
  return { before, busy: busy.map(chart => chart.id), all: charts.map(chart => chart.id),
    told: busy.filter(chart => chart.querySelector('tbody').checkVisibility()).map(chart => chart.id),
    headline: document.getElementById('answer-value').textContent };
}"""


def test_what_is_in_view_is_answered_at_once_and_what_is_not_shows_no_old_numbers(open_page):
    page = open_page("/en/explorer/?gender=Woman")
    page.hover("#questions h2")
    page.wait_for_load_state("networkidle")
    tick(page, "Age group", "9–17 years")
    girls = settled(page, "?ageBroad=09--17&gender=Woman")
    page.locator("#variable-gender").scroll_into_view_if_needed()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    at_once = page.evaluate(AT_ONCE, [["meansThreats", "1"]])
    assert at_once["before"] and at_once["busy"]
    assert not set(at_once["before"]) & set(at_once["busy"])
    assert at_once["told"] == []
    threatened = settled(page, "?ageBroad=09--17&gender=Woman&meansThreats=1")
    assert at_once["headline"] in threatened["answer"]
    assert threatened["answer"] != girls["answer"]
    assert page.locator("#charts [aria-busy]").count() == 0
    assert page.faults == []


def test_two_questions_in_one_breath_are_two_addresses_and_the_last_is_drawn(open_page):
    page = open_page("/en/explorer/")
    tick(page, "Gender", "Woman")
    women = settled(page, "?gender=Woman")
    page.evaluate(AT_ONCE, [["gender", "Woman"], ["meansThreats", "1"]])
    settled(page, "?meansThreats=1")
    page.go_back()
    settled(page, "")
    page.go_back()
    assert settled(page, "?gender=Woman") == women


def test_who_stands_in_a_chart_out_of_view_keeps_their_place_and_paper_has_every_chart(open_page):
    page = open_page("/en/explorer/")
    tick(page, "Gender", "Woman")
    settled(page, "?gender=Woman")
    page.locator("#group-means_of_control tbody a").first.focus()
    page.evaluate("() => scrollTo({ top: 0, behavior: 'instant' })")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    left = page.evaluate(
        f"names => {{ const found = ({AT_ONCE})(names); dispatchEvent(new Event('beforeprint'));"
        " return [found.busy, document.querySelectorAll('#charts [aria-busy]').length]; }",
        [["meansThreats", "1"]],
    )
    assert "group-means_of_control" not in left[0]
    assert left[1] == 0
    settled(page, "?gender=Woman&meansThreats=1")
    assert page.evaluate("document.activeElement.closest('.chart').id") == "group-means_of_control"


@pytest.mark.parametrize(
    "query",
    [
        "?gender=Woman",
        "?ageBroad=0--8,09--17&isForcedLabour=1",
        "?ageBroad=09--17&gender=Man&isForcedLabour=1&meansThreats=1",
        "?bars=count&gender=Woman&show=variable-gender,group-exploitation",
        "?isSexualExploit=1&meansThreats=1",
    ],
)
@pytest.mark.parametrize("language", ["en", "ar", "es"])
def test_browser_and_service_say_the_same(open_page, language, query):
    path = f"/{language}/explorer/{query}"
    served = open_page(path, java_script_enabled=False)
    plain = served.evaluate(SAID)
    page = open_page(f"/{language}/explorer/")
    page.evaluate(
        "query => { history.pushState(null, '', query); dispatchEvent(new PopStateEvent('popstate')); }", query
    )
    page.wait_for_function("() => document.querySelector('#chips a') && !document.querySelector('[aria-busy]')")
    counted = settled(page, query)
    assert counted["answer"] == plain["answer"]
    assert counted["chips"] == plain["chips"]
    assert counted["ticked"] == plain["ticked"]
    assert counted["api"] == plain["api"]
    assert_same_charts(counted["charts"], plain["charts"])
    assert page.faults == []


def assert_same_charts(charts, others):
    for one, other in zip(charts, others, strict=True):
        assert [one[0], one[2]] == [other[0], other[2]]
        for row, expected in zip(one[1], other[1], strict=True):
            assert row[:5] == expected[:5]  # label, numbers, link and mark
            assert row[7] == expected[7]
            assert (row[5] is None) == (expected[5] is None)
            assert row[5] is None or abs(float(row[5]) - float(expected[5])) < 1e-3


def test_the_numbers_are_those_of_an_analysis(open_page, release):
    analysis = load(release)
    page = open_page("/en/explorer/?gender=Woman", java_script_enabled=False)
    shown = {chart[0]: chart[1] for chart in page.evaluate(SAID)["charts"]}
    for code, row in zip(analysis.codes("ageBroad"), shown["variable-ageBroad"], strict=True):
        answer = analysis.estimate(gender="Woman", ageBroad=code)
        share = analysis.share({"ageBroad": code}, among={"gender": "Woman"})
        if answer.too_few:
            assert row[2] == "too few to say"
        else:
            assert row[2] == f"{answer.value:,.0f} {answer.low:,.0f}–{answer.high:,.0f}"
            assert row[1].startswith(f"{100 * share.value:.1f}%")
    women = analysis.estimate(gender="Woman")
    assert f"About {women.value:,.0f} people" in page.locator("#answer").text_content()


def test_every_number_is_in_the_accessibility_tree(open_page):
    page = open_page("/en/explorer/?gender=Woman")
    said = page.evaluate(SAID)
    tree = re.sub(r"\s+", " ", page.locator("#charts").aria_snapshot())
    numbers = {
        number
        for _, rows, _ in said["charts"]
        for row in rows
        for number in re.findall(r"\d[\d,.]*%?", row[1] + " " + row[2])
    }
    assert numbers
    assert [number for number in numbers if number not in tree] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_overflows_and_axe_finds_nothing(open_page, language, width):
    page = open_page(f"/{language}/explorer/?gender=Woman", bypass_csp=True, viewport={"width": width, "height": 800})
    for ask in page.locator("details.ask").all():
        ask.evaluate("ask => { ask.open = true; }")
    assert_fits_and_is_accessible(page)


def assert_fits_and_is_accessible(page):
    assert not page.evaluate(OVERFLOW)
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])")
    assert found == []


def test_without_javascript_the_form_is_answered_by_the_service(open_page):
    page = open_page("/en/explorer/", java_script_enabled=False)
    assert page.locator("noscript").count() == 1
    tick(page, "Gender", "Woman")
    page.get_by_role("button", name="Show", exact=True).click()
    assert "gender=Woman" in page.url
    assert page.locator("#chips a").count() == 1
    page.locator("#variable-ageBroad tbody a").nth(1).click()
    assert page.url.endswith("?ageBroad=09--17&gender=Woman")
    assert page.locator("#chips a").count() == 2


def test_an_address_that_is_not_understood_says_so(open_page):
    for options in ({}, {"java_script_enabled": False}):
        page = open_page("/en/explorer/?gender=Woman,Nobody&planet=Mars", **options)
        assert page.locator("#unknown").is_visible()
        assert "Mars" not in page.content()
        assert page.locator("#chips a").count() == 1


def test_nothing_is_stored_nor_asked_of_others_and_the_first_view_is_small(browser, place):
    context = browser.new_context()
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{place}/ar/explorer/")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if ".bin" in url]  # the numbers come when they are needed
    assert len(asked) <= 8
    page.locator("#variable-gender tbody a").first.click()
    page.wait_for_function("() => document.querySelector('#chips a')")
    assert [url for url in asked if ".bin" in url]
    assert all(url.startswith(place) for url in asked)
    assert not any("gender" in url for url in asked)  # a question does not leave the browser
    assert context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    context.close()


def test_a_chart_can_be_taken_with_its_question(open_page, release):
    """The link below a chart follows the question; where it leads, the same numbers stand, with files that open."""
    page = open_page("/en/explorer/")
    link = page.locator("#group-exploitation .own-page a")
    assert link.get_attribute("href") == "/en/charts/group-exploitation/"
    tick(page, "Gender", "Woman")
    women = settled(page, "?gender=Woman")
    assert link.get_attribute("href") == "/en/explorer/charts/group-exploitation/?gender=Woman"
    shown = next(rows for name, rows, _ in women["charts"] if name == "group-exploitation")
    link.click()
    page.wait_for_url("**/explorer/charts/group-exploitation/?gender=Woman")
    assert page.locator("h1").inner_text() == "Types of exploitation. Only people with: Gender: Woman"
    taken = page.evaluate("""() => [...document.querySelectorAll('table.bars tbody tr')].map(row =>
      [...row.children].map(cell => cell.textContent.replace(/\\s+/g, ' ').trim()))""")
    assert [[name, share, people] for name, share, people in taken] == [row[:3] for row in shown]
    with page.expect_download() as download:
        page.get_by_role("link", name=".png").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    page.get_by_role("link", name="Back to the page with this chart").click()
    assert settled(page, "?gender=Woman")["answer"] == women["answer"]
    assert page.faults == []


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_taken_chart_fits_and_axe_finds_nothing(open_page, language, width):
    deep = "?ageBroad=09--17,18--20&gender=Woman&isForcedLabour=1&meansThreats=1&bars=count"
    for part in ("", "embed/"):
        path = f"/{language}/explorer/charts/group-means_of_control/{part}{deep}"
        page = open_page(path, bypass_csp=True, viewport={"width": width, "height": 900})
        assert page.locator(".recorded").count() > 1
        assert_fits_and_is_accessible(page)


def test_the_shown_tables_can_be_taken_along(open_page):
    page = open_page("/en/explorer/")
    tick(page, "Gender", "Woman")
    settled(page, "?gender=Woman")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].startswith("Question,Answer,People,")
    assert any(line.startswith("Gender,Woman,") and line.endswith("protected count") for line in text.splitlines())


@pytest.fixture(scope="module")
def static_place(release, tmp_path_factory):
    """The site without its service, as on a shelf of files."""
    pages = build_site(release, tmp_path_factory.mktemp("static-site") / "site")
    with answering(application(pages)) as address:
        yield address


@pytest.fixture
def static_page(browser, static_place):
    """A page for which what the browser counts with, and the words, wait, come or fail as the test says."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.place, page.faults = static_place, []
    page.on("pageerror", lambda fault: page.faults.append(str(fault)))
    yield page
    context.close()


def test_without_a_service_the_page_is_not_left_for_a_chart_that_nobody_makes(static_page):
    page = static_page
    page.goto(f"{page.place}/en/explorer/?gender=Woman")
    settled(page, "?gender=Woman")
    page.locator("#group-exploitation .own-page a").click()
    page.locator("#group-exploitation [role=status]", has_text="is made by the counts service").wait_for()
    assert page.url == f"{page.place}/en/explorer/?gender=Woman"


LOADED = re.compile(r"/assets/explorer-(core|long)\.|/words\.json")


def test_where_the_numbers_cannot_be_loaded_the_page_says_so_and_is_not_loaded_again(static_page):
    page, gone_to = static_page, []
    page.on("framenavigated", lambda frame: gone_to.append(frame.url))
    page.route(LOADED, lambda route: route.abort())
    page.goto(f"{page.place}/en/explorer/?gender=Woman")
    said = page.evaluate("() => JSON.parse(document.getElementById('explorer').dataset.early)['explorer.failed']")
    page.wait_for_function("said => document.getElementById('answer-source').textContent === said", arg=said)
    page.get_by_role("button", name="CSV").click()
    page.wait_for_function("said => document.getElementById('copied').textContent === said", arg=said)
    page.locator("#copy").click()
    page.wait_for_function("said => document.getElementById('copied').textContent !== said", arg=said)
    assert page.locator("#copied").text_content()
    assert len(gone_to) == 1
    assert page.evaluate(NUMBERS) == said
    assert page.faults == []
    page.unroute(LOADED)
    tick(page, "Gender", "Man")
    assert said not in settled(page, "?gender=Woman,Man")["answer"]


NUMBERS = """() => [document.getElementById('answer'), ...document.querySelectorAll('#charts tbody td, #charts svg')]
  .filter(part => part.checkVisibility({ visibilityProperty: true })).map(part => part.textContent.trim()).join('')"""


@pytest.mark.parametrize("language", ["en", "ar"])
def test_while_the_numbers_come_no_old_one_stands_beside_a_new_question(static_page, language):
    page, waiting = static_page, []
    page.route(LOADED, lambda route: waiting.append(route))
    page.goto(f"{page.place}/{language}/explorer/?gender=Woman")
    page.wait_for_function("() => document.querySelector('#chips a')")
    link = page.locator("#variable-gender tbody a").nth(1)
    assert page.evaluate(NUMBERS) == ""
    assert not re.search(r"\d[.,]\d+%", page.locator("#charts").aria_snapshot())
    assert page.locator("#charts .chart:not([hidden]):not([aria-busy])").count() == 0
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('#chips a').length === 2")
    early = page.locator("#chips").text_content()
    assert page.evaluate(NUMBERS) == ""
    assert link.evaluate("link => link === document.activeElement && link.getAttribute('aria-current') === 'true'")
    for route in waiting:
        route.continue_()
    settled(page, "?gender=Woman,Man")
    assert re.search(r"[0-9]", page.evaluate(NUMBERS))
    assert page.locator("#chips").text_content() == early
    assert link.evaluate("link => link === document.activeElement")
    assert page.faults == []


def test_where_the_service_answered_it_is_asked_once_more(open_page):
    page, gone_to = open_page("/en/explorer/?gender=Woman"), []
    page.on("framenavigated", lambda frame: gone_to.append(frame.url))
    page.route(LOADED, lambda route: route.abort())
    tick(page, "Age group", "9–17 years")
    page.wait_for_function("() => document.querySelectorAll('#chips a').length === 2")
    page.wait_for_function("() => !('unanswered' in document.getElementById('explorer').dataset)")
    assert page.locator("#answer-value").text_content().startswith("About")
    assert len([url for url in gone_to if url.endswith("?ageBroad=09--17&gender=Woman")]) <= 2  # the address, the page
