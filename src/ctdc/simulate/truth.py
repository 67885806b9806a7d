"""The known truth of a simulation, in the format of harmonised cases, and of rows that belong to them.

Promise: columns are those of cases.parquet (each variable and its ``.missing`` reason, exactly one of the two filled)
with two provenance columns, `_contributor` and `_row`; linked rows also say the row of their case, `_case`. An intake
that makes no mistake gives the same values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ctdc.simulate.draft import REASONS, Draft, Known
from ctdc.simulate.people import Bools, Ints
from ctdc.standard import load
from ctdc.standard.model import Standard

CODES = pa.dictionary(pa.int32(), pa.string())
CASES_FORMAT = "1"
Numbers = NDArray[np.integer]


def _schema(standard: Standard, rows: Sequence[str]) -> pa.Schema:
    fields = []
    for variable in standard.variables:
        fields += [pa.field(variable, CODES), pa.field(f"{variable}.missing", CODES)]
    fields += [pa.field("_contributor", CODES), *(pa.field(name, pa.int64()) for name in rows)]
    metadata = {"ctdc.standard": standard.version, "ctdc.cases": CASES_FORMAT, "ctdc.simulated": "yes: invented people"}
    return pa.schema(fields, metadata=metadata)


def truth_schema() -> pa.Schema:
    """Columns of truth.parquet, in the standard's order."""
    return _schema(load(), ("_row",))


def linked_schema(entity: str) -> pa.Schema:
    """Columns of the truth of linked rows, in the standard's order."""
    return _schema(load().of_entity(entity), ("_row", "_case"))


def _coded(positions: Ints, codes: tuple[str, ...]) -> pa.DictionaryArray:
    """Dictionary array from positions, negative ones null."""
    indices = pa.array(np.maximum(positions, 0), mask=positions < 0, type=pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(codes, type=pa.string()))


def _table(
    schema: pa.Schema, truth: Mapping[str, Known], kept: Bools, contributor: str, rows: Mapping[str, Numbers]
) -> pa.Table:
    columns: list[pa.Array] = []
    for variable in (name for name in schema.names if name in truth):
        known = truth[variable]
        positions = known.positions[kept]
        reasons = np.where(positions < 0, known.reasons[kept], -1).astype(np.int32)
        columns += [_coded(positions, known.codes), _coded(reasons, REASONS)]
    columns.append(_coded(np.zeros(int(kept.sum()), dtype=np.int32), (contributor,)))
    columns += [pa.array(numbers[kept], type=pa.int64()) for numbers in rows.values()]
    return pa.Table.from_arrays(columns, schema=schema)


def truth_block(draft: Draft, contributor: str, first_row: int) -> pa.Table:
    """The truth of a block's cases that may be shared; `first_row` is the row of its first person in the main table."""
    rows = np.arange(draft.people.size) + first_row
    return _table(truth_schema(), draft.truth, draft.included, contributor, {"_row": rows})


def linked_block(draft: Draft, entity: str, contributor: str, first_row: int, own_first_row: int) -> pa.Table:
    """The truth of the rows that belong to a block's cases that may be shared.

    first_row: as in `truth_block`; own_first_row: the row of the block's first linked row in its own table, if it has
    one. Otherwise a linked row stands in the row of its case, and one of which nothing is known is not there.
    """
    linked = draft.linked[entity]
    kept = np.asarray(draft.included[linked.people])
    cases = linked.people + first_row
    own: Numbers = np.arange(len(cases)) + own_first_row
    if not linked.table:
        own = cases
        kept = kept & np.stack([known.positions >= 0 for known in linked.truth.values()]).any(axis=0)
    return _table(linked_schema(entity), linked.truth, kept, contributor, {"_row": own, "_case": cases})


@contextmanager
def open_truth(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A writer for a file of truth; each block becomes one row group."""
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield writer
