"""The harmonised cases file: one row per person, written batch by batch.

Promise: for every harmonised variable exactly one of value and missing reason is there; every row says which source
row, mapping and delivery it came from; metadata say which standard it follows and whether it may be promoted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.intake.outcomes import Outcomes, Target, reasons
from ctdc.intake.readers.frame import RowArray
from ctdc.table.coded import parquet_metadata

MISSING_SUFFIX = ".missing"
PROVENANCE = (
    "_contributor",
    "_delivery",
    "_file",
    "_sheet",
    "_row",
    "_subject",
    "_mapping",
    "_mapping_version",
    "_mapping_hash",
)
CASES_VERSION = "1"
_TEXT = pa.dictionary(pa.int32(), pa.string())


def cases_schema(targets: MappingType[str, Target]) -> pa.Schema:
    """Columns of a cases file, in order."""
    fields = []
    for name in targets:
        fields += [pa.field(name, _TEXT), pa.field(name + MISSING_SUFFIX, _TEXT)]
    for name in PROVENANCE:
        kind = pa.int64() if name == "_row" else pa.string() if name == "_subject" else _TEXT
        fields.append(pa.field(name, kind, nullable=False))
    return pa.schema(fields)


def cases_table(
    outcomes: MappingType[str, Outcomes],
    rows: RowArray,
    subjects: list[str],
    targets: MappingType[str, Target],
    provenance: MappingType[str, str],
) -> pa.Table:
    """Rows of a cases file: outcomes of every variable (shape (rows,)), source rows and subjects."""
    arrays: list[pa.Array] = []
    why = pa.array(reasons(), pa.string())
    for name, target in targets.items():
        arrays += _pair(outcomes[name], pa.array(target.codes, pa.string()), why)
    for name in PROVENANCE:
        if name == "_row":
            arrays.append(pa.array(rows))
        elif name == "_subject":
            arrays.append(pa.array(subjects, pa.string()))
        else:
            arrays.append(_constant(provenance[name], len(rows)))
    return pa.Table.from_arrays(arrays, schema=cases_schema(targets))


def _pair(outcomes: Outcomes, codes: pa.Array, reasons: pa.Array) -> list[pa.Array]:
    absent = outcomes < 0
    values = pa.DictionaryArray.from_arrays(pa.array(outcomes, pa.int32(), mask=absent), codes)
    why = pa.DictionaryArray.from_arrays(pa.array(-1 - outcomes, pa.int32(), mask=~absent), reasons)
    return [values, why]


def _constant(text: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text], pa.string()))


class CasesWriter:
    """Writes a cases file to `path`; close() seals it with its metadata."""

    def __init__(self, path: Path, targets: MappingType[str, Target], provenance: MappingType[str, str]) -> None:
        """`provenance`: the texts that are equal for all rows of the delivery."""
        self._targets, self._provenance = targets, provenance
        self._schema = cases_schema(targets)
        # Subjects never repeat and nobody searches by statistics: without both, writing takes a third of the time.
        coded = [field.name for field in self._schema if pa.types.is_dictionary(field.type)]
        self._writer = pq.ParquetWriter(
            path, self._schema, compression="zstd", use_dictionary=coded, write_statistics=False
        )
        self.rows = 0

    def write(self, outcomes: MappingType[str, Outcomes], rows: RowArray, subjects: list[str]) -> None:
        """Write one batch; see `cases_table`."""
        self._writer.write_table(cases_table(outcomes, rows, subjects, self._targets, self._provenance))
        self.rows += len(rows)

    def close(self, metadata: MappingType[str, str]) -> None:
        """Finish the file; `metadata` are its key-value pairs."""
        self._writer.add_key_value_metadata(dict(metadata))
        self._writer.close()

    def abandon(self) -> None:
        """Close the file without metadata; the caller removes it."""
        self._writer.close()


def read_metadata(path: Path) -> dict[str, str]:
    """The ``ctdc.*`` metadata of a cases file, whichever engine wrote it.

    Raises UserError (``table.file_missing``, ``table.not_parquet``).
    """
    found = parquet_metadata(path).items()
    return {key.decode(): value.decode() for key, value in found if key.startswith(b"ctdc.")}


def sources_json(value: Any) -> str:
    """A JSON text for metadata."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
