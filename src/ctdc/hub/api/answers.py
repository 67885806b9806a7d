"""Counts as the rows that leave the service: as JSON values and as tables.

Promise: what is too few to say has no number and no ends of an interval, which would say it; what is not known is null
and never zero. Rows of JSON, csv and parquet hold the same numbers, in the same order. A table is made column by
column, so the largest one takes a bounded number of bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.hub.api.shelf import Shelved
from ctdc.release.answers import COUNTS, RECORDS
from ctdc.release.counting import Counted, Number

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
NUMBERS = ("count", "low", "high", "source", "too_few", "share", "share_low", "share_high")
DECIMALS, SHARE_DECIMALS = 2, 5
MOST_ROWS = 20_000  # of an answer in JSON; tables may have as many as `counting.MOST_CELLS`
NO_SHARE = {"share": None, "share_low": None, "share_high": None}


def number_value(number: Number) -> dict[str, Any]:
    """A number of people as JSON values; null where it is too few to say."""
    parts = {"count": number.value, "low": number.low, "high": number.high}
    said = {name: None if number.too_few else round(value, DECIMALS) for name, value in parts.items()}
    return {**said, "source": number.source, "too_few": number.too_few}


def total_row(number: Number) -> dict[str, Any]:
    """All people of a question as the only row of its counts."""
    return {"codes": {}, **number_value(number), **NO_SHARE}


def total_table(number: Number) -> pl.DataFrame:
    """The same as a table."""
    return _numbers_table({name: [value] for name, value in {**number_value(number), **NO_SHARE}.items()})


def rows_of(found: Counted, places: Places | None = None) -> list[dict[str, Any]]:
    """One JSON object per cell: its codes (null: not known), and its numbers. places: which, in order; default all."""
    names, parts = found.variables, numbers_of(found, places).iter_rows(named=True)
    codes = found.codes if places is None else [found.codes[place] for place in places.tolist()]
    return [
        {"codes": {name: code or None for name, code in zip(names, own, strict=True)}, **numbers}
        for own, numbers in zip(codes, parts, strict=True)
    ]


def numbers_of(found: Counted, places: Places | None = None) -> pl.DataFrame:
    """The numbers of some cells, in order, as the columns `NUMBERS`."""
    at = slice(None) if places is None else places
    few, share_few, shares = found.too_few[at], found.share_too_few[at], found.shares
    columns: dict[str, Any] = {
        name: _said(values[at], few, DECIMALS)
        for name, values in (("count", found.count), ("low", found.low), ("high", found.high))
    }
    columns |= {"source": np.where(found.measured[at], COUNTS, RECORDS), "too_few": few}
    ends = (("share", shares.share), ("share_low", shares.low), ("share_high", shares.high))
    columns |= {name: _said(values[at], share_few, SHARE_DECIMALS) for name, values in ends}
    return _numbers_table(columns)


def _said(values: Floats, few: Marks, decimals: int) -> Floats:
    """The rounded numbers, without those that are too few to say."""
    return np.where(few, np.nan, np.round(values, decimals))


def _numbers_table(columns: Mapping[str, Any]) -> pl.DataFrame:
    kinds: dict[str, type[pl.DataType]] = {"source": pl.String, "too_few": pl.Boolean}
    parts = [pl.Series(name, columns[name], kinds.get(name, pl.Float64)) for name in NUMBERS]
    return pl.DataFrame(parts).fill_nan(None)


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


def table_of(found: Counted, places: Places | None = None) -> pl.DataFrame:
    """The cells as a table: a text column per variable, then `NUMBERS`. places: which, in order; default all.

    Raises UserError (``api.column``) for a variable that is called as one of the numbers.
    """
    if set(found.variables) & set(NUMBERS):
        raise UserError("api.column", "A variable has the name of another column.", do="Ask for JSON.")
    codes = found.codes if places is None else [found.codes[place] for place in places.tolist()]
    columns = [
        pl.Series(name, [own[at] or None for own in codes], pl.String) for at, name in enumerate(found.variables)
    ]
    return pl.DataFrame([*columns, *numbers_of(found, places).get_columns()])


def csv_bytes(table: pl.DataFrame) -> bytes:
    """The table as csv in UTF-8; null is an empty cell."""
    return table.write_csv().encode()


def parquet_bytes(table: pl.DataFrame, block: Mapping[str, Any]) -> bytes:
    """The table as parquet, with what the release says of itself in the file's metadata."""
    buffer = BytesIO()
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in block.items()}
    table.write_parquet(buffer, metadata=texts, statistics=False)
    return buffer.getvalue()
