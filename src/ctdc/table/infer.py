"""Drafting a schema from a table's own values: for public tables, and as a draft to edit for sensitive ones.

Promise: never called by the engine. Whoever calls it tells the person that the result is outside the guarantee.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ctdc.foundation.errors import UserError
from ctdc.table.coded import read_table
from ctdc.table.schema import Schema, Variable


def infer_schema(path: Path, max_codes: int) -> Schema:
    """The distinct non-empty values of every column, sorted. A column without any gets the one code "1".

    Raises UserError (``schema.too_many_codes``) for a column with more than `max_codes` values: it is not categorical.
    """
    table = read_table(path)
    columns = zip(table.column_names, table.columns, strict=True)
    return Schema(tuple(Variable(name, _codes(name, column, max_codes)) for name, column in columns))


def _codes(name: str, column: pa.ChunkedArray, max_codes: int) -> tuple[str, ...]:
    values = {value for value in pc.unique(column.cast(pa.string())).to_pylist() if value}
    if len(values) > max_codes:
        raise UserError(
            "schema.too_many_codes",
            f"The column {name!r} has {len(values):,} different values: it is not a categorical column.",
            allowed=f"at most {max_codes} values (--max-codes)",
            do="Leave the column out, or bring its values into bands first.",
        )
    return tuple(sorted(values)) or ("1",)
