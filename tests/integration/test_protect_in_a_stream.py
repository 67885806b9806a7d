"""``ctdc protect`` of tables that are too large to be held: the same domain, the same people, the same promises."""

import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from tests.support.engine import small_schema, some_people

from ctdc.cli.main import main
from ctdc.foundation.errors import Refused
from ctdc.foundation.progress import Silent
from ctdc.privacy import ledger
from ctdc.simulate.write import TRUTH_FILE, write_deliveries
from ctdc.table import coded, stream
from ctdc.table.coded import spark_fields
from ctdc.table.counting import Request
from ctdc.table.passes import PassedRows
from ctdc.table.tally import tally_of
from ctdc.workflow.places import Here
from ctdc.workflow.protect import find_source, is_harmonised

pytestmark = pytest.mark.slow
SCHEMA = small_schema((3, 2, 4, 40))
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "STREAM_CELLS", 0)
    monkeypatch.setattr(stream, "STREAM_BYTES", 0)
    monkeypatch.setattr(coded, "PIECE_ROWS", 100)
    monkeypatch.setattr(coded, "PIECE_BYTES", 2_000)


def run(capsys: Capture, *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return int(caught.value.code or 0), said.out, said.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    table = some_people(SCHEMA.sizes, 1_300).to_arrow()
    texts = table.cast(pa.schema([(name, pa.string()) for name in SCHEMA.names]))
    pa_csv.write_csv(texts, "cases.csv")
    pq.write_table(texts, "cases.parquet")
    Path("parts").mkdir()
    pq.write_table(texts.slice(0, 500), "parts/a.parquet")
    pq.write_table(texts.slice(500), "parts/b.parquet")
    Path("schema.json").write_text(json.dumps(SCHEMA.to_table_schema()))
    return tmp_path


PROTECT = ("--schema", "schema.json", "--epsilon", "4", "--out", "safe", "--json")


@pytest.mark.parametrize("name", ["cases.csv", "cases.parquet", "parts"])
def test_it_is_protected_as_any_table_is(here: Path, capsys: Capture, name: str) -> None:
    code, out, err = run(capsys, "protect", name, *PROTECT)
    assert code == 0, err
    assert abs(json.loads(out)["privacy"]["total"]["count"] - 1_300) < 60, "seven standard deviations are less"
    kinds = [line.event["kind"] for line in ledger.read(here / "ledger.jsonl")]
    assert kinds == ["charge", "done"]


@pytest.mark.parametrize("name", ["cases.csv", "cases.parquet"])
def test_a_wrong_row_far_behind_costs_nothing_and_is_found(here: Path, capsys: Capture, name: str) -> None:
    table = pq.read_table(here / "cases.parquet")
    texts = table.column("c").to_pylist()
    texts[1_234] = "Maria-Secret"
    table = table.set_column(2, "c", pa.array(texts))
    pq.write_table(table, here / "cases.parquet")
    pa_csv.write_csv(table, here / "cases.csv")
    code, out, err = run(capsys, "protect", name, *PROTECT)
    error = json.loads(out)["error"]
    assert (code, error["code"]) == (3, "table.unknown_code")
    assert error["where"].endswith("column 'c', first in row 1235")
    assert error["what"].endswith("Reading stopped there.")
    assert "Maria" not in out + err
    assert not (here / "ledger.jsonl").exists()


def test_people_with_several_rows_are_held_or_refused_with_a_way_out(here: Path, capsys: Capture) -> None:
    table = pq.read_table(here / "cases.parquet")
    table = pa.concat_tables([table, table])
    table = table.append_column("who", pa.array([str(number % 1_300) for number in range(table.num_rows)]))
    pq.write_table(table, here / "cases.parquet")
    code, out, err = run(capsys, "protect", "cases.parquet", *PROTECT, "--subject-id", "who")
    assert code == 0, err
    assert abs(json.loads(out)["privacy"]["total"]["count"] - 1_300) < 60
    for part in ("a", "b"):
        pq.write_table(table, here / "parts" / f"{part}.parquet")
    again = [word if word != "safe" else "again" for word in PROTECT]
    code, out, _ = run(capsys, "protect", "parts", *again, "--subject-id", "who")
    error = json.loads(out)["error"]
    assert (code, error["code"]) == (3, "table.one_row_each")
    assert "Merge each person's rows first" in error["do"]


def test_a_row_that_contradicts_a_fact_is_found_in_its_batch(here: Path, capsys: Capture) -> None:
    document = SCHEMA.to_table_schema() | {
        "ctdc": {"implications": [{"if": {"a": ["a1"]}, "then": {"c": ["", "c1", "c2"]}}]}
    }
    Path("schema.json").write_text(json.dumps(document))
    table = pq.read_table("cases.parquet")
    wrong = [a == "a1" and c == "c3" for a, c in zip(table["a"].to_pylist(), table["c"].to_pylist(), strict=True)]
    good = table.filter(pa.array([not one for one in wrong]))
    bad = table.filter(pa.array(wrong)).slice(0, 1) if any(wrong) else good.slice(0, 0)
    if not bad.num_rows:
        bad = pa.table({"a": ["a1"], "b": [None], "c": ["c3"], "d": [None]}, schema=table.schema)
    pq.write_table(pa.concat_tables([good, bad]), "cases.parquet")
    code, out, _ = run(capsys, "protect", "cases.parquet", *PROTECT)
    error = json.loads(out)["error"]
    assert (code, error["code"]) == (3, "table.against_facts")
    assert error["where"].endswith(f"first in row {good.num_rows + 1}")


@pytest.mark.parametrize("facts", [True, False])
def test_harmonised_cases_are_derived_batch_by_batch_to_the_same_codes(tmp_path: Path, facts: bool) -> None:
    write_deliveries(tmp_path / "made", 700, 3, 0.0, Silent())
    truth = pq.read_table(tmp_path / "made" / TRUTH_FILE)
    path = tmp_path / "cases.parquet"
    pq.write_table(truth.replace_schema_metadata({"ctdc.cases": "1"}), path)
    whole = find_source(path, None, None, facts=facts)
    passed = find_source(Here(path), None, None, facts=facts)
    people, rows = whole.load(), passed.load()
    assert whole.schema == passed.schema
    assert isinstance(rows, PassedRows)
    sets = list(itertools.combinations(range(len(whole.schema.sizes)), 2))
    request = Request(whole.schema.sizes, tuple(sets))
    found, exact = rows.tables(request), tally_of(people.matrix()).tables(request)
    for one in sets:
        np.testing.assert_array_equal(found(one), exact(one))


def test_one_part_that_intake_held_back_holds_all_back(tmp_path: Path) -> None:
    for name, promotable in (("a", "yes"), ("b", "no")):
        table = pa.table({"gender": ["Female"]}).replace_schema_metadata(
            {"ctdc.cases": "1", "ctdc.promotable": promotable}
        )
        pq.write_table(table, tmp_path / f"{name}.parquet")
    assert is_harmonised(Here(tmp_path / "a.parquet"))
    with pytest.raises(Refused) as error:
        is_harmonised(Here(tmp_path))
    assert error.value.detail.code == "protect.not_promotable"


@pytest.mark.parametrize("said", [b"", b"[]", b"{", b'{"fields": 3}', b'{"fields": [{"metadata": 3}]}', b"\xff"])
def test_what_somebody_else_wrote_in_spark_s_place_is_passed_over(said: bytes) -> None:
    metadata = {coded.SPARK_SCHEMA: said, b"ctdc.cases": b"1"}
    assert spark_fields(metadata) == metadata
