"""The ready tables say what the release answers; verifying finds others; programs name only what there is."""

import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from tests.support.another_hub import another_hub
from tests.support.invented_release import write_release
from tests.support.linked_release import write_linked_release
from tests.support.protected_twin import LABOUR, PROFILE, SEX, global_codes, write_protected
from tests.support.stata import carried_out

import ctdc
from ctdc.foundation.hashing import hash_file
from ctdc.release.build import build
from ctdc.release.client import Release
from ctdc.release.counting import open_counter
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import read_manifest
from ctdc.release.metadata import package
from ctdc.release.ready.check import ready_agree
from ctdc.release.ready.columns import COLUMNS, READY, labelled_columns
from ctdc.release.ready.files import PARQUET, csv_path, xlsx_path
from ctdc.release.ready.scripts import R_PATH, STATA_PATH, programs
from ctdc.release.ready.tables import asked_again, specs
from ctdc.release.verify import verify
from ctdc.release.vocabulary import CodeWords, Group, VariableWords, Vocabulary
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
ENDS = ("count", "low", "high", "share", "share_low", "share_high")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("ready"))


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return ctdc.load(folder)


@pytest.fixture(scope="module")
def tables(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / PARQUET)


def test_there_are_the_tables_that_people_ask_for(tables: pl.DataFrame, release: Release) -> None:
    wanted = {spec.id for spec in specs(release.codebook.vocabulary, release.length)}
    assert set(tables["table"]) == wanted
    assert {"all-gender", "exploitation-by-gender", "ageBroad-gender-by-exploitation", "gender-by-ageBroad"} <= wanted
    assert tuple(tables.columns[: len(COLUMNS)]) == COLUMNS


def test_every_row_is_what_the_release_answers(tables: pl.DataFrame, release: Release) -> None:
    """A hundred rows, whatever table they are from, each asked anew."""
    rows = tables.filter(pl.col("variable_2").is_null()).sample(100, seed=3).rows(named=True)
    assert len({row["table"] for row in rows}) > 10
    for row in rows:
        among = {row["among_variable"]: row["among_code"]} if row["among_variable"] else {}
        told = release.table([row["variable"]], among=among).filter(pl.col(row["variable"]) == row["code"])
        assert [told[name][0] for name in ENDS] == [row[name] for name in ENDS]
        share = release.share(of={row["variable"]: row["code"]}, among=among)
        assert share.denominator is not None
        assert (share.denominator.value, share.denominator.low) == (row["denominator"], row["denominator_low"])
        assert share.denominator.source == row["denominator_source"]


def test_crossed_rows_too(tables: pl.DataFrame, release: Release) -> None:
    rows = tables.filter(pl.col("variable_2").is_not_null()).sample(20, seed=3).rows(named=True)
    for row in rows:
        among = {row["among_variable"]: row["among_code"]} if row["among_variable"] else {}
        told = release.table([row["variable"], row["variable_2"]], among=among)
        told = told.filter(pl.col(row["variable"]) == row["code"], pl.col(row["variable_2"]) == row["code_2"])
        assert [told[name][0] for name in ENDS] == [row[name] for name in ENDS]


def test_what_is_too_few_has_no_number(tables: pl.DataFrame) -> None:
    few = tables.filter("too_few")
    assert few.height > 0
    assert few.select(*ENDS).null_count().row(0) == (few.height,) * len(ENDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_in_each_language_in_every_format(folder: Path, release: Release, language: str) -> None:
    frame = pl.read_csv(folder / csv_path(language), infer_schema=False)
    assert tuple(frame.columns) == tuple(labelled_columns())
    row = frame.filter(table="exploitation-by-gender").row(0, named=True)
    label = release.codebook.label
    assert row["among_variable_label"] == label("gender", language=language)
    assert row["among_code_label"] == label("gender", row["among_code"], language)
    assert row["variable_label"] == label(row["variable"], language=language)
    assert frame.filter(pl.col("table_label").is_null() | pl.col("code_label").is_null()).height == 0
    book = CalamineWorkbook.from_path(str(folder / xlsx_path(language)))
    header, first, *rest = book.get_sheet_by_index(1).to_python()
    assert len(header) == len(frame.columns) and len(rest) == frame.height - 1
    assert first[1] == frame["table_label"][0]
    wide = pl.read_parquet(folder / PARQUET)
    assert wide[f"code_label_{language}"].equals(frame["code_label"].alias(f"code_label_{language}"))


def test_they_are_listed_in_the_metadata(folder: Path) -> None:
    package = json.loads((folder / "data/datapackage.json").read_text())
    (resource,) = [one for one in package["resources"] if one["name"] == READY]
    assert resource["hash"] == f"sha256:{hash_file(folder / csv_path('en'))}"
    assert [field["name"] for field in resource["schema"]["fields"]] == list(labelled_columns())
    for name in ("dcat.jsonld", "croissant.json"):
        assert f"../{PARQUET}" in (folder / "metadata" / name).read_text()


def damaged(folder: Path, out: Path, path: str, change: bytes) -> list[str]:
    """What verifying says of a release whose manifest was made to fit a changed file."""
    copy = Path(shutil.copytree(folder, out / "copy"))
    (copy / path).write_bytes(change)
    manifest = json.loads((copy / "manifest.json").read_text())
    for entry in manifest["files"]:
        if entry["path"] == path:
            entry["sha256"], entry["bytes"] = hash_file(copy / path), len(change)
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return [problem.where for problem in verify(copy).problems if problem.code.startswith("ready.")]


def test_a_changed_number_is_found(folder: Path, tables: pl.DataFrame, tmp_path: Path) -> None:
    changed = tables.with_columns(pl.col("share") * 1.001)
    buffer = io.BytesIO()
    changed.write_parquet(buffer)
    assert PARQUET in damaged(folder, tmp_path, PARQUET, buffer.getvalue())


@pytest.mark.parametrize("path", [csv_path("ar"), xlsx_path("de")])
def test_a_format_that_differs_is_found(folder: Path, tmp_path: Path, path: str) -> None:
    other = csv_path("en") if path.endswith("csv") else "data/synthetic.xlsx"
    data = (folder / other).read_bytes()
    if path.endswith("csv"):
        data = data.replace(b",counts,false,0.", b",counts,false,1.", 1)
    assert damaged(folder, tmp_path, path, data) == [path]


def test_a_release_of_another_field_has_tables_too(tmp_path: Path) -> None:
    other = another_hub(tmp_path).release
    tables = pl.read_parquet(other / PARQUET)
    assert {"all-arrival", "all-shelter", "shelter-by-arrival"} <= set(tables["table"])
    assert verify(other).ok


def test_linked_tables_have_those_of_people(tmp_path: Path) -> None:
    linked = write_linked_release(tmp_path)
    _, manifest = read_manifest(linked)
    assert manifest.entry(PARQUET) is not None
    assert manifest.entry(R_PATH) is None
    assert verify(linked).ok


def test_where_english_is_not_served_the_tables_of_the_default_language_are_listed_and_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("metadata.package", "ready.scripts"):
        monkeypatch.setattr(f"ctdc.release.{module}.DEFAULT", "ar")
    facts = SimpleNamespace(files=[SimpleNamespace(path=csv_path("ar"), bytes=7, sha256="0" * 64)])
    (listed,) = package._ready(facts)  # type: ignore[arg-type]
    assert listed["path"] == "tables.ar.csv"
    assert '"data", "tables.ar.csv"' in made_for("gender")[R_PATH].decode()


def test_tables_from_before_verify_as_they_did(folder: Path, tmp_path: Path) -> None:
    """When parts and wholes did not agree yet."""
    tables = pl.read_parquet(folder / PARQUET)
    before = asked_again(open_counter(folder, agree=False), tables)
    assert not before.equals(asked_again(open_counter(folder), tables))
    changed = tmp_path / folder.name
    shutil.copytree(folder, changed)
    before.write_parquet(changed / PARQUET)
    _, manifest = read_manifest(folder)
    assert PARQUET not in {problem.where for problem in ready_agree(changed, manifest)}
    before.with_columns(pl.col("count") + 1).write_parquet(changed / PARQUET)
    assert PARQUET in {problem.where for problem in ready_agree(changed, manifest)}


# ---- the programs ----------------------------------------------------------------------------------------------------


def made_for(name: str, group: str = "help") -> dict[str, bytes]:
    """The programs of a table with a variable and a group that are called so."""
    none = dict.fromkeys(LANGUAGES, "")
    variable = VariableWords(name, "code", None, none, none, "", (CodeWords("1", none),))
    flag = VariableWords("legalAid", "flag", group, none, none, "", (CodeWords("1", none),))
    counts = pl.DataFrame({"attributes": ['{"legalAid":"1"}']})
    return programs("twin", Vocabulary((variable, flag), (Group(group, none, ("legalAid",)),)), counts, counts, 10.0)


@pytest.mark.parametrize(
    "name",
    ['a"b', "a`b", "a'b", "$S_OS", "a{b", "a/*b", "a//b", "a\nshell rm", "a\\", "a:b", "a,b", "@GROUPS@", " a", "a "],
)
def test_no_name_becomes_a_command_to_whoever_runs_the_programs(name: str) -> None:
    assert made_for(name) == {}
    assert made_for("gender", name) == {}
    assert set(made_for("Country of work", "kind.of-help")) == {R_PATH, STATA_PATH}


def findings(folder: Path) -> pl.DataFrame:
    tables = pl.read_parquet(folder / PARQUET)
    return tables.filter(pl.col("table").str.starts_with("all-") & pl.col("variable_2").is_null())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release in which all combinations of a group's answers are published."""
    place = tmp_path_factory.mktemp("published")
    chosen = {name: own for name, own in global_codes().items() if name in ("gender", "ageBroad", *SEX, *LABOUR)}
    protected = write_protected(place / "p", rows=3000, codes=chosen, length=3)
    info = ReleaseInfo("published", simulated=True, profile=PROFILE)
    return build(protected, place / "store", info, None, datetime(2026, 3, 1, tzinfo=UTC))


def by_r(folder: Path, out: Path) -> pl.DataFrame:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("Rscript is not installed: the R program cannot be run here")
    subprocess.run([program, str(folder / R_PATH), str(folder), str(out)], check=True, capture_output=True)
    return pl.read_csv(out)


def by_stata(folder: Path, _: Path) -> pl.DataFrame:
    """No Stata is at hand: its lines are carried out one by one, by what their commands mean."""
    return carried_out(folder)


@pytest.mark.parametrize("compute", [by_r, by_stata])
@pytest.mark.parametrize("which", ["folder", "published"])
def test_the_programs_find_what_the_tables_say(
    request: pytest.FixtureRequest, tmp_path: Path, which: str, compute: Callable[[Path, Path], pl.DataFrame]
) -> None:
    release = request.getfixturevalue(which)
    wanted, found = findings(release), compute(release, tmp_path / "findings.csv")
    both = wanted.join(found, on=["table", "variable", "code"], suffix="_own", how="full")
    assert both.height == wanted.height == found.height
    for name in ("count", "share", "denominator"):
        assert both[name].is_null().to_list() == both[f"{name}_own"].is_null().to_list()
        assert (both[name] - both[f"{name}_own"]).abs().max() < (1e-5 if name == "share" else 0.02)
    assert both["denominator_source"].to_list() == both["source_own"].to_list()
    for name in ("share_low", "share_high"):
        # Where not all combinations of a group are published a covariance is left out, and the interval is wider; and
        # it is about the share of those with an answer, who are at most all, and theirs is the estimate's.
        apart = (both[name] - both[f"{name}_own"]).abs()
        assert apart.filter(~both["table"].is_in([f"all-{group}" for group in given(release)])).max() < 1e-4
        assert apart.max() < 0.003


def given(release: Path) -> list[str]:
    """The groups whose denominators the R program takes from the tables."""
    text = (release / R_PATH).read_text()
    return re.findall(r'"(\w+)"', re.search(r"^given <- (.*)$", text, re.MULTILINE)[1])  # type: ignore[index]


def test_one_group_s_denominator_is_computed_and_another_s_is_given(folder: Path, published: Path) -> None:
    assert "sex" not in given(published)
    assert "means_of_control" in given(folder)


NAMED = re.compile(r'(?:variable|table|source) == "([^"]*)"')
FUNCTIONS = {
    "invnormal",
    "subinstr",
    "char",
    "lower",
    "r",
    "strpos",
    "substr",
    "strlen",
    "max",
    "min",
    "sqrt",
    "missing",
}
FUNCTIONS |= {"total", "scalar"}
COMMANDS = {"version", "args", "if", "clear", "set", "scalar", "import", "replace", "summarize", "keep", "generate"}
COMMANDS |= {"bysort", "foreach", "}", "order", "sort", "format", "list", "export"}


def test_the_stata_program_names_only_what_there_is(folder: Path, release: Release, tables: pl.DataFrame) -> None:
    text = (folder / STATA_PATH).read_text()
    known = {*release.variables, *tables["table"]}
    assert set(NAMED.findall(text)) <= known
    assert {f"all-{name}" for name in ("gender", "exploitation")} <= set(re.findall(r'"(all-[^"]*)"', text))
    for key in re.findall(r'attributes == "\{([^}]*)\}"', text):
        for pair in key.split(","):
            variable, _, code = pair.partition(":")
            assert code in release.codes(variable)
    assert "@" not in text
    aggregates = pl.read_csv(folder / "data/aggregates.csv", n_rows=1)
    assert [aggregates.columns[at - 1] for at in (2, 7)] == ["attributes", "below_threshold"], "stringcols(2 7)"


def test_the_stata_program_stays_within_documented_syntax(folder: Path) -> None:
    lines = [line.strip() for line in (folder / STATA_PATH).read_text().splitlines()]
    lines = [line for line in lines if line and not line.startswith("*")]
    assert lines[0] == "version 13"
    for line in lines:
        assert line.split()[0] in COMMANDS, line
        bare = re.sub(r'`?"[^"]*"\'?', '""', line)
        assert (
            (bare.count("(") == bare.count(")") and bare.count("{") == bare.count("}"))
            or bare.endswith("{")
            or bare == "}"
        )
        assert len(line) < 10_000  # far below what Stata takes
        if line.startswith(("generate", "replace", "scalar", "keep", "bysort")):
            for name in re.findall(r"([a-z_]\w*)\(", bare):
                assert name in FUNCTIONS, f"{name} in {line}"
    made = [re.sub(r"^(?:bysort variable: )?(?:generate|egen) ", "", line).split() for line in lines if " = " in line]
    names = [part[1] if part[0] in ("double", "byte") else part[0] for part in made if part]
    assert all(len(name) <= 32 for name in names)
