"""From a harmonised value back to the cells of the source that it was read from.

Promise: needs the cases file only; names file, sheet, column letter and row as the contributor sees them. Values of
the source are not in the cases file and are not shown.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.intake.cases import MISSING_SUFFIX, PROVENANCE, read_metadata


@dataclass(frozen=True)
class Cell:
    """A cell, or (for a joined table) the cells of a column in the rows that belong to the person.

    reference: such as C9; for a joined table the column letter alone. joined_by: the column that holds the key.
    """

    file: str
    sheet: str
    column: str
    reference: str
    joined_by: str = ""


@dataclass(frozen=True)
class TracedValue:
    """One variable of one case: its value or missing reason, and the cells behind it (none for a constant)."""

    variable: str
    value: str | None
    missing: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Trace:
    """A row of a cases file with its provenance."""

    row: int
    provenance: dict[str, Any]
    values: tuple[TracedValue, ...]

    def as_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def _read_row(path: Path, row: int) -> dict[str, Any]:
    """One row by its 1-based number; only its row group is read."""
    file = pq.ParquetFile(path)
    if not 1 <= row <= file.metadata.num_rows:
        raise UserError(
            "intake.trace_row",
            f"There is no row {row:,}.",
            where=str(path),
            allowed=f"1 to {file.metadata.num_rows:,}",
            do="Rows are counted from 1 in the order of the cases file.",
        )
    rest = row - 1
    for group in range(file.num_row_groups):
        size = file.metadata.row_group(group).num_rows
        if rest < size:
            found: dict[str, Any] = file.read_row_group(group).slice(rest, 1).to_pylist()[0]
            return found
        rest -= size
    raise RuntimeError("the row groups hold fewer rows than the file says")


def _open_metadata(path: Path) -> dict[str, str]:
    try:
        metadata = read_metadata(path)
    except UserError as error:
        raise UserError(
            "intake.trace_file", f"This is not a cases file: {error.detail.what}", where=str(path)
        ) from None
    if "ctdc.cells" not in metadata:
        raise UserError(
            "intake.trace_file",
            "The file does not say where its values come from.",
            where=str(path),
            allowed="a file written by 'ctdc intake harmonise'",
        )
    return metadata


def _cell(source: dict[str, str], row: int, joins: dict[str, dict[str, str]]) -> Cell:
    join = joins.get(source["table"])
    reference = source["letter"] if join else f"{source['letter']}{row}"
    return Cell(source["file"], source["sheet"], source["column"], reference, join["column"] if join else "")


def trace(path: Path, row: int, variable: str | None = None) -> Trace:
    """Where row `row` (1-based) of a cases file comes from; all variables, or one.

    Raises UserError (``intake.trace_file``, ``intake.trace_row``, ``intake.trace_variable``).
    """
    metadata = _open_metadata(path)
    cells: dict[str, list[dict[str, str]]] = json.loads(metadata["ctdc.cells"])
    joins: dict[str, dict[str, str]] = json.loads(metadata["ctdc.joins"])
    found = _read_row(path, row)
    variables = [name for name in found if name + MISSING_SUFFIX in found]
    if variable is not None and variable not in variables:
        raise UserError(
            "intake.trace_variable",
            f"There is no variable {variable!r}.",
            where=str(path),
            allowed=", ".join(variables),
        )
    values = tuple(
        TracedValue(
            name,
            found[name],
            found[name + MISSING_SUFFIX],
            tuple(_cell(source, found["_row"], joins) for source in cells.get(name, [])),
        )
        for name in ([variable] if variable else variables)
    )
    return Trace(row, {name: found[name] for name in PROVENANCE}, values)
