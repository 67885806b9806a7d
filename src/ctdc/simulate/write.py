"""Writes a whole simulation: five deliveries, their truth, and a record of the dirt in them.

Promise: the same arguments give the same bytes in every file; memory is bounded by the block, not by the number of
cases; the folder appears whole or not at all; everything in it says that it is simulated.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_folder
from ctdc.foundation.progress import Progress
from ctdc.simulate.corridors import Corridors
from ctdc.simulate.countries import Countries, load_countries
from ctdc.simulate.dirt import DIRT_COLUMNS, KINDS, Piece, Place, soil
from ctdc.simulate.draft import Draft
from ctdc.simulate.files import open_writers
from ctdc.simulate.layout import CsvFile, DataSheet, Layout, row_of
from ctdc.simulate.natives import aftercare, alliance, caseworks, hotline, registo
from ctdc.simulate.natives.perpetrators import ENTITY
from ctdc.simulate.people import People, draw_people
from ctdc.simulate.truth import linked_block, linked_schema, open_truth, truth_block, truth_schema
from ctdc.simulate.world import CONTRIBUTORS, Contributor

BLOCK = 20_000  # people in memory at a time; part of what makes a seed reproducible, so do not change it lightly
MAX_CASES = 2_000_000  # beyond, the largest contributor would not fit into one sheet
MAX_SEED = 2**63 - 1

TRUTH_FILE = "truth.parquet"
LINKED_TRUTH_FILE = f"truth.{ENTITY}.parquet"
DIRT_FILE = "dirt.csv"
NOTICE_FILE = "SIMULATED.txt"


class RowWriter(Protocol):
    """What `csv.writer` gives (its own type has no public name)."""

    def writerows(self, rows: Iterable[Iterable[object]], /) -> object:
        """Write several rows."""


DraftMaker = Callable[[People, Countries, np.random.Generator], Draft]
NATIVES: dict[str, tuple[Layout, DraftMaker]] = {
    "sim-caseworks": (caseworks.LAYOUT, caseworks.draft),
    "sim-hotline": (hotline.LAYOUT, hotline.draft),
    "sim-alliance": (alliance.LAYOUT, alliance.draft),
    "sim-registo": (registo.LAYOUT, registo.draft),
    "sim-aftercare": (aftercare.LAYOUT, aftercare.draft),
}


@dataclass(frozen=True)
class SimulatedDelivery:
    """What one contributor delivers. source: its file, or the folder of its files; mapping: id of a shipped mapping."""

    contributor: str
    source: Path
    mapping: str
    cases: int


@dataclass(frozen=True)
class Simulation:
    """A finished simulation. shared: cases in the truth, that is without those whose owner did not consent."""

    folder: Path
    cases: int
    shared: int
    dirt: int
    deliveries: tuple[SimulatedDelivery, ...]

    @property
    def truth(self) -> Path:
        """The harmonised truth."""
        return self.folder / TRUTH_FILE

    @property
    def linked_truth(self) -> Path:
        """The harmonised truth of the perpetrators of its cases."""
        return self.folder / LINKED_TRUTH_FILE

    @property
    def dirt_record(self) -> Path:
        """The record of injected dirt."""
        return self.folder / DIRT_FILE


def share_out(cases: int) -> dict[str, int]:
    """How many of `cases` each contributor has: by its share, largest remainders first, at least one each."""
    exact = np.array([contributor.share for contributor in CONTRIBUTORS]) * cases
    counts = np.maximum(np.floor(exact).astype(int), 1)
    while (left := cases - int(counts.sum())) != 0:
        position = int(np.argmax(exact - counts)) if left > 0 else int(np.argmax(counts))
        counts[position] += 1 if left > 0 else -1
    return {contributor.key: int(count) for contributor, count in zip(CONTRIBUTORS, counts, strict=True)}


def _check(cases: int, seed: int, dirt: float) -> None:
    if not len(CONTRIBUTORS) <= cases <= MAX_CASES:
        allowed = f"{len(CONTRIBUTORS)} to {MAX_CASES:,}"
        raise UserError("simulate.cases", f"{cases:,} cases cannot be simulated.", where="--cases", allowed=allowed)
    if not 0 <= seed <= MAX_SEED:
        raise UserError("simulate.seed", "The seed is out of range.", where="--seed", allowed=f"0 to {MAX_SEED}")
    if not 0 <= dirt <= 1:
        raise UserError("simulate.dirt", "The share of dirt is not a share.", where="--dirt", allowed="0 to 1")


def _generator(seed: int, contributor: int, block: int, purpose: int) -> np.random.Generator:
    """An independent stream per purpose, so that dirt does not change the people whom it falls on."""
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(contributor, block, purpose))
    return np.random.Generator(np.random.PCG64(sequence))


def _tables_of(layout: Layout) -> Iterator[tuple[str, str, str, str, int]]:
    """Table, file, sheet, encoding and first row of everything that holds rows."""
    for file in layout:
        if isinstance(file, CsvFile):
            yield file.table, file.name, "", file.encoding, file.first_row
            continue
        for part in file.sheets:
            if isinstance(part, DataSheet):
                yield part.table, file.name, part.title, "utf-8", part.first_row


@dataclass
class _Job:
    """One contributor's part of a simulation."""

    number: int
    contributor: Contributor
    cases: int
    first_serial: int
    seed: int
    dirt: float
    kinds: tuple[str, ...]
    corridors: Corridors
    countries: Countries

    def blocks(self) -> Iterator[tuple[int, Draft]]:
        """Number of people before the block, and the block."""
        _, make = NATIVES[self.contributor.key]
        for block, start in enumerate(range(0, self.cases, BLOCK)):
            size = min(BLOCK, self.cases - start)
            stream = _generator(self.seed, self.number, block, 0)
            people = draw_people(self.contributor, self.first_serial + start, size, self.corridors, stream)
            yield start, make(people, self.countries, _generator(self.seed, self.number, block, 1))

    def soil(self, draft: Draft, block: int, rows_before: dict[str, int]) -> list[Piece]:
        """Spoil the block's tables; `rows_before` counts the rows of each table already written."""
        layout, _ = NATIVES[self.contributor.key]
        stream = _generator(self.seed, self.number, block, 2)
        pieces: list[Piece] = []
        for table, file, sheet, encoding, first_row in _tables_of(layout):
            place = Place(self.contributor.key, file, sheet, first_row + rows_before.get(table, 0))
            pieces += soil(
                draft.tables[table],
                place,
                self.dirt,
                draft.blanks,
                stream,
                encoding=encoding,
                eligible=draft.included if table == "main" else None,
                kinds=self.kinds,
            )
        return pieces


@dataclass(frozen=True)
class _Truth:
    """Writes what is true of cases, and of the perpetrators of those whose contributor tells them apart."""

    cases: pq.ParquetWriter
    linked: pq.ParquetWriter

    def write(self, job: _Job, draft: Draft, start: int, rows_before: dict[str, int]) -> int:
        """Write a block; the number of its cases. start: people before it; rows_before: rows of each table."""
        layout, _ = NATIVES[job.contributor.key]
        first = row_of(layout, "main") + start
        block = truth_block(draft, job.contributor.key, first)
        self.cases.write_table(block)
        if ENTITY in draft.linked:
            table = draft.linked[ENTITY].table or "main"
            own_first = row_of(layout, table) + rows_before.get(table, 0)
            self.linked.write_table(linked_block(draft, ENTITY, job.contributor.key, first, own_first))
        return int(draft.included.sum())


def _write_contributor(
    job: _Job, folder: Path, truth: _Truth, record: RowWriter, progress: Progress
) -> tuple[int, int]:
    """Write one contributor's files. Returns the cases in the truth and the pieces of dirt."""
    layout, _ = NATIVES[job.contributor.key]
    rows_before: dict[str, int] = {}
    shared = dirt = 0
    with open_writers(layout, folder) as writers:
        for start, draft in job.blocks():
            shared += truth.write(job, draft, start, rows_before)
            pieces = job.soil(draft, start // BLOCK, rows_before) if job.dirt > 0 else []
            record.writerows(piece.cells() for piece in pieces)
            for writer in writers:
                writer.append(draft.tables)
            for name, table in draft.tables.items():
                rows_before[name] = rows_before.get(name, 0) + table.size
            dirt += len(pieces)
            progress.advance(draft.people.size)
    return shared, dirt


def _notice(cases: int, seed: int, dirt: float) -> str:
    return (
        "SIMULATED DATA\n\n"
        "Every case in this folder was invented by a computer. No row describes a real person, and no number here\n"
        "says anything about human trafficking. The files exist to develop, demonstrate and test software.\n\n"
        f"Made by: ctdc simulate --cases {cases} --seed {seed} --dirt {dirt:g}\n"
        f"The truth behind the files is in {TRUTH_FILE}, that of perpetrators in {LINKED_TRUTH_FILE}; the errors put\n"
        f"in on purpose are in {DIRT_FILE}.\n"
    )


def _source(out: Path, key: str) -> Path:
    """The one file of a delivery, or its folder when it has several."""
    layout, _ = NATIVES[key]
    folder = out / "deliveries" / key
    return folder / layout[0].name if len(layout) == 1 else folder


def _jobs(counts: dict[str, int], seed: int, dirt: float, kinds: tuple[str, ...]) -> Iterator[_Job]:
    countries = load_countries()
    corridors = Corridors(countries.alpha3)
    serial = 1
    for number, contributor in enumerate(CONTRIBUTORS):
        cases = counts[contributor.key]
        yield _Job(number, contributor, cases, serial, seed, dirt, kinds, corridors, countries)
        serial += cases


def write_deliveries(
    out: Path, cases: int, seed: int, dirt: float, progress: Progress, *, kinds: tuple[str, ...] = KINDS
) -> Simulation:
    """Write `cases` invented cases of all contributors to the new folder `out`.

    dirt: share (0 to 1) of the rows of every file in which one cell is wrong; kinds: which of
    `ctdc.simulate.dirt.KINDS` may be among it. The folder holds
    ``deliveries/<contributor>/``, truth.parquet, truth.perpetrator.parquet, dirt.csv and SIMULATED.txt.

    Raises UserError (``simulate.cases``, ``simulate.seed``, ``simulate.dirt``, ``files.exists``).
    """
    _check(cases, seed, dirt)
    counts = share_out(cases)
    shared = pieces = 0
    with atomic_folder(out) as folder:
        progress.start("Invent cases", cases)
        notice = _notice(cases, seed, dirt)
        (folder / NOTICE_FILE).write_text(notice, encoding="utf-8")
        with (
            open_truth(folder / TRUTH_FILE, truth_schema()) as cases_truth,
            open_truth(folder / LINKED_TRUTH_FILE, linked_schema(ENTITY)) as linked_truth,
            (folder / DIRT_FILE).open("w", encoding="utf-8", newline="") as dirt_file,
        ):
            truth = _Truth(cases_truth, linked_truth)
            record = csv.writer(dirt_file, lineterminator="\n")
            record.writerow(DIRT_COLUMNS)
            for job in _jobs(counts, seed, dirt, kinds):
                target = folder / "deliveries" / job.contributor.key
                done = _write_contributor(job, target, truth, record, progress)
                (target / NOTICE_FILE).write_text(notice, encoding="utf-8")
                shared, pieces = shared + done[0], pieces + done[1]
    progress.finish()
    deliveries = tuple(SimulatedDelivery(key, _source(out, key), key, count) for key, count in counts.items())
    return Simulation(out, cases, shared, pieces, deliveries)
