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


def main_first_row(layout: Layout) -> int:
    """Row of the first case in the table `main`."""
    for file in layout:
        parts = file.sheets if isinstance(file, Workbook) else (file,)
        for part in parts:
            if not isinstance(part, FixedSheet) and part.table == "main":
                return part.first_row
    raise ValueError("the layout has no table 'main'")
