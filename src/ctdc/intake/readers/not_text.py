"""Files that are no text at all, whatever their name says: told by their first bytes.

Promise: what is refused here begins with a mark that no table of text begins with; nothing but the first bytes is read,
and of an archive the names of its first parts.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from ctdc.foundation.errors import UserError

_HEAD = 4096
# First bytes to what such a file is. Marks of two letters are left out: a column may be called so.
_MARKS = {
    b"\x89PNG\r\n\x1a\n": "picture",
    b"\xff\xd8\xff": "picture",
    b"GIF87a": "picture",
    b"GIF89a": "picture",
    b"II*\x00": "picture",
    b"MM\x00*": "picture",
    b"%PDF-": "pdf",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "workbook",  # Excel up to 2003
    b"PK\x03\x04": "archive",
    b"7z\xbc\xaf\x27\x1c": "archive",
    b"Rar!\x1a\x07": "archive",
    b"\xfd7zXZ\x00": "archive",
    b"BZh91AY&SY": "archive",
}
_SAID = {
    "picture": ("a picture", "Deliver the table itself: export it from your system as CSV."),
    "pdf": ("a PDF document", "Deliver the table itself: export it from your system as CSV."),
    "document": ("a document of a word processor", "Deliver the table itself: export it from your system as CSV."),
    "workbook": ("an Excel workbook", "Open it in a spreadsheet program, save the sheet as 'CSV UTF-8', deliver that."),
    "archive": ("an archive", "Unpack it and deliver the files that are in it."),
}


def kind_of_file(head: bytes) -> str:
    """What a file is that begins like this: picture, pdf, document, workbook, archive; empty for what may be text."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "picture"
    if head[257:262] == b"ustar" and b"\0" in head[:257]:  # which no text has; letters alone may stand anywhere
        return "archive"
    kind = next((kind for mark, kind in _MARKS.items() if head.startswith(mark)), "")
    return _inside(head) if head.startswith(b"PK\x03\x04") else kind


def _inside(head: bytes) -> str:
    """Which program packs its files like this archive: the names of the first parts stand in its first bytes."""
    if b"opendocument.text" in head or b"word/" in head:
        return "document"
    office = b"[Content_Types].xml" in head or b"_rels/" in head or b"opendocument.spreadsheet" in head
    return "workbook" if office or b"xl/" in head else "archive"


def check_is_text(path: Path) -> None:
    """Raise UserError (``intake.not_text``) for a picture, workbook, archive or PDF, packed by gzip or not."""
    kind = kind_of_file(_head(path))
    if kind:
        said, do = _SAID[kind]
        raise UserError(
            "intake.not_text",
            f"This is {said} and not a text file, whatever its name says.",
            where=path.name,
            allowed="a table as text: CSV or TSV",
            do=do,
            facts={"file": path.name, "kind": kind},
        )


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        with gzip.open(path, "rb") as unpacked:
            return unpacked.read(_HEAD)
    except (EOFError, zlib.error, OSError):
        return b""  # damaged: whoever reads it on says so
