"""A person joins, sets up a second step, goes, and comes back by each way: in a real browser, under the real policy."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.studio.conftest import Studio

from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
FOUND = "async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])"
PASSWORD = "a long sentence for the first administrator"
EMAIL = "ada@example.org"


def code_of(secret: str, steps: int = 0) -> str:
    """What the app shows now, or some half minutes from now. An old one is taken when it stays good for a while."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    if steps < 0 and (gone := time.time() % 30) > 15:
        time.sleep(30 - gone)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB") as context:
        yield context


def opened(context: BrowserContext) -> Page:
    """A page whose console is kept: a breach of the content policy would be said there."""
    page = context.new_page()
    page.faults = []
    page.on("console", lambda said: page.faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


def give_key(context: BrowserContext, page: Page) -> None:
    """Plug a virtual key into the browser that knows its owner."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def fill_login(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.address}/account/login/")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()


@dataclass(frozen=True)
class Joined:
    """Ada, who has joined. secret: of her app; codes: for recovery; state: of the browser in which she is signed in."""

    secret: str
    codes: list[str]
    state: dict[str, object]


@pytest.fixture(scope="module")
def joined(browser: Browser, studio: Studio) -> Joined:
    with browser.new_context(locale="en-GB") as context:
        page = opened(context)
        page.goto(studio.join)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("The same password again").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("How you sign in")
        page.goto(studio.address)
        expect(page).to_have_url(f"{studio.address}/account/2fa/")  # nothing else is open yet
        page.get_by_role("link", name="Set up an app").click()
        secret = page.locator("main code").inner_text()
        assert page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth > 0")
        page.get_by_label("Code from the app").fill(code_of(secret, -1))
        page.get_by_role("button", name="Set up").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
        codes = page.locator(".codes code").all_inner_texts()
        page.get_by_role("link", name="I have kept them").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        assert page.faults == []
        return Joined(secret, codes, context.storage_state())


def test_whoever_joined_comes_back_by_each_way(studio: Studio, joined: Joined, context: BrowserContext) -> None:
    page = opened(context)
    give_key(context, page)
    fill_login(page, studio)
    page.get_by_label("Code").fill(code_of(joined.secret))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

    page.get_by_role("link", name="Ada Admin").click()
    page.get_by_role("link", name="Add a key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_label("Code").fill(code_of(joined.secret, 1))
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("A name by which").fill("Blue laptop")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("status")).to_have_text("The key is added.")
    page.get_by_role("link", name="Show my keys").click()
    expect(page.get_by_role("row", name="Blue laptop")).to_contain_text("Passkey")

    page.get_by_role("link", name="Rename Blue laptop").click()
    page.get_by_label("A name by which").fill("Green laptop")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("rowheader")).to_have_text("Green laptop")

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

    page.get_by_role("button", name="Sign out").click()
    fill_login(page, studio)
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

    page.get_by_role("button", name="Sign out").click()
    fill_login(page, studio)
    page.get_by_label("Code").fill(joined.codes[3])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

    page.goto(f"{studio.address}/account/2fa/webauthn/")
    page.get_by_role("link", name="Remove Green laptop").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_role("link", name="With a passkey or security key").click()
    page.get_by_role("button", name="Use a passkey or security key").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_have_text("The key is removed.")
    assert page.faults == []
    subjects = re.findall(r"^Subject: (.*)$", "\n".join(studio.letters()), re.MULTILINE)
    assert subjects == [f"Test hub: {what}" for what in ("an app was set up", "a key was added", "a key was removed")]


def test_without_a_key_the_page_says_so_and_the_form_stays(studio: Studio, context: BrowserContext) -> None:
    page = opened(context)
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "u2f", "transport": "usb"}  # a key that knows nobody
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{studio.address}/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing was changed")


BEFORE = (
    "account/login/",
    "account/password/reset/",
    "account/password/reset/done/",
    "account/password/reset/key/1-x/",
)
AFTER = (
    "",
    "events/",
    "events/vault/",
    "account/2fa/",
    "account/2fa/webauthn/add/",
    "account/2fa/webauthn/",
    "account/2fa/totp/deactivate/",
    "account/2fa/recovery-codes/",
    "account/2fa/recovery-codes/generate/",
    "account/password/change/",
    "account/sessions/",
    "account/logout/",
    "people/",
    "people/1/",
    "people/1/roles/",
    "people/invite/",
    "people/organisations/",
    "people/organisations/new/",
    "people/organisations/at/hub/",
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_nothing_overflows(
    browser: Browser, studio: Studio, joined: Joined, language: str
) -> None:
    cookie = {"name": "django_language", "value": language, "url": studio.address}
    for paths, state in ((BEFORE, None), (AFTER, joined.state)):
        with browser.new_context(
            viewport={"width": 360, "height": 780}, bypass_csp=True, storage_state=state, color_scheme="dark"
        ) as context:
            context.add_cookies([cookie])
            page = opened(context)
            for path in paths:
                page.goto(f"{studio.address}/{path}")
                assert page.locator("html").get_attribute("lang") == language, path
                assert not page.evaluate(OVERFLOW), path
                if language in ("ar", "en"):
                    page.add_script_tag(path=AXE)
                    assert page.evaluate(FOUND) == [], path


def test_passwords_are_hidden_and_programs_may_fill_them_in(studio: Studio, context: BrowserContext) -> None:
    page = opened(context)
    page.goto(f"{studio.address}/account/login/")
    field = page.get_by_label("Password", exact=True)
    assert (field.get_attribute("type"), field.get_attribute("autocomplete")) == ("password", "current-password")
    assert page.get_by_label("E-mail address").get_attribute("autocomplete") == "email"
    field.evaluate(
        """field => { const data = new DataTransfer(); data.setData('text', 'pasted');
        window.stopped = !field.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, cancelable: true})) }"""
    )
    assert page.evaluate("window.stopped") is False


def test_a_challenge_is_long_and_new_each_time(studio: Studio, context: BrowserContext) -> None:
    ask = """async () => {
        const answer = await fetch('/account/2fa/webauthn/login/', {headers: {Accept: 'application/json'}})
        return await answer.json() }"""
    page = opened(context)
    page.goto(f"{studio.address}/account/login/")
    made = {page.evaluate(ask)["request_options"]["publicKey"]["challenge"] for _ in range(5)}
    assert len(made) == 5 and all(len(one) >= 43 for one in made)  # 32 bytes as base64url


def test_nothing_is_stored_in_the_browser(browser: Browser, studio: Studio, joined: Joined) -> None:
    with browser.new_context(storage_state=joined.state) as context:
        page = opened(context)
        for path in AFTER:
            page.goto(f"{studio.address}/{path}")
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        assert page.evaluate("async () => (await indexedDB.databases()).length") == 0
        assert {cookie["name"] for cookie in context.cookies()} <= {"session", "form", "django_language", "messages"}
