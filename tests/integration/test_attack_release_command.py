"""``ctdc attack split`` and ``ctdc attack release``: files in, reports out, and errors that tell of nobody."""

import json
import stat
from pathlib import Path

import polars as pl
import pytest
from tests.support.crowds import SCHEMA, crowd, mixed

from ctdc.cli.main import main
from ctdc.table.coded import CodedTable

pytestmark = pytest.mark.slow
Capture = pytest.CaptureFixture[str]
SECRET = "Jane Doe, born 1 May"


def ctdc(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["attack", *map(str, arguments)])
    return int(end.value.code or 0)


def write(table: CodedTable, path: Path, first: int = 0) -> Path:
    """The table as csv, with a column that says whose row it is."""
    frame = pl.DataFrame(table.to_arrow()).select(pl.all().cast(pl.String))
    ids = pl.Series("person", [f"p{number}" for number in range(first, first + table.rows)])
    frame.with_columns(ids).write_csv(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("attacks")
    people, others = crowd(1500, 1), crowd(1500, 3)
    write(people, folder / "members.csv")
    write(crowd(1500, 2), folder / "control.csv", first=10_000)
    for name, table in (("other", others), ("copies", mixed(people, others, 0.3)), ("identity", people)):
        pl.DataFrame(table.to_arrow()).select(pl.all().cast(pl.String)).write_csv(folder / f"{name}.csv")
    (folder / "schema.json").write_text(json.dumps(SCHEMA.to_table_schema()))
    return folder


def release(folder: Path, *files: object, **changed: object) -> int:
    options = {"members": folder / "members.csv", "control": folder / "control.csv", "id": "person"} | changed
    options = {"schema": folder / "schema.json", "attacks": 500} | options
    words = [word for name, value in options.items() if value for word in (f"--{name}", value)]
    return ctdc("release", *files, *words)


def test_several_files_are_attacked_side_by_side_and_the_exit_code_tells(folder: Path, capsys: Capture) -> None:
    out = folder / "report"
    files = [f"one={folder / 'other.csv'}", f"two={folder / 'copies.csv'}"]
    assert release(folder, *files, out=out.with_suffix(".json")) == 1
    shown = capsys.readouterr().out
    assert "never to be published" in shown
    assert "one (1,500 records): Nothing found" in shown
    assert "two (1,500 records): FOUND" in shown
    document = json.loads(out.with_suffix(".json").read_text())
    assert [one["name"] for one in document["candidates"]] == ["one", "two"]
    assert document["members"] == 1500
    assert "person" not in document["columns"]


def test_a_file_in_which_nothing_is_found_ends_well_and_writes_a_page(folder: Path, capsys: Capture) -> None:
    assert release(folder, folder / "other.csv", out=folder / "page.html") == 0
    assert "other.csv" in capsys.readouterr().out
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "never to be published" in page
    assert page.count("<svg") > 50


def test_json_alone_is_printed(folder: Path, capsys: Capture) -> None:
    files = [f"--{name}={folder / name}.csv" for name in ("members", "control")]
    words = [f"--schema={folder / 'schema.json'}", "--id=person", "--attacks=200", "--json"]
    assert ctdc("release", folder / "other.csv", *files, *words) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "nothing found at this power"


def test_without_a_schema_the_peoples_own_values_are_the_codes(folder: Path, capsys: Capture) -> None:
    assert release(folder, folder / "identity.csv", schema=None) == 1
    assert "FOUND by" in capsys.readouterr().out


def test_a_control_that_shares_people_is_refused_by_number_alone(folder: Path, capsys: Capture) -> None:
    shared = write(crowd(300, 8), folder / "shared.csv", first=1490)
    assert release(folder, folder / "other.csv", control=shared) == 3
    error = capsys.readouterr().err
    assert "10 people of the control are members" in error
    assert "p149" not in error
    assert release(folder, folder / "other.csv", control=folder / "members.csv", id=None) == 3
    assert "file of the members" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"column": "c3"}, "neither a code nor a known group"),
        ({"drop": "c3"}, "missing: c3"),
        ({"rename": "c3"}, "not in the schema"),
        ({"rows": 0}, "no records"),
    ],
)
def test_files_that_do_not_fit_are_refused_without_a_value(
    folder: Path, tmp_path: Path, capsys: Capture, change: dict[str, object], words: str
) -> None:
    frame = pl.read_csv(folder / "other.csv", infer_schema=False)
    if "column" in change:
        frame = frame.with_columns(pl.lit(SECRET).alias(str(change["column"])))
    frame = frame.drop(change["drop"]) if "drop" in change else frame
    frame = frame.rename({"c3": "age at home"}) if "rename" in change else frame
    frame = frame.head(0) if "rows" in change else frame
    frame.write_csv(tmp_path / "wrong.csv")
    assert release(folder, tmp_path / "wrong.csv") == 3
    error = capsys.readouterr().err
    assert words in error
    assert SECRET not in error


def test_people_that_do_not_fit_are_refused_without_a_value(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    frame = pl.read_csv(folder / "members.csv", infer_schema=False)
    frame.with_columns(pl.lit(SECRET).alias("c1")).write_csv(tmp_path / "wrong.csv")
    assert release(folder, folder / "other.csv", members=tmp_path / "wrong.csv") == 3
    assert SECRET not in capsys.readouterr().err
    frame.head(1).write_csv(tmp_path / "one.csv")
    assert release(folder, folder / "other.csv", members=tmp_path / "one.csv") == 3
    assert "members are 1 in number" in capsys.readouterr().err
    assert release(folder, folder / "other.csv", schema=None, id=None, members=folder / "members.csv") == 3
    assert "missing: person" in capsys.readouterr().err  # ids were not named as such, and the file has none
    wide = frame.with_columns(pl.Series("c1", [f"x{number}" for number in range(frame.height)]))
    pl.concat([wide] * 4).with_columns(c1=pl.int_range(4 * frame.height).cast(pl.String)).write_csv(
        tmp_path / "wide.csv"
    )
    assert release(folder, folder / "other.csv", schema=None, members=tmp_path / "wide.csv") == 3
    assert "it says who somebody is" in capsys.readouterr().err


def test_names_are_given_once_and_unknown_folders_are_refused(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    other = folder / "other.csv"
    assert release(folder, f"a={other}", f"a={other}") == 3
    assert "a name of its own" in capsys.readouterr().err
    assert release(folder, tmp_path) == 3
    assert "neither a release" in capsys.readouterr().err
    assert release(folder, other, id="nobody") == 3
    assert "no column 'nobody'" in capsys.readouterr().err


def test_some_columns_are_chosen_from_all_tables(folder: Path, capsys: Capture) -> None:
    assert release(folder, folder / "other.csv", schema=None, columns="c0,c1,c2,c5", json=None) == 0
    assert "Quasi-identifiers: c0, c1, c2." in capsys.readouterr().out


def test_counts_beside_the_records_are_attacked_too(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    pl.read_csv(folder / "other.csv", infer_schema=False).write_csv(tmp_path / "synthetic.csv")
    people = pl.read_csv(folder / "members.csv", infer_schema=False)
    counted = people.drop_nulls("c0").group_by("c0").len()
    rows = [{"attributes": json.dumps({"c0": code}), "count": count} for code, count in counted.iter_rows()]
    pl.DataFrame(rows).write_csv(tmp_path / "aggregates.csv")
    assert release(folder, tmp_path, out=tmp_path / "report.json") == 0
    made = {one["attack"] for one in json.loads((tmp_path / "report.json").read_text())["candidates"][0]["attacks"]}
    assert "membership-counts" in made
    (tmp_path / "aggregates.csv").write_text("attributes,count\nnot json,1\n")
    assert release(folder, tmp_path) == 3
    assert "not json" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", ["", "[1],2", '"{""c0"":[1]}",2', '"{""c0"":""v1""}",', '"{""c0"":""v1""}",many', '"{""c0"":1}",NaN', ",5"]
)
def test_odd_counts_are_refused_not_followed(folder: Path, tmp_path: Path, capsys: Capture, line: str) -> None:
    pl.read_csv(folder / "other.csv", infer_schema=False).write_csv(tmp_path / "synthetic.csv")
    (tmp_path / "aggregates.csv").write_text(f"attributes,count\n{line}\n" if line else "")
    assert release(folder, tmp_path) == 3
    assert "counts beside the records cannot be read" in capsys.readouterr().err


def test_reports_and_halves_are_their_owners_alone_and_never_in_a_release(
    folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    report, halves = tmp_path / "report.JSON", tmp_path / "halves"
    release(folder, folder / "other.csv", out=report)
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert json.loads(report.read_text())["members"] == 1500
    assert ctdc("split", folder / "members.csv", "--id", "person", "--out", halves) == 0
    assert stat.S_IMODE(halves.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in halves.iterdir()} == {0o600}

    published = tmp_path / "release"
    published.mkdir()
    (published / "manifest.json").write_text("{}")
    assert release(folder, folder / "other.csv", out=published / "report.html") == 3
    assert ctdc("split", folder / "members.csv", "--id", "person", "--out", published / "halves") == 3
    assert capsys.readouterr().err.count("folder that is published") == 2
    assert [path.name for path in published.iterdir()] == ["manifest.json"]


def test_columns_are_chosen_of_a_declared_file_with_all_of_them(folder: Path, capsys: Capture) -> None:
    release(folder, folder / "other.csv", columns="c0,c1,c2,c5")
    assert "Quasi-identifiers: c0, c1, c2." in capsys.readouterr().out


def test_columns_are_chosen_after_raw_ones_are_recoded(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    """Where a raw column holds several codes, what is chosen are the variables it becomes."""
    fields = SCHEMA.to_table_schema()["fields"]
    several = {"name": "kinds", "type": "string", "constraints": {"enum": ["a", "b"]}, "ctdc": {"split": ";"}}
    (tmp_path / "raw.json").write_text(json.dumps({"fields": [*fields, several]}))
    files = {}
    for name in ("members", "control", "other"):
        frame = pl.read_csv(folder / f"{name}.csv", infer_schema=False)
        frame = frame.drop("person", strict=False).with_columns(kinds=pl.Series(["a", "b", "a;b", None] * 375))
        frame.write_csv(files.setdefault(name, tmp_path / f"{name}.csv"))
    changed = {"members": files["members"], "control": files["control"], "schema": tmp_path / "raw.json", "id": None}
    assert release(folder, files["other"], columns="c0,c1,c2,kinds:a", **changed) == 0
    assert "other.csv (1,500 records)" in capsys.readouterr().out


@pytest.mark.parametrize("between", [";;", "é", ""])
def test_only_one_character_stands_between_cells(folder: Path, tmp_path: Path, capsys: Capture, between: str) -> None:
    words = [f"--{name}={folder / name}.csv" for name in ("members", "control")]
    assert ctdc("release", folder / "other.csv", *words, f"--delimiter={between}") == 3
    assert ctdc("split", folder / "members.csv", "--out", tmp_path / "halves", f"--delimiter={between}") == 3
    assert capsys.readouterr().err.count("not a single ASCII character") == 2


# ---- from people to a report ----------------------------------------------------------------------------------------


@pytest.mark.heavy
def test_people_are_split_protected_made_k_anonymous_and_both_attacked(tmp_path: Path, capsys: Capture) -> None:
    people = write(crowd(3000, 5), tmp_path / "people.csv")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA.to_table_schema()))
    halves = tmp_path / "halves"
    assert ctdc("split", people, "--id", "person", "--out", halves) == 0
    one, two = (pl.read_csv(halves / f"{name}.csv", infer_schema=False) for name in ("members", "control"))
    assert one.height + two.height == 3000
    assert not set(one["person"]) & set(two["person"])
    assert 1300 < one.height < 1700
    assert (tmp_path / "halves.key").stat().st_mode & 0o77 == 0
    assert ctdc("split", people, "--id", "person", "--out", tmp_path / "again", "--key", tmp_path / "halves.key") == 0
    assert (tmp_path / "again" / "members.csv").read_bytes() == (halves / "members.csv").read_bytes()

    plain = tmp_path / "plain.csv"
    one.drop("person").write_csv(plain)
    schema = ["--schema", str(tmp_path / "schema.json")]
    protect = ["protect", str(plain), *schema, "--epsilon", "1", "--length", "2", "--out", str(tmp_path / "protected")]
    anonymise = ["anonymise", str(plain), "--quasi", "c0,c1,c2", "--k", "5", "--out", str(tmp_path / "anonymous")]
    (tmp_path / "levels.toml").write_text('[[c2]]\ngroups = {"high" = ["v1", "v2"], "low" = ["v20", "v21", "v22"]}\n')
    for words in (protect, [*anonymise, "--hierarchies", str(tmp_path / "levels.toml")]):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert not end.value.code
    capsys.readouterr()

    options = ["--members", halves / "members.csv", "--control", halves / "control.csv", "--id", "person"]
    options += ["--hierarchies", tmp_path / "levels.toml", "--attacks", "1000"]
    report = tmp_path / "report.json"
    files = [f"protected={tmp_path / 'protected'}", f"k={tmp_path / 'anonymous'}"]
    assert ctdc("release", *files, *options, "--out", report) == 1
    document = json.loads(report.read_text())
    protected, anonymous = document["candidates"]
    assert protected["kind"] == "release"
    assert protected["guarantee"]["epsilon"] == 1
    assert protected["verdict"] != "found"
    assert "membership-counts" in {one["attack"] for one in protected["attacks"]}
    assert (anonymous["kind"], anonymous["guarantee"], anonymous["verdict"]) == ("file", None, "found")
