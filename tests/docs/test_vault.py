"""The commands of docs/how-to/vault.md, run in the order of the page on invented deliveries."""

import csv
import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctdc.cli.main import ctdc

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "vault.md"


def commands() -> list[list[str]]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line.removeprefix("$ ")) for block in blocks for line in block.splitlines()]


def first_case(folder: Path) -> str:
    (path,) = (folder / "sim" / "deliveries" / "sim-hotline").glob("*.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        return str(next(csv.DictReader(stream))["Case Number"])


@pytest.mark.slow
def test_the_page_can_be_followed_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said: dict[str, str] = {}
    for program, *arguments in commands():
        if program == "export":
            name, _, value = arguments[0].partition("=")
            monkeypatch.setenv(name, value)
            continue
        assert program == "ctdc"
        asked = first_case(tmp_path) if "--subject-key" in arguments and "withdraw" in arguments else None
        done = CliRunner().invoke(ctdc, arguments, input=asked)
        assert done.exit_code == 0, (arguments, done.output, done.exception)
        said[" ".join(arguments[:2])] = done.stdout
    assert "Sealed: sim-hotline/2025, 1 file, 1 table" in said["vault put"]
    assert re.search(r"Forgotten: 1 row in 1 delivery, and 1 file", said["vault withdraw"])
    assert "Nothing is over" in said["vault expire"]
    assert "1 row forgotten" in said["vault restore"]
    assert said["vault verify"].startswith("Sound.")
    assert "all opened" in said["vault verify"]
    assert first_case(tmp_path) not in (tmp_path / "vault" / "access.jsonl").read_text()


def test_the_page_explains_every_command() -> None:
    from ctdc.cli.vault import command

    named = {arguments[2] for arguments in commands() if arguments[1:2] == ["vault"]}
    assert named == set(command.commands)


def test_the_figures_on_the_page_are_those_that_were_measured() -> None:
    root = PAGE.parents[2]
    measured = json.loads((root / "benchmarks" / "results" / "vault.json").read_text(encoding="utf-8"))
    page = (root / "docs" / "explanation" / "vault.md").read_text(encoding="utf-8")
    rows = {
        "put": "put",
        "get, into a parquet file": "get",
        "verify, every byte opened": "verify",
        "forget one person": "withdraw_one_person",
        "rotate": "rotate",
    }
    for words, act in rows.items():
        assert f"| {words} | {measured[act]['cpu_seconds']:.2g} |" in page
    size = measured["bytes_per_record"]
    assert f"{size['sealed']:,.0f} bytes a row sealed, and {size['keys']:.0f} for its key" in page
    assert f"on {measured['rows']:,} harmonised cases" in page
