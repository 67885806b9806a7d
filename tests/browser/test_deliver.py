"""The way of a delivery in a browser: cut off, gone on with, held back, corrected by two people, stored."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer
from tests.unit.hub.studio.conftest import everybody, hotline, hub, shelter, signed_in  # noqa: F401  fixtures
from tests.unit.hub.studio.delivering import (
    WRONG,
    Scene,
    make_agreement,
    make_mapping,
    make_scene,
    simulated_files,
    upload,
    with_wrong_value,
    work_off,
)

from ctdc.hub.studio.deliveries import arriving
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.people.models import Person

# What migrations have put into the database is there again for the next test.
pytestmark = [
    *(pytest.mark.browser, pytest.mark.slow, pytest.mark.heavy),
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
Come = Callable[..., Page]
PAGE = re.compile(r"/deliveries/\d+/$")


@pytest.fixture(autouse=True)
def _on_this_machine(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> None:
    monkeypatch.setattr(arriving, "MOST_BYTES", 16_000)


@pytest.fixture
def scene(
    live_server: LiveServer,
    everybody: dict[str, Person],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    made = make_scene(everybody, tmp_path, monkeypatch)
    make_agreement(everybody, made.shelter)
    make_mapping(everybody, made.shelter)
    return made


@pytest.fixture
def come(
    live_server: LiveServer,
    browser: Browser,
    scene: Scene,
    signed_in: Callable[[Person], Client],  # noqa: F811
) -> Come:
    """The page of somebody who has signed in."""

    def make(who: str, language: str = "en", width: int = 1100, javascript: bool = True) -> Page:
        session = signed_in(scene.people[who]).cookies[settings.SESSION_COOKIE_NAME].value
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 800},
            java_script_enabled=javascript,
            bypass_csp=False,
        )
        cookies = {settings.SESSION_COOKIE_NAME: session, settings.LANGUAGE_COOKIE_NAME: language}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        return context.new_page()

    return make


def faults(page: Page) -> list[str]:
    """What axe finds wrong, at levels A and AA."""
    page.evaluate(AXE)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def test_the_way_of_a_delivery(come: Come, scene: Scene, tmp_path: Path) -> None:
    files = with_wrong_value(simulated_files(tmp_path / "made"))
    ((name, data),) = files.items()
    (chosen := tmp_path / name).write_bytes(data)
    page = come("shelter")
    seen: list[int] = []

    def cut_off(route: Route) -> None:
        if route.request.method == "PATCH":
            seen.append(int(route.request.headers["upload-offset"]))
            if len(seen) == 2:  # one piece is lost and tried again
                return route.abort()
            if len(seen) > 3:  # then nothing gets through any more
                return route.abort()
        return route.continue_()

    page.route("**/files/*/", cut_off)
    page.goto("/deliveries/new/")
    page.set_input_files("#id_chosen", chosen)
    page.get_by_role("button", name="Deliver").click()
    expect(page.locator("#upload-status")).to_contain_text("Trying again", timeout=20_000)
    expect(page.locator("#upload-progress")).to_have_attribute("value", "16000", timeout=20_000)
    expect(page.locator("#upload-status")).to_contain_text("Trying again", timeout=20_000)
    assert seen[:4] == [0, 8000, 8000, 16_000]
    page.unroute("**/files/*/")

    # Another day, the same file: it goes on where it was cut off.
    page.goto("/deliveries/new/")
    sent: list[int] = []
    page.on("request", lambda one: sent.append(int(one.headers.get("upload-offset", -1))))
    page.set_input_files("#id_chosen", chosen)
    page.get_by_role("button", name="Deliver").click()
    page.wait_for_url(PAGE, timeout=20_000)
    one = page.url
    assert min(offset for offset in sent if offset >= 0) == 16_000
    work_off()
    page.reload()
    expect(page.get_by_role("status").first).to_contain_text("Held back")
    page.get_by_role("link", name="See the report").click()
    expect(page.get_by_role("cell", name=WRONG).first).to_be_visible()

    steward = come("steward")
    steward.goto(one)
    steward.get_by_role("link", name="Say what the unknown values mean").click()
    expect(steward.get_by_label("Means")).to_have_value("gender=Woman")
    steward.get_by_role("button", name=f"Propose this meaning of {WRONG}").click()
    steward.get_by_role("link", name="See what is proposed").click()
    expect(steward.get_by_role("button", name="Approve the meaning")).to_have_count(0)
    address = steward.url

    reviewer = come("reviewer")
    reviewer.goto(address)
    reviewer.get_by_role("button", name=f"Approve the meaning of {WRONG}").click()
    # Else the next click could be one on the old page.
    expect(reviewer.get_by_role("row").filter(has_text=WRONG)).to_contain_text("Approved")
    reviewer.get_by_role("button", name="Approve this version").click()
    expect(reviewer.get_by_role("main")).to_contain_text("In use")
    work_off()

    steward.goto(one)
    expect(steward.get_by_role("status").first).to_contain_text("Ready")
    steward.get_by_role("button", name="Store it").click()
    work_off()
    page.goto(one)
    expect(page.get_by_role("status").first).to_contain_text("In the vault")
    delivery = Delivery.objects.get()
    assert (delivery.state, scene.vault.path("shelter", delivery.stored_as).exists()) == ("sealed", True)


def test_without_javascript_a_form_delivers(come: Come, tmp_path: Path) -> None:
    ((name, data),) = simulated_files(tmp_path / "made").items()
    (chosen := tmp_path / name).write_bytes(data)
    page = come("shelter", javascript=False)
    page.goto("/deliveries/new/")
    page.set_input_files("#id_chosen", chosen)
    page.get_by_role("button", name="Deliver").click()
    page.wait_for_url(PAGE)
    assert Delivery.objects.get().state == "received"


@pytest.mark.parametrize(("language", "width"), [("en", 1100), ("ar", 320)])
def test_pages_are_accessible_and_fit(
    come: Come,
    scene: Scene,
    tmp_path: Path,
    language: str,
    width: int,
    signed_in: Callable[[Person], Client],  # noqa: F811
) -> None:
    one = upload(signed_in(scene.people["shelter"]), with_wrong_value(simulated_files(tmp_path / "made")))
    work_off()
    one.refresh_from_db()
    page = come("shelter", language, width)
    paths = ["deliveries/", "deliveries/new/", "deliveries/person/", "deliveries/published/", "agreements/"]
    paths += [f"deliveries/{one.pk}/", f"deliveries/{one.pk}/report/", f"deliveries/{one.pk}/withdraw/", "mappings/"]
    paths += [f"mappings/{one.mapping_id}/", f"mappings/values/{one.pk}/", f"agreements/{one.agreement_id}/"]
    for path in paths:
        answer = page.goto(f"/{path}")
        assert answer and answer.status == 200, path
        assert faults(page) == [], path
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, (path, wider)
