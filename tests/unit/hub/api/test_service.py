"""What the service says at each address, and how."""

import csv
import io
import json
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

from ctdc.foundation.errors import UserError
from ctdc.hub.api.answers import rows_of
from ctdc.hub.api.application import openapi
from ctdc.hub.api.service import HEADERS, Finished, Memory, finished, service
from ctdc.hub.api.shelf import API, Shelf, open_shelf
from ctdc.hub.gate import Gate
from ctdc.release.told import table_of
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
DESCRIPTION = Path(__file__).parents[4] / "docs" / "reference" / "openapi.json"
WOMEN = "gender=Woman"
ENDS = ("count", "low", "high")
SHARE_ENDS = ("share", "share_low", "share_high")


def test_the_published_description_is_up_to_date() -> None:
    assert json.loads(DESCRIPTION.read_text(encoding="utf-8")) == openapi(), "python -m ctdc.hub.api.describe"


def test_releases_lead_to_a_release_and_its_files(client: TestClient, shelf: Shelf, at: str) -> None:
    listed = client.get(f"{API}/releases").json()
    assert listed["latest"] == shelf.latest.name
    assert [one["url"] for one in listed["releases"]] == [at]
    release = client.get(at).json()
    paths = {one["path"]: one for one in release["files"]}
    assert paths["data/synthetic.parquet"]["url"] == f"/releases/{shelf.latest.name}/data/synthetic.parquet"
    assert release["release"]["people"]["count"] == pytest.approx(shelf.latest.counter.total({}).value, abs=0.01)


def test_latest_leads_to_the_newest_release_and_is_asked_for_anew(client: TestClient, at: str) -> None:
    answer = client.get(f"{API}/releases/latest/counts?by=gender")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{at}/counts?by=gender")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_in_the_language_asked(client: TestClient, at: str, shelf: Shelf, language: str) -> None:
    query = "" if language == "en" else f"?lang={language}"
    variables = client.get(f"{at}/variables{query}").json()["variables"]
    assert [one["label"] for one in variables] == [one.labels[language] for one in shelf.latest.vocabulary.variables]
    codes = client.get(f"{at}/variables/gender{query}").json()["codes"]
    assert [one["label"] for one in codes] == [one.labels[language] for one in shelf.latest.words["gender"].codes]


def test_counts_are_those_of_the_release_and_carry_where_they_are_from(
    client: TestClient, at: str, shelf: Shelf
) -> None:
    answer = client.get(f"{at}/counts?by=ageBroad&{WOMEN}").json()
    found = shelf.latest.counter.count({"gender": "Woman"}, ["ageBroad"])
    assert [row["codes"]["ageBroad"] for row in answer["counts"]] == [code or None for (code,) in found.codes]
    for row, count, few in zip(answer["counts"], found.count, found.too_few, strict=True):
        assert row["count"] == (None if few else pytest.approx(count, abs=0.01))
    assert answer["query"] == {"filters": {"gender": ["Woman"]}, "by": ["ageBroad"]}
    assert answer["release"]["id"] == shelf.latest.manifest.id
    assert "Simulated data" in answer["citation"]
    assert answer["privacy"]["epsilon"] == shelf.latest.manifest.privacy["epsilon"]


def test_too_few_is_never_a_number(client: TestClient, at: str, shelf: Shelf) -> None:
    rows = client.get(f"{at}/counts?by=gender,ageBroad,isForcedLabour").json()["counts"]
    few = [row for row in rows if row["too_few"]]
    assert few
    assert all(row[name] is None for row in few for name in (*ENDS, *SHARE_ENDS))


def test_neither_do_the_ends_of_an_interval_say_what_is_too_few(client: TestClient, at: str) -> None:
    """Not of a total, of a denominator, of a code of the explorer, nor in a table."""
    query = "by=gender,ageBroad,isForcedLabour"
    table = pl.read_parquet(io.BytesIO(client.get(f"{at}/counts.parquet?{query}").content))
    assert table.filter("too_few").height > 0
    assert table.filter("too_few").select(*ENDS, *SHARE_ENDS).null_count().row(0) == (table["too_few"].sum(),) * 6
    rare = {"gender": "Trans/Transgender/NonConforming", "ageBroad": "48+", "meansDrugsAlcohol": "1"}
    few = client.get(f"{at}/explore", params={"by": "traffickMonths", **rare}, follow_redirects=True).json()
    rows = [few["total"], few["variables"][0]["denominator"], *few["variables"][0]["codes"]]
    assert all(row["too_few"] for row in rows)
    assert all(row[name] is None for row in rows for name in ENDS)


def test_csv_and_parquet_hold_the_rows_of_json(client: TestClient, at: str) -> None:
    query = "by=gender,isForcedLabour"
    rows = client.get(f"{at}/counts?{query}").json()["counts"]
    table = pl.read_parquet(io.BytesIO(client.get(f"{at}/counts.parquet?{query}").content))
    answer = client.get(f"{at}/counts.csv?{query}")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["link"] == f'<{at}>; rel="describedby"'
    for row, read, line in zip(rows, table.iter_rows(named=True), lines, strict=True):
        flat = {**row.pop("codes"), **row}
        assert read == flat
        assert line["count"] == ("" if flat["count"] is None else str(flat["count"]))


def test_parquet_says_which_release_it_is_from(client: TestClient, at: str, shelf: Shelf) -> None:
    metadata = pl.read_parquet_metadata(io.BytesIO(client.get(f"{at}/counts.parquet?by=gender").content))
    assert json.loads(metadata["release"])["id"] == shelf.latest.manifest.id
    assert metadata["citation"].startswith("Counter-Trafficking")


def test_every_variable_is_explored_among_some_people(client: TestClient, at: str, shelf: Shelf) -> None:
    answer = client.get(f"{at}/explore?{WOMEN}").json()
    assert [one["name"] for one in answer["variables"]] == list(shelf.latest.counter.variables)
    gender = next(one for one in answer["variables"] if one["name"] == "gender")
    assert [row["code"] for row in gender["codes"]] == ["Woman"]
    assert gender["denominator"]["count"] == answer["total"]["count"]
    every = client.get(f"{at}/explore?by=gender&{WOMEN}&own=no").json()["variables"]
    assert len(every[0]["codes"]) == len(shelf.latest.counter.analysis.codes("gender")) + 1


def test_other_spellings_redirect_to_the_one_address(client: TestClient, at: str) -> None:
    answer = client.get(f"{at}/counts?{WOMEN}&by=ageBroad")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{at}/counts?by=ageBroad&{WOMEN}")
    assert client.get(answer.headers["location"]).status_code == 200


def test_an_answer_is_kept_by_its_tag(client: TestClient, at: str) -> None:
    for encoding in ("gzip", "identity"):
        asked = {"Accept-Encoding": encoding}
        first = client.get(f"{at}/counts?by=ageBroad", headers=asked)
        assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert ("content-encoding" in first.headers) == (encoding == "gzip")
        again = client.get(f"{at}/counts?by=ageBroad", headers={**asked, "If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        head = client.head(f"{at}/counts?by=ageBroad", headers=asked)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == first.headers["content-length"]


def test_every_answer_may_be_read_from_anywhere_and_acts_on_nothing(client: TestClient, at: str) -> None:
    answers = [client.get(at), client.get(f"{API}/nothing"), client.post(at), client.options(at)]
    assert [answer.status_code for answer in answers] == [200, 404, 405, 204]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("{at}/counts?gende=1", 400, "api.parameter"),
        ("{at}/counts?by=gender,nothing", 400, "api.by"),
        ("{at}/variables?lang=xx", 400, "api.lang"),
        ("{at}/variables/nothing", 404, "api.no_variable"),
        ("{at}/flows", 404, "api.no_flows"),
        ("{at}/nothing", 404, "api.no_address"),
        ("/api/v1/releases/nothing/counts", 404, "api.no_release"),
        ("{at}/explore?x=" + 8000 * "y", 400, "api.too_long"),
    ],
)
def test_errors_are_problems(client: TestClient, at: str, path: str, status: int, code: str) -> None:
    answer = client.get(path.format(at=at))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (answer.json()["code"], answer.json()["status"]) == (code, status)
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_too_large_names_the_file_that_has_it_all(
    client: TestClient, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctdc.hub.api.answers.MOST_ROWS", 3)
    answer = client.get(f"{at}/counts?by=traffickMonths")
    assert answer.json()["code"] == "api.too_large"
    assert "data/aggregates.parquet" in answer.json()["do"]
    assert client.get(f"{at}/counts.csv?by=traffickMonths").status_code == 200


def test_the_memory_forgets_what_was_asked_for_longest_ago() -> None:
    memory = Memory(most=2500)
    for name in ("one", "two"):
        memory.put((name, b"", False), Finished(200, (), 100 * b"x", b""))
    assert memory.get(("one", b"", False)) is not None
    memory.put(("three", b"", False), Finished(200, (), 100 * b"x", b""))
    assert memory.get(("two", b"", False)) is None
    assert memory.get(("one", b"", False)) is not None
    memory.put(("large", b"", False), Finished(200, (), 3000 * b"x", b""))
    assert memory.get(("large", b"", False)) is None


def test_two_forms_of_one_answer_have_two_tags() -> None:
    headers = [(b"content-type", b"application/json")]
    plain, squeezed = (finished(200, headers, 2000 * b"x", wanted) for wanted in (False, True))
    assert plain.tag != squeezed.tag
    assert len(squeezed.body) < len(plain.body)


def test_a_folder_without_a_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no release"):
        open_shelf(tmp_path)


def test_flows_list_what_says_enough_the_largest_first(
    client: TestClient, at: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctdc.hub.api.flows.ORIGIN", ("gender",))
    monkeypatch.setattr("ctdc.hub.api.flows.PLACE", ("ageBroad",))
    rows = client.get(f"{at}/flows?isForcedLabour=1").json()["counts"]
    found = shelf.latest.counter.count({"isForcedLabour": "1"}, ["gender", "ageBroad"])
    known = [all(codes) for codes in found.codes]
    assert len(rows) == sum(not few and both for few, both in zip(found.too_few, known, strict=True)) > 0
    assert [row["count"] for row in rows] == sorted((row["count"] for row in rows), reverse=True)
    table = client.get(f"{at}/flows.csv?isForcedLabour=1").text
    assert len(table.splitlines()) == len(rows) + 1


def test_whoever_asks_when_too_many_do_is_told_when_to_come_again(shelf: Shelf, at: str) -> None:
    gate = Gate(at_once=1, waiting=0)
    with TestClient(service(shelf, gate), follow_redirects=False) as client:
        with gate.turn():
            for path in ("counts?by=gender", "counts.csv?by=gender", "explore", "counts.parquet"):
                busy = client.get(f"{at}/{path}")
                assert (busy.status_code, busy.json()["code"]) == (503, "api.busy")
                assert int(busy.headers["retry-after"]) > 0
                assert busy.headers["cache-control"] == "no-store"
            assert client.get(f"{at}/variables").status_code == 200
        assert client.get(f"{at}/counts?by=gender").status_code == 200
        with gate.turn():
            assert client.get(f"{at}/counts?by=gender").status_code == 200  # what is answered already costs nothing


def test_a_table_takes_a_few_numbers_of_memory_for_each_row(shelf: Shelf) -> None:
    """A Python object for every number takes 500 bytes a row and more."""
    found = shelf.latest.counter.count({}, ["gender", "ageBroad", "traffickMonths", "isForcedLabour"])
    table_of(found)
    tracemalloc.start()
    table = table_of(found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.height == len(found.codes)
    assert peak < 250 * table.height


def test_chosen_cells_come_in_the_order_that_they_are_chosen_in(shelf: Shelf) -> None:
    found = shelf.latest.counter.count({}, ["gender", "ageBroad"])
    rows = rows_of(found, np.array([3, 1]))
    assert [row["codes"] for row in rows] == [
        {name: code or None for name, code in zip(found.variables, found.codes[place], strict=True)} for place in (3, 1)
    ]
