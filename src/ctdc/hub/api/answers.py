"""Counts as the rows that leave the service: as JSON values and as tables.

Promise: what is too few to say has no number and no ends of an interval, which would say it; what is not known is null
and never zero. Rows of JSON, csv and parquet hold the same numbers, in the same order (`ctdc.release.told`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.hub.api.shelf import Shelved
from ctdc.release.counting import Counted, Number
from ctdc.release.told import NUMBERS, Places, number_value, numbers_of, numbers_table

MOST_ROWS = 20_000  # of an answer in JSON; tables may have as many as `counting.MOST_CELLS`
NO_SHARE = {"share": None, "share_low": None, "share_high": None}


def total_row(number: Number) -> dict[str, Any]:
    """All people of a question as the only row of its counts."""
    return {"codes": {}, **number_value(number), **NO_SHARE}


def total_table(number: Number) -> pl.DataFrame:
    """The same as a table."""
    return numbers_table({name: [value] for name, value in {**number_value(number), **NO_SHARE}.items()})


def rows_of(found: Counted, places: Places | None = None) -> list[dict[str, Any]]:
    """One JSON object per cell: its codes (null: not known), and its numbers. places: which, in order; default all."""
    names, parts = found.variables, numbers_of(found, places).iter_rows(named=True)
    codes = found.codes if places is None else [found.codes[place] for place in places.tolist()]
    return [
        {"codes": {name: code or None for name, code in zip(names, own, strict=True)}, **numbers}
        for own, numbers in zip(codes, parts, strict=True)
    ]


def variable_answer(found: Counted) -> dict[str, Any]:
    """One variable among some people: of whom its shares are, and its codes."""
    whole = None if found.whole is None else number_value(found.whole)
    rows = [{"code": row["codes"][found.variables[0]], **{n: row[n] for n in NUMBERS}} for row in rows_of(found)]
    return {"name": found.variables[0], "denominator": whole, "codes": rows}


def require_few(rows: int, release: Shelved) -> None:
    """Raise UserError (``api.too_large``) for more rows than one JSON answer holds."""
    if rows > MOST_ROWS:
        raise UserError(
            "api.too_large",
            f"This answer has {rows:,} rows.",
            allowed=f"up to {MOST_ROWS:,} rows in JSON",
            do=f"Ask for .csv or .parquet in place of JSON, or take all counts at once: "
            f"{release.files}data/aggregates.parquet",
        )


def csv_bytes(table: pl.DataFrame) -> bytes:
    """The table as csv in UTF-8; null is an empty cell."""
    return table.write_csv().encode()


def parquet_bytes(table: pl.DataFrame, block: Mapping[str, Any]) -> bytes:
    """The table as parquet, with what the release says of itself in the file's metadata."""
    buffer = BytesIO()
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in block.items()}
    table.write_parquet(buffer, metadata=texts, statistics=False)
    return buffer.getvalue()
