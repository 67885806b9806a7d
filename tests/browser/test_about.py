"""Pages of text, getting help and the feedback form in a real browser: accessible, and sent without a script."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import uvicorn
from playwright.sync_api import expect
from tests.browser.test_site import AXE, OVERFLOW

from ctdc.hub.feedback.queue import Queue
from ctdc.hub.feedback.service import feedback_service
from ctdc.hub.server import Together
from ctdc.hub.site.about.pages import PAGES
from ctdc.hub.site.serve import application, bind
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# One page of each kind; those that are text alone are looked at in one language.
KINDS = ("mistakes/", "partners/", "help/", "feedback/?about=/en/data/", "answers/")


@pytest.fixture(scope="module")
def queue(tmp_path_factory) -> Queue:
    return Queue(tmp_path_factory.mktemp("messages"))


@pytest.fixture(scope="module")
def listening(shown_site, queue) -> Iterator[str]:
    """The address of a site that takes messages."""
    feedback = feedback_service(shown_site, queue, lambda: datetime(2026, 3, 2, 9, tzinfo=UTC))
    pages = application(shown_site)
    with bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(Together(pages, pages, feedback), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def faults(page) -> list:
    page.add_script_tag(path=AXE)
    return page.evaluate("async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_overflows(browser, listening, language, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    for path in KINDS:
        assert page.goto(f"{listening}/{language}/{path}").status == 200
        assert not page.evaluate(OVERFLOW), path
        assert faults(page) == [], path
    context.close()


def test_axe_finds_nothing_on_any_page_nor_in_a_dark_form_that_was_refused(browser, listening):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True, color_scheme="dark")
    page = context.new_page()
    for name in PAGES:
        assert page.goto(f"{listening}/en/{name}/").status == 200
        assert faults(page) == [], name
    page.goto(f"{listening}/en/feedback/")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    context.close()


def test_a_message_is_sent_without_scripts_from_the_foot_of_a_page(browser, listening, queue):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 800})
    page = context.new_page()
    page.goto(f"{listening}/ar/codebook/")
    page.locator("footer").get_by_role("link", name="هل كانت هذه الصفحة مفيدة").click()
    assert "/ar/codebook/" in page.locator("#form").inner_text()
    assert page.locator('.quiet:has([name="website"])').bounding_box()["width"] <= 1
    page.get_by_label("لا", exact=True).check()
    page.get_by_label("مشكلة في البيانات").check()
    page.get_by_label("رسالتك").fill("رقم <b>غريب</b>")
    page.get_by_role("button", name="إرسال").click()
    assert page.url.endswith("/ar/feedback/?sent=1")
    expect(page.get_by_role("status")).to_be_visible()
    assert context.cookies() == []
    (message,) = [each for each in queue.messages() if each.language == "ar"]
    assert (message.about, message.useful, message.kind) == ("/ar/codebook/", "no", "data")
    assert message.message == "رقم <b>غريب</b>"
    context.close()


def test_the_form_is_reached_by_keyboard_and_nobody_falls_into_the_trap(browser, listening, queue):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{listening}/en/feedback/")
    page.locator("#message").focus()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/feedback/?sent=1")
    assert [each.message for each in queue.messages() if each.language == "en"] == ["By keyboard"]
    context.close()


def test_without_a_service_the_page_says_so(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/en/feedback/")
    assert "not available" in page.locator("#form").inner_text()
    assert page.locator("main form").count() == 0
    page.close()
