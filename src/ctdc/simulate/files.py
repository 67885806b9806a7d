"""Writes native tables as files, block after block, equal byte for byte whenever the cells are equal.

Promise: memory does not grow with the number of blocks; workbooks carry a fixed date of creation, because a clock in
the file would make two equal simulations differ.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import xlsxwriter

from ctdc.foundation.errors import UserError
from ctdc.simulate.draft import Table
from ctdc.simulate.layout import CsvFile, DataSheet, Layout, Workbook

# Workbooks must say when they were made; every simulated one says the same.
FIXED_CREATION = datetime(2026, 1, 1)
LAST_SHEET_ROW = 1_048_576
DATE_FORMAT = "yyyy-mm-dd"


class Writer(Protocol):
    """Takes the blocks of one contributor's tables in order."""

    def append(self, tables: Mapping[str, Table]) -> None:
        """Write one block."""


class _CsvWriter:
    def __init__(self, layout: CsvFile, folder: Path, stack: ExitStack) -> None:
        self._table = layout.table
        stream = stack.enter_context((folder / layout.name).open("w", encoding=layout.encoding, newline=""))
        self._writer = csv.writer(stream, delimiter=layout.delimiter, lineterminator=layout.line_end)
        self._has_header = False

    def append(self, tables: Mapping[str, Table]) -> None:
        columns = tables[self._table].columns
        if not self._has_header:
            self._writer.writerow(columns)
            self._has_header = True
        self._writer.writerows(zip(*(column.cells.tolist() for column in columns.values()), strict=True))


class _BookWriter:
    def __init__(self, layout: Workbook, folder: Path, stack: ExitStack) -> None:
        # Constant memory: finished rows go to a temporary file at once.
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(folder / layout.name, options)
        stack.callback(self._book.close)
        self._book.set_properties({"title": layout.title, "created": FIXED_CREATION, "author": "ctdc simulate"})
        self._date = self._book.add_format({"num_format": DATE_FORMAT})
        self._sheets: list[tuple[DataSheet, Any]] = []
        self._next: dict[str, int] = {}
        for part in layout.sheets:
            sheet = self._book.add_worksheet(part.title)
            if isinstance(part, DataSheet):
                self._sheets.append((part, sheet))
                continue
            for number, row in enumerate(part.rows):
                sheet.write_row(number, 0, row)
            if part.hidden:
                (sheet.hide if part.hidden == "hidden" else sheet.very_hidden)()

    def append(self, tables: Mapping[str, Table]) -> None:
        for part, sheet in self._sheets:
            if part.title not in self._next:
                self._begin(part, sheet, tables[part.table])
            self._rows(part, sheet, tables[part.table])

    def _begin(self, part: DataSheet, sheet: Any, table: Table) -> None:
        for number, row in enumerate((*part.preamble, tuple(table.columns), *part.under_header)):
            sheet.write_row(number, 0, row)
        self._next[part.title] = part.first_row - 1

    def _rows(self, part: DataSheet, sheet: Any, table: Table) -> None:
        start = self._next[part.title]
        if start + table.size > LAST_SHEET_ROW:
            raise UserError(
                "simulate.sheet_full",
                "A spreadsheet cannot hold so many cases.",
                allowed=f"{LAST_SHEET_ROW:,} rows in a sheet",
                do="Ask for fewer cases.",
            )
        formats = [self._date if column.kind == "serial_date" else None for column in table.columns.values()]
        for number, row in enumerate(
            zip(*(column.cells.tolist() for column in table.columns.values()), strict=True), start=start
        ):
            for position, cell in enumerate(row):
                if cell == "":
                    continue
                if isinstance(cell, str):
                    sheet.write_string(number, position, cell)
                else:
                    sheet.write_number(number, position, cell, formats[position])
        self._next[part.title] = start + table.size


@contextmanager
def open_writers(layout: Layout, folder: Path) -> Iterator[list[Writer]]:
    """Writers for every file of `layout` in `folder`; the files are complete when the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writers: list[Writer] = []
        for file in layout:
            kind = _CsvWriter if isinstance(file, CsvFile) else _BookWriter
            writers.append(kind(file, folder, stack))  # type: ignore[arg-type]
        yield writers
