"""A person with one table and no code, through all steps of the workbench in Chromium; what axe says of each page."""

import io
import sys
import threading
import zipfile
from pathlib import Path

import pytest
import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench import SECRET, rows, waiting, write_csv

from ctdc.hub.workbench.application import workbench
from ctdc.hub.workbench.door import new_token
from ctdc.hub.workbench.here import listening, new_host
from ctdc.hub.workbench.project import open_project
from ctdc.hub.workbench.runs import all_runs

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
FAULTS = "async () => (await axe.run()).violations.map(fault => [fault.id, fault.nodes[0].html])"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAGES = (
    *("", "file/", "columns/", "columns/1/", "columns/3/", "columns/4/", "columns/5/", "columns/6/", "columns/8/"),
    *("risk/", "plan/", "run/", "results/", "results/1/", "nowhere/"),
)
FIELDS = {"age": ("#edges", "0, 18, 40, 65"), "district": ("#codes", "North\nSouth\nEast\nWest\nCentre")}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A workbench on a new project: where it opens, and the project."""
    project = open_project(tmp_path_factory.mktemp("workbench") / "p")
    with listening(0) as listeners:
        port, token, host = listeners[0].getsockname()[1], new_token(), new_host()
        app, explorers = workbench(project, token, host, port, 10_000_000)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": listeners})
        thread.start()
        yield f"http://{host}:{port}", token, project
        explorers.close()
        server.should_exit = True
        thread.join()


def opened(browser, served, **options):
    """A window of the person who has the printed address."""
    base, token, _ = served
    page = browser.new_context(base_url=base, **options).new_page()
    page.goto(f"/?key={token}")
    assert token not in page.url
    return page


def until_done(page, path, folder):
    """Look at the page again once the work in `folder` has ended, as its refreshing would."""
    assert waiting(folder).state == "done"
    page.goto(path)


@pytest.fixture(scope="module")
def walked(browser, served, tmp_path_factory):
    """The whole way, without JavaScript; what was downloaded."""
    _, _, project = served
    page = opened(browser, served, java_script_enabled=False, locale="en-GB", accept_downloads=True)
    file = write_csv(tmp_path_factory.mktemp("mine") / "visits.csv", rows(600))
    page.click("text=Next: File")
    page.set_input_files("#file", file)
    page.click("text=Take this file")
    until_done(page, "/en/file/", project.input)
    page.click("text=Next: Columns")
    page.click("text=Leave them out")
    page.click("main table >> text=visitor ref")
    page.click("text=Says whose row it is")
    page.click("text=Confirm this column")
    while page.url.rstrip("/").rpartition("/")[2].isdigit():
        name = page.inner_text("h1")
        if name == "private remark":
            page.click("text=Left out")
        if name in FIELDS:
            page.fill(*FIELDS[name])
        if page.locator("[type=checkbox][name=confirm]").count():
            page.check("[type=checkbox][name=confirm]")
        page.click("text=Confirm this column")
    page.click("text=Next: Risk today")
    page.click("main button")
    until_done(page, "/en/risk/", project.risk)
    assert "are linkable" in page.inner_text("main")
    page.click("text=Next: Plan")
    page.fill("#people", "600")
    page.select_option("#length", "2")
    page.click("text=Show the errors")
    page.click("[aria-label='Choose epsilon 4']")
    page.click("text=Plan with epsilon 4")
    page.fill("#title", "Visits")
    page.fill("#publisher", "Friends of repair")
    page.check("[name=simulated]")
    page.check("[name=sure]")
    page.click("text=Begin the run")
    assert page.locator("progress").count() == 1
    until_done(page, "/en/results/1/", project.runs / "001")
    with page.expect_download() as download:
        page.click("text=Download what may be published")
    return page, Path(download.value.path()).read_bytes()


def test_a_person_gets_from_a_file_to_what_may_be_published(walked, served):
    _, packed = walked
    (run,) = all_runs(served[2])
    assert packed == run.packed.read_bytes()
    with zipfile.ZipFile(io.BytesIO(packed)) as release:
        assert f"{run.release.name}/data/synthetic.csv" in release.namelist()
        assert not [name for name in release.namelist() if SECRET.encode() in release.read(name)]


def test_the_run_can_be_explored_at_an_address_of_its_own(walked, served):
    page, _ = walked
    page.goto("/en/results/1/")
    with page.context.expect_page() as opening:
        page.click("text=Open the site of this run")
    site = opening.value
    site.wait_for_load_state()
    base, _, _ = served
    assert not site.url.startswith(base)
    assert site.inner_text("h1") == "Visits"
    assert site.goto(site.url.replace("/en/", "/api/v1/releases")).ok
    stranger = page.context.browser.new_context().new_page()
    assert stranger.goto(site.url).status == 403, "the same door as the workbench"


def test_no_other_server_of_the_machine_gets_the_cookie(walked, served):
    base, _, _ = served
    context = walked[0].context
    assert [one["name"] for one in context.cookies(base)]
    for other in ("http://127.0.0.1:9/", "http://localhost:9/", "http://other.localhost:9/", "http://[::1]:9/"):
        assert context.cookies(other) == [], other


def test_a_run_while_it_goes_on_refreshes_itself_and_can_be_held_still(walked, served, monkeypatch):
    from ctdc.hub.workbench import runs
    from ctdc.hub.workbench.jobs import State

    page, _ = walked
    monkeypatch.setattr(runs.jobs, "state_of", lambda folder: State("running", progress={**runs.jobs.NOTHING_YET}))
    answer = page.goto("/en/results/1/")
    assert answer.headers["refresh"] == "2"
    assert "refresh" not in page.goto("/en/results/1/?still=1").headers


@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [("en", 1280, "light"), ("ar", 360, "dark"), ("de", 320, "light")],
)
def test_axe_finds_nothing_and_nothing_overflows(browser, served, walked, language, width, scheme):
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    page = opened(browser, served, **options)
    faults = {}
    for path in PAGES:
        page.goto(f"/{language}/{path}")
        assert page.get_attribute("html", "lang") == language
        assert page.evaluate(OVERFLOW) == 0, path
        page.evaluate(AXE)
        if found := page.evaluate(FAULTS):
            faults[path] = found
    page.context.close()
    assert faults == {}


def test_the_way_can_be_gone_by_keyboard(browser, served, walked):
    page = opened(browser, served)
    page.goto("/en/columns/5/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    wanted = ["codes", "absent", "rest", "rest_code", "confirm", "Confirm this column"]
    assert [one for one in dict.fromkeys(reached) if one in wanted] == wanted
    page.context.close()


def test_nothing_is_kept_and_nothing_comes_from_elsewhere(browser, served, walked):
    base, _, _ = served
    page = opened(browser, served)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES[:-1]:
        answer = page.goto(f"/fr/{path}")
        assert answer.headers["cache-control"] == "no-store"
    assert {url[: len(base)] for url in asked} == {base}
    assert page.evaluate("document.cookie") == "", "no script could read it"
    page.context.close()
