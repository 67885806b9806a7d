"""The table that every method gets: a published file brought to the 27-column profile, simulated cases, or any csv.

Promise: what is prepared lies under ``benchmarks/.peers/data`` (never committed) and is named by what it was made from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.coding import read_table
from benchmarks.peers import PEERS

if TYPE_CHECKING:
    from ctdc.standard.model import Profile

DATA = PEERS / "data"
REAL_FILE = "ctdc_global_synthetic_2021.csv.gz"
REAL_DATA_VARIABLE = "CTDC_REAL_DATA"
PROFILE = "synthetic-2024"
SIMULATED_CASES = 50_000
SIMULATED_SEED = 20240101


@dataclass(frozen=True)
class Table:
    """A prepared table: `name` for files, `title` for people."""

    name: str
    title: str
    csv: Path
    schema: Path

    def frame(self) -> pl.DataFrame:
        """The records as text, null for empty."""
        return read_table(self.csv)


def profile_named(name: str) -> Profile:
    """A profile of the standard."""
    from ctdc import standard

    return standard.load().profiles[name]


def write_schema(codes: Mapping[str, Sequence[str]], path: Path) -> None:
    """Table Schema of columns whose codes are given."""
    fields = [
        {"name": name, "type": "string", "constraints": {"enum": list(allowed)}} for name, allowed in codes.items()
    ]
    path.write_text(json.dumps({"fields": fields, "missingValues": [""]}), encoding="utf-8")


def _store(name: str, title: str, records: pl.DataFrame, profile: Profile) -> Table:
    DATA.mkdir(parents=True, exist_ok=True)
    table = Table(name, title, DATA / f"{name}.csv", DATA / f"{name}.schema.json")
    records.select(column.name for column in profile.columns).write_csv(table.csv)
    write_schema({name: profile.codes(name) for name in profile.names}, table.schema)
    return table


def _as_text(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("a table of several columns was expected")
    return frame.select(pl.all().cast(pl.String))


def real_table(folder: Path) -> Table:
    """The Global Synthetic Dataset of 2021 in the shape of 2024, by the standard's crosswalk."""
    from ctdc.standard.crosswalk import convert

    source = profile_named("synthetic-2021")
    target = profile_named(PROFILE)
    published = read_table(folder / REAL_FILE)
    records = _as_text(convert(published.to_arrow(), source, target))
    title = f"Global Synthetic Dataset 2021, brought to the 2024 profile ({records.height:,} x {records.width})"
    return _store("real-2021-as-2024", title, records, profile=target)


def simulated_truth(cases: int, seed: int) -> Path:
    """The harmonised truth of a simulation, made when it is not there."""
    from ctdc.foundation.progress import Silent
    from ctdc.simulate.write import TRUTH_FILE, write_deliveries

    folder = DATA / f"simulated-{cases}-seed-{seed}"
    if not (folder / TRUTH_FILE).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_deliveries(folder, cases, seed, 0.0, Silent())
    return folder / TRUTH_FILE


def simulated_table(cases: int, seed: int) -> Table:
    """Simulated cases in the shape of the 2024 profile."""
    from ctdc.standard.derive import derive

    truth = pq.read_table(simulated_truth(cases, seed))
    profile = profile_named(PROFILE)
    records = _as_text(derive(truth, profile))
    name = f"simulated-{cases}-seed-{seed}"
    title = f"SIMULATED cases, not real ({records.height:,} x {records.width}, seed {seed})"
    return _store(name, title, records, profile)


def given_table(csv: Path, schema: Path) -> Table:
    """Any csv file whose columns are those of a Table Schema."""
    return Table(csv.stem, csv.name, csv, schema)


def cut(table: Table, rows: int) -> Table:
    """The table with `rows` records, drawn with a fixed seed (the published files are sorted)."""
    frame = table.frame()
    if frame.height <= rows:
        return table
    DATA.mkdir(parents=True, exist_ok=True)
    path = DATA / f"{table.name}-{rows}.csv"
    frame.sample(rows, seed=0, shuffle=True).write_csv(path)
    return Table(path.stem, f"{table.title}; {rows:,} records of it", path, table.schema)


def default_table(cases: int, seed: int) -> Table:
    """The real file when ``CTDC_REAL_DATA`` names a folder that has it, simulated cases otherwise."""
    folder = os.environ.get(REAL_DATA_VARIABLE)
    if folder and (Path(folder) / REAL_FILE).exists():
        return real_table(Path(folder))
    return simulated_table(cases, seed)
