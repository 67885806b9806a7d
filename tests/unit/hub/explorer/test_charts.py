"""A chart of the explorer to be taken: the explorer's numbers, whom they are of, and an address with the question."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import openpyxl
import pytest
from markupsafe import escape
from starlette.testclient import TestClient
from tests.support.invented_release import write_release

from ctdc.hub import server
from ctdc.hub.gate import Gate
from ctdc.hub.site.explorer.query import answer_query
from ctdc.hub.site.kit.files import ENDINGS
from ctdc.hub.site.serve import CONTENT_TYPES
from ctdc.hub.site.view import read_release
from ctdc.release.counting import Counter, open_counter
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
EXPLOITATION = "/en/explorer/charts/group-exploitation"
AGES = "/en/explorer/charts/variable-ageBroad"
WOMEN = "?gender=Woman"
DEEP = "?gender=Man,Woman&isForcedLabour=1&meansThreats=1"  # four variables with age: three were measured together


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("taken"))


@pytest.fixture(scope="module")
def counter(release: Path) -> Counter:
    return open_counter(release)


@pytest.fixture(scope="module")
def reader(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "release").mkdir()
    (folder / "release" / release.name).symlink_to(release)
    with TestClient(server.site_and_service(folder)) as client:
        yield client


def table_of(reader: TestClient, address: str) -> list[dict[str, str]]:
    answer = reader.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_files_have_the_explorers_numbers(reader: TestClient, counter: Counter) -> None:
    rows = table_of(reader, f"{AGES}.csv{WOMEN}")
    found = counter.count({"gender": ["Woman"]}, ("ageBroad",))
    places = {code: place for place, (code,) in enumerate(found.codes)}
    assert [row["code"] for row in rows] == [code for code in places if code]
    for row in rows:
        place = places[row["code"]]
        assert row["too_few"] == str(bool(found.too_few[place])).lower()
        if found.too_few[place]:
            assert (row["count"], row["source"]) == ("", "")
            continue
        counted = found.count[place], found.low[place], found.high[place]
        assert [float(row[name]) for name in ("count", "count_low95", "count_high95")] == pytest.approx(
            counted, abs=1e-3
        )
        assert float(row["share"]) == pytest.approx(found.shares.share[place])
        assert (row["source"], row["filter"]) == ("counts", "gender=Woman")
        assert found.whole is not None
        assert float(row["base"]) == pytest.approx(found.whole.value, abs=1e-3)


def test_numbers_of_the_records_say_so_wherever_they_go(reader: TestClient) -> None:
    rows = [row for row in table_of(reader, f"{AGES}.csv{DEEP}") if row["too_few"] == "false"]
    assert rows and {row["source"] for row in rows} == {"records"}
    mark = "synthetic records"
    for ending in ("/", "/embed/", ".svg"):
        said = reader.get(f"{AGES}{ending}{DEEP}").text
        assert said.count(mark) >= len(rows), ending
        assert "were not counted together under protection" in said
    book = openpyxl.load_workbook(io.BytesIO(reader.get(f"{AGES}.xlsx{DEEP}").content))
    remarks = [row[-1] for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)]
    assert remarks.count(mark) == len(rows)
    chart = reader.get(f"{AGES}.json{DEEP}").json()
    assert "covers neither the noise that protects people" in chart["privacy"]["interval"]
    assert "because of the noise" not in chart["privacy"]["interval"]
    assert any("were not counted together" in sentence for sentence in chart["summary"])
    assert "because of the noise" in reader.get(f"{AGES}.json{WOMEN}").json()["privacy"]["interval"]
    assert not any(row["source"] == "records" for row in table_of(reader, f"{AGES}.csv{WOMEN}"))
    assert mark not in reader.get(f"{AGES}/{WOMEN}").text


def test_the_title_says_whom_the_numbers_are_of(reader: TestClient) -> None:
    chart = reader.get(f"{EXPLOITATION}.json?ageBroad=0--8,09--17&gender=Woman").json()
    assert (
        chart["title"] == "Types of exploitation. Only people with: Gender: Woman; Age group: 0–8 years or 9–17 years"
    )
    assert chart["filter"] == {"gender": ["Woman"], "ageBroad": ["0--8", "09--17"]}
    assert chart["notes"][0] == "Only people with: Gender: Woman; Age group: 0–8 years or 9–17 years."
    # What was chosen in the question itself does not choose the people of its chart.
    ages = reader.get(f"{AGES}.json?ageBroad=0--8&gender=Woman").json()
    assert ages["title"] == "Age group. Only people with: Gender: Woman"
    assert ages["filter"] == {"gender": ["Woman"]}
    assert len([row for row in ages["rows"] if row["count"]]) > 1


def test_of_many_codes_the_title_says_how_many_and_the_files_say_which(
    reader: TestClient, counter: Counter, release: Path
) -> None:
    codes = counter.analysis.codes("ageBroad")
    assert len(codes) > 8
    chosen = codes[:9]
    chart = reader.get(f"{EXPLOITATION}.json?ageBroad={quote(','.join(chosen))}").json()
    assert chart["title"].endswith(f"Age group: 9 of {len(codes)} answers")
    assert chart["filter"] == {"ageBroad": list(chosen)}
    labels = [read_release(release).code_label("ageBroad", code, "en") for code in chosen]
    note = chart["notes"][0]
    assert all(label in note for label in labels)
    query = f"?ageBroad={quote(','.join(chosen))}"
    for ending in ("/", "/embed/"):
        assert str(escape(note)) in reader.get(f"{EXPLOITATION}{ending}{query}").text
    picture = re.sub(r"<[^>]+>|\s", "", reader.get(f"{EXPLOITATION}.svg{query}").text)  # its lines are broken
    assert picture.count(re.sub(r"\s", "", note)) >= 1
    book = openpyxl.load_workbook(io.BytesIO(reader.get(f"{EXPLOITATION}.xlsx{query}").content))
    assert note in [row[0] for row in book.worksheets[1].iter_rows(values_only=True)]


def test_one_question_has_one_address_and_the_same_bytes(reader: TestClient) -> None:
    one = {ending: reader.get(f"{EXPLOITATION}.{ending}?ageBroad=0--8,09--17") for ending in ENDINGS}
    for ending, answer in one.items():
        again = reader.get(f"{EXPLOITATION}.{ending}?ageBroad=09--17&ageBroad=0--8&show=variable-gender")
        assert again.content == answer.content, ending
        assert answer.headers["content-type"] == CONTENT_TYPES[f".{ending.rpartition('.')[2]}"]
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-disposition"] == f'inline; filename="{one["json"].json()["id"]}.{ending}"'
    other = reader.get(f"{EXPLOITATION}.json{WOMEN}").json()
    assert other["id"] != one["json"].json()["id"]
    assert other["address"] == f"{EXPLOITATION}/{WOMEN}"
    names = zipfile.ZipFile(io.BytesIO(one["zip"].content)).namelist()
    assert names == [f"{one['json'].json()['id']}.{ending}" for ending in ENDINGS if ending != "zip"]


@pytest.mark.parametrize(
    "question", [{"isForcedLabour": ["1"]}, {"meansThreats": ["1"], "gender": ["Man"]}, {"ageBroad": ["0--8", "48+"]}]
)
def test_each_share_of_a_group_stands_on_its_own_base(
    reader: TestClient, counter: Counter, question: dict[str, list[str]]
) -> None:
    query = "&".join(f"{name}={quote(','.join(codes))}" for name, codes in question.items())
    rows = table_of(reader, f"/en/explorer/charts/group-means_of_control.csv?{query}")
    assert len(rows) == 8
    for row in rows:
        found = counter.count(question, (row["variable"],))
        [place] = [place for place, (code,) in enumerate(found.codes) if code == "1"]
        assert found.whole is not None
        assert (row["share"] == "") == bool(found.share_too_few[place])
        if row["share"]:
            assert float(row["base"]) == pytest.approx(found.whole.value, abs=1e-3)
            assert row["base_source"] == found.whole.source


def test_a_chart_of_everybody_by_the_service_is_not_taken_for_the_site_s(reader: TestClient) -> None:
    everybody = reader.get("/en/explorer/charts/variable-gender.json?gender=Woman").json()
    assert everybody["filter"] == {}
    assert everybody["title"] == "Gender"
    assert everybody["id"] != "variable-gender"


def test_every_address_on_the_page_has_the_question(reader: TestClient) -> None:
    page = reader.get(f"{EXPLOITATION}/?bars=count&gender=Woman").text
    query = "?bars=count&amp;gender=Woman"
    for ending in ENDINGS:
        assert f'href="{EXPLOITATION}.{ending}{query}"' in page
    assert f'href="{EXPLOITATION}/embed/{query}"' in page
    assert f'href="/en/explorer/{query}#group-exploitation"' in page
    assert 'href="/en/feedback/?about=/en/explorer/charts/group-exploitation/"' in page  # what was asked is nobody's
    for language in LANGUAGES:
        assert f'href="/{language}/explorer/charts/group-exploitation/{query}"' in page
    alone = reader.get(f"{EXPLOITATION}/embed/?bars=count&gender=Woman")
    assert f'href="{EXPLOITATION}/{query}"' in alone.text
    assert "x-frame-options" not in alone.headers
    assert reader.get(f"{EXPLOITATION}/{WOMEN}").headers["x-frame-options"] == "DENY"
    assert reader.get(f"{EXPLOITATION}/{WOMEN}").headers["x-robots-tag"] == "noindex"


def test_bars_are_as_long_as_what_the_question_asks_for(reader: TestClient) -> None:
    share, count = (reader.get(f"{EXPLOITATION}.json{query}").json() for query in (WOMEN, f"{WOMEN}&bars=count"))
    assert (share["drawn"], count["drawn"]) == ("share", "count")
    assert share["rows"] == count["rows"]  # both numbers stand beside it
    assert any(row["share"] and row["base"] for row in count["rows"])
    page = reader.get(f"{EXPLOITATION}/{WOMEN}&bars=count").text
    assert page.count('<td role="cell" class="number">') == 2 * len(count["rows"])
    assert share["id"] != count["id"]


@pytest.mark.parametrize(
    "address",
    [
        f"{EXPLOITATION}/?gender=Nobody",
        f"{EXPLOITATION}.csv?gender=Woman,Nobody",
        f"{EXPLOITATION}.png?colour=red",
        "/en/explorer/charts/group-nothing/?gender=Woman",
        f"{EXPLOITATION}.exe{WOMEN}",
        f"/it/explorer/charts/group-exploitation/{WOMEN}",
    ],
)
def test_a_chart_that_is_not_understood_whole_is_not_there(reader: TestClient, address: str) -> None:
    """One of other people than were asked for would be taken for theirs."""
    assert reader.get(address).status_code == 404


def test_too_long_and_too_many_parts_are_refused(reader: TestClient) -> None:
    assert reader.get(f"{EXPLOITATION}.svg?gender={'x' * 20_000}").status_code == 414
    assert reader.get(f"{EXPLOITATION}.svg?{'&'.join('a=' for _ in range(3000))}").status_code == 400
    assert reader.post(f"{EXPLOITATION}.svg{WOMEN}").status_code == 405
    assert reader.options(f"{EXPLOITATION}.svg{WOMEN}").headers["access-control-allow-methods"] == "GET, HEAD"
    assert reader.head(f"{EXPLOITATION}.svg{WOMEN}").status_code == 200
    for address in (f"{EXPLOITATION}.svg", "/en/explorer/"):
        odd = reader.get(address + "?gender=%FF%00")
        assert odd.status_code in (200, 404)


def test_charts_pass_the_gate(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / release.name).symlink_to(release)
    gate = Gate(at_once=1, waiting=0)
    monkeypatch.setattr(server, "Gate", lambda: gate)
    with TestClient(server.site_and_service(tmp_path)) as client:
        with gate.turn():
            busy = client.get(f"{EXPLOITATION}.svg{WOMEN}")
            assert (busy.status_code, busy.headers["cache-control"]) == (503, "no-store")
        first = client.get(f"{EXPLOITATION}.svg{WOMEN}")
        with gate.turn():
            assert client.get(f"{EXPLOITATION}.svg{WOMEN}").content == first.content  # which is not made again


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language_and_from_the_right(reader: TestClient, language: str) -> None:
    at = EXPLOITATION.replace("/en/", f"/{language}/")
    page = reader.get(f"{at}/{WOMEN}").text
    way = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{way}">' in page
    metadata = reader.get(f"{at}.metadata.json{WOMEN}").json()
    assert metadata["language"] == language
    assert f"<h1>{escape(metadata['title'])}</h1>" in page


def test_the_explorer_leads_to_its_charts(reader: TestClient) -> None:
    page = reader.get(f"/en/explorer/{WOMEN}&show=variable-gender").text
    links = re.findall(r'class="own-page"><a href="([^"]+)"', page)
    assert f"{EXPLOITATION}/{WOMEN}" in links
    for link in links:
        assert reader.get(link).status_code == 200
    # Of everybody, they are pages of the site.
    asked = reader.get("/en/explorer/?show=variable-gender").text
    assert "/en/charts/group-exploitation/" in re.findall(r'class="own-page"><a href="([^"]+)"', asked)


def test_the_address_of_one_answer_in_one_chart() -> None:
    assert answer_query("Place", "US,A") == "?Place=US,A"
    assert answer_query("zone", "A", "group-x") == "?show=group-x&zone=A"
