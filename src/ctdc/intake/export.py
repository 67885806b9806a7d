"""What a contributor takes home: row errors as CSV, drafted crosswalk rows, an annotated copy of their file.

Promise: nothing that we write runs as a formula. Spreadsheets hold texts only; in a CSV that is meant for a
spreadsheet program a dangerous first character gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, unescape

import xlsxwriter

from ctdc.foundation.files import atomic_file, write_text
from ctdc.intake.delivery import DeliveryReport, shown_cell
from ctdc.intake.mapping import Mapping
from ctdc.intake.model import SPREADSHEETS, TEXT_FORMATS, TableSpec
from ctdc.intake.readers.frame import Needs
from ctdc.intake.readers.open import delivery_files, find_file, open_table
from ctdc.intake.rules import Issue
from ctdc.intake.values import COLUMNS
from ctdc.intake.words import hint_of, label_of, mark, mark_in, texts

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
MAX_ANNOTATED_ROWS = 100_000
_MAX_CELL = 32_000  # a spreadsheet's cell holds 32,767 characters
_COMMENTS = re.compile(r"xl/comments\d+\.xml")
_TEXT = re.compile(r"(<t(?: [^>]*)?>)([^<]*)</t>")
_BOM = "\ufeff"  # without it Excel reads a CSV in the machine's old code page


def safe_cell(text: str) -> str:
    """`text` as a cell of a CSV that a spreadsheet program may open: never a formula."""
    return "'" + text if text.startswith(DANGEROUS) else text


def _csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([safe_cell(str(cell)) for cell in row] for row in rows)
    return _BOM + buffer.getvalue()


def write_row_errors(report: DeliveryReport, path: Path) -> None:
    """Row errors as CSV: table, row, column, value (masked if it looks like an identifier), code, targets, hint."""
    rows = []
    for issue in report.issues:
        shown, hint = shown_cell(issue)
        targets = ";".join(issue.targets)
        rows.append((issue.table, str(issue.row), issue.column, shown, issue.code, targets, hint))
    write_text(path, _csv(("table", "row", "column", "value", "code", "targets", "hint"), rows))


def row_errors_in(shown: MappingType[str, Any], language: str) -> str:
    """The row errors of a report as a CSV in a language. shown: as `DeliveryReport.as_dict` gives it."""
    words = texts()[language]
    header = [words[key] for key in ("table", "row", "column", "value", "status", "variable", "hint")]
    return _csv(
        header,
        (
            (
                one["table"],
                str(one["row"]),
                one["column"],
                one["value"],
                words[f"status.{one['code']}"],
                "; ".join(label_of(name, language) for name in one["targets"]),
                hint_of(one["hint"], language),
            )
            for one in shown["row_errors"]
        ),
    )


def annotated_in(data: bytes, language: str) -> bytes:
    """A workbook of `write_annotated` with its comments in another language; everything else in it as it is."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for part in given.infolist():
            content = given.read(part)
            if _COMMENTS.fullmatch(part.filename):
                content = _TEXT.sub(lambda found: _said(found, language), content.decode()).encode()
            made.writestr(part, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _said(found: re.Match[str], language: str) -> str:
    return f"{found[1]}{escape(mark_in(unescape(found[2]), language))}</t>"


def write_draft(report: DeliveryReport, path: Path) -> None:
    """Rows to add to ``values.csv``, one per value in quarantine: status proposed, target to be filled in.

    Not prefixed against formulas: a changed source value would no longer match. It is read by this program.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(report.draft_rows())
    write_text(path, buffer.getvalue())


def _annotate_table(
    book: Any, spec: TableSpec, path: Path, issues: Iterable[Issue], suspected: MappingType[int, str]
) -> None:
    """One sheet: the table as delivered, cells in error coloured and commented, and suspected columns.

    suspected: position of a column, from 1, to the kinds of identifiers that it looks like.
    """
    marked = book.add_format({"bg_color": "#ffd9b3", "border": 1})
    head = book.add_format({"bold": True, "bottom": 1})
    sheet = book.add_worksheet((spec.sheet or spec.name)[:31].translate({ord(c): "_" for c in "[]:*?/\\'"}))
    table = open_table(path, spec, Needs(everything=True, nameless=True))
    wrong: dict[int, dict[str, Issue]] = defaultdict(dict)
    for issue in issues:
        for column in issue.column.split(" / "):
            wrong[issue.row][column] = issue
    header = table.receipt.header
    for position, name in enumerate(header):
        kinds = suspected.get(position + 1)
        sheet.write_string(0, position + 1, name[:_MAX_CELL], marked if kinds else head)
        if kinds:
            sheet.write_comment(0, position + 1, mark("identifiers", kinds))
    sheet.write_string(0, 0, "#", head)
    line = 0
    for frame in table.frames():
        for index, row in enumerate(frame.rows.tolist()):
            line += 1
            sheet.write_string(line, 0, str(row))
            for position, name in enumerate(header):
                cells = frame.columns[name]
                text = cells.texts[cells.indices[index]][:_MAX_CELL]
                found = wrong.get(row, {}).get(name)
                if text:
                    is_marked = found or position + 1 in suspected
                    sheet.write_string(line, position + 1, text, marked if is_marked else None)
                if found:
                    sheet.write_comment(line, position + 1, mark(found.code, found.hint or ", ".join(found.targets)))
    sheet.freeze_panes(1, 1)


def can_annotate(report: DeliveryReport, mapping: Mapping) -> bool:
    """Whether a copy makes sense: tables of text or sheets, of a size that a person can open."""
    formats = {table.format for table in mapping.spec.tables}
    return formats <= TEXT_FORMATS | SPREADSHEETS and all(r["rows"] <= MAX_ANNOTATED_ROWS for r in report.receipts)


def write_annotated(report: DeliveryReport, mapping: Mapping, sources: Path, path: Path) -> None:
    """An annotated copy of the delivery as a workbook: one sheet per table, texts only, errors marked.

    A column that nothing reads and that looks like direct identifiers is marked from its heading down. The first column
    is the row number of the source. It holds what the source holds: it goes back to the contributor and is not kept.
    Issues that name no table are about the main one.
    """
    files = delivery_files(sources)
    with atomic_file(path) as temporary:
        # constant_memory is off: comments and cells arrive row by row, but the copy is limited in rows anyway.
        options = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(temporary), options) as book:
            for spec in mapping.spec.tables:
                mine = [i for i in report.issues if i.table == spec.name or (not i.table and spec == mapping.main)]
                suspected = {
                    position: ", ".join(finding.kind for finding in found)
                    for (table, position), found in report.suspected_columns.items()
                    if table == spec.name
                }
                _annotate_table(book, spec, find_file(spec, files), mine, suspected)
