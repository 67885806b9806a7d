"""Two linked tables in one row per person, as CTDC publishes victims and perpetrators.

Promise: a pure function of two tables in the codes of a linked profile; every cell is a code of the flattened profile
or empty. A flag is 1 when any linked row has it; other columns hold the known values of a person's linked rows, each
once, in alphabetical order, joined by the profile's separator. A joined value that the published dictionary does not
list is left empty, and how often that happened is told.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

from ctdc.standard.loader import load
from ctdc.standard.model import Profile, ProfileColumn

ID = "id"  # leads from a linked row to its person
YES = "1"
ORDER = "row"


def flatten(main: Any, linked: Any, profile: Profile) -> tuple[Any, dict[str, int]]:
    """The flattened table of a linked profile, in the order of `main`, and per column the joined values left empty.

    main, linked: `pyarrow.Table` with the profile's columns (others are ignored) and `id`. Result: text columns, null
    where empty. Raises UserError (``standard.not_linked``) for a profile without linked rows.
    """
    names = profile.linked().names
    flattened = load().profile(profile.links.flattened) if profile.links else profile
    people = _frame(main).with_row_index(ORDER)
    rows = (
        _frame(linked).group_by(pl.col(ID)).agg(_joined(flattened.column(name), flattened.separator) for name in names)
    )
    joined = people.join(rows, on=ID, how="left").sort(ORDER)
    unlisted = {
        name: joined.select((pl.col(name).is_not_null() & ~_listed(flattened.column(name))).sum()).item()
        for name in names
    }
    shown = joined.select(
        pl.when(_listed(flattened.column(name))).then(pl.col(name)).alias(name) if name in names else pl.col(name)
        for name in flattened.names
    )
    table = shown.to_arrow()
    return table.cast(pa.schema([(name, pa.string()) for name in flattened.names])), unlisted


def _frame(table: Any) -> pl.DataFrame:
    found = pl.from_arrow(table)
    if not isinstance(found, pl.DataFrame):
        raise TypeError("a table became a series")
    return found.with_columns(pl.all().cast(pl.String))


def _joined(column: ProfileColumn, separator: str) -> pl.Expr:
    known = pl.col(column.name).drop_nulls()
    if column.kind == "flag":
        return pl.when((known == YES).any()).then(pl.lit(YES)).alias(column.name)
    text = known.unique().sort().str.join(separator)
    return pl.when(known.len() > 0).then(text).alias(column.name)


def _listed(column: ProfileColumn) -> pl.Expr:
    return pl.col(column.name).is_in(list(column.codes))
