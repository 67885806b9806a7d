"""Counts as the rows that leave the service: as JSON values and as tables.

Promise: what is too few to say has no number, only the ends between which it lies; what is not known is null and
never zero. Rows of JSON, csv and parquet hold the same numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.hub.api.shelf import Shelved
from ctdc.release.answers import COUNTS, RECORDS
from ctdc.release.counting import Counted, Number

Marks = npt.NDArray[np.bool_]
NUMBERS = ("count", "low", "high", "source", "too_few", "share", "share_low", "share_high")
DECIMALS, SHARE_DECIMALS = 2, 5
MOST_ROWS = 20_000  # of an answer in JSON; tables may have as many as `counting.MOST_CELLS`


def number_value(number: Number) -> dict[str, Any]:
    """A number of people as JSON values."""
    value = None if number.too_few else round(number.value, DECIMALS)
    ends = {"low": round(number.low, DECIMALS), "high": round(number.high, DECIMALS)}
    return {"count": value, **ends, "source": number.source, "too_few": number.too_few}


def total_row(number: Number) -> dict[str, Any]:
    """All people of a question as the only row of its counts."""
    return {"codes": {}, **number_value(number), "share": None, "share_low": None, "share_high": None}


def rows_of(found: Counted, said: Marks | None = None) -> list[dict[str, Any]]:
    """One JSON object per cell: its codes (null: not known), and its numbers. said: which cells, by default all."""
    shares = found.shares
    numbers = (found.count, found.low, found.high, found.measured, found.too_few, found.share_too_few)
    columns: tuple[npt.NDArray[Any], ...] = (*numbers, shares.share, shares.low, shares.high)
    codes: Sequence[tuple[str, ...]] = found.codes
    if said is not None:
        codes = [found.codes[place] for place in np.flatnonzero(said)]
        columns = tuple(column[said] for column in columns)
    parts = zip(*(column.tolist() for column in columns), strict=True)
    return [_row(found.variables, own, *cell) for own, cell in zip(codes, parts, strict=True)]


def _row(
    names: Sequence[str],
    codes: Sequence[str],
    count: float,
    low: float,
    high: float,
    measured: bool,
    few: bool,
    share_few: bool,
    share: float,
    share_low: float,
    share_high: float,
) -> dict[str, Any]:
    return {
        "codes": {name: code or None for name, code in zip(names, codes, strict=True)},
        "count": None if few else round(count, DECIMALS),
        "low": round(low, DECIMALS),
        "high": round(high, DECIMALS),
        "source": COUNTS if measured else RECORDS,
        "too_few": few,
        "share": None if share_few else _share(share),
        "share_low": _share(share_low),
        "share_high": _share(share_high),
    }


def _share(value: float) -> float | None:
    return None if math.isnan(value) else round(value, SHARE_DECIMALS)


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


def table_of(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The rows as a table: a text column per variable, then `NUMBERS`.

    Raises UserError (``api.column``) for a variable that is called as one of the numbers.
    """
    if set(names) & set(NUMBERS):
        raise UserError("api.column", "A variable has the name of another column.", do="Ask for JSON.")
    kinds: dict[str, type[pl.DataType]] = dict.fromkeys(NUMBERS, pl.Float64) | {
        "source": pl.String,
        "too_few": pl.Boolean,
    }
    columns = [pl.Series(name, [row["codes"][name] for row in rows], pl.String) for name in names]
    return pl.DataFrame([*columns, *(pl.Series(name, [row[name] for row in rows], kinds[name]) for name in NUMBERS)])


def csv_bytes(table: pl.DataFrame) -> bytes:
    """The table as csv in UTF-8; null is an empty cell."""
    return table.write_csv().encode()


def parquet_bytes(table: pl.DataFrame, block: Mapping[str, Any]) -> bytes:
    """The table as parquet, with what the release says of itself in the file's metadata."""
    buffer = BytesIO()
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in block.items()}
    table.write_parquet(buffer, metadata=texts, statistics=False)
    return buffer.getvalue()
