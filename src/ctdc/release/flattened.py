"""Linked tables in one row per person, in the shape that a profile of the standard names.

Promise: made by the standard's own rule from the two synthetic files, so that anybody can make it again; a profile
without such a shape, and tables that no profile describes, have none.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ctdc.release.checks import DIFFERENT_FILES, Problem, Problems
from ctdc.release.linked import FLATTENED, LinkedData
from ctdc.release.protected import read_table
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


def flattened_follows(data: LinkedData, profile: str) -> Problems:
    """Both files hold what follows from the two tables."""
    wanted = flattened(data, profile).table
    parquet, csv = (read_table(data.folder / f"{FLATTENED}.{end}") for end in ("parquet", "csv"))
    if not parquet.equals(wanted):
        what = "The flattened table does not follow from the tables of people and of linked rows."
        yield Problem("flattened.differs", what, f"{FLATTENED}.parquet")
    if not csv.equals(parquet):
        yield Problem("flattened.csv_differs", DIFFERENT_FILES, f"{FLATTENED}.csv")
