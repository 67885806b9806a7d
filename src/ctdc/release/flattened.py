"""Linked tables in one row per person, in the shape that a profile of the standard names.

Promise: made by the standard's own rule from the two synthetic files, so that anybody can make it again; a profile
without such a shape, and tables that no profile describes, have none. In a profile of another collaborative, whose
codes are not known here, it must show nothing but what stands in the two tables.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from ctdc.release.checks import DIFFERENT_FILES, Problem, Problems
from ctdc.release.linked import FLATTENED, LinkedData
from ctdc.release.protected import KEY, read_table
from ctdc.standard.flatten import flatten
from ctdc.standard.loader import load


@dataclass(frozen=True)
class Flattened:
    """The table as text, null for empty. left_empty: per column, joined values that the shape does not list."""

    table: pl.DataFrame
    left_empty: Mapping[str, int]

    def files(self) -> dict[str, bytes]:
        """The content of its files, by name."""
        stream = io.BytesIO()
        self.table.write_parquet(stream)
        return {f"{FLATTENED}.csv": self.table.write_csv().encode(), f"{FLATTENED}.parquet": stream.getvalue()}


def is_known(profile: str | None) -> bool:
    """Whether the standard that is served here has the profile; releases of other collaboratives have others."""
    return profile is not None and profile in load().profiles


def flattened_shape(profile: str | None) -> str | None:
    """Id of the profile in whose shape linked tables of `profile` can be put in one row per person."""
    links = load().profile(profile).links if profile else None
    return links.flattened or None if links else None


def flattened(data: LinkedData, profile: str) -> Flattened:
    """The flattened table of synthetic tables in a linked profile."""
    table, left_empty = flatten(data.people.to_arrow(), data.rows.to_arrow(), load().profile(profile))
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("a table became a series")
    return Flattened(frame, left_empty)


def left_empty_by(data: LinkedData) -> dict[str, int]:
    """Per linked column, people with known values whose cell in the released table is empty all the same."""
    table = read_table(data.folder / f"{FLATTENED}.parquet")
    known = {name: data.rows.drop_nulls(name)[KEY].n_unique() for name in data.linked.schema.names}
    return {name: people - table[name].count() for name, people in known.items() if name in table.columns}


def flattened_follows(data: LinkedData, profile: str) -> Problems:
    """Both files hold what follows from the two tables."""
    parquet, csv = (read_table(data.folder / f"{FLATTENED}.{end}") for end in ("parquet", "csv"))
    follows = parquet.equals(flattened(data, profile).table) if is_known(profile) else _shows(data, parquet)
    if not follows:
        what = "The flattened table does not follow from the tables of people and of linked rows."
        yield Problem("flattened.differs", what, f"{FLATTENED}.parquet")
    if not csv.equals(parquet):
        yield Problem("flattened.csv_differs", DIFFERENT_FILES, f"{FLATTENED}.csv")


def _shows(data: LinkedData, table: pl.DataFrame) -> bool:
    """Whether a table has a row for each person, with their own values and the joined ones of their linked rows."""
    names = data.linked.schema.names
    own = [name for name in table.columns if name not in names]
    people = data.people
    if table.height != people.height or {*names, *own} != set(table.columns) or not set(own) <= set(people.columns):
        return False
    if not table.select(own).equals(people.select(own)):
        return False
    lists = data.rows.group_by(KEY).agg(pl.col(name).drop_nulls().unique().sort() for name in names)
    known = people.select(KEY).join(lists, on=KEY, how="left", maintain_order="left")
    return all(_joins(table[name].to_list(), known[name].to_list()) for name in names)


def _joins(cells: Sequence[str | None], known: Sequence[list[str] | None]) -> bool:
    """Whether each cell is empty or joins all that is known, with the same separator in all of them."""
    separator: str | None = None
    for cell, values in zip(cells, known, strict=True):
        if cell is None:
            continue
        if separator is None and values and len(values) > 1:
            size = (len(cell) - sum(map(len, values))) // (len(values) - 1)
            separator = cell[len(values[0]) : len(values[0]) + max(0, size)]
        if not values or cell != (separator or "").join(values):
            return False
    return True
