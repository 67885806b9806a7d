"""A file that is no text is called what it is, whatever its name says."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from ctdc.foundation.errors import UserError
from ctdc.intake.readers.encoding import scan_text
from ctdc.intake.readers.not_text import kind_of_file


def workbook() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("cases").write_string(0, 0, "id")
    return buffer.getvalue()


def packed(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "id,age\n1,2\n")
    return buffer.getvalue()


FILES = {
    "picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "workbook": workbook(),
    "archive": packed("cases.csv"),
    "document": packed("word/document.xml"),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("squeezed", [False, True])
def test_it_is_called_what_it_is(tmp_path: Path, kind: str, squeezed: bool) -> None:
    (path := tmp_path / "cases.csv").write_bytes(gzip.compress(FILES[kind]) if squeezed else FILES[kind])
    with pytest.raises(UserError) as refused:
        scan_text(path, "utf-8")
    detail = refused.value.detail
    assert (detail.code, detail.facts) == ("intake.not_text", {"file": "cases.csv", "kind": kind})
    assert detail.do


@pytest.mark.parametrize(
    "head",
    [b"", b"id,age\n", b"BM,II,MM,PK\n", "\ufeffid".encode(), "id".encode("utf-16"), b"id,a\n" * 51 + b"12ustar"],
)
def test_text_may_begin_with_any_letters(head: bytes) -> None:
    assert kind_of_file(head) == ""
