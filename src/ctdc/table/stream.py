"""The memory engine over files of any size: rows are read, coded, counted and forgotten in batches.

Promise: memory does not grow with the number of rows; a file that is changed between two passes is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress, Silent
from ctdc.table.accumulate import Accumulator
from ctdc.table.coded import PACKED, CodedTable, cells_of, column_names, pieces
from ctdc.table.coder import Coder
from ctdc.table.count import Counts
from ctdc.table.counting import Attributes, Request
from ctdc.table.passes import PassedRows, changed

# A table of fewer cells, or a text file of fewer bytes, is read whole: errors can then tell of all its rows at once.
STREAM_CELLS = 20_000_000
STREAM_BYTES = 256 << 20
PACKED_RATIO = 10  # what a packed table of codes unfolds to, about
HIDDEN = (".", "_")


def part_files(path: Path) -> tuple[Path, ...]:
    """The file, or those of a folder that holds the parts of one table, in the order of their names.

    Raises UserError (``table.parts``) for a folder with anything else in it: nobody may be left out by mistake.
    """
    if not path.is_dir():
        return (path,)
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith(HIDDEN))
    check_parts([(entry.name, entry.is_file()) for entry in entries], str(path))
    return tuple(entries)


def check_parts(entries: list[tuple[str, bool]], where: str) -> None:
    """Raise UserError (``table.parts``) unless all entries of a folder are parquet files. entries: name, is a file."""
    if not entries or not all(is_file and name.endswith(".parquet") for name, is_file in entries):
        raise UserError(
            "table.parts",
            "The folder does not hold the parts of one table.",
            where=where,
            allowed="files called *.parquet, and no others; names that begin with '_' or '.' are passed over",
            do="Name the folder of one table, or one file.",
        )


def is_large(path: Path) -> bool:
    """Whether the memory engine reads the table in batches."""
    if path.is_dir():
        return True
    if path.suffix.lower() == ".parquet":
        return cells_of(path) > STREAM_CELLS
    return path.stat().st_size * (PACKED_RATIO if path.suffix.lower() in PACKED else 1) > STREAM_BYTES


@dataclass(frozen=True)
class _Pass:
    """One look at all rows."""

    path: Path
    coder: Coder
    progress: Progress
    states: tuple[tuple[int, int, int], ...]

    def __call__(self, request: Request) -> Mapping[Attributes, Counts]:
        """The tables of the request."""
        found = Accumulator(request)
        self.progress.start("Counting", None)
        for part in part_files(self.path):
            for where, first_row, batch in _batches(part, self.coder):
                found.add(coded(self.coder, batch, where, first_row).matrix())
                self.progress.advance(batch.num_rows)
        self.progress.finish()
        if _states(self.path) != self.states:
            raise changed(str(self.path))
        return request.cut(found.flat())


def coded(coder: Coder, batch: pa.Table, where: str, first_row: int) -> CodedTable:
    """The batch's rows. Raises UserError, which says that what stands behind the batch was not looked at."""
    try:
        return coder.code(batch, where, first_row)
    except UserError as error:
        detail = error.detail
        what = f"{detail.what} Reading stopped there."
        raise UserError(detail.code, what, where=detail.where, allowed=detail.allowed, do=detail.do) from None


def _batches(part: Path, coder: Coder) -> Iterator[tuple[str, int, pa.Table]]:
    columns = coder.columns(column_names(part, coder.delimiter), str(part))
    first_row = 1
    for batch in pieces(part, coder.delimiter, columns):
        yield str(part), first_row, batch
        first_row += batch.num_rows


def _states(path: Path) -> tuple[tuple[int, int, int], ...]:
    """What tells whether somebody has written to a file: its number, size and time."""
    found = [part.stat() for part in part_files(path)]
    return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)


def streamed(path: Path, coder: Coder, progress: Progress | None = None) -> PassedRows:
    """The people of a csv or parquet file, or of a folder of parquet files."""
    look = _Pass(path, coder, progress or Silent(), _states(path))
    return PassedRows(coder.schema, look, str(path), coder.most_rows)
