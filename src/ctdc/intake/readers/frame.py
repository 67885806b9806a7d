"""What every reader gives: frames of text columns, each column as distinct texts plus one index per row.

Promise: cells are text as the source shows it; nothing was interpreted. Row numbers are those that a person sees in
their own program (1-based, the header and what stands above it counted).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

IntArray = npt.NDArray[np.int32]
RowArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """Distinct texts, and for each row the position of its text among them (int32, shape (rows,))."""

    texts: list[str]
    indices: IntArray


@dataclass(frozen=True)
class Frame:
    """Some rows of one table: columns by name, and the source row number of each row (int64)."""

    columns: Mapping[str, Column]
    rows: RowArray

    @property
    def length(self) -> int:
        """Number of rows."""
        return len(self.rows)


def goes_on_after(column: str, prefix: str) -> bool:
    """Whether a column is one of those that a prefix stands for: its name goes on after it."""
    return column.startswith(prefix) and column != prefix


@dataclass(frozen=True)
class Needs:
    """The columns that a mapping reads: by name, and by prefix those whose names go on after it.

    `everything` reads all, `nameless` those beyond the header too: for an annotated copy.
    """

    columns: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    everything: bool = False
    nameless: bool = False

    def wants(self, column: str) -> bool:
        """Whether the column is imported."""
        if self.everything or column in self.columns:
            return True
        return any(goes_on_after(column, prefix) for prefix in self.prefixes)

    def with_those_of(self, others: Iterable[Needs]) -> Needs:
        """The columns that this or one of `others` names."""
        every = (self, *others)
        prefixes = tuple(sorted({prefix for one in every for prefix in one.prefixes}))
        return Needs(frozenset(name for one in every for name in one.columns), prefixes)


@dataclass(frozen=True)
class BadRow:
    """A row whose cells do not fit the header: it cannot be read without guessing which cell is which."""

    row: int
    cells: int
    expected: int


@dataclass
class TableReceipt:
    """What was received: facts about the file and the sheet, without any value from a case."""

    table: str
    file: str
    sheet: str
    format: str
    bytes: int
    sha256: str
    encoding: str = ""
    header: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    rows: int = 0
    blank_rows: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    workbook: dict[str, Any] = field(default_factory=dict)

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns of the source that the mapping does not mention: they were not imported."""
        imported = set(self.imported)
        return tuple(name for name in self.header if name not in imported)


class OpenTable(Protocol):
    """A table that was opened: its header is known and checked, its rows come in frames, once."""

    receipt: TableReceipt

    def frames(self) -> Iterator[Frame]:
        """The rows in order. When it ends, the receipt's row counts are final."""

    def close(self) -> None:
        """Give up what is held open, for a table whose rows nobody will read."""


def column_of(array: pa.Array) -> Column:
    """A dictionary-encoded text array as a `Column`; null becomes the empty text."""
    if not pa.types.is_dictionary(array.type):
        array = array.cast(pa.string()).dictionary_encode()
    texts = ["" if text is None else text for text in array.dictionary.to_pylist()]
    indices = array.indices
    if indices.null_count:
        position = texts.index("") if "" in texts else len(texts)
        if position == len(texts):
            texts.append("")
        indices = indices.fill_null(position)
    return Column(texts, indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False))


def select(frame: Frame, keep: npt.NDArray[np.bool_]) -> Frame:
    """The rows of `frame` where `keep` is true."""
    columns = {name: Column(column.texts, column.indices[keep]) for name, column in frame.columns.items()}
    return Frame(columns, frame.rows[keep])


def blank_rows(frame: Frame) -> npt.NDArray[np.bool_]:
    """True for each row whose imported cells are all empty or white space (bool, shape (rows,))."""
    blank = np.ones(frame.length, dtype=np.bool_)
    for column in frame.columns.values():
        if not blank.any():
            break
        empty = np.fromiter((not text.strip() for text in column.texts), np.bool_, len(column.texts))
        blank &= empty[column.indices] if len(column.texts) else True
    return blank


def concatenate(frames: list[Frame]) -> Frame:
    """Several frames of one table as one, with shared texts per column."""
    if len(frames) == 1:
        return frames[0]
    if not frames:
        return Frame({}, np.zeros(0, np.int64))
    columns = {}
    for name in frames[0].columns:
        positions: dict[str, int] = {}
        pieces = []
        for frame in frames:
            column = frame.columns[name]
            table = np.array([positions.setdefault(text, len(positions)) for text in column.texts], np.int32)
            pieces.append(table[column.indices] if len(table) else column.indices)
        columns[name] = Column(list(positions), np.concatenate(pieces))
    return Frame(columns, np.concatenate([frame.rows for frame in frames]))
