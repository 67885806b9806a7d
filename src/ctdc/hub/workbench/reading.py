"""Reading the file that a person gave: from any of the formats to one table of texts.

Promise: it runs in a process with limits; nothing is guessed silently: of several sheets none is read until one is
named, and text that is not in the declared encoding is refused with its place. Cells lose the space around them; rows
that do not fit the header are refused.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_file
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress
from ctdc.hub.workbench.choices import Choice, read_choices, write_choices
from ctdc.hub.workbench.prepare import misfit_of
from ctdc.hub.workbench.profile import as_json, look_at, settled
from ctdc.hub.workbench.project import Project, write_json
from ctdc.intake.model import SPREADSHEETS, TEXT_FORMATS, TableSpec
from ctdc.intake.readers.child import drop_network
from ctdc.intake.readers.encoding import open_bytes
from ctdc.intake.readers.frame import BadRow, Frame, Needs, OpenTable
from ctdc.intake.readers.limits import DEFAULT_LIMITS
from ctdc.intake.readers.open import open_table
from ctdc.intake.readers.prescan import scan_workbook

FORMATS = ("csv", "tsv", "xlsx", "ods", "parquet")
ORIGINAL, GIVEN = "original", "file.json"  # the file as it came, and what it was called
DELIMITERS = (",", ";", "\t", "|")
MEMORY = 6 << 30  # bytes of addresses; a whole table is never in memory, its parts are
CPU_SECONDS = 3_600
MOST_COLUMNS = 500  # more are no table that a person could declare column by column
ROWS_NAMED = 5
HEAD = 65_536  # bytes in which the header line ends


def work(project: Project, folder: Path, asked: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Read the file of the project. asked: ``format``, ``sheet``, ``encoding``, ``delimiter`` (empty where not said).

    Result: ``sheets`` if one has to be chosen, else ``rows``, ``columns``, ``blank``, ``hash``, ``delimiter``.
    """
    drop_network()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    path = project.input / f"{ORIGINAL}.{asked['format']}"
    progress.start("Reading the file")
    sheets = sheet_names(path, asked["format"]) if asked["format"] in SPREADSHEETS else ()
    if len(sheets) > 1 and asked.get("sheet") not in sheets:
        return {"sheets": list(sheets)}
    spec = spec_of(path, asked, sheets)
    opened = open_table(path, spec, Needs(everything=True))
    names = column_names(opened.receipt.header)
    rows = write_table(opened, names, project.table)
    progress.finish()
    _look(project, names, progress)
    facts = {"rows": rows, "columns": len(names), "blank": opened.receipt.blank_rows, "hash": hash_file(project.table)}
    return {**facts, "sheets": list(sheets), "sheet": spec.sheet or "", "delimiter": spec.delimiter or ""}


def sheet_names(path: Path, form: str) -> tuple[str, ...]:
    """The sheets of a workbook, looked through for bombs first. Raises UserError (``intake.damaged``, ...)."""
    scan_workbook(path, form, DEFAULT_LIMITS)
    try:
        return tuple(CalamineWorkbook.from_path(str(path)).sheet_names)
    except CalamineError:
        raise UserError("intake.damaged", "The workbook cannot be read.", do="Save it again, or as CSV.") from None


def spec_of(path: Path, asked: Mapping[str, Any], sheets: Sequence[str]) -> TableSpec:
    """How the file is read: what was said, and what follows from the file where nothing was."""
    form = asked["format"]
    if form in SPREADSHEETS:
        return TableSpec(name="table", file=path.name, format=form, sheet=asked.get("sheet") or sheets[0])
    if form not in TEXT_FORMATS:
        return TableSpec(name="table", file=path.name, format=form)
    encoding = asked.get("encoding") or "utf-8"
    delimiter = asked.get("delimiter") or delimiter_of(path, encoding)
    return TableSpec(name="table", file=path.name, format=form, encoding=encoding, delimiter=delimiter)


def delimiter_of(path: Path, encoding: str) -> str:
    """What stands most often in the header line; the person sees the columns that come of it."""
    with open_bytes(path) as stream:
        head = stream.read(HEAD)
    line = head.decode(encoding, "replace").splitlines()[:1]
    counts = {mark: line[0].count(mark) for mark in DELIMITERS} if line else {",": 1}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns, with a number for those that have none. Raises UserError (``workbench.many_columns``)."""
    names = [name if name and not name.startswith(" (") else f"column {place}" for place, name in enumerate(header, 1)]
    if len(names) > MOST_COLUMNS:
        raise UserError(
            "workbench.many_columns",
            f"The table has {len(names):,} columns.",
            allowed=f"at most {MOST_COLUMNS}",
            do="Leave out columns that nobody needs, and give the file again.",
        )
    if len(set(names)) < len(names):
        raise UserError("workbench.names", "Two columns have the same name.", do="Give each column a name of its own.")
    return tuple(names)


def write_table(opened: OpenTable, names: Sequence[str], out: Path) -> int:
    """Write the rows as text columns, for the owner only. Returns how many there are. Raises UserError."""
    schema = pa.schema([(name, pa.string()) for name in names])
    rows = 0
    with atomic_file(out, private=True) as temporary:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for batch in _batches(opened.frames(), schema):
                rows += batch.num_rows
                writer.write_batch(batch)
        _require_whole(opened.receipt.bad_rows)
        if rows == 0:
            raise UserError("workbench.no_rows", "There is no row below the header.", do="Give another file or sheet.")
    return rows


def _batches(frames: Iterator[Frame], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for frame in frames:
        arrays = []
        for column in frame.columns.values():
            texts = pc.utf8_trim_whitespace(pa.array(column.texts, pa.string()))
            filled = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
            arrays.append(filled.take(pa.array(column.indices, pa.int32())))
        yield pa.record_batch(arrays, schema=schema)


def _require_whole(bad: Sequence[BadRow]) -> None:
    if bad:
        named = ", ".join(f"{one.row} ({one.cells} of {one.expected})" for one in bad[:ROWS_NAMED])
        raise UserError(
            "workbench.bad_rows",
            "Rows do not have as many cells as the header.",
            where=named,
            do="Correct these rows, or say what stands between the cells.",
        )


def _look(project: Project, names: Sequence[str], progress: Progress) -> None:
    """Write what the columns look like, and a choice for each: what was said before where it still fits."""
    progress.start("Looking at the columns", len(names))
    before = {choice.name: choice for choice in read_choices(project)}
    looks, choices = [], []
    for name in names:
        look, proposed = look_at(project.table, name)
        looks.append({**as_json(look), "proposed": asdict(proposed)})
        choices.append(_again(project, before[name]) if name in before else settled(look, proposed))
        progress.advance()
    write_json(project.profile, looks)
    write_choices(project, choices)
    progress.finish()


def _again(project: Project, choice: Choice) -> Choice:
    """What was said about a column of an earlier file; to be confirmed anew where this one does not fit it."""
    fits = choice.confirmed and misfit_of(project.table, choice) is None
    return replace(choice, confirmed=fits)
