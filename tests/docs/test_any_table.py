"""The example of docs/how-to/any-table.md, run as the page says, and every key of a declaration that the code knows."""

import json
import re
import shlex
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from ctdc.cli.main import main
from ctdc.table.bands import DATE_KEYS, RULES
from ctdc.table.declare import FIELD_KEYS, TABLE_KEYS, parse_declaration
from ctdc.table.recode import load_coded

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "any-table.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = [(token.info, token.content) for token in MarkdownIt("commonmark").parse(TEXT) if token.type == "fence"]


def block(info: str) -> str:
    (content,) = [content for label, content in BLOCKS if label == info]
    return content


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the page shows under their names."""
    monkeypatch.chdir(tmp_path)
    for info, content in BLOCKS:
        name = info.split()[1]
        if "." in name:
            Path(name).write_text(content, encoding="utf-8")
    return tmp_path


def said(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and standard output of one command."""
    words = shlex.split(command)
    assert words.pop(0) == "ctdc"
    with pytest.raises(SystemExit) as caught:
        main(words)
    return int(caught.value.code or 0), capsys.readouterr().out


@pytest.mark.slow
def test_the_example_runs_and_says_what_the_page_says(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = [content for info, content in BLOCKS if info == "console example"]
    assert len(commands) == 3
    for content in commands:
        command, _, expected = content.removeprefix("$ ").partition("\n")
        code, out = said(command, capsys)
        assert code == 0, command
        pattern = ".*".join(re.escape(piece) for piece in expected.strip().split("..."))
        assert re.match(pattern, out, flags=re.DOTALL), f"{command}\nprinted\n{out}"
    for shape, name in (("wide", ""), ("condensed", "_condensed"), ("long", "_long")):
        header = (here / "safe" / f"synthetic{name}.csv").read_text().splitlines()[0]
        assert header.replace('"', "") == block(f"csv {shape}").strip()
    assert (here / "safe" / "declaration.json").is_file()


@pytest.mark.slow
def test_as_few_as_there_are_would_be_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = said(
        "ctdc protect visits.csv --schema visits.schema.json --epsilon 2 --out safe --cases 5 --json", capsys
    )
    assert (code, json.loads(out)["error"]["code"]) == (4, "precheck.only_noise")


def test_the_example_is_recoded_as_the_page_says(here: Path) -> None:
    declaration = parse_declaration(json.loads(block("json visits.schema.json")), "page")
    found = load_coded(here / "visits.csv", declaration).to_arrow().to_pylist()
    assert len(found) == 5, "visitor 17 has two rows"
    assert list(found[0].values()) == ["18--39", "2024-Q1", "1", "1", "1", "1"]
    assert list(found[2].values()) == ["0--17", "2024-Q1", "1", "1", None, "0"]


@pytest.mark.parametrize("field", [content for info, content in BLOCKS if info == "json field"])
def test_every_field_that_the_page_shows_is_understood(field: str) -> None:
    assert parse_declaration({"fields": [json.loads(field)]}, "page").schema.variables


def test_the_page_names_every_key_and_rule() -> None:
    missing = [word for word in FIELD_KEYS | TABLE_KEYS | DATE_KEYS | set(RULES) if not re.search(rf"\b{word}\b", TEXT)]
    assert not missing
