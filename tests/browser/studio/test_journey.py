"""The whole journey in a browser: a file with errors becomes a published release, by people who really sign in.

The studio is the demonstration, in processes of its own as `ctdc studio demo` starts them, with its worker and the
public site. The contributor works in Arabic, one of the reviewers on a telephone. On every page: nothing from
elsewhere, nothing said in the console; on those that matter, nothing that axe finds.
"""

import csv
import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.studio.conftest import _wait
from tests.support.ended import end
from tests.support.processes import free_port, surroundings
from tests.support.quick import QUICK

from ctdc.hub.studio.demonstration import accounts, files
from ctdc.hub.studio.web.texts import catalogue
from ctdc.standard.languages import LANGUAGES, direction

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.slow]
AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text(encoding="utf-8")
FOUND = "async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])"
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
LONG = 240_000  # milliseconds that long work may take on a busy machine
CASES = 1_500
STORY = "trafficked-persons"


@dataclass(frozen=True)
class Demonstration:
    """A demonstration that runs. demo: its folder; address: of the studio; site: of the public site."""

    demo: Path
    address: str
    site: str

    @property
    def studio(self) -> Path:
        return self.demo / "studio"

    def published(self) -> dict[str, object]:
        """What the public site says of its newest release, to programs."""
        with urlopen(f"{self.site}/api/v1/releases", timeout=30) as answer:
            listed = json.load(answer)["releases"]
        return dict(max(listed, key=lambda one: one["created"]))


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    demo = tmp_path_factory.mktemp("journey") / "demo"
    around = surroundings()
    run = ["run", "--demo", "--cases", str(CASES), "--length", "1", "--out", str(demo)]
    subprocess.run([*QUICK, *run], check=True, env=around, capture_output=True)
    port, site = free_port(), free_port()
    ports = ["--port", str(port), "--site-port", str(site)]
    subprocess.run([*QUICK, "studio", "demo", str(demo), *ports, "--no-serve"], check=True, env=around)
    with running(demo, port, site) as found:
        yield found


@contextmanager
def running(demo: Path, port: int, site: int) -> Iterator[Demonstration]:
    """The demonstration in `demo`, as long as it is used; it is ended as by Ctrl+C."""
    around = surroundings()
    command = [*QUICK, "studio", "demo", str(demo), "--port", str(port), "--site-port", str(site)]
    found = Demonstration(demo, f"http://localhost:{port}", f"http://localhost:{site}")
    with subprocess.Popen(command, env=around, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(found.address, process)
            wait_for(lambda: bool(found.published()))
            yield found
        finally:
            end(process, signal.SIGINT)


def wait_for(what: Callable[[], bool]) -> None:
    """Until the public site says so; it may not answer yet."""
    for _ in range(600):
        with suppress(OSError):
            if what():
                return
        time.sleep(0.3)
    raise AssertionError("the public site does not say so")


@dataclass
class Person:
    """Somebody in front of a browser. wrong: what no page should do."""

    page: Page
    account: accounts.Account
    address: str
    language: str = "en"
    wrong: list[str] = field(default_factory=list)

    def said(self, key: str, **values: object) -> str:
        """Words of the studio in this person's language."""
        app, _, rest = key.partition(".")
        return catalogue(app).text(self.language, rest, **{name: str(one) for name, one in values.items()})

    def watch(self, site: str = "") -> None:
        allowed = (self.address, site or self.address, "data:", "blob:")
        page, wrong = self.page, self.wrong
        page.set_default_timeout(60_000)
        page.on("request", lambda one: None if one.url.startswith(allowed) else wrong.append(one.url))
        page.on("console", lambda one: wrong.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda one: wrong.append(str(one)))

    def sign_in(self) -> None:
        """By both steps, in their own language."""
        page = self.page
        page.goto(f"{self.address}/account/login/")
        expect(page.locator(".demonstration")).to_be_visible()
        page.locator("#id_login").fill(self.account.email)
        page.locator("#id_password").fill(self.account.passphrase)
        page.locator("main form").first.locator("button").click()
        page.locator("#id_code").fill(self.account.code(time.time()))
        page.locator("main form").first.locator("button").click()
        expect(page.locator("header .me")).to_be_visible()
        if self.language != self.account.language:
            page.locator("#language").select_option(self.language)
            page.locator("form.language button").click()
        expect(page.locator("html")).to_have_attribute("lang", self.language)
        expect(page.locator("html")).to_have_attribute("dir", direction(self.language))
        expect(page.get_by_role("heading", level=1)).to_have_text(self.said("web.home.title"))

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}")

    def click(self, key: str, role: str = "button", **values: object) -> None:
        self.page.get_by_role(role, name=self.said(key, **values), exact=True).first.click()  # type: ignore[arg-type]

    def check_page(self) -> None:
        """What holds on every page that matters."""
        self.page.evaluate(AXE)
        assert self.page.evaluate(FOUND) == [], self.page.url
        assert not self.page.evaluate(OVERFLOW), self.page.url

    def wait_for_state(self, key: str) -> None:
        """The page of something at work loads itself again until it is there."""
        expect(self.page.locator("main .state").first).to_have_text(self.said(key), timeout=LONG)


@pytest.fixture
def come(browser: Browser, demonstration: Demonstration) -> Iterator[object]:
    contexts: list[BrowserContext] = []
    people: list[Person] = []
    known = accounts.read(demonstration.studio)

    def arrive(who: str, language: str = "en", width: int = 1280) -> Person:
        context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True)
        contexts.append(context)
        person = Person(context.new_page(), accounts.find(known, who), demonstration.address, language)
        person.watch()
        person.sign_in()
        people.append(person)
        return person

    yield arrive
    for context in contexts:
        context.close()
    assert [one for person in people for one in person.wrong] == []


def deliver(person: Person, path: Path, corrects: str = "") -> None:
    person.go("deliveries/new/")
    person.page.set_input_files("#id_chosen", path)
    if corrects:
        person.page.locator("#id_replaces").select_option(corrects)
    person.click("deliveries.new.send")
    person.page.wait_for_url(re.compile(r"/deliveries/\d+/$"), timeout=LONG)


def number_of(page: Page) -> str:
    found = re.search(r"/(\d+)/$", page.url)
    assert found is not None
    return found[1]


def test_a_file_with_errors_becomes_a_published_release(
    demonstration: Demonstration, come: object, browser: Browser, tmp_path: Path
) -> None:
    arrive, before = come, demonstration.published()
    to_deliver = files.written(demonstration.demo)
    first_page = story_text(demonstration)

    # ---- the contributor, in Arabic, delivers a file with errors, reads the report, and delivers it repaired
    hana: Person = arrive("contributor", "ar")  # type: ignore[operator]
    (real := tmp_path / "cases.csv").write_bytes(to_deliver.repaired.read_bytes())
    hana.go("deliveries/new/")
    hana.check_page()
    hana.page.set_input_files("#id_chosen", real)
    hana.click("deliveries.new.send")
    expect(hana.page.locator("#upload-status")).to_contain_text(hana.said("demonstration.refused.mark"))
    hana.wrong[:] = [one for one in hana.wrong if "409" not in one]  # the browser says that it was refused

    deliver(hana, to_deliver.dirty)
    dirty = number_of(hana.page)
    hana.wait_for_state("deliveries.state.held_back")
    hana.check_page()
    hana.click("deliveries.report", "link")
    expect(hana.page.locator("main")).to_contain_text(files.NEW_WORD)
    hana.check_page()
    with hana.page.expect_download() as taken:
        hana.click("deliveries.take.copy")
    assert taken.value.path().read_bytes()[:2] == b"PK"

    deliver(hana, to_deliver.repaired, corrects=dirty)
    repaired = number_of(hana.page)
    hana.wait_for_state("deliveries.state.held_back")
    hana.go(f"deliveries/{dirty}/")
    hana.wait_for_state("deliveries.state.withdrawn")

    # ---- the steward says what the word means; a second person approves; the steward stores the delivery
    stella: Person = arrive("steward")  # type: ignore[operator]
    stella.go(f"deliveries/{repaired}/")
    stella.click("deliveries.map", "link")
    stella.check_page()
    stella.page.get_by_label(stella.said("mappings.means")).select_option("gender=Trans/Transgender/NonConforming")
    stella.click("mappings.propose_value", value=files.NEW_WORD)
    stella.click("mappings.workbench.open", "link")
    mapping = stella.page.url

    rahel: Person = arrive("reviewer", "fr", 390)  # type: ignore[operator]
    rahel.page.goto(mapping)
    rahel.check_page()
    rahel.click("mappings.approve_value", value=files.NEW_WORD)
    rahel.click("mappings.approve_version")

    stella.go(f"deliveries/{repaired}/")
    stella.wait_for_state("deliveries.state.ready")
    stella.check_page()
    stella.click("deliveries.promote.send")
    stella.wait_for_state("deliveries.state.sealed")

    # ---- the steward plans a release of everything and makes it
    plan(stella)
    stella.check_page()
    for step, state in (("fix", "planned"), ("try", "tried"), ("run", "made"), ("evaluate", "evaluated")):
        if step == "run":
            stella.page.get_by_label(stella.said("desk.sure.run")).check()
        stella.click(f"desk.step_name.{step}")
        stella.wait_for_state(f"desk.state.{state}")
    stella.check_page()
    stella.click("desk.step_name.submit")
    release = stella.page.url

    # ---- two reviewers look at it and say yes
    ravi: Person = arrive("reviewer-2", "de")  # type: ignore[operator]
    for reviewer in (rahel, ravi):
        review(reviewer, release)
    stella.page.goto(release)
    stella.wait_for_state("desk.state.approved")
    stella.click("desk.step_name.publish")
    stella.wait_for_state("desk.state.published")

    # ---- everybody reads it
    wait_for(lambda: demonstration.published()["id"] != before["id"])
    after = demonstration.published()
    read_the_site(browser, demonstration, after)
    assert story_text(demonstration) != first_page

    # ---- and the auditor finds every step in the log
    aude: Person = arrive("auditor", "fr")  # type: ignore[operator]
    aude.go("events/")
    aude.check_page()
    for kind in ("release.published", "release.approved", "delivery.sealed", "mapping.approved"):
        words = aude.said(f"events.act.{kind}")
        expect(aude.page.locator(".log .act").get_by_text(words, exact=True).first).to_be_visible()
    checked = subprocess.run(
        [*QUICK, "studio", "verify", str(demonstration.studio)], check=True, capture_output=True, text=True
    )
    assert "as they were written" in checked.stdout


def plan(steward: Person) -> None:
    """All deliveries, the people of the release before."""
    page = steward.page
    steward.go("releases/")
    steward.click("desk.begin", "link")
    page.locator("#id_name").fill("journey")
    for language in LANGUAGES:
        page.locator(f"#id_title_{language}").fill(f"Journey {language}")
    page.locator("#id_population").fill("demonstration")
    page.locator("#id_people").fill(str(CASES))
    page.locator("#id_epsilon").fill("4")
    page.locator("#id_length").select_option("1")
    for box in page.locator("input[name=deliveries]").all():
        if "agreement" not in (box.get_attribute("value") or ""):
            box.check()
    steward.click("desk.begin.send")
    page.wait_for_url(re.compile(r"/releases/\d+/$"))


def review(reviewer: Person, release: str) -> None:
    page = reviewer.page
    page.goto(release)
    reviewer.click("desk.step_name.approve", "link")
    reviewer.check_page()
    page.get_by_role("link", name=reviewer.said("desk.evaluation")).click()
    reviewer.check_page()
    page.go_back()
    for box in page.locator("input[name=answers]").all():
        box.check()
    page.locator("input[name=says][value=yes]").check()
    page.locator("#id_reasons").fill("Looked at the plan, the evaluation and the words.")
    reviewer.click("desk.vote.send")
    page.wait_for_url(re.compile(r"/releases/\d+/$"))


def story_text(demonstration: Demonstration) -> str:
    """The page of a story that editors brought in, as it is served now."""
    with urlopen(f"{demonstration.site}/en/stories/{STORY}/", timeout=30) as answer:
        return str(answer.read().decode())


def read_the_site(browser: Browser, demonstration: Demonstration, release: dict[str, object]) -> None:
    """The front page, the list of releases and a story of the new release, in every language."""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page, wrong = context.new_page(), list[str]()
        page.on("request", lambda one: None if one.url.startswith(demonstration.site) else wrong.append(one.url))
        page.on("console", lambda one: wrong.append(one.text) if one.type in ("error", "warning") else None)
        for language in LANGUAGES:
            for path in ("", "releases/", f"stories/{STORY}/"):
                answer = page.goto(f"{demonstration.site}/{language}/{path}")
                assert answer is not None and answer.status == 200, (language, path)
                assert page.locator("html").get_attribute("lang") == language
                page.wait_for_load_state("networkidle")
            page.goto(f"{demonstration.site}/{language}/")
            expect(page.locator("body")).to_contain_text(f"Journey {language}")
        assert wrong == []


def test_the_hotlines_word_is_in_the_files_as_often_as_it_was(demonstration: Demonstration) -> None:
    """What the journey rests on: both files hold the word, and the same people."""
    to_deliver = files.written(demonstration.demo)
    found = []
    for path in (to_deliver.dirty, to_deliver.repaired):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        found.append([row[files.ID] for row in rows])
        assert sum(row[files.COLUMN] == files.NEW_WORD for row in rows) > 3
    assert found[0] == found[1]
