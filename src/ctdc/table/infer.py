"""Drafting a declaration from a table's own values: for public tables, and as a draft to edit for sensitive ones.

Promise: never called by the engine. Whoever calls it tells the person that the result is outside the guarantee.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.table.bands import EPOCH, PERIODS
from ctdc.table.coded import column_names, distinct_texts, read_table
from ctdc.table.declare import check_delimiter
from ctdc.table.recode import day_numbers, numbers
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

DELIMITERS = (";", "|")
MOST_NUMBERS_AS_CODES = 20  # a column of more different numbers is drafted as bands
WANTED_BANDS = 6
MONTHS_OF_YEARS, MONTHS_OF_QUARTERS = 36, 12  # longer ranges of dates are drafted by year, by quarter


def draft_declaration(path: Path, max_codes: int, subject_id: str = "", delimiter: str = ",") -> dict[str, Any]:
    """A Table Schema with one field for each column but `subject_id`, which is named as such.

    Cells with ; or | are taken for several codes, dates and many different numbers are put into bands, all else are
    codes. A column without any value gets the one code "1". Raises UserError (``schema.too_many_codes``) for a column
    with more than `max_codes` values, (``schema.unknown_variable``) for a subject's id that is no column, and
    (``schema.names``) for columns of the same name.
    """
    check_delimiter(delimiter, "--delimiter")
    names = column_names(path, delimiter)
    Schema(tuple(Variable(name, ("1",)) for name in names))
    if subject_id and subject_id not in names:
        raise UserError(
            "schema.unknown_variable", f"There is no column {subject_id!r}.", where=str(path), allowed=", ".join(names)
        )
    table = read_table(path, delimiter, [name for name in names if name != subject_id])
    fields = [draft_field(name, table.column(name), max_codes, str(path)) for name in table.column_names]
    extras = ({"subject_id": subject_id} if subject_id else {}) | ({"delimiter": delimiter} if delimiter != "," else {})
    return {"fields": fields, "missingValues": [""]} | ({"ctdc": extras} if extras else {})


def draft_field(name: str, column: pa.ChunkedArray, max_codes: int, where: str) -> dict[str, Any]:
    """The field of one column, as `draft_declaration` drafts it. Raises UserError (``schema.too_many_codes``)."""
    values = sorted(value for value in distinct_texts(column, name, where)[1].to_pylist() if value)
    texts = pl.Series(values, dtype=pl.String)
    days, amounts = day_numbers(texts), numbers(texts)
    if values and np.isfinite(days).all():
        return {"name": name, "type": "date", "ctdc": {"bands": _date_bands(days)}}
    if len(values) > MOST_NUMBERS_AS_CODES and np.isfinite(amounts).all():
        whole = bool((amounts == np.round(amounts)).all())
        bands = {"edges": _number_edges(amounts, whole), "outside": "open"}
        return {"name": name, "type": "integer" if whole else "number", "ctdc": {"bands": bands}}
    delimiter = next((mark for mark in DELIMITERS if any(mark in value for value in values)), None)
    if delimiter is None:
        return {"name": name, "type": "string", "constraints": {"enum": _codes(name, values, max_codes)}}
    pieces = sorted({piece.strip() for value in values for piece in value.split(delimiter)} - {""})
    enum = _codes(name, pieces, max_codes)
    return {"name": name, "type": "string", "constraints": {"enum": enum}, "ctdc": {"split": delimiter}}


def _codes(name: str, values: list[str], max_codes: int) -> list[str]:
    if len(values) > max_codes:
        raise UserError(
            "schema.too_many_codes",
            f"The column {name!r} has {len(values):,} different values: it is not a categorical column.",
            allowed=f"at most {max_codes} values (--max-codes)",
            do="Leave the column out, or bring its values into bands first. If it says whose row it is: --subject-id.",
        )
    return values or ["1"]


def _number_edges(amounts: npt.NDArray[np.float64], whole: bool) -> list[int] | list[float]:
    """Round, equally wide bands over the range: steps of 1, 2 or 5 times a power of ten."""
    low, high = float(amounts.min()), float(amounts.max())
    power = 10.0 ** math.floor(math.log10((high - low) / WANTED_BANDS))
    step = next(factor * power for factor in (1, 2, 5, 10) if (high - low) / (factor * power) <= WANTED_BANDS)
    step = max(step, 1.0) if whole else step
    first, last = math.floor(low / step), math.floor(high / step) + 1
    if whole:
        return [round(place * step) for place in range(first, last + 1)]
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def _date_bands(days: npt.NDArray[np.float64]) -> dict[str, Any]:
    first, last = (EPOCH + timedelta(days=int(day)) for day in (days.min(), days.max()))
    by = _period(first, last)
    ends = {"from": PERIODS[by].label(first), "to": PERIODS[by].label(last)}
    return {"by": by, **ends, "outside": "open"}


def _period(first: date, last: date) -> str:
    months = (last.year - first.year) * 12 + last.month - first.month
    return "year" if months > MONTHS_OF_YEARS else "quarter" if months > MONTHS_OF_QUARTERS else "month"
