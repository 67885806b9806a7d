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
from ctdc.intake.readers.frame import Frame, Needs, TableReceipt, blank_rows, column_of, select
from ctdc.intake.readers.header import check_header
from ctdc.intake.text import column_key

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


class ParquetTable:
    """An opened Parquet file."""

    def __init__(self, path: Path, spec: TableSpec, needs: Needs) -> None:
        """Read the file's footer and check the names. Raises UserError (``intake.damaged``, ``intake.columns_*``)."""
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(
                "intake.damaged",
                f"The file is not Parquet or is damaged: {str(error)[:200]}.",
                where=path.name,
                do="Deliver it again.",
            ) from None
        self._path = path
        names = self._file.schema_arrow.names
        header = tuple(column_key(name) for name in names)
        check_header(header, needs, path.name)
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

    def frames(self) -> Iterator[Frame]:
        """The rows; row 1 is the first record, since Parquet has no header row."""
        first = 1
        for batch in self._file.iter_batches(batch_size=BATCH_ROWS, columns=self._names):
            columns = {}
            for name, position in zip(self._names, self._wanted, strict=True):
                try:
                    columns[self._header[position]] = column_of(_as_text(batch.column(name)))
                except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                    raise UserError(
                        "intake.column_type",
                        f"The column {name!r} holds lists or structures.",
                        where=self._path.name,
                        do="Export it as text or as several columns.",
                    ) from None
            frame = Frame(columns, np.arange(first, first + batch.num_rows, dtype=np.int64))
            first += batch.num_rows
            blank = blank_rows(frame)
            self.receipt.blank_rows += int(blank.sum())
            frame = select(frame, ~blank) if blank.any() else frame
            self.receipt.rows += frame.length
            yield frame
