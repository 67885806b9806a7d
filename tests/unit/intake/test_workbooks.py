"""Hostile and odd workbooks, made here; all are parsed in the child process."""

import datetime
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import xlsxwriter

from ctdc.foundation.errors import UserError
from ctdc.intake.model import TableSpec
from ctdc.intake.readers.child import drop_network
from ctdc.intake.readers.frame import Needs
from ctdc.intake.readers.limits import Limits
from ctdc.intake.readers.open import open_table

pytestmark = pytest.mark.slow
ALL = Needs(everything=True)


def spec(**changes: object) -> TableSpec:
    base = {"name": "t", "file": "*", "format": "xlsx", "sheet": "Cases", "id": "id"}
    return TableSpec.model_validate(base | changes)


def book(path: Path, fill=None, sheets: int = 1) -> Path:
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("Cases")
        sheet.write_row(0, 0, ["id", "Sex"])
        sheet.write_row(1, 0, ["A1", "F"])
        for number in range(1, sheets):
            workbook.add_worksheet(f"S{number}")
        if fill:
            fill(workbook, sheet)
    return path


def rewrite(path: Path, change, add: dict[str, bytes] | None = None) -> Path:
    """The workbook with each part passed through `change(name, data)`, and parts added."""
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, change(info.filename, old.read(info)))
        for name, content in (add or {}).items():
            new.writestr(name, content)
    return path


def sheet_change(old: bytes, new: bytes):
    return lambda name, data: data.replace(old, new) if name.endswith("sheet1.xml") else data


def read(path: Path, **changes: object) -> tuple[dict[str, list[str]], list[int], dict]:
    table = open_table(path, spec(**changes), ALL)
    frames = list(table.frames())
    columns: dict[str, list[str]] = {}
    for frame in frames:
        for name, column in frame.columns.items():
            columns.setdefault(name, []).extend(column.texts[i] for i in column.indices)
    return columns, [int(row) for frame in frames for row in frame.rows], table.receipt.workbook


def refused(path: Path, code: str, limits: Limits | None = None, **changes: object) -> str:
    with pytest.raises(UserError) as caught:
        table = open_table(path, spec(**changes), ALL, limits or Limits())
        list(table.frames())
    assert caught.value.detail.code == code
    assert caught.value.detail.do
    return str(caught.value)


def test_a_cell_in_the_last_corner_is_refused_before_parsing(tmp_path: Path) -> None:
    path = rewrite(book(tmp_path / "a.xlsx"), sheet_change(b'r="B2"', b'r="XFD1048576"'))
    assert path.stat().st_size < 10_000
    assert "1,048,576 rows by 16,384 columns" in refused(path, "intake.too_large")


def test_a_parser_that_aborts_takes_only_the_child_with_it(tmp_path: Path) -> None:
    path = rewrite(book(tmp_path / "a.xlsx"), sheet_change(b'r="B2"', b'r="XFD1048576"'))
    blind = Limits(cells=10**12, columns=10**6)  # as if the scan had missed it
    assert "needs more memory" in refused(path, "intake.too_large", blind)


def test_forty_million_declared_cells(tmp_path: Path) -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (i, i) for i in (3, 1_000_000))
    wide = b'<row r="4"><c r="AN4"><v>1</v></c></row>'
    path = rewrite(book(tmp_path / "a.xlsx"), sheet_change(b"</sheetData>", rows + wide + b"</sheetData>"))
    assert "1,000,000 rows by 40 columns" in refused(path, "intake.too_large")


def test_cells_without_references_count_too(tmp_path: Path) -> None:
    cells = b"<row>" + b"<c><v>1</v></c>" * 3000 + b"</row>"
    path = rewrite(book(tmp_path / "a.xlsx"), sheet_change(b"</sheetData>", cells + b"</sheetData>"))
    refused(path, "intake.too_large", Limits(cells=2000))


def test_a_zip_bomb_is_stopped_while_it_unfolds(tmp_path: Path) -> None:
    path = rewrite(book(tmp_path / "a.xlsx"), lambda _, data: data, {"xl/media/x.bin": b"\0" * 60_000_000})
    assert "unfolds to more than" in refused(path, "intake.too_large")


def test_too_many_parts(tmp_path: Path) -> None:
    path = rewrite(book(tmp_path / "a.xlsx"), lambda _, data: data, {f"x/{i}": b"" for i in range(300)})
    assert "parts" in refused(path, "intake.too_large", Limits(entries=200))


def test_an_xml_bomb(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE z [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    path = rewrite(book(tmp_path / "a.xlsx"), sheet_change(b"<worksheet", bomb + b"<worksheet"))
    assert "XML entities" in refused(path, "intake.xml_entities")


def test_macros_links_formulas_and_hidden_sheets_are_counted_never_run(tmp_path: Path) -> None:
    def fill(workbook, sheet):
        sheet.write(2, 0, "A2")
        sheet.write_formula(2, 1, '="F"', None, "F")
        workbook.add_worksheet("Secret").hide()
        workbook.add_worksheet("Deep").very_hidden()

    path = book(tmp_path / "a.xlsx", fill)
    rewrite(path, lambda _, d: d, {"xl/vbaProject.bin": b"x", "xl/externalLinks/externalLink1.xml": b"<x/>"})
    columns, rows, facts = read(path)
    assert columns == {"id": ["A1", "A2"], "Sex": ["F", "F"]}
    assert rows == [2, 3]
    assert (facts["macros"], facts["external_links"], facts["formulas"], facts["hidden_sheets"]) == (1, 1, 1, 2)


def test_a_formula_without_a_stored_result_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", lambda _, sheet: sheet.write_formula(1, 1, "=UPPER(A1)", None, "x"))
    rewrite(path, lambda n, d: re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", d) if n.endswith("sheet1.xml") else d)
    assert "1 formula has no stored result (first: B2)" in refused(path, "intake.formula_unsaved")


def test_cells_that_show_an_error_are_no_values(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", lambda _, sheet: sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!"))
    columns, _, facts = read(path)
    assert columns["Sex"] == ["#ERROR"]
    assert facts["error_cells"] == 1


def test_ids_numbers_dates_and_logical_values_as_text(tmp_path: Path) -> None:
    def fill(workbook, sheet):
        sheet.write_string(1, 0, "007")
        sheet.write_number(2, 0, 8.0)
        sheet.write_datetime(1, 1, datetime.datetime(2019, 3, 4), workbook.add_format({"num_format": "dd/mm/yy"}))
        sheet.write_boolean(2, 1, True)
        sheet.write_number(3, 0, 1.25)
        sheet.write_number(3, 1, 43528)

    columns, _, _ = read(book(tmp_path / "a.xlsx", fill))
    assert columns == {"id": ["007", "8", "1.25"], "Sex": ["2019-03-04", "TRUE", "43528"]}


def test_preamble_offset_and_label_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("Cases")
        sheet.write(1, 2, "Confidential export")
        for row, cells in ((4, ["id", "Sex"]), (5, ["Case id", "Sex of person"]), (6, ["A1", "F"]), (8, ["A2", "M"])):
            sheet.write_row(row, 2, cells)
    columns, rows, _ = read(path, header_row=5, skip_after_header=1)
    assert (columns["id"], columns["Sex"], rows) == (["A1", "A2"], ["F", "M"], [7, 9])


def test_a_sheet_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    assert "Cases, S1" in refused(book(tmp_path / "a.xlsx", sheets=2), "intake.sheet_missing", sheet="cases")


def test_other_files_in_disguise(tmp_path: Path) -> None:
    html = tmp_path / "a.xls"
    html.write_text("<html><table><tr><td>1</td></tr></table></html>")
    refused(html, "intake.format", format="xls")
    broken = tmp_path / "b.xlsx"
    broken.write_bytes(book(tmp_path / "a.xlsx").read_bytes()[:3000])
    refused(broken, "intake.damaged")
    locked = tmp_path / "c.xlsx"
    locked.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    assert "password" in refused(locked, "intake.protected")


def test_old_excel(tmp_path: Path) -> None:
    import xlwt

    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("Cases")
    for row, cells in enumerate((("id", "Sex"), ("A1", "F"), (8.0, "M"))):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    workbook.save(str(tmp_path / "a.xls"))
    columns, rows, _ = read(tmp_path / "a.xls", format="xls")
    assert (columns, rows) == ({"id": ["A1", "8"], "Sex": ["F", "M"]}, [2, 3])
    refused(tmp_path / "a.xls", "intake.format")


def test_open_document_and_its_repeated_cells(tmp_path: Path) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    def make(name: str, repeat: int = 1) -> Path:
        document = OpenDocumentSpreadsheet()
        sheet = Table(name="Cases")
        for cells in (("id", "Sex"), ("A1", "F")):
            row = TableRow(numberrowsrepeated=repeat)
            for text in cells:
                cell = TableCell(valuetype="string")
                cell.addElement(P(text=text))
                row.addElement(cell)
            sheet.addElement(row)
        document.spreadsheet.addElement(sheet)
        document.save(str(tmp_path / name))
        return tmp_path / name

    columns, rows, _ = read(make("a.ods"), format="ods")
    assert (columns, rows) == ({"id": ["A1"], "Sex": ["F"]}, [2])
    refused(make("b.ods", 1_048_576), "intake.too_large", Limits(cells=1_000_000), format="ods")


def test_time_runs_out(tmp_path: Path) -> None:
    assert "took too long" in refused(book(tmp_path / "a.xlsx"), "intake.too_large", Limits(wall_seconds=0))


def test_the_child_leaves_the_network_or_the_receipt_says_so(tmp_path: Path) -> None:
    probe = "import ctdc.intake.readers.child as c, socket; d = c.drop_network(); s = socket.socket()\n"
    probe += (
        "try:\n s.settimeout(2); s.connect(('192.0.2.1', 9)); r = 'open'\nexcept OSError as e: r = e.errno\nprint(d, r)"
    )
    output = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    _, _, facts = read(book(tmp_path / "a.xlsx"))
    assert facts["network_isolated"] == (output[0] == "True")
    if output[0] == "True":
        assert output[1] == "101"  # network is unreachable
    assert drop_network.__doc__


def test_the_child_keeps_nothing_on_disk(tmp_path: Path) -> None:
    import tempfile

    before = set(Path(tempfile.gettempdir()).glob("*.arrow"))
    read(book(tmp_path / "a.xlsx"))
    assert set(Path(tempfile.gettempdir()).glob("*.arrow")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


def test_hidden_sheets_of_an_aftercare_workbook_through_a_mapping(intake) -> None:
    def fill(workbook, sheet):
        sheet.write_row(0, 0, ["id", "Born", "Seen"])
        sheet.write_row(1, 0, ["A1", 36892, 43528])
        sheet.write_number(2, 0, 8)
        sheet.write_row(2, 1, ["n/a", 43528])
        workbook.add_worksheet("Codes").hide()

    book(intake.source / "care.xlsx", fill)
    tables = '\n  - {name: cases, file: "*.xlsx", format: xlsx, sheet: Cases, id: id}\n'
    extra = """dates:
  - {name: born, column: Born, formats: [excel]}
  - {name: seen, column: Seen, formats: [excel]}"""
    mapping = intake.mapping("  - {target: ageBroad, age_at: {born: born, at: seen}}", tables=tables, extra=extra)
    report = intake.check(mapping)
    assert [(line.value, line.status) for line in report.quarantined] == [("n/a", "unreadable")]
    waived = intake.mapping(
        "  - {target: ageBroad, age_at: {born: born, at: seen}}",
        intake.value("Born", "n/a", reason="unknown"),
        tables=tables,
        extra=extra,
    )
    table = pq.read_table(intake.harmonise(waived))
    assert table["ageBroad"].to_pylist() == ["18--20", None]
    assert table["_sheet"].to_pylist() == ["Cases", "Cases"]
