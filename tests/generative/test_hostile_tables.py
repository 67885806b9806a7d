"""Tables of every shape, and cells that nobody declared: done, or refused without a person's value in the message."""

import json
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.fuzz.targets import CASES, DECLARED, HIERARCHIES
from tests.support.hostile import Said, changed, ctdc, toml_document

from ctdc.foundation.errors import UserError
from ctdc.privacy import ledger
from ctdc.table.declare import parse_declaration
from ctdc.table.recode import load_coded
from ctdc.workflow.anonymise import anonymise, read_hierarchies

pytestmark = pytest.mark.slow
QUICK = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
COLUMNS = ("id", "a", "b", "n", "d")
SECRET = "Zq7Wk"  # begins every cell that is none of the declared ones; nothing of ours spells it


def table(path: Path, columns: list[str], rows: list[list[str]]) -> Path:
    pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row").write_csv(path)
    return path


SAID = ("", "x", "y", "u;v", "v", "n/a", "?", "0", "17", "64.0", "-1", "2003-01-01", "2004-12-31T10:00:00Z")
SECRETS = st.text(max_size=4).map(lambda text: SECRET + text)
CELLS = st.sampled_from(SAID) | SECRETS | SECRETS.map("x;{}".format) | SECRETS.map("2003-01-0{}".format)


@QUICK
@given(st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=6))
@example([["1", "x", "u", "17", f"2003-01-01{SECRET}"]])
@example([["1", "x", f"u;{SECRET}", "17", ""]])
@example([[f"{SECRET}1", "x", "", "", ""], [f"{SECRET}1", "y", "", "", ""]])
@example([[f"{SECRET}1", "x", "", "70", ""]])
def test_what_is_said_of_a_table_repeats_no_cell(rows: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = table(Path(folder, "cases.csv"), list(COLUMNS), rows)
        declaration = parse_declaration(DECLARED, "schema.json")
        try:
            coded = load_coded(path, declaration)
        except UserError as error:
            assert SECRET not in str(error)
            assert "cases.csv" in error.detail.where
            assert error.detail.do
        else:
            assert coded.rows == len({row[0].strip() for row in rows})
            assert not any(SECRET in cell for row in rows for cell in row[1:]), "a cell that nobody declared is coded"


@QUICK
@given(st.binary(max_size=60), st.integers(0, len(CASES)))
def test_what_is_said_of_a_damaged_file_repeats_no_cell(noise: bytes, place: int) -> None:
    text = CASES.replace("17", f"{SECRET}17").encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cases.csv")
        path.write_bytes(text[:place] + noise + text[place:])
        try:
            load_coded(path, parse_declaration(DECLARED, "schema.json"))
        except UserError as error:
            header = path.read_bytes().split(b"\n")[0]
            assert SECRET not in str(error) or SECRET.encode() in header, error


@QUICK
@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8), changed({"a": [{"groups": {"g": ["x", "y"]}}]}))
def test_a_table_is_anonymised_by_any_hierarchies_or_not_at_all(rows: list[list[str]], levels: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = table(folder / "cases.csv", ["a", "b"], rows)
        (folder / "levels.toml").write_text(toml_document(levels), errors="surrogatepass")
        try:
            report = anonymise(
                path, folder / "out", ["a", "b"], 2, hierarchies=read_hierarchies(folder / "levels.toml")
            )
        except UserError:
            assert not (folder / "out").exists()
        else:
            assert report["records"] == len(rows) == report["published"] + report["removed"]


@settings(QUICK, max_examples=40)
@given(changed(tomllib.loads(HIERARCHIES.decode())))
def test_bands_and_regions_of_any_size(levels: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = table(folder / "cases.csv", ["year", "place"], [["2001", "AUT"], ["2004", ""], ["-7", "xx"], ["", "a"]])
        (folder / "levels.toml").write_text(toml_document(levels), errors="surrogatepass")
        try:
            anonymise(path, folder / "out", ["year", "place"], 2, hierarchies=read_hierarchies(folder / "levels.toml"))
        except UserError:
            assert not (folder / "out").exists()


# ---- shapes ------------------------------------------------------------------------------------------------------


def shape(columns: int, codes: int, rows: int) -> tuple[dict[str, Any], list[str], list[list[str]]]:
    """A schema and a table of that shape; the code of a person in a column goes round."""
    names = [f"c{number}" for number in range(columns)]
    fields = [{"name": name, "constraints": {"enum": [f"k{code}" for code in range(codes)]}} for name in names]
    cells = [
        [f"k{(row + column) % codes}" if (row + column) % 7 else "" for column in range(columns)] for row in range(rows)
    ]
    return {"fields": fields}, names, cells


SHAPES = {
    "zero rows": (2, 3, 0),
    "one row": (2, 3, 1),
    "one column": (1, 3, 50),
    "one category": (2, 1, 50),
    "one of everything": (1, 1, 1),
    "one column of nothing": (1, 1, 0),
    "300 categories": (2, 300, 700),
    "100 columns": (100, 2, 60),
}


@pytest.fixture(params=SHAPES, ids=lambda name: name.replace(" ", "-"))
def shaped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    schema, names, cells = shape(*SHAPES[request.param])
    table(tmp_path / "cases.csv", names, cells)
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    yield tmp_path


def length_of(folder: Path) -> int:
    """Combinations that a test has time for."""
    return 1 if len((folder / "cases.csv").read_text().split("\n")[0]) > 100 else 3


def done_or_refused(said: Said, made: str) -> bool:
    if said.code:
        return said.is_a_refusal()
    return any(path.startswith(made) for path in said.changed)


def test_a_table_of_any_shape_is_protected_or_refused_at_no_cost(shaped: Path) -> None:
    length = length_of(shaped)
    said = ctdc(
        shaped, "protect", "cases.csv", "--schema=schema.json", "--epsilon=1", "--out=safe", f"--length={length}"
    )
    if said.code == 1:  # done and paid for, and the records are said to be worse than independent ones
        assert "Failure: " in said.err
        assert (shaped / "safe" / "privacy.json").is_file()
        return
    assert done_or_refused(said, "safe/")
    charged = sum(line.event["kind"] == "charge" for line in ledger.read(shaped / "ledger.jsonl"))
    assert charged == (said.code == 0)


def test_a_table_of_any_shape_is_looked_at_planned_drafted_and_anonymised(shaped: Path) -> None:
    length = f"--length={length_of(shaped)}"
    check = ctdc(shaped, "protect", "cases.csv", "--schema=schema.json", "--epsilon=1", "--check", length)
    assert not check.changed
    assert check.code == 0 or check.is_a_refusal()
    plan = ctdc(shaped, "plan", "--schema=schema.json", "--epsilon=1", length)
    assert not plan.changed
    assert plan.code == 0 or plan.is_a_refusal()
    assert done_or_refused(ctdc(shaped, "schema", "infer", "cases.csv", "--out=draft.json"), "draft.json")
    assert done_or_refused(ctdc(shaped, "anonymise", "cases.csv", "--quasi=c0", "--k=2", "--out=anon"), "anon/")


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"", ()),
        (b"\n\n\n", ()),
        (b"a,b", ()),
        (b"a,b\n", ()),
        (b"a,b\r\n", ()),
        (b"\xef\xbb\xbfa,b\nx,u\n", ()),
        (b"a,a\nx,x\n", ()),
        (b"a\tb\nx\tu\n", ()),
        (b"x,u\ny,v\n", ()),
        (b'a,b\n"x,u\n', ()),
        (b"a,b\nx\n", ()),
        (b"a,b\nx,u,v\n", ()),
        (b"a,b\n\x00,u\n", ()),
        (b"a,b\n\xff,u\n", ()),
        ("a,b\nx,u\n".encode("utf-16"), ()),
        (b"a,b\nx,u\n", ("--subject-id=a",)),
        (b"a,b\n,u\n", ("--subject-id=a",)),
        (b"a,b\nx,u\n" * 9, ("--max-rows=3",)),
    ],
)
def test_files_that_are_nearly_a_table(content: bytes, options: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_bytes(content)
    (tmp_path / "schema.json").write_text(json.dumps({"fields": DECLARED["fields"][:2]}))
    said = ctdc(tmp_path, "protect", "cases.csv", "--schema=schema.json", "--epsilon=1", "--out=safe", *options)
    assert done_or_refused(said, "safe/")
    assert said.code == 0 or not (tmp_path / "ledger.jsonl").exists()


# ---- linked tables -----------------------------------------------------------------------------------------------

PEOPLE = {"fields": [{"name": "a", "constraints": {"enum": ["x", "y"]}}]}
ROWS = {"fields": [{"name": "r", "constraints": {"enum": ["u", "v"]}}]}
LINKED = (
    *("protect", "people.csv", "--schema=people.json", "--linked=rows.csv", "--linked-schema=rows.json", "--link=id"),
    *("--epsilon=1", "--length=2", "--out=safe"),
)


def linked(folder: Path, people: Any, rows: Any, most: str) -> Said:
    table(folder / "people.csv", ["id", "a"], people)
    table(folder / "rows.csv", ["id", "r"], rows)
    (folder / "people.json").write_text(json.dumps(PEOPLE))
    (folder / "rows.json").write_text(json.dumps(ROWS))
    said = ctdc(folder, *LINKED, f"--max-links={most}")
    assert said.code in (0, 1) or not (folder / "ledger.jsonl").exists()
    return said


@pytest.mark.parametrize("most", ["0", "-1", "11", "1000000", "9" * 400, "nan", ""])
def test_a_limit_of_linked_rows_that_is_none(most: str, tmp_path: Path) -> None:
    assert linked(tmp_path, [["1", "x"]], [["1", "u"]], most).is_a_refusal()


@pytest.mark.parametrize(
    ("people", "rows"),
    [
        ([], []),
        ([["1", "x"]], []),
        ([], [["1", "u"]]),
        ([["1", "x"]], [["2", "u"]]),
        ([["1", "x"]], [["1", "u"]] * 40),
        ([["1", SECRET]], [["1", "u"]]),
        ([["1", "x"]], [["1", SECRET]]),
        ([["", "x"]], [["", "u"]]),
        ([["1", "x"], ["1", "y"]], [[SECRET, "u"]]),
    ],
)
def test_linked_tables_are_protected_or_refused(people: Any, rows: Any, tmp_path: Path) -> None:
    said = linked(tmp_path, people, rows, "3")
    assert SECRET not in said.out + said.err
    assert said.code == 1 or done_or_refused(said, "safe/")
