"""From the deliveries' cases to one table with one row per person, and from that to a release profile's columns.

Promise: both stream, so memory does not grow with the number of cases (but for one hash per person while
duplicates are looked for). A person whom a contributor delivers again is taken from the later delivery; people of
different contributors are never merged, and rows without an identity are never taken for one another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.files import atomic_file
from ctdc.foundation.progress import Progress
from ctdc.standard.derive import derive, derive_linked
from ctdc.standard.model import Profile
from ctdc.standard.settle import derive_settled

BATCH_ROWS = 65_536
IDENTITY = ("_contributor", "_subject")
LINK = "_link"  # in both tables of a linked profile: whose row it is
_CODES = pa.dictionary(pa.int32(), pa.string())


# What all deliveries share; which cell a value was read from stays with each delivery's own file.
_METADATA = (b"ctdc.standard", b"ctdc.cases")


def _common_schema(path: Path) -> pa.Schema:
    """The schema of a cases file with every dictionary index as wide as any delivery can need."""
    schema, metadata = pq.read_schema(path), pq.read_metadata(path).metadata or {}
    fields = [field.with_type(_CODES) if pa.types.is_dictionary(field.type) else field for field in schema]
    return pa.schema(fields, metadata={key: metadata[key] for key in _METADATA if key in metadata})


def latest_rows(files: Sequence[Path]) -> list[pl.Series]:
    """For each file, in order of delivery, which of its rows stand: True unless the same person comes later."""
    frames = [
        pl.scan_parquet(path).select(pl.col(IDENTITY).cast(pl.String)).collect().with_columns(file=pl.lit(number))
        for number, path in enumerate(files)
    ]
    everyone = pl.concat(frames)
    stands = everyone.select(
        pl.col("file"), stands=pl.struct(IDENTITY).is_last_distinct() | pl.col("_subject").is_null()
    )
    return [stands.filter(pl.col("file") == number)["stands"] for number in range(len(files))]


def combine(files: Sequence[Path], out: Path, progress: Progress) -> None:
    """Write the people of all `files` (cases.parquet of deliveries, oldest first) to one cases file `out`."""
    standing = latest_rows(files)
    schema = _common_schema(files[0])
    progress.start("Combining deliveries", sum(path.stat().st_size for path in files))
    with atomic_file(out, private=True) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        for path, stands in zip(files, standing, strict=True):
            for batch in _standing_batches(path, stands):
                writer.write_table(pa.Table.from_batches([batch]).select(schema.names).cast(schema))
            progress.advance(path.stat().st_size)
    progress.finish()


def combine_linked(files: Sequence[Path], linked: Sequence[Path | None], out: Path) -> None:
    """Write the linked rows of the people who stand to one file: each person's from the delivery they stand in.

    linked: beside each of `files` the file of its linked rows, None where the contributor has none.
    """
    parts = [
        _linked_of(people, stands, rows)
        for people, stands, rows in zip(files, latest_rows(files), linked, strict=True)
        if rows is not None
    ]
    # Every contributor maps every variable of the entity, so the columns are the same; none at all is an empty file.
    found = pl.concat(parts) if parts else pl.DataFrame(schema=dict.fromkeys(IDENTITY, pl.String))
    with atomic_file(out, private=True) as part:
        found.write_parquet(part, compression="zstd")


def _linked_of(people: Path, stands: pl.Series, rows: Path) -> pl.DataFrame:
    identity = pl.scan_parquet(people).select(pl.col(IDENTITY).cast(pl.String)).collect().filter(stands)
    found = pl.read_parquet(rows).with_columns(pl.all().cast(pl.String))
    return found.join(identity.unique(), on=IDENTITY, how="inner", maintain_order="left")


def derive_linked_rows(cases: Path, linked: Path, profile: Profile, columns: Path, out: Path) -> None:
    """Write the linked table of `profile` derived from the entity's rows, and give `columns` the numbers it refers to.

    `columns` gets a first column `LINK`, 0, 1, ... in its order, which is that of `cases`; `out` has it too, ascending.
    """
    people = pl.scan_parquet(cases).select(pl.col(IDENTITY).cast(pl.String)).collect().with_row_index(LINK)
    # Rows keep their order: what is measured is known by its content, and the same rows in another would be paid again.
    rows = pl.read_parquet(linked).join(people, on=IDENTITY, how="inner", maintain_order="left")
    rows = rows.sort(LINK, maintain_order=True)
    derived = derive_linked(rows.to_arrow(), profile).add_column(0, LINK, rows[LINK].cast(pl.Int64).to_arrow())
    names = [LINK, *profile.linked().names]
    with atomic_file(out) as part:
        pq.write_table(derived.select(names).cast(_link_schema(names)), part, compression="zstd")
    main = pq.read_table(columns)
    with atomic_file(columns) as part:
        pq.write_table(main.add_column(0, LINK, people[LINK].cast(pl.Int64).to_arrow()), part, compression="zstd")


def _link_schema(names: Sequence[str]) -> pa.Schema:
    return pa.schema([(name, pa.int64() if name == LINK else pa.string()) for name in names])


def _standing_batches(path: Path, stands: pl.Series) -> Iterator[pa.RecordBatch]:
    start = 0
    with pq.ParquetFile(path) as source:
        for batch in source.iter_batches(BATCH_ROWS):
            yield batch.filter(stands.slice(start, batch.num_rows).to_arrow())
            start += batch.num_rows


def derive_profile(cases: Path, profile: Profile, out: Path, progress: Progress, *, facts: bool = True) -> None:
    """Write the columns of `profile`, as text, derived from the cases file `cases`, by default settled by its facts."""
    to_profile = derive_settled if facts else derive
    schema = pa.schema([(column.name, pa.string()) for column in profile.columns])
    with (
        pq.ParquetFile(cases) as source,
        atomic_file(out) as part,
        pq.ParquetWriter(part, schema, compression="zstd") as writer,
    ):
        # Progress is told in bytes of the file: a count of people is not for a log.
        rows, size = source.metadata.num_rows, cases.stat().st_size
        progress.start("Deriving the published columns", size)
        for batch in source.iter_batches(BATCH_ROWS):
            derived = to_profile(pa.Table.from_batches([batch]), profile)
            writer.write_table(derived.select(schema.names).cast(schema))
            progress.advance(size * batch.num_rows / rows)
        progress.finish()


def content_hash(table: Path) -> str:
    """SHA-256 of a table of texts: its columns' names and its rows in order, however the file stores them.

    A file's bytes change with the library that writes it; what this returns does not, so that an upgraded library
    does not make the same cases look like new ones, which would have to be paid for again.
    """
    digest = hashlib.sha256()
    with pq.ParquetFile(table) as source:
        digest.update("\x1f".join(source.schema_arrow.names).encode() + b"\n")
        for batch in source.iter_batches(BATCH_ROWS):
            columns = pl.from_arrow(pa.Table.from_batches([batch]))
            if not isinstance(columns, pl.DataFrame):
                raise TypeError("a table became a series")
            texts = pl.all().cast(pl.String).fill_null("")
            for line in columns.select(pl.concat_str(texts, separator="\x1f")).to_series():
                digest.update(line.encode() + b"\n")
    return digest.hexdigest()
