"""``ctdc protect`` on tables that are not the standard's, as a person types it."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ctdc.standard
from ctdc.cli.main import main
from ctdc.privacy import ledger
from ctdc.table.declare import read_declaration
from ctdc.table.recode import load_coded

pytestmark = pytest.mark.slow

SECRET = "Maria-Secret"
Capture = pytest.CaptureFixture[str]
SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "town", "type": "string", "constraints": {"enum": ["north", "south", "east"]}},
        {"name": "help", "type": "string", "constraints": {"enum": ["food", "bed", "law"]}, "ctdc": {"split": ";"}},
        {"name": "age", "type": "integer", "ctdc": {"bands": {"edges": [0, 18, 65], "above": "open"}}},
        {"name": "day", "type": "date", "ctdc": {"bands": {"by": "year", "from": "2023", "to": "2024"}}},
        {"name": "alone", "type": "string", "constraints": {"enum": ["0", "1"]}, "ctdc": {"zero_is_value": True}},
    ],
    "missingValues": ["", "0"],
    "ctdc": {"subject_id": "person"},
}


def ctdc_says(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one call."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return int(caught.value.code or 0), output.out, output.err


def visits(people: int) -> str:
    """One or two rows for each person; the second says only what was new."""
    chance = random.Random(4)
    lines = ["person,town,help,age,day,alone"]
    for person in range(people):
        town, day = (
            chance.choice(["north", "south", "east", ""]),
            f"{chance.choice([2023, 2024])}-05-{person % 28 + 1:02}",
        )
        lines.append(f'P{person},{town},"food;bed",{chance.randrange(90)},{day}T08:00,{chance.choice("01")}')
        if person % 3 == 0:
            lines.append(f"P{person},,law,,,")
    return "\n".join(lines) + "\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with visits.csv and schema.json, to work in."""
    monkeypatch.chdir(tmp_path)
    Path("visits.csv").write_text(visits(300), encoding="utf-8-sig")
    Path("schema.json").write_text(json.dumps(SCHEMA))
    return tmp_path


PROTECT = ("protect", "visits.csv", "--schema", "schema.json", "--epsilon", 2)


def charges(folder: Path) -> int:
    return sum(line.event["kind"] == "charge" for line in ledger.read(folder / "ledger.jsonl"))


def test_from_rows_to_records_in_three_shapes(here: Path, capsys: Capture) -> None:
    shapes = ["--format", "wide", "--format", "condensed", "--format", "long"]
    code, _, err = ctdc_says(capsys, *PROTECT, "--out", "safe", *shapes)
    assert code == 0, err
    assert "--cases" in err, "whoever does not say how many people there are is told that they could"
    wide, condensed, long = (
        pl.read_csv(here / "safe" / f"synthetic{shape}.csv", infer_schema=False)
        for shape in ("", "_condensed", "_long")
    )
    assert wide.columns == ["town", "help:food", "help:bed", "help:law", "age", "day", "alone"]
    assert condensed.columns == ["town", "help", "age", "day", "alone"]
    assert long.columns == ["subject", "attribute", "value"]
    assert len(wide) == len(condensed)
    assert abs(len(wide) - 300) < 60, "people, not rows; seven standard deviations of the total are less"
    for shape in ("_condensed", "_long"):
        parquet = pl.read_parquet(here / "safe" / f"synthetic{shape}.parquet")
        assert parquet.select(pl.all().cast(pl.String)).equals(condensed if shape == "_condensed" else long)
    for code_of_help in ("food", "bed", "law"):
        expected = wide[f"help:{code_of_help}"].is_not_null().sum()
        assert condensed["help"].str.split(";").list.contains(code_of_help).sum() == expected
        assert ((long["attribute"] == "help") & (long["value"] == code_of_help)).sum() == expected
    assert set(wide["age"].drop_nulls()) <= {"0--17", "18--64", "65+"}
    assert charges(here) == 1


def test_what_was_declared_stands_beside_what_came_of_it(here: Path, capsys: Capture) -> None:
    code, _, err = ctdc_says(capsys, *PROTECT, "--out", "safe", "--length", 1, "--cases", 300)
    assert code == 0, err
    written = read_declaration(here / "safe" / "declaration.json")
    assert written == read_declaration(here / "schema.json")
    statement = json.loads((here / "safe" / "privacy.json").read_text())
    assert statement["declaration_hash"] == written.content_hash()
    assert not list((here / "safe").glob("synthetic_*"))
    texts = "".join(path.read_text() for path in (here / "safe").iterdir() if path.suffix != ".parquet")
    assert "P17" not in texts, "the subject's id does not leave"
    assert load_coded(here / "visits.csv", written).rows == 300


def test_choices_of_one_run(here: Path, capsys: Capture) -> None:
    schema = SCHEMA | {"ctdc": {}}
    (here / "schema.json").write_text(json.dumps(schema))
    options = ["--columns", "age, help", "--subject-id", "person", "--max-rows", 1_000, "--out", "safe", "--length", 2]
    code, _, err = ctdc_says(capsys, *PROTECT, *options)
    assert code == 0, err
    wide = pl.read_csv(here / "safe" / "synthetic.csv", infer_schema=False)
    assert wide.columns == ["help:food", "help:bed", "help:law", "age"]


def test_a_profile_s_columns_can_be_long_too(here: Path, capsys: Capture) -> None:
    names = ctdc.standard.load().profiles["synthetic-2024"].names
    (here / "global.csv").write_text(",".join(names) + "\n" + 2 * ("," * (len(names) - 1) + "\n"))
    options = ["--epsilon", 4, "--length", 1, "--out", "safe", "--format", "long"]
    code, _, err = ctdc_says(capsys, "protect", "global.csv", *options)
    assert code == 0, err
    assert pl.read_csv(here / "safe" / "synthetic_long.csv").columns == ["subject", "attribute", "value"]
    assert not (here / "safe" / "declaration.json").exists()


HEADER = "person,town,help,age,day,alone\n"
BAD = {
    "conflicting values": (f"{HEADER}{SECRET},north,,,,\n{SECRET},south,,,,\n", "table.conflict"),
    "nobody's row": (f"{HEADER},north,,,,\n", "table.subject_missing"),
    "unknown code among several": (f'{HEADER}1,,"food;{SECRET}",,,\n', "table.unknown_code"),
    "unknown code": (f"{HEADER}1,{SECRET},,,,\n", "table.unknown_code"),
    "below the bands": (f"{HEADER}1,,,-77,,\n", "table.outside_bands"),
    "no number": (f"{HEADER}1,,,{SECRET},,\n", "table.not_a_number"),
    "NaN": (f"{HEADER}1,,,NaN,,\n", "table.not_a_number"),
    "no date": (f"{HEADER}1,,,,{SECRET},\n", "table.not_a_date"),
    "date outside": (f"{HEADER}1,,,,1999-12-31,\n", "table.outside_bands"),
    "no id column": ("town,help,age,day,alone\nnorth,,,,\n", "table.columns"),
    "another column": (f"{HEADER.strip()},more\n1,,,,,,{SECRET}\n", "table.columns"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_does_not_fit_is_refused_at_no_cost(here: Path, capsys: Capture, case: str) -> None:
    content, expected = BAD[case]
    (here / "visits.csv").write_text(content)
    before = sorted(path.name for path in here.iterdir())
    code, out, err = ctdc_says(capsys, *PROTECT, "--out", "safe", "--json")
    assert code == 3
    assert json.loads(out)["error"]["code"] == expected
    assert not any(value in out + err for value in (SECRET, "-77", "1999"))
    assert sorted(path.name for path in here.iterdir()) == before


@pytest.mark.parametrize("option", [["--subject-id", "a"], ["--columns", "a"], ["--max-rows", 5]])
def test_choices_need_a_declaration(here: Path, capsys: Capture, option: list[object]) -> None:
    code, out, _ = ctdc_says(capsys, "protect", "visits.csv", "--epsilon", 1, "--out", "safe", *option, "--json")
    assert code == 3
    assert json.loads(out)["error"]["code"] == "protect.needs_schema"


def test_more_rows_than_declared_are_refused(here: Path, capsys: Capture) -> None:
    code, out, _ = ctdc_says(capsys, *PROTECT, "--out", "safe", "--max-rows", 399, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (3, "table.too_many_rows")
    assert charges(here) == 0


@pytest.mark.parametrize("rows", ["", "1,north,food,17,2023-01-01,0\n"])
def test_nobody_and_one_person_are_tables_like_any_other(here: Path, capsys: Capture, rows: str) -> None:
    """To refuse them would say how many people are in it."""
    (here / "visits.csv").write_text(HEADER + rows)
    code, _, err = ctdc_says(capsys, *PROTECT, "--out", "safe", "--format", "condensed", "--format", "long")
    assert code == 0, err


# ---- the pre-check -----------------------------------------------------------------------------------------------


def test_the_check_charges_nothing_and_writes_nothing(here: Path, capsys: Capture) -> None:
    before = sorted(path.name for path in here.iterdir())
    code, out, err = ctdc_says(capsys, *PROTECT, "--check", "--cases", 300)
    assert code == 0, err
    assert sorted(path.name for path in here.iterdir()) == before
    assert "7 variables, about 300 people" in out
    for column in ("town", "help", "age", "day", "alone"):
        assert f"without {column}" in out
    assert "--length 2" in out
    code, out, _ = ctdc_says(capsys, *PROTECT, "--check", "--json")
    answer = json.loads(out)
    assert (answer["variables"], answer["reach"][0]["verdict"]) == (7, "unknown")


def test_the_check_says_the_same_of_any_records(here: Path, capsys: Capture) -> None:
    """It may be shown to anybody: only the header of the file is read."""
    asked = (*PROTECT, "--check", "--cases", 300)
    first = ctdc_says(capsys, *asked)
    (here / "visits.csv").write_text(HEADER + f"{SECRET},{SECRET},{SECRET},,,\n")
    assert ctdc_says(capsys, *asked) == first


def test_where_only_noise_would_come_out_nothing_is_charged(here: Path, capsys: Capture) -> None:
    asked = ("protect", "visits.csv", "--schema", "schema.json", "--epsilon", 0.1, "--cases", 20, "--out", "safe")
    code, out, err = ctdc_says(capsys, *asked, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (4, "precheck.only_noise")
    assert "Too small" in err
    assert charges(here) == 0
    assert not (here / "safe").exists()
    code, _, err = ctdc_says(capsys, *asked, "--anyway")
    assert code == 0, err
    assert charges(here) == 1


def test_too_sparse_is_a_warning_only(here: Path, capsys: Capture) -> None:
    code, _, err = ctdc_says(capsys, *PROTECT, "--cases", 300, "--out", "safe")
    assert code == 0, err
    assert "Warning: Too sparse" in err


def test_a_table_that_is_too_wide_is_told_what_to_leave_out(here: Path, capsys: Capture) -> None:
    wide = [{"name": f"c{n}", "constraints": {"enum": [str(code) for code in range(400)]}} for n in range(4)]
    (here / "schema.json").write_text(json.dumps({"fields": wide}))
    (here / "visits.csv").write_text("c0,c1,c2,c3\n")
    code, out, _ = ctdc_says(capsys, *PROTECT, "--check")
    assert code == 0
    assert "Too wide" in out
    assert "--length 2" in out


def test_without_check_a_folder_is_needed(here: Path, capsys: Capture) -> None:
    code, _, err = ctdc_says(capsys, *PROTECT)
    assert code == 2
    assert "--out" in err


# ---- drafts ------------------------------------------------------------------------------------------------------


def test_a_draft_of_the_declaration_protects_the_table_after_editing(here: Path, capsys: Capture) -> None:
    code, _, err = ctdc_says(
        capsys, "schema", "infer", "visits.csv", "--subject-id", "person", "--max-codes", 20, "--out", "draft.json"
    )
    assert code == 0, err
    assert "OUTSIDE the privacy guarantee" in err
    draft = json.loads((here / "draft.json").read_text())
    fields = {field["name"]: field for field in draft["fields"]}
    assert draft["ctdc"] == {"subject_id": "person"}
    assert fields["help"]["ctdc"] == {"split": ";"}
    assert fields["age"]["type"] == "integer"
    assert fields["day"]["ctdc"]["bands"]["by"] == "month"
    code, _, err = ctdc_says(
        capsys, "protect", "visits.csv", "--schema", "draft.json", "--epsilon", 2, "--length", 1, "--out", "safe"
    )
    assert code == 0, err
