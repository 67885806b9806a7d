"""Counts as they leave the program, for the counts service and for `ctdc.load` alike: rounded, and silent where too
few.

Promise: what is too few to say has no number and no ends of an interval, which would say it; what is not known is null
and never zero. A table is made column by column, so the largest one takes a bounded number of bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.release.answers import COUNTS, RECORDS
from ctdc.release.counting import Counted, Number

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
NUMBERS = ("count", "low", "high", "source", "too_few", "share", "share_low", "share_high")
DECIMALS, SHARE_DECIMALS = 2, 5


def number_value(number: Number) -> dict[str, Any]:
    """A number of people as JSON values; null where it is too few to say."""
    parts = {"count": number.value, "low": number.low, "high": number.high}
    said = {name: None if number.too_few else round(value, DECIMALS) for name, value in parts.items()}
    return {**said, "source": number.source, "too_few": number.too_few}


def numbers_of(found: Counted, places: Places | None = None) -> pl.DataFrame:
    """The numbers of some cells, in order, as the columns `NUMBERS`."""
    return numbers_table(columns_of(found, places))


def columns_of(found: Counted, places: Places | None = None) -> dict[str, npt.NDArray[Any]]:
    """The same as arrays by name, NaN for what is not said: to be put together with others before a table is made."""
    at = slice(None) if places is None else places
    few, share_few, shares = found.too_few[at], found.share_too_few[at], found.shares
    columns: dict[str, npt.NDArray[Any]] = {
        name: _said(values[at], few, DECIMALS)
        for name, values in (("count", found.count), ("low", found.low), ("high", found.high))
    }
    columns |= {"source": np.where(found.measured[at], COUNTS, RECORDS), "too_few": few}
    ends = (("share", shares.share), ("share_low", shares.low), ("share_high", shares.high))
    return columns | {name: _said(values[at], share_few, SHARE_DECIMALS) for name, values in ends}


def _said(values: Floats, few: Marks, decimals: int) -> Floats:
    """The rounded numbers, without those that are too few to say."""
    return np.where(few, np.nan, np.round(values, decimals))


def numbers_table(columns: Mapping[str, Any]) -> pl.DataFrame:
    """Columns of numbers as a table with null for what is not said."""
    kinds: dict[str, type[pl.DataType]] = {"source": pl.String, "too_few": pl.Boolean}
    parts = [pl.Series(name, columns[name], kinds.get(name, pl.Float64)) for name in NUMBERS]
    return pl.DataFrame(parts).fill_nan(None)


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
