"""Parquet: read in batches, every value as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.intake.model import TableSpec
from ctdc.intake.readers.frame import Column, Frame, Needs, TableReceipt, blank_rows, column_of, select
from ctdc.intake.readers.header import HeaderPlace, check_header, distinct
from ctdc.intake.readers.unread import Unread
from ctdc.intake.text import column_key
from ctdc.table.damage import check_cells, damage

BATCH_ROWS, LEAST_ROWS = 65_536, 64
BATCH_BYTES = 256 << 20


def _as_text(array: pa.Array) -> pa.Array:
    """Any column as text: whole floats without a decimal point, dates as ISO; nested types have no text."""
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), _as_text(array.dictionary))
    if pa.types.is_boolean(array.type):
        return array.cast(pa.string()).dictionary_encode()
    if pa.types.is_floating(array.type):
        texts = [None if v is None or v != v else str(int(v)) if v.is_integer() else repr(v) for v in array.to_pylist()]
        return pa.array(texts, pa.string()).dictionary_encode()
    return array.cast(pa.string())


def frame_of(columns: Mapping[str, pa.Array], first: int, receipt: TableReceipt) -> Frame:
    """Rows as a frame without blank ones, counted in the receipt. first: the number of the first row.

    Raises ArrowInvalid or ArrowNotImplementedError for what has no text.
    """
    length = len(next(iter(columns.values()))) if columns else 0
    texts = {name: column_of(_as_text(array)) for name, array in columns.items()}
    return without_blanks(Frame(texts, np.arange(first, first + length, dtype=np.int64)), receipt)


def without_blanks(frame: Frame, receipt: TableReceipt) -> Frame:
    """The frame without rows in which nothing stands; both are counted in the receipt."""
    blank = blank_rows(frame)
    receipt.blank_rows += int(blank.sum())
    frame = select(frame, ~blank) if blank.any() else frame
    receipt.rows += frame.length
    return frame


def _damaged(path: Path) -> UserError:
    return UserError(
        "intake.damaged",
        "The file is not Parquet, is damaged, or is made to need more memory than a case file may need.",
        where=path.name,
        do="Write it and deliver it again.",
    )


def _texts_of(schema: pa.Schema) -> list[str]:
    """The columns of texts, which stay dictionaries in memory if they are such in the file."""
    return [one.name for one in schema if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)]


class ParquetTable:
    """An opened Parquet file."""

    def __init__(self, path: Path, spec: TableSpec, needs: Needs, unread: Unread | None = None) -> None:
        """Read the file's footer and check the names. Raises UserError (``intake.damaged``, ``intake.columns_*``)."""
        with damage(_damaged(path)):
            self._file = pq.ParquetFile(path)
            names = self._file.schema_arrow.names
            if unread is not None:
                self._file = pq.ParquetFile(path, read_dictionary=_texts_of(self._file.schema_arrow))
            groups = (self._file.metadata.row_group(number) for number in range(self._file.metadata.num_row_groups))
            check_cells(sum(group.num_rows for group in groups), 1, path)
        self._path = path
        header = tuple(column_key(name) for name in names)
        check_header(header, needs, HeaderPlace(path.name, {"file": path.name}))
        header = distinct(header) if needs.everything else header
        self._wanted = [position for position, name in enumerate(header) if needs.wants(name)]
        self._names = [names[position] for position in self._wanted]
        self._header = header
        self._unread = unread
        if unread is not None:
            unread.bind(header)
        self.receipt = TableReceipt(
            table=spec.name,
            file=path.name,
            sheet="",
            format="parquet",
            bytes=path.stat().st_size,
            sha256=hash_file(path),
            header=header,
            imported=tuple(header[position] for position in self._wanted),
        )

    def close(self) -> None:
        """Nothing is held open between frames."""

    def _batches(self) -> Iterator[pa.RecordBatch]:
        names = self._names if self._unread is None else None
        with damage(_damaged(self._path)):
            batches = self._file.iter_batches(batch_size=self._batch_rows(), columns=names)
        while True:
            with damage(_damaged(self._path)):
                batch = next(batches, None)
            if batch is None:
                return
            if batch.num_columns != len(self._wanted if names is not None else self._header):
                raise _damaged(self._path)
            yield batch

    def _batch_rows(self) -> int:
        """Fewer rows where they are large: what no field reads may hold pictures."""
        footer = self._file.metadata
        size = sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))
        fitting = BATCH_BYTES * int(footer.num_rows) // max(1, int(size))
        return max(LEAST_ROWS, min(BATCH_ROWS, fitting))

    def _wanted_of(self, batch: pa.RecordBatch) -> list[pa.Array]:
        """The columns that are imported; the others are shown to whoever looks at them."""
        if self._unread is None:
            return list(batch.columns)
        with damage(_damaged(self._path)):
            self._unread.look_all(dict(enumerate(batch.columns)))
        return [batch.column(position) for position in self._wanted]

    def _text(self, array: pa.Array, name: str) -> Column:
        with damage(_damaged(self._path)):
            try:
                return column_of(_as_text(array))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                raise UserError(
                    "intake.column_type",
                    f"The column {name!r} holds lists or structures, or bytes that are no text.",
                    where=self._path.name,
                    do="Export it as text or as several columns.",
                    facts={"file": self._path.name, "column": name},
                ) from None

    def frames(self) -> Iterator[Frame]:
        """The rows; row 1 is the first record, since Parquet has no header row."""
        first = 1
        for batch in self._batches():
            names = [self._header[position] for position in self._wanted]
            arrays = self._wanted_of(batch)
            columns = {name: self._text(array, name) for name, array in zip(names, arrays, strict=True)}
            frame = Frame(columns, np.arange(first, first + batch.num_rows, dtype=np.int64))
            first += batch.num_rows
            yield without_blanks(frame, self.receipt)
