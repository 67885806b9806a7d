"""The pages of the workbench without a browser: what they show, take, refuse, and where they lead."""

import asyncio
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[3] / "support"))

from bench import ASKED, CHOSEN, SECRET, declared, project_with, read, unconfirmed, write_csv

from ctdc.hub.workbench import application, jobs
from ctdc.hub.workbench.application import workbench
from ctdc.hub.workbench.choices import read_choices
from ctdc.hub.workbench.pages.file import incoming
from ctdc.hub.workbench.pages.plan import people_of
from ctdc.hub.workbench.prepare import choices_hash
from ctdc.hub.workbench.project import open_project, read_json, write_json
from ctdc.hub.workbench.reading import GIVEN
from ctdc.hub.workbench.runs import forget_raw, tidy
from ctdc.standard.languages import LANGUAGES

TOKEN = "k" * 43
HOST = "ctdc-0123456789abcdef.localhost"
BASE = f"http://{HOST}:8790"
OWN = {"sec-fetch-site": "same-origin", "origin": "null"}


@pytest.fixture
def begun(monkeypatch):
    """Jobs that would have begun."""
    found = []
    monkeypatch.setattr(jobs, "start", lambda folder, kind, project, asked: found.append((kind, dict(asked))))
    return found


@pytest.fixture
def project(tmp_path):
    return project_with(tmp_path / "p")


@pytest.fixture
def client(project):
    return client_of(project)


def client_of(project, most=1_000_000) -> TestClient:
    app, _ = workbench(project, TOKEN, HOST, 8790, most)
    cookies = {"ctdc-workbench-8790": TOKEN}
    return TestClient(app, base_url=BASE, cookies=cookies, headers=OWN, follow_redirects=False)


def planned(project, **changes):
    """Everything is confirmed and planned."""
    declared(project)
    write_json(project.plan, {**ASKED, **changes})


def test_the_first_page_asks_for_a_file(tmp_path, begun):
    client = client_of(open_project(tmp_path / "new"))
    assert client.get("/", headers={"accept-language": "pt, fr;q=0.8"}).headers["location"] == "/fr/"
    assert client.get("/").headers["location"] == "/en/"
    assert 'href="/en/file/"' in client.get("/en/").text
    for later in ("columns/", "risk/", "plan/", "run/"):
        assert client.get(f"/en/{later}").status_code == 303


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_stands_in_every_language(client, project, begun, language):
    planned(project)
    for path in (
        "",
        "file/",
        "columns/",
        "columns/1/",
        "columns/3/",
        "columns/5/",
        "risk/",
        "plan/",
        "run/",
        "results/",
    ):
        answer = client.get(f"/{language}/{path}")
        assert answer.status_code == 200, path
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in answer.text
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        for other in LANGUAGES:
            assert f'href="/{other}/{path}"' in answer.text


def test_a_page_that_is_not_there_says_so(client):
    answer = client.get("/de/nowhere/")
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in answer.text
    assert client.get("/en/file/cancel/").headers["location"] == "/en/file/"
    assert client.get("/assets/../project.json").status_code == 404
    assert client.get("/assets/nothing.css").status_code == 404


def give(client, content, name="visits.csv"):
    return client.post("/en/file/", files={"file": (name, content, "text/csv")})


def test_a_file_is_taken_kept_private_and_read(tmp_path, begun):
    project = open_project(tmp_path / "p")
    assert give(client_of(project), b"a,b\n1,2\n").headers["location"] == "/en/file/"
    kept = project.input / "original.csv"
    assert kept.read_bytes() == b"a,b\n1,2\n"
    assert kept.stat().st_mode & 0o077 == 0
    assert begun == [("read", {"format": "csv"})]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"x" * 2_000_000, "t.csv", "larger than may be"),
        (b"x", "t.exe", "not read"),
        (b"", "t.csv", "empty"),
    ],
)
def test_a_file_that_is_refused_leaves_the_one_before(client, project, begun, content, name, words):
    before = (project.input / "original.csv").read_bytes()
    answer = give(client, content, name)
    assert answer.status_code in (409, 422)
    assert words in answer.text
    assert (project.input / "original.csv").read_bytes() == before
    assert not list(project.input.glob("*.part"))
    assert begun == []


def test_two_files_that_come_at_once_do_not_mix(tmp_path, begun):
    project = open_project(tmp_path / "p")
    first, second = b"a,b\n" + b"1,1\n" * 9_000, b"c,d\n" + b"2,2\n" * 3_000
    form = {"cookie": f"ctdc-workbench-8790={TOKEN}", **OWN, "content-type": "multipart/form-data; boundary=x"}

    async def body(content, mine, other):
        head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="t.csv"\r\n\r\n'
        yield head + content[: len(content) // 2]
        mine.set()
        await other.wait()
        yield content[len(content) // 2 :] + b"\r\n--x--\r\n"

    async def both():
        app, _ = workbench(project, TOKEN, HOST, 8790, 1_000_000)
        here, there = asyncio.Event(), asyncio.Event()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=form) as client:
            one = client.post("/en/file/", content=body(first, here, there))
            two = client.post("/en/file/", content=body(second, there, here))
            return await asyncio.gather(one, two)

    assert [answer.status_code for answer in asyncio.run(both())] == [303, 303]
    assert (project.input / "original.csv").read_bytes() in (first, second)
    assert read_json(project.input / GIVEN)["bytes"] == (project.input / "original.csv").stat().st_size
    assert not list(project.input.glob("*.part"))


def test_a_file_that_comes_while_the_raw_data_are_removed_is_given_again(client, project, begun, monkeypatch):
    take = application.take

    async def removed(*given):
        found = await take(*given)
        forget_raw(project)
        return found

    monkeypatch.setattr(application, "take", removed)
    answer = give(client, b"a,b\n1,2\n")
    assert answer.status_code in (409, 422)
    assert not list(project.input.glob("original.*"))


def test_what_a_kill_left_of_a_file_goes_even_while_a_reading_goes_on(project, monkeypatch):
    left = incoming(project)
    left.write_bytes(b"half")
    monkeypatch.setattr(jobs, "is_alive", lambda folder: True)
    tidy(project)
    assert not left.exists()


def test_reading_in_another_way_takes_only_what_the_form_offers(client, begun):
    client.post("/en/file/reading/", data={"encoding": "cp1256", "delimiter": "tab", "sheet": ""})
    client.post("/en/file/reading/", data={"encoding": "rot13", "delimiter": "x"})
    assert [asked["encoding"] for _, asked in begun] == ["cp1256", ""]
    assert [asked["delimiter"] for _, asked in begun] == ["\t", ""]


def test_nothing_is_read_anew_while_the_risk_is_looked_at(client, project, begun, monkeypatch):
    kept = jobs.state_of
    busy = jobs.State("running", progress=jobs.NOTHING_YET)
    monkeypatch.setattr(jobs, "state_of", lambda folder: busy if folder == project.risk else kept(folder))
    assert client.post("/en/file/reading/", data={"delimiter": "tab"}).status_code == 409
    assert give(client, b"a,b\n1,2\n").status_code == 409
    assert begun == []


def test_a_workbook_with_several_sheets_asks_for_one(client, project):
    write_json(project.input / jobs.RESULT, {"sheets": ["People & <b>", "Codes"]})
    page = client.get("/en/file/").text
    assert "several sheets" in page
    assert "People &amp; &lt;b&gt;" in page


def test_columns_are_listed_with_what_they_seem_to_hold(client):
    page = client.get("/en/columns/").text
    assert "It seems to hold names." in page
    assert "8 columns wait for you." in page
    assert SECRET not in page, "values stand on a column's own page only"


def test_columns_that_should_be_left_out_are_so_with_one_step(client, project):
    client.post("/en/columns/", data={"act": "leave-out"})
    left = {choice.name for choice in read_choices(project) if choice.confirmed}
    assert left == {"visitor ref", "first name"}


def test_a_column_is_confirmed_and_leads_to_the_next(client, project):
    sent = {"kind": "codes", "codes": "North\nSouth\nEast\nWest\n\nNorth", "rest": "refuse", "confirm": "1"}
    answer = client.post("/en/columns/5/", data=sent)
    assert answer.headers["location"] == "/en/columns/6/"
    choice = read_choices(project)[4]
    assert (choice.codes, choice.confirmed) == (("North", "South", "East", "West"), True)


def test_without_the_tick_nothing_is_confirmed(client, project):
    answer = client.post(
        "/en/columns/5/", data={"kind": "codes", "codes": "North\nSouth\nEast\nWest", "rest": "refuse"}
    )
    assert answer.status_code == 422
    assert "Tick the box" in answer.text
    assert not read_choices(project)[4].confirmed


def test_cells_that_do_not_fit_are_shown_to_the_person(client, project):
    sent = {"kind": "codes", "codes": "North\nSouth", "rest": "refuse", "confirm": "1"}
    answer = client.post("/en/columns/5/", data=sent)
    assert answer.status_code == 422
    assert "do not fit" in answer.text
    assert "<bdi>East</bdi>" in answer.text
    assert "\nNorth\nSouth</textarea>" in answer.text, "what was written is not lost"
    assert client.post("/en/columns/5/", data={**sent, "rest": "empty"}).status_code == 303
    assert client.post("/en/columns/5/", data={**sent, "rest": "code", "rest_code": "Other"}).status_code == 303


@pytest.mark.parametrize(
    "sent", [{"kind": "evil"}, {"kind": "dates", "by": "x"}, {"kind": "several", "separator": "$$"}, {}]
)
def test_what_no_form_of_ours_sends_changes_nothing(client, project, sent):
    before = read_choices(project)
    assert client.post("/en/columns/5/", data=sent).status_code == 303
    assert read_choices(project) == before
    assert client.post("/en/columns/99/", data=sent).headers["location"] == "/en/columns/"


def test_bands_that_cannot_be_read_come_back_with_a_word(client):
    sent = {"kind": "numbers", "edges": "0, 40, 18", "outside": "open", "rest": "refuse", "confirm": "1"}
    answer = client.post("/en/columns/3/", data=sent)
    assert answer.status_code == 422
    assert "ascending order" in answer.text
    assert "0, 40, 18" in answer.text


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("codes", "\n0\n1</textarea>"),
        ("several", "</textarea>"),
        ("numbers", 'name="edges"'),
        ("out", "neither its name"),
    ],
)
def test_another_kind_brings_the_fields_of_that_kind(client, kind, expected):
    assert expected in client.get(f"/en/columns/7/?kind={kind}").text


def test_a_value_that_looks_like_markup_is_text(tmp_path, begun):
    project = project_with(tmp_path / "m", [("1", "n", "3", "2024-01-01", "<img src=x>", "lamp", "1", "")] * 3)
    page = client_of(project).get("/en/columns/5/").text
    assert "&lt;img src=x&gt;" in page
    assert "<img" not in page


def test_a_corrected_file_keeps_what_still_fits(tmp_path):
    project = project_with(tmp_path / "p")
    declared(project)
    line = ("V-1", "n", "30", "2024-01-05", "Atlantis", "lamp", "1", "")
    write_csv(project.input / "original.csv", [line])
    read(project, {"format": "csv"})
    again = {choice.name: choice for choice in read_choices(project)}
    assert not again["district"].confirmed, "Atlantis is on no list"
    assert again["district"].codes == CHOSEN[4].codes
    assert again["age"] == CHOSEN[2]


def test_the_risk_is_of_this_table_and_shown_as_shares(client, project, begun):
    declared(project)
    assert "Look at the risk today" in client.get("/en/risk/").text
    client.post("/en/risk/")
    kind, asked = begun[0]
    now = choices_hash(CHOSEN, read_json(project.input / jobs.RESULT)["hash"])
    assert (kind, asked["declared"]) == ("risk", now)
    found = {
        "declared": now,
        "people": 400,
        "few": 10,
        "length": 2,
        "reached": [{"length": 1, "linkable": 4, "alone": 1}, {"length": 2, "linkable": 100, "alone": 20}],
        "parts": [{"name": "age", "through": 90, "without": 10}],
        "values": [{"variable": "brought:lamp", "code": "1", "people": 50, "linkable": 40}],
    }
    project.risk.mkdir()
    write_json(project.risk / jobs.JOB, {"kind": "risk", "project": "", "asked": {"declared": now}})
    write_json(project.risk / jobs.RESULT, found)
    page = client.get("/en/risk/").text
    assert "25.0% of the people are linkable" in page
    assert "<bdi>lamp</bdi>" in page
    declared(project, [replace(one, absent=("0",)) if one.name == "member" else one for one in CHOSEN])
    assert "The columns have changed" in client.get("/en/risk/").text


@pytest.mark.slow
def test_the_plan_tells_errors_in_words_and_in_a_table(client, project):
    declared(project)
    page = client.get("/en/plan/?epsilon=2&length=2&people=3%20000").text
    assert "This is moderate protection." in page
    assert "Of a group of 300 people" in page
    assert len(re.findall(r"/en/plan/\?epsilon=", page)) == 6, "one link for each other epsilon"
    few = client.get("/en/plan/?epsilon=0.1&length=3&people=20").text
    assert "nothing of this can be told from noise" in few


@pytest.mark.slow
def test_the_other_way_round_finds_an_epsilon(client, project):
    declared(project)
    page = client.get("/en/plan/?epsilon=1&length=2&people=&at_most=5").text
    found = float(re.search(r"Epsilon ([\d.]+) keeps to it", page)[1])
    errors = client.get(f"/en/plan/?epsilon={found}&length=2&people=").text
    told = float(re.search(r"2 values together have a standard error of ([\d.]+) people", errors)[1])
    assert told <= 5.0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("epsilon=0", "from 0.01 to 100"),
        ("epsilon=a", "from 0.01 to 100"),
        ("epsilon=1&people=ten", "no whole number"),
        ("epsilon=1&at_most=-1", "at least 0.1"),
        ("epsilon=1&at_most=0.1", "so small an error"),
    ],
)
def test_what_cannot_be_planned_is_said(client, project, query, words):
    declared(project)
    answer = client.get(f"/en/plan/?{query}")
    assert answer.status_code == 422
    assert words in answer.text
    for part in query.split("&"):
        name, _, written = part.partition("=")
        if name != "at_most":
            assert re.search(rf'name="{name}"[^>]* value="{written}"', answer.text), "what was written is not lost"


@pytest.mark.slow
def test_a_comma_is_a_decimal_point_too(client, project):
    declared(project)
    assert "Was Epsilon 0.5 bedeutet" in client.get("/de/plan/?epsilon=0,5").text


@pytest.mark.parametrize("text", ["3000", "3,000", "3.000", "3 000", "3\u202f000", "3'000"])
def test_people_may_be_written_as_one_writes_them(text):
    assert people_of(text) == 3000


@pytest.mark.slow
def test_a_plan_is_kept_with_a_delta_that_fits(client, project):
    declared(project)
    sent = {"epsilon": "2", "length": "3", "people": "400000"}
    assert client.post("/en/plan/", data=sent).headers["location"] == "/en/run/"
    assert read_json(project.plan) == {"epsilon": 2.0, "delta": 1e-07, "length": 3, "people": 400000}
    assert 'value="400000"' in client.get("/en/plan/").text


def test_a_run_says_its_cost_and_wants_it_confirmed(client, project, begun):
    planned(project, epsilon=1.5)
    page = client.get("/en/run/").text
    assert "Charge epsilon 1.5 to the people of this table" in page
    sent = {"title": "Visits", "publisher": "We"}
    assert "Tick the box" in client.post("/en/run/", data=sent).text
    assert "Give a title" in client.post("/en/run/", data={"sure": "1", "title": " "}).text
    assert begun == []
    assert client.post("/en/run/", data={**sent, "sure": "1"}).headers["location"] == "/en/results/1/"
    (kind, asked) = begun[0]
    assert (kind, asked["epsilon"], asked["title"], asked["simulated"]) == ("run", 1.5, "Visits", False)
    frozen = json.loads((project.runs / "001" / "private" / "schema.json").read_text())
    assert frozen["ctdc"]["subject_id"] == "person"


def test_a_limit_is_written_to_the_ledger(client, project):
    planned(project)
    client.post("/en/run/limit/", data={"limit": "6"})
    assert '"epsilon": 6.0' in project.ledger.read_text()
    assert client.post("/en/run/limit/", data={"limit": "lots"}).status_code == 422
    assert '<dd><bdi dir="ltr">6</bdi></dd>' in client.get("/en/run/").text


def test_a_run_of_columns_that_wait_again_leads_back(client, project, begun):
    planned(project)
    declared(project, [unconfirmed(one) if one.name == "age" else one for one in CHOSEN])
    assert client.get("/en/run/").headers["location"] == "/en/columns/"
    assert client.post("/en/run/", data={"sure": "1"}).headers["location"] == "/en/columns/"
    assert begun == []


def test_raw_data_can_be_removed(client, project, begun):
    planned(project)
    client.post("/en/run/", data={"title": "Visits", "publisher": "We", "sure": "1"})
    assert client.post("/en/file/forget/", data={}).status_code == 303
    assert project.table.exists(), "without being sure nothing is removed"
    client.post("/en/file/forget/", data={"sure": "1"})
    assert not project.input.exists()
    assert not list(project.folder.rglob("table.parquet"))
    assert client.get("/en/results/1/").status_code == 200


def test_a_form_that_is_too_long_is_as_one_without_fields(client, project):
    declared(project)
    answer = client.post("/en/plan/", data={"epsilon": "9" * 4_100_000})
    assert answer.status_code == 303, "the plan as it stood"


def test_a_damaged_project_is_said_in_words(client, project):
    planned(project)
    project.plan.write_text("{")
    answer = client.get("/de/run/")
    assert answer.status_code == 500
    assert "Eine Datei des Projekts ist beschädigt" in answer.text


def test_a_fault_of_ours_tells_places_and_no_values(project, monkeypatch):
    from ctdc.hub.workbench.pages import columns

    def broken(*_):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(columns, "from_json", broken)
    app, _ = workbench(project, TOKEN, HOST, 8790, 1)
    client = TestClient(
        app,
        base_url=BASE,
        cookies={"ctdc-workbench-8790": TOKEN},
        raise_server_exceptions=False,
    )
    answer = client.get("/en/columns/")
    assert answer.status_code == 500
    assert "RuntimeError" in answer.text
    assert SECRET not in answer.text
