"""Files of every format become one table of texts, or are refused with a reason."""

import gzip
import io
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

sys.path.insert(0, str(Path(__file__).parents[3] / "support"))

from bench import read

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.project import open_project, read_json

ROWS = [["kind", " born "], ["a", "1990"], [" b ", "1980"], ["", "2001"]]


def xlsx(*sheets: str) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        for name in sheets:
            sheet = book.add_worksheet(name)
            for place, row in enumerate(ROWS):
                sheet.write_row(place, 0, row)
    return made.getvalue()


def ods() -> bytes:
    book = OpenDocumentSpreadsheet()
    sheet = Table(name="People")
    for row in ROWS:
        line = TableRow()
        for text in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=text))
            line.addElement(cell)
        sheet.addElement(line)
    book.spreadsheet.addElement(sheet)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def parquet() -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table({"kind": ["a", "b", None], "born": [1990, 1980, 2001]}), made)
    return made.getvalue()


def text(mark: str) -> bytes:
    return "\n".join(mark.join(row) for row in ROWS).encode()


@pytest.fixture
def project(tmp_path):
    made = open_project(tmp_path / "p")
    made.input.mkdir(mode=0o700)
    return made


def given(project, form: str, content: bytes, **asked: str) -> dict:
    (project.input / f"original.{form}").write_bytes(content)
    read(project, {"format": form, **asked})
    return read_json(project.input / jobs.RESULT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("csv", text(",")),
        ("csv", text(";")),
        ("csv", gzip.compress(text("|"), mtime=0)),
        ("tsv", text("\t")),
        ("xlsx", xlsx("People")),
        ("ods", ods()),
        ("parquet", parquet()),
    ],
)
def test_the_same_table_comes_of_every_format(project, form, content):
    result = given(project, form, content)
    assert (result["rows"], result["columns"]) == (3, 2)
    table = pq.read_table(project.table)
    assert table.to_pydict() == {"kind": ["a", "b", None], "born": ["1990", "1980", "2001"]}
    assert project.table.stat().st_mode & 0o077 == 0
    assert [look["name"] for look in read_json(project.profile)] == ["kind", "born"]


@pytest.mark.slow
def test_of_several_sheets_none_is_read_until_one_is_named(project):
    both = xlsx("People", "Codes")
    assert given(project, "xlsx", both) == {"sheets": ["People", "Codes"]}
    assert not project.table.exists()
    assert given(project, "xlsx", both, sheet="Codes")["sheet"] == "Codes"
    assert given(project, "xlsx", both, sheet="No") == {"sheets": ["People", "Codes"]}


def test_the_declared_encoding_and_delimiter_are_kept_to(project):
    content = "name;ort\nZoë;Köln\n".encode("cp1252")
    assert given(project, "csv", content, encoding="cp1252")["rows"] == 1
    assert pq.read_table(project.table).to_pydict() == {"name": ["Zoë"], "ort": ["Köln"]}
    assert given(project, "csv", content, encoding="cp1252", delimiter="|")["columns"] == 1


@pytest.mark.parametrize(
    ("form", "content", "code"),
    [
        ("csv", b"a,b\n1\n", "workbench.bad_rows"),
        ("csv", b"a,b\n", "workbench.no_rows"),
        ("csv", "ä\n1\n".encode("cp1252"), "intake.encoding"),
        ("csv", b",".join(b"c%d" % one for one in range(501)) + b"\n", "workbench.many_columns"),
        ("xlsx", b"PK\x03\x04", "intake.damaged"),
        ("parquet", b"PAR1", "intake.damaged"),
        ("csv", b"", "intake.header_empty"),
    ],
)
def test_what_cannot_be_read_is_refused_and_no_table_is_left(project, form, content, code):
    with pytest.raises(UserError) as caught:
        given(project, form, content)
    assert caught.value.detail.code == code
    assert not project.table.exists()


def test_columns_without_a_name_and_with_the_same_one_are_told_apart(project):
    given(project, "csv", b"a,,a\n1,2,3\n")
    assert pq.read_table(project.table).column_names == ["a", "column 2", "a (2)"]
