"""The notebooks run from end to end on a release, hold no outputs, and find what the release's own tables say.

With CTDC_REAL_DATA they also run on a release that is made of CTDC's published file of 2021, whose true shares anybody
can count in that file: there the answers are compared with the truth, and with what was published of another edition.
"""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient
from tests.support.protected_twin import PROFILE, Seeded, write_protected
from tests.support.quick import QUICK

import ctdc
import ctdc.standard
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.table.coded import code_table
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
BOOKS = sorted(FOLDER.glob("*.ipynb"))
CREATED = datetime(2026, 3, 1, tzinfo=UTC)
FAMILY = "children recruited by family"


def findings(book: Path, release: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Run a notebook on a release; its last table, by the name of the finding."""
    monkeypatch.setenv("CTDC_RELEASE", str(release))
    monkeypatch.setenv("PYTHONPATH", str(Path(ctdc.__file__).parents[1]))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    document = nbformat.read(book, as_version=4)
    document.cells.append(nbformat.v4.new_code_cell("print(findings.write_json())"))
    client = NotebookClient(
        document, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(release)}}
    )
    client.execute()
    rows = json.loads(document.cells[-1].outputs[0].text)
    return {row["finding"]: row for row in rows}


def test_there_are_notebooks() -> None:
    assert {book.stem for book in BOOKS} == {"age-and-gender", "family-recruitment", "means-of-control"}


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_is_kept_without_outputs(book: Path) -> None:
    document = nbformat.read(book, as_version=4)
    nbformat.validate(document)
    code = [cell for cell in document.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def check(found: dict[str, dict[str, Any]], release: Path) -> None:
    """Each share with a number lies in its interval and is that of the release's ready tables, where they have it."""
    opened = ctdc.load(release)
    ready = pl.read_parquet(release / "data/tables.parquet").filter(
        pl.col("among_variable").is_null(), pl.col("variable_2").is_null(), code="1"
    )
    by_label = {opened.codebook.label(row["variable"]): row["share"] for row in ready.rows(named=True)} | {
        "forced labour": share_of(ready, "isForcedLabour"),
        "sexual exploitation": share_of(ready, "isSexualExploit"),
    }
    seen = 0
    for name, row in found.items():
        assert row["share"] is None or row["low"] <= row["share"] <= row["high"]
        if name in by_label:
            seen += 1
            expected = by_label[name]
            assert row["share"] == (None if expected is None else pytest.approx(100 * expected, abs=0.051))
    assert seen >= 2


def share_of(ready: pl.DataFrame, flag: str) -> float | None:
    found: float | None = ready.filter(variable=flag)["share"][0]
    return found


# ---- on releases of invented people ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("notebooks")
    chosen = {
        column.name: list(column.codes)
        for column in ctdc.standard.load().profile(PROFILE).columns
        if column.name not in ("citizenship", "CountryOfExploitation", "yearOfRegistration")
    }
    protected = write_protected(place / "p", rows=5000, codes=chosen, length=3)
    return build(protected, place / "store", ReleaseInfo("twin", simulated=True, profile=PROFILE), None, CREATED)


@pytest.mark.slow
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_runs_on_invented_people(book: Path, invented: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check(findings(book, invented, monkeypatch), invented)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "demo"
    words = ["run", "--demo", "--cases", "4000", "--length", "2", "--out", str(out)]
    subprocess.run([*QUICK, *words], check=True, capture_output=True)
    return (out / "latest").resolve()


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_runs_on_the_demonstration(book: Path, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(book, demo, monkeypatch)
    check(found, demo)
    assert all(
        row["published"] is None or row["difference"] is not None or row["share"] is None for row in found.values()
    )


# ---- on a release of the published file of 2021 ----------------------------------------------------------------------

REAL = (
    *("gender", "ageBroad", "isForcedLabour", "isSexualExploit", "isOtherExploit"),
    *(
        "recruiterRelationIntimatePartner",
        "recruiterRelationFriend",
        "recruiterRelationFamily",
        "recruiterRelationOther",
    ),
    *("meansOfControlThreats", "meansOfControlPsychologicalAbuse", "meansOfControlPhysicalAbuse"),
    *("meansOfControlRestrictsMovement", "meansOfControlDebtBondage"),
)


@pytest.fixture(scope="module")
def cases(real_data: Path) -> pl.DataFrame:
    path = real_data / "ctdc_global_synthetic_2021.csv.gz"
    return pl.read_csv(path, infer_schema=False, columns=list(REAL)).select(REAL)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, cases: pl.DataFrame) -> Path:
    """A release of the file, protected as cases would be, at epsilon 4; it is never kept."""
    place = tmp_path_factory.mktemp("real")
    columns = {column.name: column.codes for column in ctdc.standard.load().profile("synthetic-2021").columns}
    ordered = [name for name in columns if name in REAL]
    schema = Schema(tuple(Variable(name, tuple(columns[name])) for name in ordered))
    table = code_table(cases.select(ordered).to_arrow(), schema, "cases")
    settings = Settings(Guarantee(4, 1e-6), seed=1)
    protect(lambda: table, schema, settings, place / "p", place / "ledger.jsonl", CREATED, noise=Seeded())
    info = ReleaseInfo("real-2021", simulated=False, profile="synthetic-2021")
    return build(place / "p", place / "store", info, None, CREATED)


def truth(cases: pl.DataFrame, flag: str, group: str, among: pl.Expr | None = None) -> float:
    """The share in the file itself, in per cent, by the rule of the code book."""
    chosen = cases if among is None else cases.filter(among)
    flags = [name for name in cases.columns if name.startswith(group)]
    whole = chosen.filter(pl.any_horizontal(pl.col(name) == "1" for name in flags)).height
    return 100 * chosen.filter(pl.col(flag) == "1").height / whole


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.heavy
def test_family_recruits_children_in_the_published_file_too(
    cases: pl.DataFrame, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release's answer is near what the file says; the published 51 % are of an edition three years later."""
    found = findings(FOLDER / "family-recruitment.ipynb", real, monkeypatch)
    children = pl.col("ageBroad").is_in(["0--8", "09--17"])
    for name, among in (
        (FAMILY, children),
        ("adults recruited by family", ~children & pl.col("ageBroad").is_not_null()),
    ):
        own = truth(cases, "recruiterRelationFamily", "recruiterRelation", among)
        row = found[name]
        assert row["low"] - 1 <= own <= row["high"] + 1, (name, own, row)
    assert found[FAMILY]["share"] > 3 * found["adults recruited by family"]["share"]
    assert abs(found[FAMILY]["difference"]) < 10, "half of the children, in both editions"


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_notebook_runs_on_the_published_file(
    book: Path, cases: pl.DataFrame, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(book, real, monkeypatch)
    check(found, real)
    if book.stem == "age-and-gender":
        own = 100 * (cases["gender"] == "Female").sum() / cases["gender"].drop_nulls().len()
        # The interval is narrower than the one decimal that a notebook shows.
        assert found["women"]["low"] - 0.1 <= own <= found["women"]["high"] + 0.1
        assert found["forced labour"]["share"] == pytest.approx(truth(cases, "isForcedLabour", "is"), abs=0.5)
