"""Simulated cases in any number, written to Parquet piece by piece: what growth is measured on.

Promise: memory is bounded by the piece, not by the number of rows; the same arguments give the same file; nothing in it
is of a real person.

The simulator makes some thousand cases a second, which is too slow for ten million. So a base of simulated cases is
drawn from again and again: each row is a case of the base in which every cell, with a small chance, is that of another
case. One-way tables stay as simulated, people differ from one another, and rare combinations grow with the rows, as
they do in life.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.data import DATA, profile_named, simulated_truth, write_schema

BASE_CASES = 50_000
SEED = 20240102
PIECE = 250_000
LIST = "list"  # the kind of a column that holds several codes at once, which no table of categories can
EXCHANGED = 0.02  # the chance of a cell to be another case's


@dataclass(frozen=True)
class Shape:
    """Which columns: the first `variables` of some profiles, lists of codes and repeated names left out."""

    profiles: tuple[str, ...]
    variables: int

    def columns(self) -> dict[str, str]:
        """Columns, and the profile that each is of. Raises ValueError when the profiles have too few."""
        found: dict[str, str] = {}
        for profile in self.profiles:
            for column in profile_named(profile).columns:
                if column.kind != LIST:
                    found.setdefault(column.name, profile)
        if len(found) < self.variables:
            raise ValueError(f"{', '.join(self.profiles)} have {len(found)} columns, not {self.variables}")
        return dict(list(found.items())[: self.variables])

    def names(self) -> list[str]:
        """The columns' names."""
        return list(self.columns())


@dataclass(frozen=True)
class Crowd:
    """Files of simulated cases and their schema."""

    cases: Path
    schema: Path
    rows: int
    variables: int


def base(shape: Shape, cases: int = BASE_CASES, seed: int = SEED) -> pa.Table:
    """Simulated cases in the shape, columns as dictionaries."""
    from ctdc.standard.derive import derive

    truth = pq.read_table(simulated_truth(cases, seed))
    derived = {profile: derive(truth, profile_named(profile)) for profile in shape.profiles}
    arrays = {name: derived[profile].column(name) for name, profile in shape.columns().items()}
    return pa.table(arrays).combine_chunks().unify_dictionaries()


def pieces(table: pa.Table, rows: int, seed: int) -> Iterator[pa.Table]:
    """`rows` rows drawn from the table as the module's promise says."""
    draw = np.random.default_rng(seed)
    columns = [table.column(name).combine_chunks() for name in table.column_names]
    codes = [column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32) for column in columns]
    for start in range(0, rows, PIECE):
        size = min(PIECE, rows - start)
        whose = draw.integers(0, table.num_rows, size)
        arrays = [
            _dictionary(_exchanged(code, whose, draw), column.dictionary)
            for code, column in zip(codes, columns, strict=True)
        ]
        yield pa.Table.from_arrays(arrays, names=table.column_names)


def _exchanged(
    code: npt.NDArray[np.int32], whose: npt.NDArray[np.int64], draw: np.random.Generator
) -> npt.NDArray[np.int32]:
    result = code[whose]
    places = np.flatnonzero(draw.random(len(whose)) < EXCHANGED)
    result[places] = code[draw.integers(0, len(code), len(places))]
    return result


def _dictionary(codes: npt.NDArray[np.int32], dictionary: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), dictionary)


def write_crowd(shape: Shape, rows: int, folder: Path = DATA) -> Crowd:
    """The file of `rows` cases and its schema, made when they are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"crowd-{shape.profiles[0]}-{shape.variables}-{rows}-seed-{SEED}"
    crowd = Crowd(folder / f"{name}.parquet", folder / f"{name}.schema.json", rows, shape.variables)
    write_schema({name: profile_named(profile).codes(name) for name, profile in shape.columns().items()}, crowd.schema)
    if not crowd.cases.exists():
        unfinished = crowd.cases.with_suffix(".unfinished")
        table = base(shape)
        with pq.ParquetWriter(unfinished, next(pieces(table, 1, SEED)).schema) as writer:
            for piece in pieces(table, rows, SEED):
                writer.write_table(piece)
        unfinished.rename(crowd.cases)
    return crowd


def write_workload(path: Path, length: int, sets: list[list[str]]) -> None:
    """The declared workload: all sets of up to `length` variables, and `sets` beside them."""
    path.write_text(json.dumps({"length": length, "sets": sets}, indent=1), encoding="utf-8")
