"""A delivery harmonised on Spark: its rows are recoded in tasks, by the same functions as on one machine.

Promise: first every row is gone through and nothing is written; then, if nothing keeps the delivery back, the cases are
written. Each row keeps the number that it has in its file. What cannot be done in parts (joined tables, linked rows,
text files) is refused before a row is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import check_new_folder, write_text
from ctdc.foundation.hashing import hash_file, hash_tree, hash_value
from ctdc.foundation.progress import Progress
from ctdc.intake.assemble import assemble
from ctdc.intake.batches import recoded, unread_of
from ctdc.intake.cases import cases_schema, cases_table
from ctdc.intake.delivery import DeliveryReport, Quarantined
from ctdc.intake.examples import run_examples
from ctdc.intake.harmonise import coverage, coverage_path, is_refused, metadata_of, provenance_of
from ctdc.intake.ids import Clash, IdCheck
from ctdc.intake.mapping import Mapping
from ctdc.intake.plan import Plan
from ctdc.intake.quality import Quality
from ctdc.intake.readers.frame import Frame, TableReceipt
from ctdc.intake.readers.header import HeaderPlace, check_declared, check_header
from ctdc.intake.readers.parquet import frame_of
from ctdc.intake.spread import hear, tell
from ctdc.intake.subject import Subjects
from ctdc.intake.text import column_key
from ctdc.intake.work import Work
from ctdc.standard.loader import check_same, load
from ctdc.table.spark.counting import patience
from ctdc.table.spark.files import SparkFiles
from ctdc.table.spark.jobs import mapped, write_mapped
from ctdc.table.spark.tasks import Work as Task
from ctdc.table.spark.tasks import cut_at_jumps

GATHERED = pa.schema([("told", pa.string()), ("raw", pa.int64()), ("plain", pa.int64()), ("source_row", pa.int64())])
FULLY_NAMED = 20  # ids that clash of which rows are named; of others the first and the last
MOST_ROWS = 1_000
REPEATED = (
    "select raw, min(source_row) as low, max(source_row) as high from ctdc_ids group by raw having count(*) > 1 "
    "order by low"
)
SPELLINGS = (
    "select sort_array(collect_list(source_row)) as together from "
    "(select raw, min(plain) as plain, min(source_row) as source_row from ctdc_ids group by raw) "
    "group by plain having count(*) > 1"
)


@dataclass
class _PartTable:
    """The part of a table that a task reads: what is noted of it."""

    receipt: TableReceipt

    def frames(self) -> Iterator[Frame]:
        """Nothing: rows come from Spark."""
        return iter(())

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Spread:
    """What a task needs. names: the columns as the file calls them; unread: those that are only looked at; places: of
    both, from 0, among all columns of the file, two of which may have one heading; receipt: what is known of the whole;
    file: where there is one only; standard: hash of its content, which a task must have.
    """

    mapping: Mapping
    names: tuple[str, ...]
    unread: tuple[str, ...]
    places: tuple[int, ...]
    receipt: TableReceipt
    delivery: str
    file: str
    standard: str

    def work(self) -> Work:
        """A pass that has seen no row. Raises UserError (``standard.other``)."""
        check_same(self.standard)
        main = self.mapping.spec.main
        receipt = replace(self.receipt, bad_rows=[], workbook={})
        plan = Plan(self.mapping, {main: receipt.header})
        table = _PartTable(receipt)
        unread = unread_of(self.mapping, self.mapping.main)
        unread.bind(receipt.header)
        quality = Quality(self.mapping.targets)
        return Work(self.mapping, {main: table}, {}, plan, quality, self.delivery, [], unread={main: unread})

    def look(self, work: Work, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches, of all columns, after a look at those that no field explains."""
        unread = work.unread[self.mapping.spec.main]
        for batch in batches:
            unread.look_all(dict(zip(self.places, batch.columns, strict=False)))
            yield batch

    def frames(self, work: Work, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, Frame]]:
        """The rows, with the file that they are of."""
        for batch in batches:
            for piece in cut_at_jumps(batch, self.names, self.file):
                arrays = [piece.table.column(name).combine_chunks() for name in self.names]
                columns = dict(zip(map(column_key, self.names), arrays, strict=True))
                yield piece.file, frame_of(columns, piece.first_row, work.main.receipt)


def gathering(spread: Spread) -> Task:
    """The task of the first pass: hashes of ids with their rows, and at the end everything else, as text."""

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        work, written = spread.work(), 0
        for _, frame in spread.frames(work, spread.look(work, batches)):
            found = recoded(work, frame)
            written += len(found[1]) if found else 0
            yield from _ids(work.ids)
        told = [pa.array([tell(work, written)]), *(pa.nulls(1, pa.int64()) for _ in range(3))]
        yield pa.record_batch(told, schema=GATHERED)

    return task


def _ids(ids: IdCheck) -> Iterator[pa.RecordBatch]:
    """The hashes that were collected, which are then let go of."""
    for raw, plain, rows in ids.taken():
        numbers = [pa.array(one.view(np.int64)) for one in (raw, plain, rows)]
        yield pa.record_batch([pa.nulls(len(rows), pa.string()), *numbers], schema=GATHERED)


def writing(spread: Spread, key: bytes) -> Task:
    """The task of the second pass: the cases' rows. key: of the pseudonyms."""

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        work = spread.work()
        hasher = Subjects(key, spread.mapping.spec.contributor)
        for file, frame in spread.frames(work, batches):
            if found := recoded(work, frame):
                outcomes, rows, ids = found
                provenance = {**provenance_of(work), "_file": file}
                table = cases_table(outcomes, rows, hasher.hashes(ids), spread.mapping.targets, provenance)
                yield from table.cast(text_schema(spread.mapping)).combine_chunks().to_batches()

    return task


def text_schema(mapping: Mapping) -> pa.Schema:
    """The columns of a cases file with plain texts, which are what Spark has."""
    fields = [
        pa.field(one.name, pa.string() if pa.types.is_dictionary(one.type) else one.type, one.nullable)
        for one in cases_schema(mapping.targets)
    ]
    return pa.schema(fields)


def _not_on_spark(what: str, where: str) -> UserError:
    return UserError(
        "intake.spark",
        f"This mapping {what}, which is not done in parts.",
        where=where,
        allowed="a mapping of one Parquet table without joins",
        do="Use --engine memory, which reads deliveries of any size in a stream; or join the tables first and deliver "
        "the result as Parquet.",
    )


def _check_mapping(files: SparkFiles, mapping: Mapping) -> None:
    """Raise UserError for what cannot be harmonised in parts (``intake.spark``), or is not this table."""
    spec, main = mapping.spec, mapping.main
    if spec.joins or mapping.linked or len(spec.tables) > 1:
        raise _not_on_spark("joins tables, or has rows that are linked to cases", mapping.where)
    if main.format != "parquet":
        raise _not_on_spark(f"reads the format {main.format}", mapping.where)
    names = [Path(str(files.location)).name, *(part.name for part in files.parts)]
    if not any(fnmatch(name.lower(), main.file.lower()) for name in names):
        raise UserError(
            "intake.file_missing",
            f"No file of the delivery is called {main.file}.",
            where=files.where,
            do="Name the file or the folder as the mapping says, or correct 'file' in the mapping.",
        )


def _delivery_hash(files: SparkFiles) -> str:
    """The delivery's name: the hash of its content on this machine, else of names, sizes and times of its files."""
    location = files.location
    if isinstance(location, Path):
        return hash_tree(location) if location.is_dir() else hash_file(location)
    return hash_value(files.identity())


def spread_of(files: SparkFiles, mapping: Mapping) -> Spread:
    """What tasks are given. Raises UserError (``intake.spark``, ``intake.columns_missing``, ...)."""
    _check_mapping(files, mapping)
    needs = mapping.needs(mapping.spec.main)
    header = tuple(column_key(name) for name in files.names)
    check_header(header, needs, HeaderPlace(files.where, {"file": files.where}))
    check_declared(header, mapping.harmless(mapping.spec.main), files.where)
    wanted = tuple(name for name, key in zip(files.names, header, strict=True) if needs.wants(key))
    delivery = _delivery_hash(files)
    receipt = TableReceipt(
        table=mapping.spec.main,
        file=Path(str(files.location)).name,
        sheet="",
        format="parquet",
        bytes=sum(part.size for part in files.parts),
        sha256=delivery,
        header=header,
        imported=tuple(column_key(name) for name in wanted),
    )
    unread = tuple(name for name in files.names if name not in wanted)
    places = tuple(files.names.index(name) for name in (*wanted, *unread))
    return Spread(mapping, wanted, unread, places, receipt, delivery, files.parts[0].name, load().content_hash)


def _clashes(files: SparkFiles, rows: Any) -> list[Clash]:
    """Ids that stand in several rows, or are one number in two spellings. rows: with the columns of `GATHERED`."""
    ids = rows.where("raw is not null")
    ids.createOrReplaceTempView("ctdc_ids")
    groups = files.session.sql(REPEATED).toArrow()
    listed = {key: {low, high} for key, low, high in zip(*groups.to_pydict().values(), strict=True)}
    if named := list(listed)[:FULLY_NAMED]:
        chosen = ids.where(f"raw in ({', '.join(map(str, named))})").orderBy("source_row").limit(MOST_ROWS)
        for one in chosen.collect():
            listed[one["raw"]].add(one["source_row"])
    spellings = files.session.sql(SPELLINGS).toArrow()
    repeated = [Clash("repeated", tuple(sorted(found))) for found in listed.values()]
    several = sorted(tuple(found) for found in spellings.column("together").to_pylist())
    return [*repeated, *(Clash("two_spellings", found) for found in several)]


def _gather(files: SparkFiles, spread: Spread) -> tuple[Work, int]:
    """The first pass: everything that is known after it, in one place; and how many rows are cases."""
    work = spread.work()
    rows = mapped(files, spread.names, gathering(spread), GATHERED, spread.unread).persist()
    try:
        with patience(files.where):
            told = rows.where("told is not null").select("told").toArrow().column("told").to_pylist()
            work.ids.known = _clashes(files, rows) if spread.mapping.main.id else []
    finally:
        rows.unpersist()
    return work, hear(work, told)


def harmonise_on_spark(
    files: SparkFiles,
    mapping: Mapping,
    *,
    subject_key: bytes,
    out: Path,
    progress: Progress,
    allow_quarantine: bool = False,
) -> DeliveryReport:
    """Harmonise a delivery into the new folder `out` (Parquet files) with a coverage file beside it.

    Otherwise as `ctdc.intake.harmonise.harmonise`. Raises UserError for what cannot be done in parts, too, for
    a delivery that is changed meanwhile, and for a folder that the cluster does not share; then nothing is left.
    """
    check_new_folder(out)
    examples = run_examples(mapping)
    spread = spread_of(files, mapping)
    progress.start("Checking on Spark", None)
    work, written = _gather(files, spread)
    progress.finish()
    report = assemble(work, written)
    report.examples_run = examples
    if not report.promotable and (not allow_quarantine or is_refused(report)):
        raise Quarantined(report, files.where)
    progress.start("Writing on Spark", None)
    task = writing(spread, subject_key)
    write_mapped(files, spread.names, task, text_schema(mapping), metadata_of(work, report), out, written)
    progress.finish()
    write_text(coverage_path(out), json.dumps(coverage(work), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return report
