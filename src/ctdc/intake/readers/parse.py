"""Parsers of workbooks and statistics files; they run in the sandboxed child only.

Promise: values only. Formulas are never computed, macros never run, links never followed; a cell that shows an error
becomes the text ``#ERROR``, which no crosswalk takes for a value.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from ctdc.foundation.errors import UserError
from ctdc.intake.readers.frame import Needs
from ctdc.intake.readers.header import clean_header, column_letter
from ctdc.intake.readers.limits import Limits
from ctdc.intake.readers.prescan import column_number, scan_workbook
from ctdc.intake.text import counted

_BATCH_ROWS, _BATCH_CELLS = 20_000, 2_000_000  # a sheet may have thousands of columns


def cell_text(value: Any) -> str:
    """A spreadsheet's value as text: whole numbers without a decimal point, dates as ISO, logical as TRUE/FALSE."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else str(value)
    return text.removesuffix(" 00:00:00")


def _emit(
    header: Sequence[str], meta: dict[str, Any], wanted: Sequence[int], rows: Iterator[tuple[int, Sequence[Any]]]
) -> None:
    """Write the Arrow stream: column `row`, then the columns at the positions `wanted`."""
    fields = [pa.field("row", pa.int64()), *(pa.field(f"c{i}", pa.string()) for i in wanted)]
    schema = pa.schema(fields, {"ctdc.header": json.dumps(list(header)), "ctdc.meta": json.dumps(meta)})
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
        numbers: list[int] = []
        cells: list[list[str]] = [[] for _ in wanted]

        def flush() -> None:
            arrays = [pa.array(numbers, pa.int64()), *(pa.array(column, pa.string()) for column in cells)]
            stream.write_batch(pa.record_batch(arrays, schema=schema))
            numbers.clear()
            for column in cells:
                column.clear()

        for number, row in rows:
            numbers.append(number)
            for column, position in zip(cells, wanted, strict=True):
                column.append(cell_text(row[position]) if position < len(row) else "")
            if len(numbers) >= _BATCH_ROWS or len(numbers) * len(wanted) >= _BATCH_CELLS:
                flush()
        flush()


def _wanted(header: Sequence[str], request: dict[str, Any]) -> list[int]:

    needs = Needs(frozenset(request["columns"]), tuple(request["prefixes"]), request["everything"])
    return [position for position, name in enumerate(header) if needs.wants(name)]


def _sheet_part(path: str, sheet: str) -> str:
    """The zip part of a sheet of an xlsx; empty when it cannot be told."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
            return ""
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        rels = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        name = re.search(r'\bname="([^"]*)"', tag)
        relation = re.search(r'\b\w+:id="([^"]*)"', tag)
        if name and relation and unescape(name.group(1), {"&quot;": '"', "&apos;": "'"}) == sheet:
            for rel in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", rels):
                if f'Id="{relation.group(1)}"' in rel and (target := re.search(r'Target="([^"]*)"', rel)):
                    return "xl/" + target.group(1).removeprefix("/xl/").removeprefix("xl/")
    return ""


def _check_unsaved(references: list[str], wanted_letters: set[str], name: str, sheet: str) -> None:

    hit = [reference for reference in references if reference.rstrip("0123456789") in wanted_letters]
    if hit:
        raise UserError(
            "intake.formula_unsaved",
            f"{counted(len(hit), 'formula has', 'formulas have')} no stored result (first: {', '.join(hit[:5])}), "
            "and formulas are never computed here.",
            where=f"{name}, sheet {sheet}",
            allowed="values, or formulas with their stored results",
            do="Open the workbook in a spreadsheet program, let it calculate, save it and deliver it again.",
            facts={"file": name, "sheet": sheet, "cells": hit[:20]},
        )


def _workbook(request: dict[str, Any], network_dropped: bool) -> None:

    path = Path(request["path"])
    scan = scan_workbook(path, request["format"], Limits(**request["limits"]))
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = book.sheets_metadata
        names = [sheet.name for sheet in sheets]
        if request["sheet"] not in names:
            raise UserError(
                "intake.sheet_missing",
                f"There is no sheet {request['sheet']!r}.",
                where=path.name,
                allowed=", ".join(names),
                do="Correct 'sheet' in the mapping, or the name of the sheet in the workbook.",
                facts={"file": path.name, "expected": request["sheet"], "found": names},
            )
        sheet = book.get_sheet_by_name(request["sheet"])
    except CalamineError as error:
        raise UserError(
            "intake.damaged",
            f"The workbook cannot be read: {str(error)[:200]}.",
            where=path.name,
            do="Open it in your spreadsheet program, save it again and deliver the new file.",
        ) from None
    part = _sheet_part(str(path), request["sheet"]) if request["format"] == "xlsx" else ""
    offset = sheet.start[1] if sheet.start else 0
    rows = _rows(sheet, offset, set(scan.error_cells.get(part, [])))
    header: tuple[str, ...] = ()
    for number, row in rows:
        if number == request["header_row"]:
            header = clean_header([cell_text(cell) for cell in row])
            break
    wanted = _wanted(header, request)
    _check_unsaved(scan.unsaved_formulas.get(part, []), {column_letter(i) for i in wanted}, path.name, request["sheet"])
    hidden = [sheet.name for sheet in sheets if sheet.visible != SheetVisibleEnum.Visible]
    meta = {
        "sheets": len(names),
        "hidden_sheets": len(hidden),
        "hidden_sheet_names": hidden,
        "read_sheet_is_hidden": request["sheet"] in hidden,
        "formulas": scan.formulas,
        "error_cells": len(scan.error_cells.get(part, [])),
        "macros": scan.macros,
        "external_links": scan.external_links,
        "embedded_objects": scan.embedded_objects,
        "network_isolated": network_dropped,
    }
    first = request["header_row"] + request["skip_after_header"]
    # Cells beyond the header have no name that a mapping could read, and are kept with the file all the same.
    width = sheet.end[1] + 1 if sheet.end else 0
    shown = range(max(len(header), width)) if request["whole"] else wanted
    _emit(header, meta, shown, ((number, row) for number, row in rows if number > first))


def _rows(sheet: Any, offset: int, errors: set[str]) -> Iterator[tuple[int, list[Any]]]:
    """Rows with their numbers; cells that show an error get a text that no crosswalk can take for a value."""
    by_row: dict[int, list[int]] = {}
    if errors:
        for reference in errors:
            letters = reference.rstrip("0123456789")
            by_row.setdefault(int(reference[len(letters) :]), []).append(column_number(letters.encode()) - 1)
    padding = [""] * offset
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = padding + row if offset else row
        for position in by_row.get(number, ()):
            if position < len(cells):
                cells[position] = "#ERROR"
        yield number, cells


def _statistics(request: dict[str, Any], network_dropped: bool) -> None:
    """SPSS and Stata; user-missing codes are kept as they are written in the file."""

    pyreadstat = importlib.import_module("pyreadstat")
    spss = request["format"] == "sav"
    reader = pyreadstat.read_sav if spss else pyreadstat.read_dta
    try:
        columns, meta = reader(
            request["path"], output_format="dict", user_missing=True, disable_datetime_conversion=False
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError) as error:
        raise UserError(
            "intake.damaged",
            f"The file cannot be read: {str(error)[:200]}.",
            where=Path(request["path"]).name,
        ) from None
    header = list(meta.column_names)
    wanted = _wanted(header, request)
    labels = {name: {cell_text(k): v for k, v in values.items()} for name, values in meta.variable_value_labels.items()}
    facts = {
        "value_labels": labels,
        "column_labels": dict(meta.column_names_to_labels),
        "user_missing": {
            name: [[cell_text(r["lo"]), cell_text(r["hi"])] for r in ranges]
            for name, ranges in getattr(meta, "missing_ranges", {}).items()
        },
        "network_isolated": network_dropped,
    }
    count = meta.number_rows or 0
    cells = [columns[name] for name in header]
    shown = range(len(header)) if request["whole"] else wanted
    _emit(header, facts, shown, ((i + 1, [_statistic(column[i]) for column in cells]) for i in range(count)))


def _statistic(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and value != value) else value


def parse(request: dict[str, Any], network_dropped: bool) -> None:
    """Parse the requested table and write it to standard output. Raises UserError for what is refused."""
    if request["format"] in ("sav", "dta"):
        _statistics(request, network_dropped)
    else:
        _workbook(request, network_dropped)
