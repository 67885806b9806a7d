"""Parquet: read in batches, every value as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.intake.model import TableSpec
from ctdc.intake.readers.frame import Column, Frame, Needs, TableReceipt, blank_rows, column_of, select
from ctdc.intake.readers.header import check_header, distinct
from ctdc.intake.text import column_key
from ctdc.table.damage import check_cells, damage

BATCH_ROWS = 65_536


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


def _damaged(path: Path) -> UserError:
    return UserError(
        "intake.damaged",
        "The file is not Parquet, is damaged, or is made to need more memory than a case file may need.",
        where=path.name,
        do="Write it and deliver it again.",
    )


class ParquetTable:
    """An opened Parquet file."""

    def __init__(self, path: Path, spec: TableSpec, needs: Needs) -> None:
        """Read the file's footer and check the names. Raises UserError (``intake.damaged``, ``intake.columns_*``)."""
        with damage(_damaged(path)):
            self._file = pq.ParquetFile(path)
            names = self._file.schema_arrow.names
            groups = (self._file.metadata.row_group(number) for number in range(self._file.metadata.num_row_groups))
            check_cells(sum(group.num_rows for group in groups), 1, path)
        self._path = path
        header = tuple(column_key(name) for name in names)
        check_header(header, needs, path.name)
        header = distinct(header) if needs.everything else header
        self._wanted = [position for position, name in enumerate(header) if needs.wants(name)]
        self._names = [names[position] for position in self._wanted]
        self._header = header
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
        with damage(_damaged(self._path)):
            batches = self._file.iter_batches(batch_size=BATCH_ROWS, columns=self._names)
        while True:
            with damage(_damaged(self._path)):
                batch = next(batches, None)
            if batch is None:
                return
            if batch.num_columns != len(self._wanted):
                raise _damaged(self._path)
            yield batch

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
                ) from None

    def frames(self) -> Iterator[Frame]:
        """The rows; row 1 is the first record, since Parquet has no header row."""
        first = 1
        for batch in self._batches():
            names = [self._header[position] for position in self._wanted]
            columns = {name: self._text(array, name) for name, array in zip(names, batch.columns, strict=True)}
            frame = Frame(columns, np.arange(first, first + batch.num_rows, dtype=np.int64))
            first += batch.num_rows
            blank = blank_rows(frame)
            self.receipt.blank_rows += int(blank.sum())
            frame = select(frame, ~blank) if blank.any() else frame
            self.receipt.rows += frame.length
            yield frame
