"""A look at a workbook's bytes before any parser sees it.

Promise: runs in the sandboxed child, reads streams of bounded size and never evaluates anything. It refuses what
would cost more than the limits allow, and counts what a spreadsheet hides: sheets, formulas, macros, links.
"""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ctdc.foundation.errors import UserError
from ctdc.intake.readers.limits import Limits

_CHUNK = 1 << 20
# Overlap between chunks, so that no tag of interest is cut; cells with longer text are still found by their start.
_OVERLAP = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_REFS = 100_000
# What Python's zip reader raises for archives that are damaged or made by hand; names that are no text among them.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(NotImplementedError, RuntimeError, EOFError, OSError, UnicodeDecodeError),
)

_XML_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*)>")
_REF = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_ERROR_TYPE = re.compile(rb'\bt="e"')
_ROW_REF = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,7})"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
# A formula whose cell ends before a stored value begins.
_UNSAVED = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}\d{1,7})"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>\s*)?</(?:\w+:)?c>'
)
_ODS_ROW = re.compile(rb"<table:table-row\b[^>]*>")
_ODS_CELL = re.compile(rb"<table:(?:covered-)?table-cell\b[^>]*>")
_ODS_ROWS_REPEATED = re.compile(rb'table:number-rows-repeated="(\d+)"')
_ODS_COLS_REPEATED = re.compile(rb'table:number-columns-repeated="(\d+)"')
_ODS_VALUE = re.compile(rb"office:value-type=|calcext:value-type=")


@dataclass
class WorkbookScan:
    """Counts for the receipt. `error_cells` and `unsaved_formulas`: sheet part -> references such as C9."""

    entries: int = 0
    unpacked_bytes: int = 0
    formulas: int = 0
    macros: int = 0
    external_links: int = 0
    embedded_objects: int = 0
    error_cells: dict[str, list[str]] = field(default_factory=dict)
    unsaved_formulas: dict[str, list[str]] = field(default_factory=dict)


def column_number(letters: bytes) -> int:
    """A spreadsheet's column letters as a number from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_large(what: str, where: str, allowed: str) -> UserError:
    return UserError(
        "intake.too_large",
        what,
        where=where,
        allowed=allowed,
        do="Copy the rows and columns that hold cases into a new, empty workbook and deliver that one. "
        "Cells that were only formatted, or a stray cell far away, can make a small workbook enormous.",
    )


def _pieces(stream: IO[bytes], info: zipfile.ZipInfo, limits: Limits, path: Path) -> Iterator[bytes]:
    """A member's content in overlapping pieces. The limit holds for what really unfolds, whatever the zip says."""
    total, tail = 0, b""
    allowed = min(limits.unpacked_bytes, max(info.compress_size, 16_384) * limits.ratio)
    while data := stream.read(_CHUNK):
        total += len(data)
        if total > allowed:
            raise _too_large(
                f"A part of the workbook unfolds to more than {allowed:,} bytes from {info.compress_size:,}.",
                f"{path.name}, part {info.filename[:100]}",
                f"{limits.ratio} times the packed size, and {limits.unpacked_bytes:,} bytes",
            )
        yield tail + data
        tail = data[-_OVERLAP:]


def _check_doctype(piece: bytes, where: str) -> None:
    if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
        raise UserError(
            "intake.xml_entities",
            "The workbook defines XML entities, which spreadsheet programs never do and attacks need.",
            where=where,
            do="Open it in your spreadsheet program, save it under a new name and deliver that file.",
        )


def _extent_error(rows: int, columns: int, where: str, limits: Limits) -> None:
    if rows * columns > limits.cells or columns > limits.columns:
        raise _too_large(
            f"The used area of a sheet is {rows:,} rows by {columns:,} columns.",
            where,
            f"{limits.cells:,} cells and {limits.columns:,} columns in one sheet",
        )


def _scan_sheet(pieces: Iterator[bytes], name: str, scan: WorkbookScan, limits: Limits, where: str) -> None:
    """One worksheet of an xlsx: extent, formulas, error cells."""
    rows = columns = cells = 0
    errors: dict[str, None] = {}
    unsaved: dict[str, None] = {}
    for number, piece in enumerate(pieces):
        _check_doctype(piece, where)
        skip = 0 if number == 0 else _OVERLAP // 2
        for match in _ROW_REF.finditer(piece):
            rows = max(rows, int(match.group(1)))
        for match in _XML_CELL.finditer(piece):
            attributes = match.group(1)
            cells += 1
            if reference := _REF.search(attributes):
                columns = max(columns, column_number(reference.group(1)))
                rows = max(rows, int(reference.group(2)))
                if len(errors) < _MAX_REFS and _ERROR_TYPE.search(attributes):
                    errors[(reference.group(1) + reference.group(2)).decode()] = None
        scan.formulas += sum(match.start() >= skip for match in _FORMULA.finditer(piece))
        for match in _UNSAVED.finditer(piece):
            if len(unsaved) < _MAX_REFS:
                unsaved[match.group(1).decode()] = None
        _extent_error(rows, max(columns, 1), where, limits)
        # Cells without references follow one another; the parser would place them just the same.
        _extent_error(cells, 1, where, limits)
    if errors:
        scan.error_cells[name] = list(errors)
    if unsaved:
        scan.unsaved_formulas[name] = list(unsaved)


def _times(repeated: re.Match[bytes] | None) -> int:
    """How often something is repeated. Of a longer number its first digits are far too many already."""
    return int(repeated.group(1).lstrip(b"0")[:15] or b"0") if repeated else 1


def _scan_ods(pieces: Iterator[bytes], scan: WorkbookScan, limits: Limits, where: str) -> None:
    """The content of an ods: repeated cells with values are what makes it large."""
    cells = 0
    for piece in pieces:
        _check_doctype(piece, where)
        rows_repeated = 1
        for match in re.finditer(_ODS_ROW.pattern + b"|" + _ODS_CELL.pattern, piece):
            tag = match.group()
            if tag.startswith(b"<table:table-row"):
                repeated = _ODS_ROWS_REPEATED.search(tag)
                rows_repeated = _times(repeated)
            elif _ODS_VALUE.search(tag):
                cells += rows_repeated * _times(_ODS_COLS_REPEATED.search(tag))
                scan.formulas += b"table:formula=" in tag
                if cells > limits.cells:
                    raise _too_large(f"The workbook holds more than {limits.cells:,} cells.", where, "fewer cells")


def _count_parts(names: list[str], scan: WorkbookScan) -> None:
    scan.macros = sum(n.endswith("vbaProject.bin") or n.startswith(("Basic/", "Scripts/")) for n in names)
    scan.external_links = sum(bool(re.fullmatch(r"xl/externalLinks/[^/]+\.xml", n)) for n in names)
    scan.embedded_objects = sum("/embeddings/" in n or "/activeX/" in n for n in names)


def _scan_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, scan: WorkbookScan, limits: Limits, path: Path
) -> None:
    where = f"{path.name}, part {info.filename[:100]}"
    with archive.open(info) as stream:
        pieces = _pieces(stream, info, limits, path)
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename):
            _scan_sheet(pieces, info.filename, scan, limits, where)
        elif info.filename == "content.xml":
            _scan_ods(pieces, scan, limits, where)
        else:
            for piece in pieces:
                if info.filename.endswith((".xml", ".rels")):
                    _check_doctype(piece, where)


def _scan_zip(path: Path, limits: Limits) -> WorkbookScan:
    scan = WorkbookScan()
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            scan.entries = len(infos)
            scan.unpacked_bytes = sum(info.file_size for info in infos)
            if scan.entries > limits.entries:
                raise _too_large(f"The workbook has {scan.entries:,} parts.", path.name, f"{limits.entries:,}")
            if scan.unpacked_bytes > limits.unpacked_bytes:
                raise _too_large(
                    f"The workbook unfolds to {scan.unpacked_bytes:,} bytes.", path.name, f"{limits.unpacked_bytes:,}"
                )
            _count_parts([info.filename for info in infos], scan)
            for info in infos:
                if info.flag_bits & 1:
                    raise _protected(path)
                _scan_member(archive, info, scan, limits, path)
    except _DAMAGE as error:
        raise UserError(
            "intake.damaged",
            f"The file is not a complete workbook ({type(error).__name__}).",
            where=path.name,
            do="Open it in your spreadsheet program, save it again and deliver the new file.",
        ) from None
    return scan


def _protected(path: Path) -> UserError:
    return UserError(
        "intake.protected",
        "The workbook is encrypted with a password.",
        where=path.name,
        do="Remove the password and deliver it through the agreed secure way.",
    )


def _scan_ole(path: Path) -> WorkbookScan:
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise _protected(path)
    return WorkbookScan(macros=int("_VBA_PROJECT".encode("utf-16-le") in data))


def scan_workbook(path: Path, format_: str, limits: Limits) -> WorkbookScan:
    """Look at a workbook's bytes. Raises UserError: ``intake.too_large``, ``intake.xml_entities``,
    ``intake.damaged``, ``intake.protected``, ``intake.format`` when it is another kind of file."""
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise _too_large(f"The workbook has {size:,} bytes.", path.name, f"{limits.file_bytes:,}")
    with path.open("rb") as stream:
        head = stream.read(8)
    is_zip, is_ole = head.startswith(b"PK"), head == _OLE
    if is_ole and format_ != "xls":
        return _scan_ole(path) if format_ == "xls" else _refuse_ole(path, format_)
    if (format_ == "xls") != is_ole or (format_ != "xls" and not is_zip):
        raise UserError(
            "intake.format",
            f"The file is not an {format_} workbook, whatever its name says.",
            where=path.name,
            do="Correct 'format' in the mapping, or save the file as the declared format. "
            "Web systems often give tables of text or HTML the ending .xls.",
            facts={"file": path.name, "format": format_},
        )
    return _scan_ole(path) if is_ole else _scan_zip(path, limits)


def _refuse_ole(path: Path, format_: str) -> WorkbookScan:
    _scan_ole(path)  # an encrypted xlsx is an OLE file: say so if it is one
    raise UserError(
        "intake.format",
        f"The file is an old Excel workbook (xls), and the mapping declares {format_}.",
        where=path.name,
        do="Declare format: xls, or save the workbook as xlsx.",
        facts={"file": path.name, "format": format_},
    )
