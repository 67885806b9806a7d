"""The editors' pages in a browser: nothing from elsewhere, nothing inline, each field in the direction of its words."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page
from tests.support.studio_people import client_of, make_person
from tests.unit.hub.studio.desks import note_published

from ctdc.hub.site.about.place import CONTENT as ABOUT
from ctdc.hub.site.stories.source import CONTENT
from ctdc.hub.studio.editors import acts, importing
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.people.roles import Role

pytestmark = [
    pytest.mark.browser,
    pytest.mark.heavy,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
# Of acts on many pages at once: boxes in the list and above it, and buttons.
BULK = ", ".join(f"[data-bulk-action-{one}]" for one in ("checkbox", "select-all-checkbox", "button"))
WORDS = "[...document.querySelectorAll('textarea, input[type=text]')].map(field => [field.name, field.dir])"


@pytest.fixture
def story(transactional_db: None, shown_release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoryPage:
    """A studio with one story in five languages, and a published release."""
    monkeypatch.setattr(importing, "PAGES", {})
    shutil.copytree(CONTENT / "gender", tmp_path / "gender")
    shutil.copy(CONTENT / "terms.yaml", tmp_path)
    (tmp_path / "order.yaml").write_text("[gender]")
    raw = tmp_path / "gender" / "story.yaml"
    raw.write_text(raw.read_text().replace("sisters: [trafficked-persons, exploitation]", "sisters: []"))
    acts.import_content(tmp_path, ABOUT)
    shutil.copytree(shown_release, folder := settings.STUDIO.releases / shown_release.name, dirs_exist_ok=True)
    note_published(folder)
    return StoryPage.objects.get(slug="gender", locale__language_code="en")


@contextmanager
def signed_in(browser: Browser, address: str, language: str) -> Iterator[tuple[Page, list[str]]]:
    """A page of an editor, and what went wrong on it: requests to elsewhere, what the policy stopped, faults."""
    hub = Organisation.objects.filter(is_hub=True).first() or Organisation.objects.create(
        slug="hub", name="Hub", is_hub=True
    )
    person = make_person(hub, Role.EDITOR, name=f"editor {language}")
    client = client_of(person)
    cookies: list[Any] = [
        {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": address},
        {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": address},
    ]
    context: BrowserContext = browser.new_context(viewport={"width": 1400, "height": 900}, locale=language)
    context.add_cookies(cookies)
    wrong: list[str] = []
    page = context.new_page()
    page.on("request", lambda one: wrong.append(one.url) if not one.url.startswith((address, "data:")) else None)
    page.on("console", lambda one: wrong.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: wrong.append(str(one)))
    try:
        yield page, wrong
    finally:
        context.close()


def test_editors_pages_load_nothing_from_elsewhere_and_run_nothing_inline(
    browser: Browser, story: StoryPage, live_server: Any
) -> None:
    address = live_server.url
    arabic = StoryPage.objects.get(slug="gender", locale__language_code="ar")
    with signed_in(browser, address, "en") as (page, wrong):
        for path in (
            "",
            f"pages/{story.get_parent().pk}/",
            f"pages/{story.pk}/history/",
            f"localize/submit/page/{story.pk}/",
            "localize/reports/translations/",
            "reports/workflow/",
        ):
            answer = page.goto(f"{address}/editors/{path}")
            assert answer is not None
            assert answer.status == 200, path
            assert "unsafe" not in answer.headers["content-security-policy"]
            page.wait_for_load_state("networkidle")
            assert page.locator(BULK).count() == 0, path
        page.goto(f"{address}/editors/pages/{story.pk}/edit/")
        page.wait_for_selector("textarea[name$='-value-text']")
        assert dict(page.evaluate(WORDS))["summary"] == "ltr"
        page.click("#id_reviewed")
        page.wait_for_selector(".xdsoft_datetimepicker", state="visible")
        page.goto(f"{address}/editors/pages/{arabic.pk}/edit/")
        page.get_by_role("button", name="Edit", exact=True).first.click()
        page.wait_for_selector(".js-translation-editor textarea[dir=rtl][lang=ar]")
    assert wrong == []


def test_a_mistake_is_shown_at_its_field_in_the_editors_language_and_the_preview_is_the_sites_page(
    browser: Browser, story: StoryPage, live_server: Any
) -> None:
    address = live_server.url
    with signed_in(browser, address, "ar") as (page, wrong):
        page.goto(f"{address}/editors/pages/{story.pk}/edit/")
        page.wait_for_selector("textarea[name$='-value-text']")
        assert page.evaluate("document.documentElement.dir") == "rtl"
        fields = dict(page.evaluate(WORDS))
        assert {fields["summary"], fields["title"], fields["slug"]} == {"ltr"}, "English words in an Arabic form"
        page.locator("[data-side-panel-toggle=preview], [aria-controls*=preview]").first.click()
        frame = page.frame_locator("iframe#w-preview-iframe, [data-w-preview-target=iframe]").first
        frame.locator("article.story h1").wait_for(timeout=20_000)
        assert frame.locator("article.story h1").inner_text() == story.title
        assert frame.locator("figure, table").count() > 3, "its charts and tables"
        colour = frame.locator(".hero").first.evaluate("one => getComputedStyle(one).backgroundColor")
        assert colour not in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"), "the site's own style"
        page.fill("textarea[name=summary]", "Of 7 people")
        page.locator("[name=action-submit]").evaluate("button => button.click()")
        page.wait_for_selector("text=كُتب رقم هنا")
    assert [one for one in wrong if "400" not in one and "422" not in one] == []
