"""``ctdc plan`` as a person types it: what it says is what a protection then has, and it touches nothing."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from tests.support.engine import small_schema, some_people

from ctdc.cli.main import main

pytestmark = pytest.mark.slow

SCHEMA = small_schema((3, 2, 4))
WORKLOAD = {"length": 1, "sets": [["a", "b", "c"]], "scheme": "sets", "weights": [{"set": ["a", "c"], "weight": 9}]}
Capture = pytest.CaptureFixture[str]


def ctdc_says(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return int(caught.value.code or 0), output.out, output.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with schema.json and w.json, and no cases."""
    monkeypatch.chdir(tmp_path)
    Path("schema.json").write_text(json.dumps(SCHEMA.to_table_schema()))
    Path("w.json").write_text(json.dumps(WORKLOAD))
    return tmp_path


@pytest.mark.parametrize("what", [("--length", 2), ("--workload", "w.json")])
def test_a_protection_states_the_errors_that_were_planned(here: Path, capsys: Capture, what: tuple[Any, ...]) -> None:
    asked = ["--schema", "schema.json", "--epsilon", 3, "--delta", 1e-7, *what]
    code, out, err = ctdc_says(capsys, "plan", *asked, "--json")
    assert code == 0, err
    planned = json.loads(out)["plan"]["chosen"][0]["lines"]
    people = some_people(SCHEMA.sizes, 120).to_arrow()
    pa_csv.write_csv(people.cast(pa.schema([(name, pa.string()) for name in SCHEMA.names])), "cases.csv")
    assert ctdc_says(capsys, "protect", "cases.csv", *asked, "--out", "safe")[0] == 0
    statement = json.loads((here / "safe" / "privacy.json").read_text())
    stated = statement["expected_standard_error"]
    assert {str(line["length"]) for line in planned} == set(stated)
    for line in planned:
        for name in ("low", "median", "high"):
            assert round(line[name], 4) == stated[str(line["length"])][name]
    assert sum(line["tables"] for line in planned) == statement["measurements"]
    assert sum(line["numbers"] for line in planned) == statement["noisy_numbers"]


def test_everything_at_once_fits_a_terminal(here: Path, capsys: Capture) -> None:
    before = sorted(path.name for path in here.iterdir())
    options = ["--workload", "w.json", "--cases", 20000, "--table", "a,c", "--table", "b", "--at-most", 15]
    code, out, err = ctdc_says(
        capsys, "plan", "--schema", "schema.json", "--epsilon", 1, "--epsilon", 4, *options, "--out", "plan.html"
    )
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= 80
    assert "No record was read, and nothing is charged." in out
    assert "3 named sets of 2 and 1 named set of 3" in " ".join(out.split())
    assert "The smallest epsilon that keeps to this error is" in out
    assert "2,000 people (10%)" in out
    assert "a x c" in out
    assert sorted(path.name for path in here.iterdir()) == sorted([*before, "plan.html"])
    assert (here / "plan.html").read_text().startswith("<!doctype html>")


def test_without_an_epsilon_a_range_is_shown_for_the_newest_profile(here: Path, capsys: Capture) -> None:
    code, out, _ = ctdc_says(capsys, "plan", "--length", 1, "--json")
    plan = json.loads(out)["plan"]
    assert code == 0
    assert [one["epsilon"] for one in plan["chosen"]] == [0.5, 1, 2, 4, 8]
    assert plan["profile"] == "synthetic-2026"
    medians = [one["median"]["1"] for one in plan["curve"]]
    assert medians == sorted(medians, reverse=True)


def test_the_inverse_finds_an_epsilon_that_keeps_to_the_error(here: Path, capsys: Capture) -> None:
    asked = ["--schema", "schema.json", "--length", 3, "--at-most", 8]
    for length in (0, 1, 2, 3):
        code, out, _ = ctdc_says(capsys, "plan", *asked, "--for-length", length, "--json")
        assert code == 0
        plan = json.loads(out)["plan"]
        (only,) = plan["chosen"]
        assert only["epsilon"] == plan["found"]
        assert 8 * 0.97 < only["lines"][length]["median"] <= 8


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--epsilon", 0], "privacy.epsilon"),
        (["--epsilon", 101], "privacy.epsilon"),
        (["--delta", 0.5], "privacy.delta"),
        (["--length", 5], "privacy.length"),
        (["--cases", -1], "plan.cases"),
        (["--table", "a,x"], "schema.unknown_variable"),
        (["--length", 1, "--table", "a,b"], "plan.table"),
        (["--at-most", 0], "plan.out_of_reach"),
        (["--at-most", 5, "--for-length", 4], "plan.length"),
        (["--workload", "none.json"], "workload.missing"),
        (["--profile", "synthetic-2026"], "plan.domain"),
    ],
)
def test_what_cannot_be_planned_is_said(here: Path, capsys: Capture, options: list[object], code: str) -> None:
    status, out, _ = ctdc_says(capsys, "plan", "--schema", "schema.json", *options, "--json")
    assert status == 3
    assert json.loads(out)["error"]["code"] == code


@pytest.mark.parametrize("options", [["--for-length", 2], ["--length", 2, "--workload", "w.json"]])
def test_options_that_contradict_each_other_are_refused(here: Path, capsys: Capture, options: list[object]) -> None:
    assert ctdc_says(capsys, "plan", "--schema", "schema.json", *options)[0] == 2
