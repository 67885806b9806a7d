"""The known truth of a simulation, in the format of harmonised cases.

Promise: columns are those of cases.parquet (each variable and its ``.missing`` reason, exactly one of the two filled)
with two provenance columns, `_contributor` and `_row`; an intake that makes no mistake gives the same values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.simulate.draft import REASONS, Draft
from ctdc.simulate.people import Ints
from ctdc.standard import load

CODES = pa.dictionary(pa.int32(), pa.string())
CASES_FORMAT = "1"


def truth_schema() -> pa.Schema:
    """Columns of truth.parquet, in the standard's order."""
    standard = load()
    fields = []
    for variable in standard.variables:
        fields += [pa.field(variable, CODES), pa.field(f"{variable}.missing", CODES)]
    fields += [pa.field("_contributor", CODES), pa.field("_row", pa.int64())]
    metadata = {"ctdc.standard": standard.version, "ctdc.cases": CASES_FORMAT, "ctdc.simulated": "yes: invented people"}
    return pa.schema(fields, metadata=metadata)


def _coded(positions: Ints, codes: tuple[str, ...]) -> pa.DictionaryArray:
    """Dictionary array from positions, negative ones null."""
    indices = pa.array(np.maximum(positions, 0), mask=positions < 0, type=pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(codes, type=pa.string()))


def truth_block(draft: Draft, contributor: str, first_row: int) -> pa.Table:
    """The truth of a block's cases that may be shared; `first_row` is the row of its first person in the main table."""
    kept = draft.included
    columns: list[pa.Array] = []
    for variable in load().variables:
        known = draft.truth[variable]
        positions = known.positions[kept]
        reasons = np.where(positions < 0, known.reasons[kept], -1).astype(np.int32)
        columns += [_coded(positions, known.codes), _coded(reasons, REASONS)]
    rows = np.flatnonzero(kept) + first_row
    columns += [_coded(np.zeros(len(rows), dtype=np.int32), (contributor,)), pa.array(rows, type=pa.int64())]
    return pa.Table.from_arrays(columns, schema=truth_schema())


@contextmanager
def open_truth(path: Path) -> Iterator[pq.ParquetWriter]:
    """A writer for truth.parquet; each block becomes one row group."""
    with pq.ParquetWriter(path, truth_schema(), compression="zstd") as writer:
        yield writer
