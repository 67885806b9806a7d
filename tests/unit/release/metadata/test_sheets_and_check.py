"""The records as tab-separated text and workbook, and what verifying finds in further formats."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from tests.support.linked_release import write_linked_release
from tests.support.protected_twin import PROFILE, write_protected
from tests.unit.release.conftest import CREATED
from tests.unit.release.test_verify import _reseal

from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.release.manifest import read_manifest
from ctdc.release.metadata import sheets
from ctdc.release.verify import verify
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow  # each needs a release


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    protected = write_protected(tmp_path_factory.mktemp("protected") / "p", rows=400)
    info = ReleaseInfo("sheets", simulated=True, profile=PROFILE)
    return build(protected, tmp_path_factory.mktemp("store"), info, None, CREATED)


@pytest.fixture
def copy(release: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(release, tmp_path / release.name))


def found(release: Path) -> set[str]:
    return {problem.code for problem in verify(_reseal(release)).problems}


def test_all_formats_hold_the_same_records(release):
    records = pl.read_parquet(release / "data/synthetic.parquet")
    assert pl.read_csv(release / "data/synthetic.tsv", separator="\t", infer_schema=False).equals(records)
    sheet = CalamineWorkbook.from_path(str(release / "data/synthetic.xlsx")).get_sheet_by_index(0).to_python()
    assert sheet[0] == records.columns
    assert [[cell or None for cell in row] for row in sheet[1:]] == [list(row) for row in records.rows()]
    _, manifest = read_manifest(release)
    assert {manifest.entry(f"data/synthetic.{end}").rows for end in ("csv", "tsv", "xlsx", "parquet")} == {400}


def test_the_workbook_says_what_it_is_and_what_codes_mean(release):
    book = CalamineWorkbook.from_path(str(release / "data/synthetic.xlsx"))
    assert book.sheet_names == ["synthetic", "about", "codes"]
    about = [row[0] for row in book.get_sheet_by_name("about").to_python()]
    assert any("do not exist" in text for text in about)
    codes = book.get_sheet_by_name("codes").to_python()
    assert ["gender", "Woman"] in [row[:2] for row in codes]
    assert codes[0][2:] == [f"{part}_{code}" for part in ("variable", "code") for code in LANGUAGES]


def test_linked_tables_have_both_formats(tmp_path):
    release = write_linked_release(tmp_path)
    assert verify(release).ok
    members = pl.read_csv(release / "data/household_members.csv")
    sheet = CalamineWorkbook.from_path(str(release / "data/household_members.xlsx")).get_sheet_by_index(0).to_python()
    assert [int(row[0]) for row in sheet[1:]] == members["id"].to_list()
    assert pl.read_csv(release / "data/household_members.tsv", separator="\t").equals(members)


def test_a_table_too_long_for_a_sheet_has_no_workbook(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "EXCEL_ROWS", 400)
    protected = write_protected(tmp_path / "p", rows=400)
    release = build(protected, tmp_path / "store", ReleaseInfo("long", simulated=True), None, CREATED)
    assert not (release / "data/synthetic.xlsx").exists()
    assert (release / "data/synthetic.tsv").exists()
    assert verify(release).ok


def test_a_sheet_holds_a_header_and_the_rest():
    assert sheets.fits_excel(1_048_575)
    assert not sheets.fits_excel(1_048_576)


def test_text_that_looks_like_a_formula_stays_text(release, tmp_path):
    frame = pl.DataFrame({"a": ["=1+1", "0123", "2020-01"], "id": [1, 2, 3]})

    class Facts:
        title, created = "t", CREATED
        info = ReleaseInfo("x", simulated=False)
        abstract = staticmethod(lambda language: "")
        distortions = staticmethod(lambda language: [])
        citation = staticmethod(lambda language: "")

    (tmp_path / "f.xlsx").write_bytes(sheets.xlsx(Facts(), "t", frame, ()))
    rows = CalamineWorkbook.from_path(str(tmp_path / "f.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[1:] == [["=1+1", 1.0], ["0123", 2.0], ["2020-01", 3.0]]


def test_a_release_from_before_there_were_such_files_still_verifies(copy):
    document = json.loads((copy / "manifest.json").read_text())
    newer = [
        entry["path"]
        for entry in document["files"]
        if entry["path"].startswith("metadata/") or entry["path"].endswith((".tsv", ".xlsx", "datapackage.json"))
    ]
    assert len(newer) == 16
    document["files"] = [entry for entry in document["files"] if entry["path"] not in newer]
    (copy / "manifest.json").write_text(json.dumps(document))
    shutil.rmtree(copy / "metadata")
    for path in newer:
        (copy / path).unlink(missing_ok=True)
    assert found(copy) == set()


def _edit(old: str, new: str, path: str):
    def apply(release: Path) -> None:
        file = release / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    return apply


def _another_workbook(release: Path) -> None:
    names = pl.read_parquet(release / "data/synthetic.parquet").columns
    pl.DataFrame({name: ["x"] for name in names}).write_excel(release / "data/synthetic.xlsx")


def _no_workbook(release: Path) -> None:
    (release / "data/synthetic.xlsx").write_text("not a workbook")


TAMPERED = {
    "tsv.differs": _edit("\n", "\n\t", "data/synthetic.tsv"),
    "xlsx.differs": _another_workbook,
    "hxl.differs": _edit("400.0", "401.0", "metadata/hxl.csv"),
    "metadata.hash": _edit('"sha256": "', '"sha256": "0', "metadata/croissant.json"),
    "metadata.privacy": _edit('"value": 4.0', '"value": 1.0', "metadata/croissant.json"),
    "metadata.variables": _edit("<catValu>Woman<", "<catValu>Women<", "metadata/ddi.xml"),
}


@pytest.mark.parametrize("problem", TAMPERED)
def test_a_format_that_says_something_else_is_found(copy, problem):
    TAMPERED[problem](copy)
    tables = {"tsv.differs", "xlsx.differs"}  # whose hashes the metadata state as well
    assert found(copy) == {problem} | ({"metadata.hash"} if problem in tables else set())


def test_a_file_that_is_no_workbook_is_found(copy):
    _no_workbook(copy)
    assert found(copy) == {"xlsx.differs", "metadata.hash"}
