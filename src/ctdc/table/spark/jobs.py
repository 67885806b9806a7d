"""Work on batches of a table that ends in a table again: gathered by the driver, or written as Parquet.

Promise: whatever a task does may be done again; files appear under their names when all of them are whole, hold every
row, and are of a table that nobody has changed. No row is written on a machine that does not share the folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_folder
from ctdc.table.spark.counting import check_types, patience, rows_of
from ctdc.table.spark.files import SparkFiles, address_of
from ctdc.table.spark.tasks import Work, refusing

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SHARE = "Give a folder that all machines of the cluster share (--out), or use --engine memory."
MARK = "_shared"  # a file of the driver, in a folder that nobody else can have by chance
NAMES = {pa.int64(): "long", pa.string(): "string"}


def guarded(work: Work) -> Work:
    """The work, whose failures quote no cell, and whose refusals are found again (`patience`)."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with refusing():
            yield from work(batches)

    return run


def mapped(
    files: SparkFiles, columns: tuple[str, ...], work: Work, schema: pa.Schema, others: tuple[str, ...] = ()
) -> DataFrame:
    """What `work` makes of the rows. schema: of its batches, of texts and 64-bit integers; others: columns that follow,
    of any type, whose texts need not be those of another engine.

    Raises UserError (``spark.type``).
    """
    check_types(files, columns)
    types = _types(schema, {})
    return rows_of(files, (*columns, *others)).mapInArrow(guarded(work), types)  # type: ignore[arg-type]


def _types(schema: pa.Schema, metadata: Mapping[str, str]) -> object:
    """Spark's word for the schema. metadata: of the whole, which Spark keeps with the first column."""
    from pyspark.sql.types import LongType, StringType, StructField, StructType

    kinds = {"long": LongType(), "string": StringType()}
    fields = [StructField(one.name, kinds[NAMES[one.type]], one.nullable) for one in schema]
    fields[0].metadata = dict(metadata)
    return StructType(fields)


def write_mapped(
    files: SparkFiles,
    columns: tuple[str, ...],
    work: Work,
    schema: pa.Schema,
    metadata: Mapping[str, str],
    out: Path,
    rows: int,
) -> None:
    """What `work` makes of the rows, as the new folder `out` of Parquet files that only its owner may enter.

    metadata: what each file says of the table (`ctdc.table.coded.parquet_metadata` finds it); rows: how many are to be
    written. Raises UserError (``spark.not_shared``, ``spark.rows_lost``, ``table.changed``, ...), and leaves nothing.
    """
    with atomic_folder(out, private=True) as folder, patience(files.where):
        # Within a folder that nobody else may enter yet; Spark makes the one that it writes to itself.
        parts, mark = folder / "_parts", folder / MARK
        mark.touch()
        task = guarded(where_shared(mark, work))
        made = rows_of(files, columns).mapInArrow(task, _types(schema, metadata))  # type: ignore[arg-type]
        made.write.option("compression", "zstd").parquet(address_of(parts))
        _check_rows(_moved(parts, folder), rows, out)
        mark.unlink()
        files.check_unchanged()


def where_shared(mark: Path, work: Work) -> Work:
    """The work, which hands no row to a machine that does not see the file `mark` of the driver."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        if not mark.is_file():
            raise UserError(
                "spark.not_shared",
                "A machine of the cluster does not see the folder that the cases are to be written to.",
                where=str(mark.parent.parent),
                do=SHARE,
            )
        yield from work(batches)

    return run


def _moved(parts: Path, folder: Path) -> int:
    """Moves the files that Spark wrote into the folder; how many rows they hold."""
    rows = 0
    for number, part in enumerate(sorted(parts.glob("part-*.parquet"))):
        rows += pq.read_metadata(part).num_rows
        part.rename(folder / f"part-{number:05}.parquet")
    for left in parts.iterdir():
        left.unlink()
    parts.rmdir()
    return rows


def _check_rows(found: int, wanted: int, out: Path) -> None:
    if found != wanted:
        raise UserError(
            "spark.rows_lost",
            f"Of {wanted:,} rows that were to be written, {found:,} are here. Nothing was kept.",
            where=str(out),
            do=SHARE,
        )
