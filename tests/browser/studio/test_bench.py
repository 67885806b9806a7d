"""A steward with one sensitive table at the workbench of a studio that runs, and what is left when they have gone."""

import hashlib
import io
import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.studio.conftest import Studio
from tests.support.processes import surroundings

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from bench import SECRET, rows, write_csv

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
SUPPORT = Path(__file__).parents[2] / "support"
AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text(encoding="utf-8")
FAULTS = "async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
HEADER = ("first name", "age", "district", "member")
SITE = "/workbench/explore/001"
Come = Callable[..., Page]


@pytest.fixture(scope="module")
def keys(studio: Studio) -> dict[str, str]:
    """Keys of sessions, by role."""
    made = subprocess.run(
        [sys.executable, str(SUPPORT / "sitting.py"), str(studio.folder)],
        check=True,
        capture_output=True,
        text=True,
        env=surroundings(),
    )
    found: dict[str, str] = json.loads(made.stdout)
    return found


@pytest.fixture(scope="module")
def come(browser: Browser, studio: Studio, keys: dict[str, str]) -> Iterator[Come]:
    """A page of somebody who has signed in."""
    opened: list[BrowserContext] = []

    def make(who: str, **options: object) -> Page:
        context = browser.new_context(base_url=studio.address, locale="en-GB", **options)
        context.add_cookies([{"name": "session", "value": keys[who], "url": studio.address}])
        opened.append(context)
        return context.new_page()

    yield make
    for one in opened:
        one.close()


def memory_of(studio: Studio) -> list[Path]:
    """What lies in memory for this studio."""
    named = hashlib.sha256(str(studio.folder.resolve()).encode()).hexdigest()[:16]
    return list(Path(f"/dev/shm/ctdc-{named}").glob("*"))


def settled(page: Page, path: str, seconds: float = 60) -> None:
    """Wait until work has ended, looking again as the page itself would."""
    until = time.monotonic() + seconds
    while page.locator("progress").count() and time.monotonic() < until:
        time.sleep(0.3)
        page.goto(path)
    assert page.locator("progress").count() == 0


def table(folder: Path) -> Path:
    """An invented table: a column of names with the secret, and three to be protected."""
    return write_csv(folder / "visits.csv", [(one[1], one[2], one[4], one[6]) for one in rows(300)], HEADER)


@pytest.fixture(scope="module")
def walked(come: Come, tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, bytes]:
    """The whole way without JavaScript, and what was downloaded."""
    page = come("steward", java_script_enabled=False)
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Workbench").click()
    page.get_by_role("button", name="Open the workbench").click()
    expect(page).to_have_url("/workbench/en/")
    page.click("text=Next: File")
    page.set_input_files("#file", table(tmp_path_factory.mktemp("mine")))
    page.click("text=Take this file")
    settled(page, "/workbench/en/file/")
    page.click("text=Next: Columns")
    page.click("text=Leave them out")
    page.click("text=Look at the next column")
    while page.url.rstrip("/").rpartition("/")[2].isdigit():
        if page.inner_text("h1") == "age":
            page.fill("#edges", "0, 18, 40, 65")
        page.check("[type=checkbox][name=confirm]")
        page.click("text=Confirm this column")
    page.click("text=Next: Risk today")
    page.click("main button")
    settled(page, "/workbench/en/risk/")
    assert "are linkable" in page.inner_text("main")
    page.click("text=Next: Plan")
    page.fill("#people", "300")
    page.click("text=Show the errors")
    page.click("[aria-label='Choose epsilon 4']")
    page.click("text=Plan with epsilon 4")
    assert "share one account" in page.inner_text("main")
    page.fill("#title", "Visits")
    page.fill("#publisher", "Friends of repair")
    page.check("[name=simulated]")
    page.check("[name=sure]")
    page.click("text=Begin the run")
    settled(page, "/workbench/en/results/1/")
    with page.expect_download() as download:
        page.click("text=Download what may be published")
    return page, Path(download.value.path()).read_bytes()


def test_what_is_downloaded_holds_nothing_of_the_table(walked: tuple[Page, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(walked[1])) as release:
        assert any(name.endswith("/data/synthetic.csv") for name in release.namelist())
        assert not [name for name in release.namelist() if SECRET.encode() in release.read(name)]


def test_nobody_else_sees_it(walked: tuple[Page, bytes], come: Come) -> None:
    reviewer = come("reviewer")
    for path in ("/workbench/", "/workbench/en/", "/workbench/en/columns/", f"{SITE}/en/"):
        answer = reviewer.goto(path)
        assert answer is not None and answer.status == 403, path
    contributor = come("contributor")
    for path in ("/workbench/en/", "/workbench/en/results/1/", "/workbench/en/results/1/download/", f"{SITE}/en/"):
        contributor.goto(path)
        assert urlsplit(contributor.url).path == "/workbench/", path
    contributor.get_by_role("button", name="Open the workbench").click()
    contributor.goto("/workbench/en/file/")
    assert "visits.csv" not in contributor.inner_text("main")
    contributor.goto("/workbench/")
    contributor.get_by_role("button", name="Close it and remove everything").click()
    expect(contributor.get_by_role("status")).to_contain_text("The workbench is closed.")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_run_is_explored_below_its_address(walked: tuple[Page, bytes], come: Come, javascript: bool) -> None:
    page = come("steward", java_script_enabled=javascript)
    asked, said = [], []
    page.on("request", lambda one: asked.append(urlsplit(one.url).path))
    page.on("console", lambda one: said.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/workbench/en/results/1/explore/")
    assert page.inner_text("h1") == "Visits"
    page.goto(f"{SITE}/en/explorer/")
    page.locator("#questions summary", has_text="district").click()
    page.get_by_label("South", exact=True).first.check()
    if not javascript:
        page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile(r"/explorer/\?district=South(&|$)"))
    expect(page.locator("#chips")).to_contain_text("South")
    page.goto(f"{SITE}/en/search/?q=south")
    found = page.locator("#found a").first
    assert (found.get_attribute("href") or "") and urlsplit(found.evaluate("one => one.href")).path.startswith(
        f"{SITE}/en/"
    )
    page.goto(f"{SITE}/en/data/")
    with page.expect_download() as download:
        page.locator("main a[href$='.csv']").first.click()
    assert b"age" in Path(download.value.path()).read_bytes()
    for link in page.locator("a[href^='/']").all():
        href = link.get_attribute("href") or ""
        assert href.startswith(f"{SITE}/"), href
    inside = ("/workbench/en/results/1/explore/", f"{SITE}/")
    assert [path for path in asked if not path.startswith(inside)] == []
    assert said == []


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ar", 360)])
def test_axe_finds_nothing_and_nothing_overflows(
    walked: tuple[Page, bytes], come: Come, language: str, width: int
) -> None:
    page = come("steward", viewport={"width": width, "height": 800})
    faults = {}
    pages = ("", "file/", "columns/", "run/", "results/", "results/1/")
    for path in ("/workbench/", *(f"/workbench/{language}/{one}" for one in pages)):
        page.goto(path)
        assert page.evaluate(OVERFLOW) == 0, path
        page.evaluate(AXE)
        if found := page.evaluate(FAULTS):
            faults[path] = found
    assert faults == {}


def test_after_signing_out_the_table_is_gone_and_the_charge_stays(walked: tuple[Page, bytes], studio: Studio) -> None:
    page, _ = walked
    assert [one for one in memory_of(studio) if one.is_dir()]
    page.goto("/workbench/en/")
    page.click("text=Back to the studio")
    page.get_by_role("button", name="Sign out").click()
    assert memory_of(studio) == []
    (account,) = (studio.folder / "workbench").glob("person-*.jsonl")
    events = [json.loads(line)["event"]["kind"] for line in account.read_text().splitlines()]
    assert events.count("charge") == 1
    for path in studio.folder.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
