"""What a task of Spark does: the batches of its part of the file are coded and counted by the same functions as
anywhere.

Promise: a task's only effect is what it hands back, so that it may be run twice, or begun anew on another machine, and
the counts stay the same. What a task says of itself when it fails holds no text of a row.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.table.accumulate import Accumulator
from ctdc.table.coder import Coder
from ctdc.table.count import Matrix
from ctdc.table.counting import Request
from ctdc.table.stream import coded

ROW, FILE = "_ctdc_row", "_ctdc_file"  # columns that Spark adds: the row's place in its file, from 0, and the file
REFUSAL = "ctdc refuses: "  # begins what a task says that fails because of a rule, not of a fault
REFUSED = -1  # in place of a cell: what a row was refused for stands beside it
COUNTED = pa.schema([("cell", pa.int64()), ("count", pa.int64()), ("refused", pa.string())])
COUNTED_TYPES = "cell long, count long, refused string"
Work = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Piece:
    """Rows of one file that stand one after the other. first_row: counted from 1."""

    table: pa.Table
    file: str
    first_row: int


def cut_at_jumps(batch: pa.RecordBatch, columns: Sequence[str], file: str = "") -> Iterator[Piece]:
    """The pieces of a batch, which may hold the end of one part of a file and the begin of another.

    columns: names of the first ones; file: of all rows, where the batch does not say.
    """
    rows = batch.column(ROW).to_numpy(zero_copy_only=False)
    jumps = np.diff(rows) != 1
    files = batch.column(FILE).dictionary_encode() if FILE in batch.schema.names else None
    if files is not None:
        jumps |= np.diff(files.indices.to_numpy(zero_copy_only=False)) != 0
    table = pa.Table.from_arrays(batch.columns[: len(columns)], names=list(columns))
    begins = [0, *(np.flatnonzero(jumps) + 1).tolist()] if len(rows) else []
    for begin, end in zip(begins, [*begins[1:], len(rows)], strict=True):
        name = file if files is None else files[begin].as_py()
        yield Piece(table.slice(begin, end - begin), name, int(rows[begin]) + 1)


@contextmanager
def without_values() -> Iterator[None]:
    """A failure as the places in the code that it came through: a library's message may quote a cell."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        places = "".join(traceback.format_tb(error.__traceback__))
        raise RuntimeError(f"{type(error).__name__} in a task\n{places}") from None


@contextmanager
def refusing() -> Iterator[None]:
    """A failure without values; a UserError is worded so that `refusal_in` finds it in what Spark says."""
    try:
        with without_values():
            yield
    except UserError as error:
        raise RuntimeError(REFUSAL + json.dumps(error.detail.as_dict())) from None


def refusal_in(text: str) -> UserError | None:
    """The UserError that a task failed with, if there is one in what Spark says of the failure."""
    _, found, rest = text.partition(REFUSAL)
    try:
        said = json.JSONDecoder().raw_decode(rest)[0] if found else {}
        return UserError(**said) if said else None
    except (ValueError, TypeError):  # cut off
        return None


def refused(error: UserError, file: str, first_row: int) -> pa.RecordBatch:
    """What is handed back in place of counts. It is no failure of the task: trying again would not mend the file."""
    said = json.dumps(error.detail.as_dict() | {"file": file})
    return pa.record_batch([[REFUSED], [first_row], [said]], schema=COUNTED)


@dataclass(frozen=True)
class Counted:
    """What a task needs. columns: as the file calls them; where: the table, for errors; several: whether it has several
    files, which errors then name.
    """

    coder: Coder
    request: Request
    columns: tuple[str, ...]
    where: str
    several: bool

    def matrix(self, piece: Piece) -> Matrix:
        """The codes of some rows. Raises UserError."""
        where = f"{self.where}/{piece.file}" if self.several else self.where
        return coded(self.coder, piece.table, where, piece.first_row).matrix()


def counting(counted: Counted) -> Work:
    """What counts one task's rows: cells that hold anybody, numbered through all tables of the request."""

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with without_values():
            yield _count(batches, counted)

    return work


def _count(batches: Iterator[pa.RecordBatch], counted: Counted) -> pa.RecordBatch:
    found = Accumulator(counted.request, threads=False)
    for batch in batches:
        for piece in cut_at_jumps(batch, counted.columns):
            try:
                found.add(counted.matrix(piece))
            except UserError as error:
                return refused(error, piece.file, piece.first_row)
    flat = found.flat()
    cells = np.flatnonzero(flat)
    nothing = pa.nulls(len(cells), pa.string())
    return pa.record_batch([pa.array(cells), pa.array(flat[cells]), nothing], schema=COUNTED)
