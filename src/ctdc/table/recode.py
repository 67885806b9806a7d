"""From a raw table to a coded one, as its declaration says.

Promise: recoding follows the declaration alone, one row at a time and without looking at other people's rows; after
merging, one person is one record. What does not fit the declaration is refused before a `CodedTable` exists, with
the column and the first row and never the value. The column that says whose row it is does not reach the result.

Work is done on each column's distinct values and on whole columns, never row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ctdc.foundation.errors import UserError
from ctdc.table.coded import CodedTable, Column, check_columns, code_column, column_names, distinct_texts, narrow
from ctdc.table.coded import read_table as read_raw
from ctdc.table.constraints import refuse_against
from ctdc.table.declare import NOT_PRESENT, BandField, CodeField, Declaration, Field, SplitField
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Integers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

# A time after the date is allowed and left alone: the day is the one that is written, whatever the zone.
ISO_DATE = r"^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?)?$"


def check_header(names: Sequence[str], declaration: Declaration, where: str) -> None:
    """Raise UserError (``table.columns``) unless a file with these columns can be read as declared."""
    wanted = Schema(tuple(Variable(name, ("1",)) for name in declaration.columns))
    present = [name for name in names if name in declaration.columns] if declaration.chosen else names
    check_columns(present, wanted, where)


def load_coded(path: Path, declaration: Declaration) -> CodedTable:
    """Read and recode a csv or parquet file."""
    check_header(column_names(path, declaration.delimiter), declaration, str(path))
    return recode(read_raw(path, declaration.delimiter, declaration.columns), declaration, str(path))


def recode(
    table: pa.Table, declaration: Declaration, where: str, first_row: int = 1, *, limited: bool = True
) -> CodedTable:
    """The coded table of a raw one, with one record per person, in order of first appearance.

    `where` names the source in errors, in which the first row is called `first_row`; limited: whether the declared
    limit of rows is held against these rows alone. Raises UserError: ``table.columns``, ``table.too_many_rows``,
    ``table.unknown_code``, ``table.not_a_number``, ``table.not_a_date``, ``table.outside_bands``,
    ``table.subject_missing``, ``table.conflict``.
    """
    check_header(table.column_names, declaration, where)
    if limited:
        check_rows(table.num_rows, declaration.max_rows, where)
    columns = [
        column for field in declaration.fields for column in _recoded(table.column(field.name), field, where, first_row)
    ]
    if declaration.subject_id:
        columns = _merged(columns, table.column(declaration.subject_id), declaration, where)
    refuse_against(columns, declaration.schema.variables, declaration.schema.implications, where, first_row)
    return CodedTable(declaration.schema, tuple(columns))


def check_rows(rows: int, limit: int | None, where: str) -> None:
    """Raise UserError (``table.too_many_rows``) for more rows than the declared limit, where there is one."""
    if limit is not None and rows > limit:
        raise UserError(
            "table.too_many_rows",
            "The file has more rows than the declared limit.",
            where=where,
            allowed=f"at most {limit:,} rows",
            do="Raise the limit, or make a smaller file by a rule that looks at one person at a time, such as a year. "
            "Taking the first rows would make everybody's place depend on who stands before them. Nothing was "
            "measured.",
        )


def _recoded(column: pa.ChunkedArray, field: Field, where: str, first_row: int) -> list[Column]:
    if isinstance(field, CodeField):
        return [code_column(column, field.variables[0], where, first_row, field.absent)]
    if isinstance(field, SplitField):
        return _flags(column, field, where, first_row)
    return [_banded(column, field, where, first_row)]


def _refuse(code: str, name: str, wrong: Truths, where: str, what: str, allowed: str, first_row: int = 1) -> None:
    """Raise UserError when a row is `wrong`, with the column and the first such row."""
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise UserError(
            code,
            f"The column {name!r} has {len(rows)} cells {what}.",
            where=f"{where}, column {name!r}, first in row {int(rows[0]) + first_row}",
            allowed=allowed,
            do="Correct these cells, or declare in the schema what they mean. Nothing was measured.",
        )


def _shown(codes: Sequence[str]) -> str:
    return ", ".join(codes[:12]) + (", ..." if len(codes) > 12 else "")


def _flags(column: pa.ChunkedArray, field: SplitField, where: str, first_row: int) -> list[Column]:
    """One flag per code. A piece's surrounding space does not count, and an empty piece says nothing."""
    indices, cells = distinct_texts(column, field.name, where)
    lists = pc.split_pattern(cells, field.delimiter)
    owner = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    pieces = pc.dictionary_encode(pc.utf8_trim_whitespace(pc.list_flatten(lists)))
    # A piece is the place of its code, -1 when it says nothing, -2 for "none of them", -3 when nobody declared it.
    place = {code: position for position, code in enumerate(field.codes)}
    special = ({NOT_PRESENT: -2} if field.zero_is_value else {}) | dict.fromkeys(field.absent, -1)
    meaning = [special.get(text, place.get(text, -3)) for text in pieces.dictionary.to_pylist()]
    said = np.array(meaning, dtype=np.int64)[pieces.indices.to_numpy(zero_copy_only=False)]
    # A cell that as a whole means "absent" says nothing, even if it holds the delimiter ("n/a").
    whole = pc.is_in(cells, pa.array(sorted(field.absent), pa.string())).to_numpy(zero_copy_only=False)
    said[whole[owner]] = -1
    unknown, known = (np.zeros(len(cells) + 1, bool) for _ in range(2))
    unknown[owner[said == -3]] = True
    known[owner[said != -1]] = True
    allowed = f"empty, or one or more of these with {field.delimiter!r} between: {_shown(field.codes)}"
    what = "with a value that is no declared code"
    _refuse("table.unknown_code", field.name, unknown[indices], where, what, allowed, first_row)
    return [_flag(owner[said == position], known, indices, field) for position in range(len(field.codes))]


def _flag(cells: Integers, known: Truths, indices: Integers, field: SplitField) -> Column:
    """A flag's column. cells: the distinct cells that hold its code; known: those that say anything."""
    values = known.astype(np.uint8) if field.zero_is_value else np.zeros(len(known), np.uint8)
    values[cells] = 2 if field.zero_is_value else 1
    return narrow(values[indices], 3 if field.zero_is_value else 2)


def _banded(column: pa.ChunkedArray, field: BandField, where: str, first_row: int) -> Column:
    indices, cells = distinct_texts(column, field.name, where)
    texts = pl.Series(cells.to_pylist(), dtype=pl.String)
    values, expected = (day_numbers(texts), "a date") if field.kind == "date" else (numbers(texts), "a number")
    absent = _absent(texts, values, field)
    unreadable = ~np.isfinite(values)
    if field.kind == "integer":
        expected = "a whole number"
        unreadable |= values != np.round(values)
    code = "table.not_a_date" if field.kind == "date" else "table.not_a_number"
    allowed = f"empty, or {expected}" + (", YYYY-MM-DD, also with a time after it" if field.kind == "date" else "")
    wrong = np.append(unreadable & ~absent, False)
    _refuse(code, field.name, wrong[indices], where, f"that are not {expected}", allowed, first_row)
    places = np.append(np.where(absent, 0, field.bands.positions(values)), 0)
    allowed = f"empty, or within the declared bands: {_shown(field.bands.labels)}"
    what = "outside the declared bands"
    _refuse("table.outside_bands", field.name, places[indices] < 0, where, what, allowed, first_row)
    return narrow(places[indices], field.variables[0].size)


def numbers(texts: pl.Series) -> npt.NDArray[np.float64]:
    """What the texts are as numbers; NaN for what is none."""
    return texts.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def day_numbers(texts: pl.Series) -> npt.NDArray[np.float64]:
    """Days since 1970-01-01 of texts that are ISO dates, with or without a time; NaN for others."""
    days = texts.str.extract(ISO_DATE).str.to_date("%Y-%m-%d", strict=False).to_physical()
    return days.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _absent(texts: pl.Series, values: npt.NDArray[np.float64], field: BandField) -> Truths:
    """Which texts mean empty: those that are declared, and any way to write a number that is declared ("0.0")."""
    found = (texts.is_null() | texts.is_in(sorted(field.absent))).to_numpy().astype(bool)
    if field.kind == "date":
        return found
    declared = numbers(pl.Series(sorted(field.absent), dtype=pl.String))
    if any(text.lower() == "nan" for text in field.absent):
        found |= texts.str.to_lowercase().eq("nan").fill_null(False).to_numpy()
    return found | np.isin(values, declared[np.isfinite(declared)])


def _merged(columns: list[Column], ids: pa.ChunkedArray, declaration: Declaration, where: str) -> list[Column]:
    """Columns with one row per person: flags are united, single values must agree, empty gives way."""
    name = declaration.subject_id
    person = _people(ids, name, where)
    if not len(person):
        return columns
    order = np.argsort(person, kind="stable")
    starts = np.flatnonzero(np.diff(person[order], prepend=-1))
    highest = [np.maximum.reduceat(column[order], starts) for column in columns]
    position = 0
    for field in declaration.fields:
        if not isinstance(field, SplitField):
            _check_agreement(columns[position], highest[position], person, field.name, where)
        position += len(field.variables)
    return highest


def _people(ids: pa.ChunkedArray, name: str, where: str) -> Integers:
    """For each row the number of its person, counted from 0 in order of first appearance.

    Space around an id does not make another person of somebody: two records of one person would protect them less.
    """
    indices, _ = ids_of(ids, name, where)
    return in_order(indices)


def in_order(indices: Integers) -> Integers:
    """Numbers for what `indices` tell apart, counted from 0 in order of first appearance."""
    _, first, inverse = np.unique(indices, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def ids_of(ids: pa.ChunkedArray, name: str, where: str) -> tuple[Integers, pa.Array]:
    """The ids without surrounding space: per row the place of its id among the different ones, and these.

    Raises UserError (``table.subject_missing``) where there is none.
    """
    given, raw = distinct_texts(ids, name, where)
    texts = pc.utf8_trim_whitespace(raw)
    nobody = np.append(pc.fill_null(pc.equal(texts, ""), True).to_numpy(zero_copy_only=False), True).astype(bool)
    _refuse(
        "table.subject_missing", name, nobody[given], where, "that do not say whose row it is", "any text or number"
    )
    distinct = pc.dictionary_encode(texts)
    return distinct.indices.to_numpy(zero_copy_only=False).astype(np.int64)[given], distinct.dictionary


def _check_agreement(column: Column, highest: Column, person: Integers, name: str, where: str) -> None:
    """Raise UserError (``table.conflict``) where two rows of one person say different things."""
    known = column != 0
    if not (known & (column != highest[person])).any():
        return
    people, first = np.unique(person[known], return_index=True)
    said = np.zeros(len(highest), column.dtype)
    said[people] = column[known][first]
    _refuse(
        "table.conflict",
        name,
        known & (column != said[person]),
        where,
        "that contradict an earlier row of the same person",
        'one value per person (empty cells give way); a column that may hold several is declared with "split"',
    )
