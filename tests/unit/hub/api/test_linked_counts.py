"""The counts service of a release of linked tables: rows are counted as rows, and never called people."""

import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient
from tests.support.linked_profile import CREATED, PROFILE, write_linked_profile

import ctdc
from ctdc.hub.api.models import LinkedCounts
from ctdc.hub.api.service import service
from ctdc.hub.api.shelf import Shelf, open_shelf
from ctdc.hub.gate import Gate
from ctdc.release.build import build
from ctdc.release.counting import Counter, open_counter
from ctdc.release.info import ReleaseInfo
from ctdc.release.linked_analysis import LinkedAnalysis
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api-pairs")
    info = ReleaseInfo("pairs", simulated=True, profile=PROFILE)
    return build(write_linked_profile(folder), folder / "store", info, None, CREATED)


@pytest.fixture(scope="module")
def pairs_shelf(pairs: Path) -> Shelf:
    return open_shelf(pairs)


@pytest.fixture(scope="module")
def pairs_client(pairs_shelf: Shelf) -> Iterator[TestClient]:
    with TestClient(service(pairs_shelf), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def start(pairs_shelf: Shelf) -> str:
    return f"{pairs_shelf.latest.address}/linked"


@pytest.fixture(scope="module")
def rows(pairs: Path) -> LinkedAnalysis:
    return ctdc.load(pairs).linked


def test_a_release_says_where_its_linked_rows_are_asked_for(pairs_client: TestClient, pairs_shelf: Shelf) -> None:
    links = pairs_client.get(pairs_shelf.latest.address).json()["links"]
    assert {name for name in links if name.startswith("linked/")} == {"linked/variables", "linked/counts"}
    assert all(pairs_client.get(address).status_code in (200, 404) for address in links.values())


def test_counts_and_denominators_are_those_of_the_release(
    pairs_client: TestClient, start: str, rows: LinkedAnalysis
) -> None:
    answer = pairs_client.get(f"{start}/counts?by=linked.IP_Gender&gender=Female").json()
    LinkedCounts.model_validate(answer)
    assert answer["counted"] == "linked_rows"
    assert answer["query"] == {"filters": {"gender": ["Female"]}, "by": ["linked.IP_Gender"]}
    assert answer["total"]["count"] == pytest.approx(rows.estimate(gender="Female").value, abs=0.01)
    known = rows.answered("IP_Gender", among={"gender": "Female"})
    assert answer["denominator"]["count"] == pytest.approx(known.value, abs=0.01)
    said = 0
    for row in answer["counts"]:
        code = row["codes"]["linked.IP_Gender"] or ""
        exact = rows.estimate(gender="Female", IP_Gender=code)
        assert row["too_few"] is exact.too_few
        if not exact.too_few:
            ends = row["count"], row["low"], row["high"]
            assert ends == pytest.approx((exact.value, exact.low, exact.high), abs=0.01)
        if row["share"] is not None:
            share, said = rows.share({"IP_Gender": code}, among={"gender": "Female"}), said + 1
            assert (row["share"], row["share_low"]) == pytest.approx((share.value, share.low), abs=1e-4)
    assert said == 2


def test_a_group_of_flags_has_the_denominator_that_the_pages_state(pairs_client: TestClient, start: str) -> None:
    answer = pairs_client.get(f"{start}/counts?by=linked.IP_Exploiter").json()
    assert answer["denominator"]["source"] == "bounds"
    (flag,) = (row for row in answer["counts"] if row["codes"]["linked.IP_Exploiter"])
    assert flag["share_low"] < flag["share"] < flag["share_high"]


def test_a_variable_may_be_called_by_its_own_name_and_has_one_address(pairs_client: TestClient, start: str) -> None:
    answer = pairs_client.get(f"{start}/counts?by=IP_Gender,gender&IP_Relation=known")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{start}/counts?by=linked.IP_Gender,gender&linked.IP_Relation=known"


def test_csv_and_parquet_hold_the_rows_of_json(pairs_client: TestClient, start: str) -> None:
    query = "by=gender,linked.IP_ageBroad"
    found = pairs_client.get(f"{start}/counts?{query}").json()["counts"]
    table = pl.read_parquet(io.BytesIO(pairs_client.get(f"{start}/counts.parquet?{query}").content))
    assert list(table.iter_rows(named=True)) == [{**row.pop("codes"), **row} for row in found]
    text = pairs_client.get(f"{start}/counts.csv?{query}").text
    assert len(text.splitlines()) == len(found) + 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_variables_of_linked_rows_have_words(pairs_client: TestClient, start: str, language: str) -> None:
    query = "" if language == "en" else f"?lang={language}"
    listed = pairs_client.get(f"{start}/variables{query}").json()
    named = {one["name"]: one for one in listed["variables"]}
    assert "linked.IP_Gender" in named and all(name.startswith("linked.") for name in named)
    (group,) = listed["groups"]
    assert set(group["variables"]) <= set(named)
    codes = pairs_client.get(named["linked.IP_Gender"]["url"] + query).json()["codes"]
    assert [one["code"] for one in codes] == ["Female", "Male"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("counts?by=gender,linked.IP_Gender,linked.IP_ageBroad", 400, "analysis.not_counted"),
        ("counts?by=numberOfPerpetrators", 400, "counting.by"),
        ("counts?by=nothing", 400, "api.by"),
        ("counts?linked.IP_Gender=Neither", 400, "api.code"),
        ("variables/gender", 404, "api.no_variable"),
    ],
)
def test_what_cannot_be_answered_says_why(
    pairs_client: TestClient, start: str, path: str, status: int, code: str
) -> None:
    answer = pairs_client.get(f"{start}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["allowed"]


def test_a_release_of_one_table_has_no_linked_rows(client: TestClient, at: str) -> None:
    for path in ("counts", "variables", "counts.csv?by=gender"):
        answer = client.get(f"{at}/linked/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "api.no_linked")


def test_a_release_is_opened_in_a_turn_and_only_to_count(pairs: Path) -> None:
    opened: list[Path] = []

    def opener(folder: Path) -> Counter:
        opened.append(folder)
        return open_counter(folder)

    shelf, gate = open_shelf(pairs, opener), Gate(at_once=1, waiting=0)
    at = shelf.latest.address
    with TestClient(service(shelf, gate), follow_redirects=False) as client:
        with gate.turn():
            for path in ("counts?by=gender", "flows", "explore", "linked/counts?by=linked.IP_Gender", "counts.csv"):
                assert client.get(f"{at}/{path}").status_code == 503
            for path in ("", "/variables", "/variables/gender", "/linked/variables"):
                assert client.get(at + path).status_code == 200
            assert client.get(f"{at}/linked/counts?by=IP_Gender").status_code == 308
            assert client.get(f"{at}/counts?planet=Mars").status_code == 400
        assert opened == []
        assert client.get(f"{at}/counts?by=gender").status_code == 200
    assert opened == [pairs]


def test_the_variables_of_a_release_are_those_that_are_counted(pairs_shelf: Shelf) -> None:
    one = pairs_shelf.latest
    assert one.people_words.schema == one.counter.analysis.data.schema
    assert one.linked_words.schema == one.linked.rows.estimates.across_schema
    for name in ("IP_Gender", "gender", "linked.IP_Gender", "planet"):
        assert one.linked_words.full_name(name) == one.linked.rows.name(name)
