"""A table made k-anonymous in a file: to compare with, never to be called a guarantee.

Promise: the file that is written is k-anonymous over the columns named, checked once more on what is written; all other
columns are as they were; a demand that is not met leaves no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import as_json, atomic_folder, write_text
from ctdc.privacy.kanonymity.anonymise import METHODS, Anonymised, Integers, check_k, distinct_rows
from ctdc.privacy.kanonymity.diversity import Diversity, diversity
from ctdc.privacy.kanonymity.hierarchy import SUPPRESSED, Hierarchy, Level, hierarchy
from ctdc.standard.loader import load
from ctdc.table.coded import read_table
from ctdc.table.declare import check_delimiter
from ctdc.workflow.documents import read_toml_as

WHOLE = re.compile(r"-?[0-9]+")
DATA, REPORT = "anonymised.csv", "report.json"
NOT_A_GUARANTEE = (
    "k-anonymity is not a guarantee: other columns, a second release of the same people, and knowledge of how cells "
    "were chosen can single people out. 'ctdc protect' gives one."
)


class LevelSpec(BaseModel):
    """One level of a column: named groups, bands of so many whole numbers, or regions of the standard's countries."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)
    groups: dict[str, list[str]] | None = None
    bands: int | None = Field(default=None, ge=2)
    start: int = Field(default=0, alias="from")
    standard: Literal["subregion", "region"] | None = None


LEVELS = TypeAdapter(dict[str, list[LevelSpec]])


@dataclass(frozen=True)
class Demands:
    """What the result has to have besides: l and t for sensitive columns. Empty for none."""

    diversity: Mapping[str, int]
    closeness: Mapping[str, float]

    def __post_init__(self) -> None:
        """Raise UserError (``anonymise.demand``) for a demand that every table meets, or none could."""
        for column, least in self.diversity.items():
            if least < 1:
                raise _no_demand(column, "values", least, "a whole number of at least 1")
        for column, most in self.closeness.items():
            if not 0 <= most <= 1:
                raise _no_demand(column, "distance", most, "a number from 0 to 1")

    @property
    def columns(self) -> tuple[str, ...]:
        """The sensitive columns, each once."""
        return tuple(dict.fromkeys([*self.diversity, *self.closeness]))


def _no_demand(column: str, what: str, given: float, allowed: str) -> UserError:
    return UserError(
        "anonymise.demand",
        f"The {what} asked of {column!r} cannot be {given}.",
        allowed=allowed,
        do="Correct --l-diversity or --t-closeness.",
    )


def read_hierarchies(path: Path | None) -> Mapping[str, Sequence[LevelSpec]]:
    """The levels of each column in a TOML file. Raises UserError (``anonymise.hierarchies``)."""
    if path is None:
        return {}
    allowed = 'for each column [[COLUMN]] with "groups", "bands" and "from", or "standard"'
    return read_toml_as(LEVELS, path, "anonymise.hierarchies", allowed, "See docs/how-to/anonymise.md.")


def anonymise(
    path: Path,
    out: Path,
    columns: Sequence[str],
    k: int,
    method: str = "local",
    hierarchies: Mapping[str, Sequence[LevelSpec]] | None = None,
    demands: Demands | None = None,
    delimiter: str = ",",
) -> dict[str, Any]:
    """Write `path` with the `columns` made k-anonymous, and a report, into the new folder `out`; return the report.

    method: one of `METHODS`. Raises UserError (``anonymise.columns``, ``anonymise.k``, ``anonymise.hierarchy``), and
    Refused (``anonymise.demands``) for a demand on sensitive columns that the result does not meet.
    """
    check_k(k)
    check_delimiter(delimiter, "--delimiter")
    table = _texts(path, delimiter)
    made = make_anonymous(table, columns, k, method, hierarchies, demands, where=str(path))
    with atomic_folder(out) as folder:
        made.table.write_csv(folder / DATA)
        write_text(folder / REPORT, as_json(made.report))
    return made.report


@dataclass(frozen=True)
class Made:
    """A k-anonymous table, what was done to it, and the ways of each column that was made coarser.

    result: which records are left, and the node of each of their cells in `hierarchies`.
    """

    table: pl.DataFrame
    report: dict[str, Any]
    hierarchies: tuple[Hierarchy, ...]
    result: Anonymised

    @property
    def groups(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Column to coarse value to the values for which it stands."""
        return {one.column: one.groups for one in self.hierarchies}


def make_anonymous(
    table: pl.DataFrame,
    columns: Sequence[str],
    k: int,
    method: str = "local",
    hierarchies: Mapping[str, Sequence[LevelSpec]] | None = None,
    demands: Demands | None = None,
    *,
    where: str,
) -> Made:
    """`table`, of texts, with the `columns` made k-anonymous. where: its name in errors; raises as `anonymise` does."""
    check_k(k)
    wanted = demands or Demands({}, {})
    _check_columns(table, columns, wanted, hierarchies or {}, where)
    made = [_hierarchy(table[name], (hierarchies or {}).get(name, ())) for name in columns]
    leaves = np.stack([_positions(table[name], one.values) for name, one in zip(columns, made, strict=True)], axis=1)
    result = METHODS[method](made, leaves, k)
    _require_anonymous(result, k)
    spread = [diversity(name, result.nodes, _numbers(table[name], result)) for name in wanted.columns]
    _require(wanted, spread)
    report = _report(result, made, leaves, k, method, spread)
    return Made(_written(table, result, made), report, tuple(made), result)


def _texts(path: Path, delimiter: str) -> pl.DataFrame:
    frame = pl.DataFrame(read_table(path, delimiter))
    return frame.select(pl.all().cast(pl.String).fill_null(""))


def _check_columns(
    table: pl.DataFrame, columns: Sequence[str], demands: Demands, levels: Mapping[str, Any], where: str
) -> None:
    if not len(table):
        raise UserError("anonymise.empty", "The table has no records.", where=where, do="Give a table with records.")
    if not columns or len(set(columns)) < len(columns):
        raise UserError("anonymise.columns", "Name each quasi-identifier once, and at least one.", do="--quasi A,B,C")
    for name in (*columns, *demands.columns, *levels):
        if name not in table.columns:
            raise UserError(
                "anonymise.columns",
                f"There is no column {name!r}.",
                where=where,
                allowed=", ".join(table.columns),
            )
    both = set(columns) & set(demands.columns)
    if both:
        raise UserError("anonymise.columns", f"{min(both)!r} is named as quasi-identifier and as sensitive.")


def _hierarchy(column: pl.Series, levels: Sequence[LevelSpec]) -> Hierarchy:
    values = column.unique().sort().to_list()
    return hierarchy(column.name, values, [level_of(column.name, level, values) for level in levels])


def level_of(column: str, spec: LevelSpec, values: Sequence[str]) -> Level:
    """The groups of one level of a column that has these values. Raises UserError (``anonymise.hierarchies``)."""
    given = [spec.groups is not None, spec.bands is not None, spec.standard is not None]
    if sum(given) != 1:
        raise UserError(
            "anonymise.hierarchies",
            f"A level of {column!r} says {sum(given)} things.",
            allowed="one of groups, bands, standard",
        )
    if spec.groups is not None:
        return spec.groups
    if spec.bands is not None:
        return _bands(spec.bands, spec.start, values)
    return _regions(spec.standard == "region", values)


def _bands(width: int, start: int, values: Sequence[str]) -> Level:
    """Whole numbers in bands of `width`, of which one begins at `start`; other texts stay as they are."""
    groups: dict[str, list[str]] = {}
    for value in values:
        if WHOLE.fullmatch(value):
            first = start + (int(value) - start) // width * width
            groups.setdefault(f"{first}..{first + width - 1}", []).append(value)
    return groups


def _regions(whole: bool, values: Sequence[str]) -> Level:
    """ISO 3166-1 codes, of two or three letters, by UN sub-region or region; other texts stay as they are."""
    lists = load().code_lists
    subregions = lists["m49_subregion"]
    groups: dict[str, list[str]] = {}
    for value in values:
        found = lists["country" if len(value) == 3 else "country_alpha2"].by_code.get(value)
        if found is not None and found.parent:
            code = subregions.by_code[found.parent].parent if whole else found.parent
            groups.setdefault(f"M49 {code}", []).append(value)
    return groups


def _positions(column: pl.Series, values: Sequence[str]) -> Integers:
    return column.cast(pl.Enum(values)).to_physical().to_numpy().astype(np.int64)


def _numbers(column: pl.Series, result: Anonymised) -> Integers:
    """A sensitive column's values as numbers from 0 up, of the records that are left."""
    left = column.filter(pl.Series(result.kept))
    return _positions(left, left.unique().sort().to_list())


def _require_anonymous(result: Anonymised, k: int) -> None:
    """A last look at what was made: that it is k-anonymous is what the file says of itself."""
    if len(result.nodes) and distinct_rows(result.nodes)[2].min() < k:
        raise RuntimeError("a class of records is smaller than k")


def _require(demands: Demands, spread: Sequence[Diversity]) -> None:
    for found in spread:
        least, most = demands.diversity.get(found.column, 0), demands.closeness.get(found.column, 1.0)
        if found.diversity < least or found.closeness > most:
            raise Refused(
                "anonymise.demands",
                f"The values of {found.column!r} are too alike within a class: the least diverse has "
                f"{found.diversity} (asked: {least}), the least close differs by {found.closeness:.3f} "
                f"(asked: {most:g}).",
                do="Raise --k, name fewer quasi-identifiers, or give up on this column. Nothing was written.",
            )


def _report(
    result: Anonymised, made: Sequence[Hierarchy], leaves: Integers, k: int, method: str, spread: Sequence[Diversity]
) -> dict[str, Any]:
    kept, sizes = leaves[result.kept], distinct_rows(result.nodes)[2]
    cells = {}
    for column, one in enumerate(made):
        known = np.array([value != "" for value in one.values])[kept[:, column]]
        changed = (result.nodes[:, column] != one.paths[kept[:, column], 0]) & known
        suppressed = (result.nodes[:, column] == one.names.index(SUPPRESSED)) & known
        cells[one.column] = {
            "values": int(known.sum()),
            "coarser": int((changed & ~suppressed).sum()),
            "suppressed": int(suppressed.sum()),
        }
    return {
        "format": "ctdc-kanonymity/1",
        "method": method,
        "k": k,
        "records": len(leaves),
        "published": int(result.kept.sum()),
        "removed": result.removed,
        "smallest_class": int(sizes.min()) if len(sizes) else 0,
        "classes": len(sizes),
        "loss": round(result.loss, 6),
        "cells": cells,
        "sensitive": [asdict(found) for found in spread],
        "not_a_guarantee": NOT_A_GUARANTEE,
    }


def _written(table: pl.DataFrame, result: Anonymised, made: Sequence[Hierarchy]) -> pl.DataFrame:
    """The table that is published: an empty value stays empty, a suppressed one is `SUPPRESSED`."""
    left = table.filter(pl.Series(result.kept))
    columns = [
        pl.Series(one.column, one.names, pl.String).gather(result.nodes[:, column]) for column, one in enumerate(made)
    ]
    return left.with_columns(columns)
