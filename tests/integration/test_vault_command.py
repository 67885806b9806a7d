"""``ctdc vault``: what it says when something is wrong, to people and to programs."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from tests.support.vaults import SECRET, cases, cases_file, raw_file, subject

from ctdc.cli.main import ctdc, main
from ctdc.vault.sources import make_key_file

pytestmark = pytest.mark.slow
COLUMNS = ("country", "gender", "age", "_subject")
WHO = ["--actor", "steward", "--purpose", "test"]


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    make_key_file(tmp_path / "vault.key")
    monkeypatch.setenv("CTDC_VAULT_KEY", f"file:{tmp_path / 'vault.key'}")
    folder = str(tmp_path / "vault")
    assert run("init", folder).exit_code == 0
    assert put(folder, tmp_path, "2025").exit_code == 0
    return folder


def run(*arguments: str, input_: str | None = None) -> Result:
    who = [] if arguments[0] in ("log", "new-key") else WHO
    return CliRunner().invoke(ctdc, ["vault", *arguments, *who], input=input_)


def only(folder: Path, columns: Sequence[str] = COLUMNS) -> tuple[str, str]:
    """The option that names the columns of a table that is of no standard."""
    (path := folder / "columns.txt").write_text("\n".join(columns))
    return "--only-columns", str(path)


def put(folder: str, source: Path, delivery: str, *more: str) -> Result:
    table = cases_file(source, range(20))
    given = ("--file", str(raw_file(source)), "--table", str(table), *only(source))
    return run("put", folder, "shelter", delivery, *given, *more)


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and what a person reads."""
    with pytest.raises(SystemExit) as caught:
        main(["vault", *arguments, *([] if "--json" in arguments else WHO)])
    return int(str(caught.value.code)), "".join(capsys.readouterr())


def test_no_command_shows_a_value_of_a_case(vault: str, tmp_path: Path) -> None:
    outputs = [
        put(vault, tmp_path, "2026"),
        run("list", vault),
        run("get", vault, "shelter", "2025", "--out", str(tmp_path / "out"), "--json"),
        run("withdraw", vault, "shelter", "--subject", subject(3), "--yes"),
        run("verify", vault),
        run("log", vault),
    ]
    assert [one.exit_code for one in outputs] == [0] * 6
    named = [one.output for one in outputs[:2] + outputs[3:]]  # `get` names the file that it has opened
    assert not [text for text in named if SECRET in text]


def test_results_are_json_when_asked(vault: str) -> None:
    found = json.loads(CliRunner().invoke(ctdc, ["vault", "verify", vault, *WHO, "--json"]).stdout)
    assert found["sound"]
    assert (found["rows"], found["opened"], found["problems"]) == (20, True, [])
    listed = json.loads(CliRunner().invoke(ctdc, ["vault", "list", vault, *WHO, "--json"]).stdout)
    assert listed["deliveries"][0]["rows"] == 20


def test_a_broken_log_is_exit_code_4_with_its_line_and_nothing_is_opened(vault: str) -> None:
    log = Path(vault) / "access.jsonl"
    log.write_text(log.read_text().replace("steward", "stranger", 1))
    found = run("verify", vault)
    assert found.exit_code == 4
    assert re.search(r"access.jsonl, line 1", found.output)


def test_errors_say_what_to_do(vault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = failed(capsys, "get", vault, "shelter", "2099", "--out", str(tmp_path / "out"))
    assert code == 3
    assert "no such delivery" in text
    make_key_file(tmp_path / "other.key")
    code, text = failed(
        capsys, "get", vault, "shelter", "2025", "--out", str(tmp_path / "out"), "--key", f"file:{tmp_path}/other.key"
    )
    assert (code, "does not open with this key" in text) == (3, True)
    code, text = failed(capsys, "restore", vault, str(tmp_path / "r"), "--no-newer-log")
    assert (code, "no backup of a vault" in text) == (3, True)


def test_without_a_key_nothing_is_opened_and_one_is_asked_for(
    vault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CTDC_VAULT_KEY")
    assert put(vault, tmp_path, "2026").exit_code == 0
    code, text = failed(capsys, "get", vault, "shelter", "2026", "--out", str(tmp_path / "out"))
    assert (code, "--key" in text) == (3, True)
    assert "not opened" in run("verify", vault).output


@pytest.mark.parametrize(
    "arguments",
    [
        ["withdraw", "V", "shelter"],
        ["withdraw", "V", "shelter", "--delivery", "2025", "--subject", "0" * 32],
        ["restore", "V"],
        ["restore", "V", "target", "--drill"],
        ["list"],
    ],
)
def test_a_command_line_that_says_too_little_or_too_much_is_refused(vault: str, arguments: list[str]) -> None:
    assert run(*[vault if one == "V" else one for one in arguments]).exit_code == 2


def test_two_of_three_custodians(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [f"--key=file:{tmp_path / name}" for name in "abc"]
    for name in "abc":
        assert run("new-key", str(tmp_path / name)).exit_code == 0
    folder = str(tmp_path / "vault")
    assert run("init", folder, *keys, "--quorum", "2").exit_code == 0
    assert "all opened" in run("verify", folder, keys[2], keys[0]).stdout
    code, text = failed(capsys, "verify", folder, keys[1])
    assert (code, "2 of the keys" in text) == (3, True)
    code, text = failed(capsys, "init", str(tmp_path / "none"))
    assert (code, "needs a key" in text) == (3, True)


def test_a_vault_with_another_fingerprint_gets_nothing(
    vault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CTDC_VAULT_FINGERPRINT", "0" * 64)
    table = str(cases_file(tmp_path, range(3)))
    code, text = failed(capsys, "put", vault, "shelter", "2026", "--table", table, *only(tmp_path))
    assert (code, "not the vault that you know" in text) == (4, True)


def test_forgetting_asks_first(vault: str) -> None:
    assert run("withdraw", vault, "shelter", "--delivery", "2025", input_="n\n").exit_code == 1
    assert "2025" in run("list", vault).output
    assert run("withdraw", vault, "shelter", "--delivery", "2025", input_="y\n").exit_code == 0
    assert "no deliveries" in run("list", vault).output


def test_a_person_who_is_not_found_may_have_been_misspelt(vault: str) -> None:
    found = run("withdraw", vault, "shelter", "--subject", subject(999), "--yes")
    assert "Was the id right?" in found.output


def test_what_is_over_is_shown_and_then_forgotten(vault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(vault, tmp_path, "short", "--retain-until", "2030-06-30")
    assert json.loads(run("expire", vault, "--json").stdout)["next"] == "2030-06-30"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(datetime(2030, 7, 1, tzinfo=UTC).timestamp())))
    assert run("expire", vault).stdout.startswith("Over: shelter/short")
    assert run("expire", vault, "--remove").stdout.startswith("Forgotten: shelter/short")
    assert run("expire", vault).stdout.startswith("Nothing is over")


def test_a_damaged_delivery_is_named_with_exit_code_4_and_stops_nothing(vault: str, tmp_path: Path) -> None:
    put(vault, tmp_path, "short", "--retain-until", "2030-06-30")
    path = Path(vault) / "deliveries" / "shelter" / "2025" / "delivery.json"
    path.write_bytes(path.read_bytes()[:-1])
    for command in (("list",), ("expire",), ("expire", "--remove")):
        found = run(command[0], vault, *command[1:])
        assert found.exit_code == 4
        assert "Damaged" in found.output
        assert "shelter/2025" in found.output
    found = json.loads(run("list", vault, "--json").stdout)
    assert (len(found["deliveries"]), found["damaged"]) == (1, ["shelter/2025"])


def test_a_rotation_that_was_killed_is_finished_by_the_same_call(
    vault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ctdc.vault import rotate

    make_key_file(tmp_path / "new.key")
    call = ("rotate", vault, "--new-key", f"file:{tmp_path / 'new.key'}")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rotate, "_move", stop)
        assert run(*call).exit_code != 0
    assert run(*call).exit_code == 0
    assert run("verify", vault, "--key", f"file:{tmp_path / 'new.key'}").exit_code == 0
    make_key_file(tmp_path / "third.key")
    code, text = failed(capsys, "rotate", vault, "--new-key", f"file:{tmp_path / 'third.key'}")
    assert (code, "does not open with this key" in text) == (3, True)  # with the old key, which is still the default


def test_cases_in_quarantine_and_columns_off_the_standard_are_not_taken(
    vault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = cases(range(3))
    for metadata, complaint in (
        ({"ctdc.standard": "1", "ctdc.promotable": "no"}, "nobody has explained"),
        ({"ctdc.standard": "1", "ctdc.promotable": "yes"}, "country: not allowed"),
        ({"ctdc.promotable": "yes"}, "of which standard"),
    ):
        pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "own.parquet")
        code, text = failed(capsys, "put", vault, "shelter", "2026", "--table", str(tmp_path / "own.parquet"))
        assert (code, complaint in text) == (4, True)
    path = cases_file(tmp_path, range(3))
    code, text = failed(
        capsys, "put", vault, "shelter", "2026", "--table", str(path), *only(tmp_path, ["country", "age"])
    )
    assert (code, "gender: not allowed" in text) == (4, True)


def as_spark_says(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata where Spark keeps them: with the first column."""
    field = {"name": "country", "type": "string", "nullable": True, "metadata": metadata}
    return {"org.apache.spark.sql.parquet.row.metadata": json.dumps({"type": "struct", "fields": [field]})}


def test_cases_that_spark_wrote_say_the_same_and_a_table_that_says_nothing_is_not_taken(
    vault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.parquet"
    for metadata, complaint in (
        (as_spark_says({"ctdc.standard": "1", "ctdc.promotable": "no"}), "nobody has explained"),
        (as_spark_says({"ctdc.standard": "1", "ctdc.promotable": "yes"}), "country: not allowed"),
        (as_spark_says({}), "does not say whether"),
        ({}, "does not say whether"),
    ):
        pq.write_table(cases(range(3)).replace_schema_metadata(metadata), path)
        code, text = failed(capsys, "put", vault, "shelter", "2026", "--table", str(path))
        assert (code, complaint in text) == (4, True), text
    marks = {"ctdc.promotable": "yes", "ctdc.cells": "{}"}
    pq.write_table(cases(range(3)).replace_schema_metadata(as_spark_says(marks)), path)
    assert run("put", vault, "shelter", "2026", "--table", str(path), *only(tmp_path)).exit_code == 0
    opened = tmp_path / "opened"
    assert run("get", vault, "shelter", "2026", "--out", str(opened)).exit_code == 0
    said = pq.read_metadata(next(opened.rglob("*.parquet"))).metadata
    assert said[b"ctdc.promotable"] == b"yes", "whoever opens it reads the mark where it always stands"


def test_a_table_that_is_no_parquet_file_is_a_plain_error(
    vault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.parquet").write_text("id\n1\n")
    code, text = failed(capsys, "put", vault, "shelter", "2026", "--table", str(tmp_path / "own.parquet"))
    assert (code, "not a Parquet file" in text) == (3, True)


def test_two_tables_of_one_name_are_refused(vault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b").mkdir()
    one, two = cases_file(tmp_path, range(3)), cases_file(tmp_path / "b", range(3))
    code, text = failed(capsys, "put", vault, "shelter", "2026", "--table", str(one), "--table", str(two))
    assert (code, "one name" in text) == (3, True)
