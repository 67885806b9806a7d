"""The counts that runs published, side by side.

Promise: read from what the engine published alone; what is too few to say is marked, and its number not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ctdc.foundation.documents import parse_json
from ctdc.release.protected import AGGREGATES
from ctdc.table.declare import Declaration, SplitField, read_declaration
from ctdc.workflow.any_table import DECLARATION


@dataclass(frozen=True)
class Cell:
    """A published count with its standard error, in people. few: too few to say."""

    count: float
    error: float
    few: bool


Key = tuple[str, str]


def single_counts(protected: Path) -> dict[Key, Cell]:
    """Counts of single values, by variable and code, in the order of the file."""
    table = pl.scan_parquet(protected / AGGREGATES).filter(pl.col("length") == 1).collect()
    found = {}
    for row in table.iter_rows(named=True):
        ((variable, code),) = parse_json(row["attributes"].encode()).items()
        found[str(variable), str(code)] = Cell(row["count"], row["standard_error"], row["below_threshold"])
    return found


def spoken(declaration: Declaration) -> dict[str, Key]:
    """Each flag of a column with several values: the column, and the value that the flag stands for."""
    return {
        f"{field.name}:{code}": (field.name, code)
        for field in declaration.fields
        if isinstance(field, SplitField)
        for code in field.codes
    }


def counts_of(protected: Path) -> dict[Key, Cell]:
    """As `single_counts`, by column and value as a person declared them."""
    flags = spoken(read_declaration(protected / DECLARATION))
    return {flags.get(key[0], key): cell for key, cell in single_counts(protected).items()}


def beside(tables: Sequence[dict[Key, Cell]]) -> list[tuple[str, str, list[Cell | None]]]:
    """Variable, code, and the cell of each table, None where one does not have it."""
    keys = list(dict.fromkeys(key for table in tables for key in table))
    return [(variable, code, [table.get((variable, code)) for table in tables]) for variable, code in keys]
