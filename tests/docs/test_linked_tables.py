"""The example of docs/how-to/linked-tables.md, run as the page says; and what is refused, in words."""

import re
import shlex
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from ctdc.cli.main import main
from ctdc.standard import load

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "linked-tables.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = [(token.info, token.content) for token in MarkdownIt("commonmark").parse(TEXT) if token.type == "fence"]
((COMMAND, EXPECTED),) = [
    content.removeprefix("$ ").split("\n", 1) for info, content in BLOCKS if info == "console example"
]
Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.slow


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the page shows under their names."""
    monkeypatch.chdir(tmp_path)
    for info, content in BLOCKS:
        name = info.split()[1]
        if "." in name:
            Path(name).write_text(content, encoding="utf-8")
    return tmp_path


def said(command: str, capsys: Capture) -> tuple[int, str]:
    """Exit code and everything printed by one command."""
    with pytest.raises(SystemExit) as caught:
        main(shlex.split(command)[1:])
    output = capsys.readouterr()
    return int(caught.value.code or 0), output.out + output.err


def test_the_example_runs_and_makes_the_files_that_the_page_lists(here: Path, capsys: Capture) -> None:
    _, out = said(COMMAND, capsys)
    pattern = ".*".join(re.escape(piece) for piece in EXPECTED.strip().split("..."))
    assert re.search(pattern, out, flags=re.DOTALL), out
    listed = set(re.findall(r"`([\w.]+\.(?:csv|json|parquet|html))`", TEXT)) - {"schema.json"}
    made = {path.name for path in (here / "safe").iterdir()}
    assert listed <= made
    tables = {name.removesuffix(".csv") + ".parquet" for name in listed if name.endswith(".csv")}
    assert made == listed | tables | {"schema.json"}
    assert (here / "safe" / "synthetic.csv").read_text().splitlines()[0] == '"id","members","district","heating"'
    assert (here / "safe" / "linked.csv").read_text().splitlines()[0] == '"id","age","works"'


def charged(here: Path) -> bool:
    return (here / "ledger.jsonl").exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("members.csv", "H4,elderly", "H9,elderly"), "1 linked rows belong to nobody"),
        (("members.csv", "H4,elderly", ",elderly"), "do not say whose row it is"),
        (("members.csv", "household,age", "house,age"), "has no columns 'household'"),
        (("members.csv", "child", "infant"), "is not a code of the schema"),
        (("households.csv", "harbour,gas", "harbour,coal"), "is not a code of the schema"),
        (("households.csv", "household,district", "house,district"), "columns of the file are not those"),
        (("members.schema.json", "works", "id"), "columns of the file are not those"),
        (("members.schema.json", "]}", '], "ctdc": {"subject_id": "age"}}'), "tells whose row it is"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_charged(
    here: Path, capsys: Capture, change: tuple[str, str, str], complaint: str
) -> None:
    name, old, new = change
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))
    code, out = said(COMMAND, capsys)
    assert code == 3, out
    assert re.search(complaint, out), out
    assert "H9" not in out
    assert not charged(here)
    assert not (here / "safe").exists()


@pytest.mark.parametrize(
    ("options", "code", "complaint"),
    [
        ("--max-links 0", 3, "given as 0"),
        ("--max-links 11", 3, "given as 11"),
        ("--length 4", 3, "length is 4"),
        ("--number-name district", 3, "cannot be the name"),
        ("--format long", 2, "are for one table"),
        ("--cohort 2026", 2, "are for one table"),
        ("--check", 2, "is for one table"),
        ("--cases 4", 2, "are for one table"),
        ("--epsilon 0", 3, "Epsilon|epsilon"),
        ("--profile synthetic-2024", 3, "share the column that --link names"),
        ("--subject-id household", 3, "share the column that --link names"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    here: Path, capsys: Capture, options: str, code: int, complaint: str
) -> None:
    found, out = said(f"{COMMAND} {options}", capsys)
    assert found == code, out
    assert re.search(complaint, out), out
    assert not charged(here)


def test_the_options_go_together(here: Path, capsys: Capture) -> None:
    code, out = said(COMMAND.replace("--link household ", ""), capsys)
    assert code == 2
    assert "go together" in out


def test_a_repeated_command_says_that_the_folder_exists(here: Path, capsys: Capture) -> None:
    said(COMMAND, capsys)
    code, out = said(COMMAND, capsys)
    assert code == 3
    assert "exists" in out


def test_a_linked_profile_is_not_taken_for_its_people_alone(here: Path, capsys: Capture) -> None:
    """Their linked rows would be missing, and they would have paid."""
    columns = load().profile("victim-perpetrator-linked").names
    Path("victims.csv").write_text(",".join(columns) + "\n" + "," * (len(columns) - 1) + "\n")
    code, out = said("ctdc protect victims.csv --epsilon 1 --out v --profile victim-perpetrator-linked", capsys)
    assert (code, "has two tables" in out) == (3, True), out
    code, out = said("ctdc protect victims.csv --epsilon 1 --out v", capsys)
    assert (code, "not those of any release profile" in out) == (3, True), out
    assert not charged(here)
