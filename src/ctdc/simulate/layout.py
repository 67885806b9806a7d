"""What files a contributor delivers and how their tables lie in them.

Promise: a layout is a value; `ctdc.simulate.files` writes it. Rows are counted as a person sees them: the first line
of a file or sheet is row 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Rows = tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class CsvFile:
    """One text file with a header line."""

    name: str
    table: str
    encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\r\n"

    @property
    def first_row(self) -> int:
        """Row of the first case."""
        return 2


@dataclass(frozen=True)
class DataSheet:
    """A sheet of cases: preamble lines, the header, further lines under it, then the rows."""

    title: str
    table: str
    preamble: Rows = ()
    under_header: Rows = ()

    @property
    def first_row(self) -> int:
        """Row of the first case."""
        return len(self.preamble) + 1 + len(self.under_header) + 1


@dataclass(frozen=True)
class FixedSheet:
    """A sheet whose content does not depend on the cases. hidden: "" | "hidden" | "very hidden"."""

    title: str
    rows: Rows
    hidden: str = ""


@dataclass(frozen=True)
class Workbook:
    """One xlsx file."""

    name: str
    title: str
    sheets: Sequence[DataSheet | FixedSheet]


Layout = tuple[CsvFile | Workbook, ...]


def row_of(layout: Layout, table: str) -> int:
    """Row of the first line of data in a table. Raises ValueError when the layout has no such table."""
    for file in layout:
        parts = file.sheets if isinstance(file, Workbook) else (file,)
        for part in parts:
            if not isinstance(part, FixedSheet) and part.table == table:
                return part.first_row
    raise ValueError(f"the layout has no table {table!r}")
