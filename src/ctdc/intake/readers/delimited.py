"""CSV and TSV, plain or gzip: streamed through Arrow in constant memory.

Promise: nothing is inferred (no types, no missing values, no encoding); a row whose cells do not fit the header is
reported with its row number and never shifted into place; row numbers count records, as a spreadsheet would.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from ctdc.foundation.errors import UserError
from ctdc.intake.model import TableSpec
from ctdc.intake.readers.encoding import TextScan, open_bytes, scan_text
from ctdc.intake.readers.frame import BadRow, Frame, Needs, TableReceipt, blank_rows, column_of, select
from ctdc.intake.readers.header import check_header, clean_header, distinct, place_of
from ctdc.intake.readers.unread import Unread

BLOCK_BYTES = 8 << 20
_MAX_BAD_ROWS = 100_000


class _Recoded(io.RawIOBase):
    """The file's bytes as UTF-8, decoded strictly from the declared encoding."""

    def __init__(self, stream: IO[bytes], codec: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(codec)("strict")
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            data = self._stream.read(1 << 20)
            self._rest = self._decoder.decode(data, final=not data).encode("utf-8")
            if not data:
                break
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def open_text(path: Path, codec: str) -> IO[bytes]:
    """The file as a stream of UTF-8 bytes without a byte-order mark."""
    stream = open_bytes(path)
    if codec == "utf-8":
        if stream.read(3) != codecs.BOM_UTF8:
            stream.seek(0)
        return stream
    return io.BufferedReader(_Recoded(stream, codec), 1 << 20)


def _read_header(path: Path, spec: TableSpec, codec: str) -> tuple[str, ...]:
    """The header's cells. Raises UserError when the file ends before it."""
    with io.TextIOWrapper(open_text(path, codec), encoding="utf-8", newline="") as lines:
        for _ in range(spec.header_row - 1):
            lines.readline()
        try:
            cells = next(csv.reader(lines, delimiter=spec.separator, quotechar=spec.quote), None)
        except csv.Error as error:
            raise UserError("intake.header", f"The header row cannot be read: {error}.", where=path.name) from None
    if cells is None:
        raise UserError(
            "intake.header_empty",
            f"The file ends before row {spec.header_row}, where the mapping expects the column names.",
            where=path.name,
            do="Check that the file is complete, and 'header_row' in the mapping.",
            facts={"file": path.name, "row": str(spec.header_row)},
        )
    return clean_header(cells)


def _hint_delimiter(header: tuple[str, ...], spec: TableSpec) -> str:
    if len(header) == 1:
        for other in (";", ",", "\t", "|"):
            if other != spec.separator and header[0].count(other) >= 2:
                return f" The header seems to be divided by {other!r}, and the mapping declares {spec.separator!r}."
    return ""


class DelimitedTable:
    """An opened CSV or TSV file."""

    def __init__(self, path: Path, spec: TableSpec, needs: Needs, unread: Unread | None = None) -> None:
        """Check the encoding of the whole file, then its header.

        Raises UserError (``intake.encoding``, ``intake.columns_missing``, ``intake.columns_repeated``, ...).
        """
        self._path, self._spec = path, spec
        self._scan: TextScan = scan_text(path, spec.encoding or "utf-8")
        header = _read_header(path, spec, self._scan.codec)
        try:
            check_header(header, needs, place_of(path.name, spec))
        except UserError as error:
            if hint := _hint_delimiter(header, spec):
                detail = error.detail
                raise UserError(
                    "intake.delimiter",
                    detail.what + hint,
                    where=detail.where,
                    do="Correct 'delimiter' in the mapping.",
                    facts={"file": path.name, "row": str(spec.header_row), "expected": repr(spec.separator)},
                ) from None
            raise
        header = distinct(header) if needs.everything else header
        self._header = header
        self._wanted = [position for position, name in enumerate(header) if needs.wants(name)]
        self._unread = unread
        if unread is not None:
            unread.bind(header)
        self._read = sorted({*self._wanted, *(unread.columns if unread is not None else ())})
        self.receipt = TableReceipt(
            table=spec.name,
            file=path.name,
            sheet="",
            format=spec.format,
            bytes=self._scan.file_bytes,
            sha256=self._scan.sha256,
            encoding=(spec.encoding or "utf-8") + (" with byte-order mark" if self._scan.bom else ""),
            header=header,
            imported=tuple(header[position] for position in self._wanted),
        )

    def _bad_row(self, row: pa_csv.InvalidRow) -> str:
        if len(self.receipt.bad_rows) < _MAX_BAD_ROWS:
            self.receipt.bad_rows.append(BadRow(int(row.number or 0), row.actual_columns, row.expected_columns))
        self._skipped.append(int(row.number or 0))
        return "skip"

    def _reader(self, stream: IO[bytes]) -> pa_csv.CSVStreamingReader:
        # Names are given by position: real names may repeat among the columns that are not imported.
        names = [f"c{position}" for position in range(len(self._header))]
        text = pa.dictionary(pa.int32(), pa.string())
        return pa_csv.open_csv(
            stream,
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                skip_rows=self._spec.header_row + self._spec.skip_after_header,
                column_names=names,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self._spec.separator,
                quote_char=self._spec.quote,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._bad_row,
            ),
            convert_options=pa_csv.ConvertOptions(
                check_utf8=False,  # the scan has decoded every byte
                strings_can_be_null=False,
                null_values=[],
                include_columns=[names[position] for position in self._read],
                column_types={names[position]: text for position in self._read},
            ),
        )

    def close(self) -> None:
        """Nothing is held open between frames."""

    def frames(self) -> Iterator[Frame]:
        """The rows. Raises UserError (``intake.quotes``) when a quoted cell never ends."""
        self._skipped: list[int] = []
        first = self._spec.header_row + self._spec.skip_after_header + 1
        with open_text(self._path, self._scan.codec) as stream:
            try:
                for batch in self._reader(stream):
                    frame = self._frame(batch, first)
                    first = int(frame.rows[-1]) + 1 if frame.length else first
                    blank = blank_rows(frame)
                    self.receipt.blank_rows += int(blank.sum())
                    frame = select(frame, ~blank) if blank.any() else frame
                    self.receipt.rows += frame.length
                    yield frame
            except pa.ArrowInvalid as error:
                if self._has_no_rows(error):
                    return
                raise self._unreadable(error, first) from None

    def _frame(self, batch: pa.RecordBatch, first: int) -> Frame:
        rows = np.arange(first, first + batch.num_rows + len(self._skipped), dtype=np.int64)
        if self._skipped:
            rows = rows[~np.isin(rows, self._skipped)]
        rows = rows[: batch.num_rows]
        # Skipped rows that lie behind this batch still count for the next one.
        self._skipped = [row for row in self._skipped if len(rows) and row > rows[-1]]
        arrays = dict(zip(self._read, batch.columns, strict=True))
        if self._unread is not None:
            self._unread.look_all(arrays)
        return Frame({self._header[position]: column_of(arrays[position]) for position in self._wanted}, rows)

    def _has_no_rows(self, error: pa.ArrowInvalid) -> bool:
        """Whether Arrow complains only of a file that ends with its header, with or without a line end."""
        short = self._scan.text_bytes < BLOCK_BYTES and "Could not skip initial" in str(error)
        return short or "Empty CSV file" in str(error)

    def _unreadable(self, error: pa.ArrowInvalid, row: int) -> UserError:
        reason = str(error).split(":", maxsplit=1)[0].splitlines()[0]  # behind a colon a person's values may stand
        return UserError(
            "intake.quotes",
            f"The file cannot be cut into rows after row {row:,} ({reason}).",
            where=f"{self._path.name}, after row {row:,}",
            allowed=f"cells in which every {self._spec.quote} that opens is closed, and none longer than 8 MB",
            do="Look for a quotation mark without its partner near this row.",
            facts={"file": self._path.name, "row": f"{row}"},
        )
