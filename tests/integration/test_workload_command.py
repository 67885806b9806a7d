"""``ctdc protect --workload``: from a file that names tables to a folder that says which tables it measured."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from tests.support.engine import small_schema, some_people

from ctdc.cli.main import main
from ctdc.privacy.report import LANGUAGES, Writer, report_texts
from ctdc.release.checks import DATA_CHECKS, Problem
from ctdc.release.protected import read_protected

pytestmark = pytest.mark.slow

SIZES = (3, 2, 4, 3, 2)
SCHEMA = small_schema(SIZES)
WORKLOAD = {"length": 2, "sets": [["c", "a", "b"]], "weights": [{"set": ["d", "e"], "weight": 20}]}
Capture = pytest.CaptureFixture[str]


def ctdc_says(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return int(caught.value.code or 0), output.out, output.err


def write_case(folder: Path, sizes: tuple[int, ...], rows: int, workload: dict[str, Any]) -> None:
    schema = small_schema(sizes)
    table = some_people(sizes, rows).to_arrow()
    pa_csv.write_csv(table.cast(pa.schema([(name, pa.string()) for name in schema.names])), folder / "cases.csv")
    (folder / "schema.json").write_text(json.dumps(schema.to_table_schema()))
    (folder / "w.json").write_text(json.dumps(workload))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with cases.csv, schema.json and w.json, to work in."""
    monkeypatch.chdir(tmp_path)
    write_case(tmp_path, SIZES, 400, WORKLOAD)
    return tmp_path


def problems(folder: Path) -> list[Problem]:
    data = read_protected(folder)
    return [problem for _, check in DATA_CHECKS for problem in check(data)]


PROTECT = ("protect", "cases.csv", "--schema", "schema.json", "--epsilon", 6, "--out", "safe", "--aggregates", "all")


def test_a_declared_workload_end_to_end(here: Path, capsys: Capture) -> None:
    code, out, err = ctdc_says(capsys, *PROTECT, "--workload", "w.json")
    assert code == 0, err
    assert "of longer ones only 1 named set of 3" in out
    statement = json.loads((here / "safe" / "privacy.json").read_text())
    assert statement["length"] == 2
    assert statement["workload"] == {"scheme": "balanced"} | WORKLOAD
    assert statement["sets_by_length"] == {"0": 1, "1": 5, "2": 10, "3": 1}
    assert set(statement["expected_standard_error"]) == {"0", "1", "2", "3"}
    rows = pl.read_parquet(here / "safe" / "aggregates.parquet")
    named = {tuple(json.loads(text)) for text in rows.filter(pl.col("length") == 3)["attributes"]}
    assert named == {("a", "b", "c")}
    assert len(pl.read_csv(here / "safe" / "synthetic.csv")) == statement["records"]
    assert problems(here / "safe") == []


def test_the_report_says_what_was_measured_in_every_language(here: Path, capsys: Capture) -> None:
    assert ctdc_says(capsys, *PROTECT, "--workload", "w.json")[0] == 0
    with_sets = (here / "safe" / "report.html").read_text()
    assert ctdc_says(capsys, *PROTECT[:-4], "--out", "plain")[0] == 0
    plain = (here / "plain" / "report.html").read_text()
    for language in LANGUAGES:
        writer = Writer(language)
        assert writer.text("listed.longer", length=writer.number(2)) in with_sets
        assert report_texts()[language]["errors.weights"] in with_sets
        assert writer.text("listed.longer", length=writer.number(3)) not in plain
        assert report_texts()[language]["errors.weights"] not in plain
    assert '<bdi dir="auto">a</bdi> × <bdi dir="auto">b</bdi> × <bdi dir="auto">c</bdi>' in with_sets


def test_a_combination_that_was_not_measured_is_found_by_the_release_checks(here: Path, capsys: Capture) -> None:
    assert ctdc_says(capsys, *PROTECT, "--workload", "w.json")[0] == 0
    privacy = json.loads((here / "safe" / "privacy.json").read_text())
    privacy["workload"]["sets"] = []
    (here / "safe" / "privacy.json").write_text(json.dumps(privacy))
    assert "aggregates.too_long" in {problem.code for problem in problems(here / "safe")}


def test_a_workload_of_pairs_only_some_of_which_are_measured(here: Path, capsys: Capture) -> None:
    """Length 1 and one pair: the search for records has no tree of pairs, and fits the pair all the same."""
    (here / "w.toml").write_text('length = 1\nsets = [["a", "d"]]\nscheme = "cells"\n')
    code, _, err = ctdc_says(capsys, *PROTECT, "--workload", "w.toml")
    assert code == 0, err
    assert problems(here / "safe") == []


def test_a_length_beside_a_workload_is_refused(here: Path, capsys: Capture) -> None:
    for arguments in itertools.permutations([("--length", 2), ("--workload", "w.json")]):
        code, _, err = ctdc_says(capsys, *PROTECT, *itertools.chain(*arguments))
        assert code == 2
        assert "--length or --workload" in err
    assert not (here / "ledger.jsonl").exists()


@pytest.mark.parametrize("name", ["x", "none"])
def test_a_bad_workload_costs_nothing(here: Path, capsys: Capture, name: str) -> None:
    if name == "x":
        (here / "x.json").write_text(json.dumps(WORKLOAD | {"sets": [["a", "x"]]}))
    code, _, _ = ctdc_says(capsys, *PROTECT, "--workload", f"{name}.json")
    assert code == 3
    assert not (here / "ledger.jsonl").exists()
    assert not (here / "safe").exists()


@pytest.mark.heavy
def test_sixty_three_variables_run_with_a_declared_workload(tmp_path: Path) -> None:
    """All pairs and three named triples of 39,711; and what was printed says so."""
    sizes = (*[2] * 50, *[5] * 13)
    names = small_schema(sizes).names
    write_case(tmp_path, sizes, 500, {"length": 2, "sets": [names[:3], names[48:51], names[60:63]]})
    command = [sys.executable, "-m", "ctdc.cli.main", *map(str, PROTECT[:-2]), "--workload", "w.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "up to 2 characteristics, and of longer ones only 3 named sets of 3" in done.stdout
    assert "(2,020 tables)" in done.stdout
    assert problems(tmp_path / "safe") == []
