"""Tables of codes: one small unsigned integer column per variable.

Promise: column `i` holds 0 for empty and `k` for the k-th code of the schema's i-th variable, and nothing
else, and no record contradicts a fact that the schema declares. What does not fit is refused before a `CodedTable`
exists, and the error names the column and the row but never the value, because the message may be read by more
people than the file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.table.constraints import against, refuse_against
from ctdc.table.damage import Unpacked, check_cells, damage
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Column = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
PACKED = (".gz", ".bz2", ".zst", ".lz4", ".br")  # ends of names by which Arrow unpacks
TEXT = pa.dictionary(pa.int32(), pa.string())
PIECE_ROWS = 65_536
PIECE_BYTES = 8 << 20
SPARK_SCHEMA = b"org.apache.spark.sql.parquet.row.metadata"


@dataclass(frozen=True)
class CodedTable:
    """`columns[i]`: shape (rows,), values 0..schema.sizes[i]-1; uint8 when the size allows, else uint16."""

    schema: Schema
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.schema.variables):
            raise ValueError("one column per variable of the schema is needed")
        if len({len(column) for column in self.columns}) > 1:
            raise ValueError("columns differ in length")
        for column, size in zip(self.columns, self.schema.sizes, strict=True):
            if column.dtype not in (np.uint8, np.uint16):
                raise ValueError("a column is not of small unsigned integers")
            if len(column) and int(column.max()) >= size:
                raise ValueError("a column holds an integer beyond its variable's codes")
        if any(against(self.columns, self.schema.variables, self.schema.implications)):
            raise ValueError("a record contradicts a fact of the schema")

    @property
    def rows(self) -> int:
        """Number of records."""
        return len(self.columns[0])

    def matrix(self) -> npt.NDArray[np.uint16]:
        """All columns as one array of shape (variables, rows)."""
        return np.ascontiguousarray(np.stack([column.astype(np.uint16) for column in self.columns]))

    def to_arrow(self) -> pa.Table:
        """Codes as dictionary-encoded strings, null for empty."""
        arrays = []
        for variable, column in zip(self.schema.variables, self.columns, strict=True):
            indices = pa.array(column.astype(np.int32) - 1, mask=column == 0)
            arrays.append(pa.DictionaryArray.from_arrays(indices, pa.array(variable.codes, pa.string())))
        return pa.table(arrays, names=list(self.schema.names))


def narrow(values: npt.NDArray[np.integer], size: int) -> Column:
    """`values` in the smallest unsigned type that holds 0..size-1. Raises ValueError for a value outside that."""
    if len(values) and (int(values.min()) < 0 or int(values.max()) >= size):
        raise ValueError("an integer is not a category of its variable")
    return values.astype(np.uint8) if size <= 256 else values.astype(np.uint16)


def table_from_matrix(schema: Schema, matrix: npt.NDArray[np.integer]) -> CodedTable:
    """A coded table from integers of shape (variables, rows)."""
    columns = tuple(narrow(row, size) for row, size in zip(matrix, schema.sizes, strict=True))
    return CodedTable(schema, columns)


def distinct_texts(column: pa.ChunkedArray, name: str, where: str) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """A column as (indices, its distinct values as text): index `len(values)` stands for null.

    Values are at most as many as rows, so whatever is done to them once is done to every row. Raises UserError
    (``table.not_text``).
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    try:
        if not pa.types.is_dictionary(array.type):
            array = pc.dictionary_encode(pc.cast(array, pa.string()))
        values = pc.cast(array.dictionary, pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise UserError(
            "table.not_text",
            f"The column {name!r} does not hold codes.",
            where=f"{where}, column {name!r}",
            allowed="text (UTF-8), numbers, dates, or a dictionary of these",
            do="Write the column as text and try again.",
        ) from None
    indices = pc.fill_null(pc.cast(array.indices, pa.int64()), len(values)).to_numpy(zero_copy_only=False)
    return indices, values


def code_column(
    column: pa.ChunkedArray, variable: Variable, where: str, first_row: int = 1, absent: Collection[str] = ("",)
) -> Column:
    """Recode one column: its dictionary of distinct values, never its rows, is looked up in Python.

    absent: texts that mean the same as empty.
    """
    indices, distinct = distinct_texts(column, variable.name, where)
    values = distinct.to_pylist()
    lookup = np.zeros(len(values) + 1, dtype=np.int64)
    for position, value in enumerate(values):
        lookup[position] = 0 if value is None or value in absent else variable.index.get(value, -1)
    coded: npt.NDArray[np.int64] = lookup[indices]
    unknown = np.flatnonzero(coded < 0)
    if len(unknown):
        shown = ", ".join(variable.codes[:12]) + (", ..." if len(variable.codes) > 12 else "")
        raise UserError(
            "table.unknown_code",
            f"The column {variable.name!r} has {len(unknown)} cells whose value is not a code of the schema.",
            where=f"{where}, column {variable.name!r}, first in row {int(unknown[0]) + first_row}",
            allowed=f"empty, or one of: {shown}",
            do="Correct or map these values, or give a schema that lists them (--schema). Nothing was measured.",
        )
    return narrow(coded, variable.size)


def check_columns(present: Sequence[str], schema: Schema, where: str) -> None:
    """Raise UserError (``table.columns``) unless `present` are exactly the schema's names, in any order."""
    repeated = sorted({name for name in present if list(present).count(name) > 1})
    missing = [name for name in schema.names if name not in present]
    extra = [name for name in present if name not in schema.names]
    if not set(present) & set(schema.names):
        # Not one name is right: the header may be missing, and what stands in its place are a person's values.
        missing, extra = ["all of them; is the header line missing?"], []
    complaints = [
        f"{label}: {', '.join(names)}"
        for label, names in (("repeated", repeated), ("missing", missing), ("not in the schema", extra))
        if names
    ]
    if complaints:
        raise UserError(
            "table.columns",
            f"The columns of the file are not those of the schema ({'; '.join(complaints)}).",
            where=where,
            allowed=", ".join(schema.names),
            do="Rename, add or leave out columns, or give the schema of this file with --schema.",
        )


def code_table(table: pa.Table, schema: Schema, where: str, first_row: int = 1) -> CodedTable:
    """Code an Arrow table whose columns hold codes as text (or dictionary, or integers). Null and "" are empty.

    `where` names the source in errors; `first_row` is the number a person would give to the first record.
    """
    check_columns(table.column_names, schema, where)
    columns = [code_column(table.column(variable.name), variable, where, first_row) for variable in schema.variables]
    refuse_against(columns, schema.variables, schema.implications, where, first_row)
    return CodedTable(schema, tuple(columns))


def column_names(path: Path, delimiter: str = ",") -> tuple[str, ...]:
    """The column names of a csv or parquet file, without reading its records."""
    if path.suffix.lower() == ".parquet":
        return tuple(_parquet(path).schema_arrow.names)
    return _csv_names(_existing(path), delimiter)


def parquet_metadata(path: Path) -> Mapping[bytes, bytes]:
    """What the writer of a parquet file said about it as a whole. Raises UserError when it is not one."""
    return spark_fields(_parquet(path).metadata.metadata or {})


def spark_fields(metadata: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """The metadata, and what Spark, which has no place for such, wrote of the table with its first column."""
    try:
        fields = json.loads(metadata.get(SPARK_SCHEMA, b"{}")).get("fields") or [{}]
        said = fields[0].get("metadata", {}).items()
    except (ValueError, AttributeError, IndexError, KeyError, TypeError):
        return metadata
    return {**metadata, **{name.encode(): str(value).encode() for name, value in said if name.startswith("ctdc.")}}


def cells_of(path: Path) -> int:
    """Cells of a parquet file, from what it says of itself."""
    metadata = _parquet(path).metadata
    return int(metadata.num_rows * metadata.num_columns)


def pieces(path: Path, delimiter: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of a csv or parquet file as `read_table` gives them, up to about `PIECE_ROWS` at a time."""
    _existing(path)
    batches = _parquet_batches(path, columns) if path.suffix.lower() == ".parquet" else None
    batches = batches or _csv_batches(path, delimiter, columns)
    while True:
        with damage(_damaged(path)), _csv_errors(path):
            batch = next(batches, None)
            if batch is None:
                return
            batch.validate(full=True)
        yield pa.Table.from_batches([batch])


def _parquet_batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    file = _parquet(path)
    texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
    file = pq.ParquetFile(path, read_dictionary=texts)
    yield from file.iter_batches(batch_size=PIECE_ROWS, columns=list(columns))


def _csv_batches(path: Path, delimiter: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    names = _csv_names(path, delimiter)
    options, parsing = _csv_options(names, delimiter, columns)
    reading = pa_csv.ReadOptions(block_size=PIECE_BYTES)
    with pa_csv.open_csv(
        _csv_source(path), read_options=reading, convert_options=options, parse_options=parsing
    ) as reader:
        yield from reader


def _parquet(path: Path) -> pq.ParquetFile:
    with damage(UserError("table.not_parquet", "The file is not a Parquet file, or is damaged.", where=str(path))):
        file = pq.ParquetFile(_existing(path))
        _ = file.schema_arrow.names  # read now, so that names that are no text are found here
        return file


def _damaged(path: Path) -> UserError:
    what = "The file is damaged, or is made to need more memory than there is."
    return UserError("table.damaged", what, where=str(path), do="Fetch or write it again.")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError("table.file_missing", "There is no such file.", where=str(path))
    return path


def read_table(path: Path, delimiter: str = ",", columns: Sequence[str] | None = None) -> pa.Table:
    """Read a csv (UTF-8, header; .gz allowed) or parquet file, every column as text, empty as null.

    delimiter: between the cells of a csv file; columns: those to read, which must be there, all by default.
    """
    _existing(path)
    if path.suffix.lower() == ".parquet":
        with damage(_damaged(path)):
            file = _parquet(path)
            rows = sum(file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups))
            check_cells(rows, len(columns or file.schema_arrow.names), path)
            table = file.read(columns=None if columns is None else list(columns))
            table.validate(full=True)  # texts that are no UTF-8, indices beyond their dictionary
            return table
    names = _csv_names(path, delimiter)
    options, parsing = _csv_options(names, delimiter, columns)
    with damage(_damaged(path)), _csv_errors(path):
        return pa_csv.read_csv(_csv_source(path), convert_options=options, parse_options=parsing)


def _csv_options(
    names: Sequence[str], delimiter: str, columns: Sequence[str] | None
) -> tuple[pa_csv.ConvertOptions, pa_csv.ParseOptions]:
    options = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, TEXT),
        null_values=[""],
        strings_can_be_null=True,
        include_columns=columns,
    )
    # In a table of one column an empty line is a person whose value is missing; elsewhere it is no record.
    return options, pa_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=len(names) > 1)


def _csv_source(path: Path) -> Path | io.BufferedReader:
    """What Arrow reads a csv file from: the file, or what it unfolds to."""
    return io.BufferedReader(Unpacked(path), 1 << 20) if path.suffix.lower() in PACKED else path


def _csv_names(path: Path, delimiter: str) -> tuple[str, ...]:
    """The header of a csv file. The first records are parsed too, as text, but not kept.

    Arrow reads ahead in a thread of its own, and stops where it is: so from the file, not through Python.
    """
    parsing = pa_csv.ParseOptions(delimiter=delimiter)
    with damage(_damaged(path)), _csv_errors(path), pa_csv.open_csv(path, parse_options=parsing) as reader:
        return tuple(reader.schema.names)


@contextmanager
def _csv_errors(path: Path) -> Iterator[None]:
    """Arrow's complaint about a csv file as a UserError (``table.not_csv``)."""
    try:
        yield
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        problem = _without_values(str(error)) if isinstance(error, pa.ArrowInvalid) else "the header is not UTF-8"
        raise UserError(
            "table.not_csv",
            f"The file cannot be read as comma-separated text: {problem}.",
            where=str(path),
            allowed="UTF-8 text, comma-separated (or as declared), one header line, equally many cells in every line",
            do="Bring the file to this form; for contributors' own formats use 'ctdc intake'.",
        ) from None


def _without_values(message: str) -> str:
    """Arrow's message without the quotation of the offending row, which could hold a person's values."""
    return message.split(": ", maxsplit=2)[1] if message.count(": ") > 1 else message.split(":", maxsplit=1)[0]
