"""Other shapes of coded records: condensed (one column per raw column again) and long (one row per attribute).

Promise: computed from coded records and the declaration alone, so that a shape of synthetic records says nothing
that the wide table does not say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ctdc.table.coded import CodedTable, Column
from ctdc.table.declare import NOT_PRESENT, Declaration, Field, SplitField

SHAPES = ("wide", "condensed", "long")


def condensed(records: CodedTable, declaration: Declaration) -> pa.Table:
    """Text columns named as in the raw table; several values of one cell are joined by the declared delimiter.

    Empty is null. Where zero is a value, "0" stands for a cell that is known and holds none of the codes.
    """
    wide = records.to_arrow()
    columns = []
    for field, (_, positions) in zip(declaration.fields, declaration.groups, strict=True):
        if isinstance(field, SplitField):
            columns.append(_joined(field, [records.columns[position] for position in positions]))
        else:
            columns.append(wide.column(positions[0]).cast(pa.string()))
    return pa.table(columns, names=[field.name for field in declaration.fields])


def _joined(field: SplitField, flags: list[Column]) -> pa.Array:
    present = [flag == field.variables[0].index["1"] for flag in flags]
    none = pl.Series(_known_to_have_none(flags, present))
    held = pl.DataFrame([pl.Series(code, flag) for code, flag in zip(field.codes, present, strict=True)])
    named = [pl.when(pl.col(code)).then(pl.lit(code)) for code in held.columns]
    joined = held.select(pl.concat_str(named, separator=field.delimiter, ignore_nulls=True).alias("joined"))["joined"]
    said = pl.DataFrame({"joined": joined, "none": none})
    empty = pl.when(pl.col("none")).then(pl.lit(NOT_PRESENT))
    found = said.select(pl.when(pl.col("joined") == "").then(empty).otherwise(pl.col("joined")).alias("joined"))
    return found["joined"].to_arrow().cast(pa.string())


def _known_to_have_none(flags: list[Column], present: list[npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    known: npt.NDArray[np.bool_] = np.logical_or.reduce([flag != 0 for flag in flags])
    none: npt.NDArray[np.bool_] = known & ~np.logical_or.reduce(present)
    return none


@dataclass(frozen=True)
class _Said:
    """`value` is what `rows` (positions of records) say in the raw column `attribute`."""

    attribute: str
    value: str
    rows: npt.NDArray[np.int64]


def _all_said(records: CodedTable, field: Field, positions: tuple[int, ...]) -> Iterator[_Said]:
    if not isinstance(field, SplitField):
        for code, place in field.variables[0].index.items():
            yield _Said(field.name, code, np.flatnonzero(records.columns[positions[0]] == place))
        return
    flags = [records.columns[position] for position in positions]
    present = [flag == field.variables[0].index["1"] for flag in flags]
    yield _Said(field.name, NOT_PRESENT, np.flatnonzero(_known_to_have_none(flags, present)))
    for code, held in zip(field.codes, present, strict=True):
        yield _Said(field.name, code, np.flatnonzero(held))


def long(records: CodedTable, declaration: Declaration, first: int = 1) -> pa.Table:
    """Columns subject (`first` for the first record), attribute (raw column) and value; empty cells have no row."""
    pairs = zip(declaration.fields, declaration.groups, strict=True)
    said = [one for field, (_, positions) in pairs for one in _all_said(records, field, positions) if len(one.rows)]
    subject = np.concatenate([one.rows for one in said]) if said else np.zeros(0, np.int64)
    number = np.repeat(np.arange(len(said), dtype=np.int32), [len(one.rows) for one in said])
    order = np.argsort(subject, kind="stable")
    chosen = pa.array(number[order])
    columns = {
        "subject": pa.array(subject[order] + first),
        "attribute": pa.array([one.attribute for one in said], pa.string()).take(chosen),
        "value": pa.array([one.value for one in said], pa.string()).take(chosen),
    }
    return pa.table(columns)
