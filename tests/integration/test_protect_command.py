"""``ctdc protect``, ``ctdc schema`` and ``ctdc ledger`` as a person types them."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from tests.support.engine import small_schema, some_people

import ctdc.standard
from ctdc.cli.main import main
from ctdc.privacy import ledger

pytestmark = pytest.mark.slow

SCHEMA = small_schema((3, 2, 4))
SECRET = "Maria-Secret"
Capture = pytest.CaptureFixture[str]


def ctdc_says(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one call."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return int(caught.value.code or 0), output.out, output.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with cases.csv and schema.json, to work in."""
    monkeypatch.chdir(tmp_path)
    table = some_people(SCHEMA.sizes, 300).to_arrow()
    pa_csv.write_csv(table.cast(pa.schema([(name, pa.string()) for name in SCHEMA.names])), "cases.csv")
    Path("schema.json").write_text(json.dumps(SCHEMA.to_table_schema()))
    return tmp_path


def charges(folder: Path) -> int:
    return sum(line.event["kind"] == "charge" for line in ledger.read(folder / "ledger.jsonl"))


def test_a_small_table_end_to_end(here: Path, capsys: Capture) -> None:
    code, out, err = ctdc_says(
        capsys, "protect", "cases.csv", "--schema", "schema.json", "--epsilon", 4, "--delta", 1e-6, "--out", "safe"
    )
    assert code == 0, err
    assert "epsilon 4" in out
    statement = json.loads((here / "safe" / "privacy.json").read_text())
    records = pl.read_csv(here / "safe" / "synthetic.csv", infer_schema_length=0)
    assert abs(len(records) - 300) < 60, "seven standard deviations of the total are less"
    assert len(records) == statement["records"]
    for variable in SCHEMA.variables:
        assert set(records[variable.name].drop_nulls()) <= set(variable.codes)
    assert (statement["epsilon"], statement["delta"], statement["length"]) == (4, 1e-6, 3)
    assert charges(here) == 1
    assert sorted(path.name for path in here.iterdir() if not path.name.endswith((".lock", ".key"))) == [
        "cases.csv", "ledger.jsonl", "safe", "schema.json",
    ]  # fmt: skip


def test_the_result_as_json(here: Path, capsys: Capture) -> None:
    code, out, _ = ctdc_says(
        capsys,
        "protect",
        "cases.csv",
        "--schema",
        "schema.json",
        "--epsilon",
        1,
        "--out",
        "safe",
        "--seed",
        7,
        "--json",
    )
    assert code == 0
    statement = json.loads(out)["privacy"]
    assert statement == json.loads((here / "safe" / "privacy.json").read_text())
    assert statement["synthesis_seed"] == 7


def test_parquet_and_all_aggregates(here: Path, capsys: Capture) -> None:
    pq.write_table(some_people(SCHEMA.sizes, 500).to_arrow(), here / "cases.parquet")
    arguments = ["--schema", "schema.json", "--epsilon", 1, "--length", 2, "--aggregates", "all", "--out", "safe"]
    code, _, err = ctdc_says(capsys, "protect", "cases.parquet", *arguments)
    assert code == 0, err
    assert len(pl.read_parquet(here / "safe" / "aggregates.parquet")) == 1 + 6 + 11


def test_the_standard_s_columns_need_no_schema(here: Path, capsys: Capture) -> None:
    """Two lines of the 2024 shape: the domain is the profile's, although hardly any code occurs."""
    names = ctdc.standard.load().profiles["synthetic-2024"].names
    (here / "global.csv").write_text(",".join(names) + "\n" + 2 * ("," * (len(names) - 1) + "\n"))
    code, _, err = ctdc_says(capsys, "protect", "global.csv", "--epsilon", 1, "--length", 1, "--out", "safe")
    assert code == 0, err
    fields = json.loads((here / "safe" / "schema.json").read_text())["fields"]
    sizes = {field["name"]: len(field["constraints"]["enum"]) for field in fields}
    assert list(sizes) == list(names)
    assert sizes["citizenship"] > 200
    assert json.loads((here / "safe" / "privacy.json").read_text())["profile"] == "synthetic-2024"


def a_case(folder: Path, **values: str) -> None:
    """A file of the 2024 shape with one case, everything else empty."""
    names = ctdc.standard.load().profiles["synthetic-2024"].names
    line = ",".join(values.get(name, "") for name in names)
    (folder / "global.csv").write_text(",".join(names) + f"\n{line}\n")


LABOUR_BY_DEFINITION = {"if": {"typeOfLabourAgriculture": ["1"]}, "then": {"isForcedLabour": ["1"]}}


def test_cases_against_a_definition_are_refused_at_no_cost_unless_facts_are_left_out(
    here: Path, capsys: Capture
) -> None:
    a_case(here, typeOfLabourAgriculture="1")
    arguments = ["protect", "global.csv", "--epsilon", 1, "--length", 1, "--out", "safe"]
    code, out, _ = ctdc_says(capsys, *arguments, "--json")
    error = json.loads(out)["error"]
    assert (code, error["code"]) == (3, "table.against_facts")
    assert "'typeOfLabourAgriculture' and 'isForcedLabour'" in error["where"]
    assert "--no-facts" in error["do"]
    assert not (here / "safe").exists()
    assert not (here / "ledger.jsonl").exists()

    code, _, err = ctdc_says(capsys, *arguments, "--no-facts")
    assert code == 0, err
    statement = json.loads((here / "safe" / "privacy.json").read_text())
    assert (statement["facts_by_definition"], statement["facts_left_out"]) == ([], True)
    assert "ctdc" not in json.loads((here / "safe" / "schema.json").read_text())


def test_records_of_a_profile_keep_to_its_definitions(here: Path, capsys: Capture) -> None:
    a_case(here, typeOfLabourAgriculture="1", isForcedLabour="1")
    code, _, err = ctdc_says(
        capsys, "protect", "global.csv", "--epsilon", 0.05, "--length", 1, "--seed", 1, "--out", "safe"
    )
    assert code == 0, err
    statement = json.loads((here / "safe" / "privacy.json").read_text())
    assert LABOUR_BY_DEFINITION in statement["facts_by_definition"]
    assert "facts_left_out" not in statement
    records = pl.read_csv(here / "safe" / "synthetic.csv", infer_schema=False)
    assert records.filter(pl.col("typeOfLabourAgriculture") == "1", pl.col("isForcedLabour").is_null()).is_empty()


def test_a_schema_may_declare_facts_of_its_own(here: Path, capsys: Capture) -> None:
    document = SCHEMA.to_table_schema()
    document["ctdc"] = {"implications": [{"if": {"a": ["a1"]}, "then": {"b": ["b1"]}}]}
    (here / "facts.json").write_text(json.dumps(document))
    (here / "some.csv").write_text("a,b,c\na1,,c1\n")
    arguments = ["protect", "some.csv", "--schema", "facts.json", "--epsilon", 1, "--length", 1, "--out", "safe"]
    code, _, err = ctdc_says(capsys, *arguments)
    assert code == 3
    assert "columns 'a' and 'b', first in row 1" in err
    assert ctdc_says(capsys, *arguments, "--no-facts")[0] == 0


def bad_inputs(folder: Path) -> dict[str, tuple[bytes | None, str]]:
    """Content of the case file (None: no such file), and the code of the error."""
    header = "a,b,c\n"
    return {
        "unknown code": (f"{header}a1,b1,c1\n{SECRET},b1,c1\n".encode(), "table.unknown_code"),
        "missing column": (f"a,b\n{SECRET},b1\n".encode(), "table.columns"),
        "another column": (f"a,b,c,d\na1,b1,c1,{SECRET}\n".encode(), "table.columns"),
        "no header": (f"{SECRET},b1,c1\n".encode(), "table.columns"),
        "column twice": (b"a,b,c,c\n,,,\n", "table.columns"),
        "empty file": (b"", "table.not_csv"),
        "ragged": (f"{header}a1,b1,c1\na1,b1,c1,{SECRET}\n".encode(), "table.not_csv"),
        "not a csv": (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "table.not_csv"),
        "not there": (None, "table.file_missing"),
    }


@pytest.mark.parametrize("case", bad_inputs(Path()))
@pytest.mark.parametrize("with_schema", [True, False])
def test_a_bad_file_is_refused_at_no_cost(here: Path, capsys: Capture, case: str, with_schema: bool) -> None:
    content, expected = bad_inputs(here)[case]
    if content is not None:
        (here / "bad.csv").write_bytes(content)
    before = sorted(path.name for path in here.iterdir())
    schema = ["--schema", "schema.json"] if with_schema else []
    code, out, err = ctdc_says(capsys, "protect", "bad.csv", *schema, "--epsilon", 1, "--out", "safe", "--json")
    assert code == 3
    error = json.loads(out)["error"]["code"]
    assert error in {expected, "protect.no_domain"} if not with_schema else error == expected
    assert SECRET not in out + err
    assert sorted(path.name for path in here.iterdir()) == before


def test_a_header_without_people_is_a_table_like_any_other(here: Path, capsys: Capture) -> None:
    """To refuse it would say that nobody is in it."""
    (here / "cases.csv").write_text("a,b,c\n")
    code, _, err = ctdc_says(capsys, "protect", "cases.csv", "--schema", "schema.json", "--epsilon", 1, "--out", "safe")
    assert code == 0, err


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--epsilon", "0", "privacy.epsilon"),
        ("--epsilon", "inf", "privacy.epsilon"),
        ("--delta", "1", "privacy.delta"),
        ("--length", "5", "privacy.length"),
        ("--threshold", "nan", "privacy.threshold"),
        ("--schema", "none.json", "schema.file_missing"),
        ("--out", "there", "files.exists"),
    ],
)
def test_a_bad_option_is_refused_at_no_cost(here: Path, capsys: Capture, option: str, value: str, code: str) -> None:
    (here / "there").mkdir()
    options: dict[str, Any] = {"--schema": "schema.json", "--epsilon": "1", "--out": "safe"} | {option: value}
    arguments = [text for pair in options.items() for text in pair]
    status, out, _ = ctdc_says(capsys, "protect", "cases.csv", *arguments, "--json")
    assert status == 3
    assert json.loads(out)["error"]["code"] == code
    assert charges(here) == 0
    assert not (here / "safe").exists()
    assert list((here / "there").iterdir()) == []


def test_a_budget_set_by_command_stops_the_second_charge(here: Path, capsys: Capture) -> None:
    budget = ["budget", "ledger.jsonl", "--population", "default", "--epsilon", 2.5, "--delta", 1e-6]
    assert ctdc_says(capsys, "ledger", *budget)[0] == 0
    arguments = ["protect", "cases.csv", "--schema", "schema.json", "--epsilon", 2, "--delta", 1e-6]
    assert ctdc_says(capsys, *arguments, "--out", "first")[0] == 0
    code, _, err = ctdc_says(capsys, *arguments, "--out", "second")
    assert code == 4
    assert "requested epsilon 2," in err
    assert "budget 2.5," in err
    assert not (here / "second").exists()
    code, out, _ = ctdc_says(capsys, "ledger", "show", "ledger.jsonl", "--json")
    state = json.loads(out)["populations"][0]
    assert (state["charges"], state["epsilon_budget"]) == (1, 2.5)
    assert state["epsilon_spent"] == pytest.approx(2, abs=1e-3)
    assert ctdc_says(capsys, "ledger", "verify", "ledger.jsonl")[0] == 0
    (here / "ledger.jsonl").write_text((here / "ledger.jsonl").read_text().replace("billionths", "trillionths", 1))
    assert ctdc_says(capsys, "ledger", "verify", "ledger.jsonl")[0] == 3


def test_a_drafted_schema_comes_with_its_warning(here: Path, capsys: Capture) -> None:
    code, _, err = ctdc_says(capsys, "schema", "infer", "cases.csv", "--out", "draft.json")
    assert code == 0
    assert "OUTSIDE the privacy guarantee" in err
    draft = json.loads((here / "draft.json").read_text())
    assert "OUTSIDE the privacy guarantee" in draft["description"]
    assert [field["name"] for field in draft["fields"]] == ["a", "b", "c"]
    code, out, err = ctdc_says(capsys, "schema", "infer", "cases.csv")
    assert json.loads(out) == draft
    assert "OUTSIDE" in err
    code, _, _ = ctdc_says(capsys, "protect", "cases.csv", "--schema", "draft.json", "--epsilon", 1, "--out", "safe")
    assert code == 0
