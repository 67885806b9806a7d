"""Two linked tables as they are published: people, and rows that belong to a person.

Promise: everything is read from the published files. What the two tables are called is for whoever publishes them to
say (`TableNames`); all other names are the engine's. The column `KEY` leads from a linked row to its person. It exists
in the synthetic files only, where it numbers the people from 1, and so it tells nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from ctdc.foundation.errors import UserError
from ctdc.release.protected import (
    KEY,
    LINKED_SCHEMA,
    PRIVACY,
    ProtectedData,
    TableFiles,
    read_json,
    read_protected,
    require_files,
)
from ctdc.table.linked import LINKED, LinkedSchema
from ctdc.table.schema import Schema, read_schema
from ctdc.table.variable import Variable

LINKED_AGGREGATES = "linked_aggregates"
ACROSS_AGGREGATES = "across_aggregates"
FLATTENED = "flattened"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# What other files of a release's data folder are called.
_TAKEN = frozenset(
    {"aggregates", LINKED_AGGREGATES, ACROSS_AGGREGATES, FLATTENED, "measurements", "schema", "linked_schema"}
    | {"figures", "datapackage", "cohorts"}
)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_amount(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(value.get(key)) for key in ("count", "standard_error"))


def _is_cut(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    amounts = all(_is_amount(value.get(key)) for key in ("people", "rows"))
    return amounts and _is_number(value.get("share_of_rows")) and _is_whole(value.get("at_most_counted"))


# What ``privacy.json`` states under ``linked``, and whether a value can be that. It may come from anybody.
LINKED_FACTS: Mapping[str, Callable[[Any], bool]] = {
    "most": _is_whole,
    "number": lambda value: isinstance(value, str),
    "rows": _is_whole,
    "count": _is_amount,
    "left_out": _is_cut,
}


@dataclass(frozen=True)
class TableNames:
    """What the files of both tables are called, without their ends. Raises UserError (``release.table_names``)."""

    main: str = "people"
    linked: str = "linked"

    def __post_init__(self) -> None:
        both = (self.main, self.linked)
        if len(set(both)) < len(both) or any(not _NAME.fullmatch(name) or name in _TAKEN for name in both):
            raise UserError(
                "release.table_names",
                f"{self.main!r} and {self.linked!r} cannot be the names of the two tables.",
                allowed=f"two different words of a-z, 0-9 and _, other than {', '.join(sorted(_TAKEN))}",
                do="Name the tables by what a row is, such as households and members.",
            )


PROTECTED_NAMES = TableNames("synthetic", "linked")


def are_linked(folder: Path) -> bool:
    """Whether a folder of data holds linked tables."""
    return (folder / LINKED_SCHEMA).is_file()


@dataclass(frozen=True)
class LinkedData:
    """The published tables of one protection of linked tables.

    main: the people, the number of their linked rows being the first variable; linked: the linked rows; across: counts
    of linked rows over variables of both, without records; facts: the content of ``privacy.json`` under ``linked``.
    """

    main: ProtectedData
    linked: ProtectedData
    across: ProtectedData
    names: TableNames
    facts: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """Where the data files are."""
        return self.main.folder

    @property
    def most(self) -> int:
        """How many linked rows of a person are counted."""
        return int(self.facts["most"])

    @property
    def number(self) -> str:
        """Name of the variable that says how many there are."""
        return str(self.facts["number"])

    @cached_property
    def domain(self) -> LinkedSchema:
        """The variables of both tables, as they were measured."""
        people = self.main.schema
        return LinkedSchema(
            Schema(people.variables[1:], people.implications), self.linked.schema, self.most, self.number
        )

    @cached_property
    def people(self) -> pl.DataFrame:
        """The synthetic people with their `KEY`, a whole number; all else as text."""
        return _keyed(self.main)

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The synthetic linked rows with the `KEY` of their person."""
        return _keyed(self.linked)

    def copies(self, names: TableNames) -> dict[str, Path]:
        """Name of each data file in a release whose tables are called `names`, to its file here."""
        pairs = [
            (self.main.files.records, names.main),
            (self.linked.files.records, names.linked),
            *((name, name) for name in (self.main.files.aggregates, LINKED_AGGREGATES, ACROSS_AGGREGATES)),
        ]
        files = {f"{new}.{end}": self.folder / f"{old}.{end}" for old, new in pairs for end in ("csv", "parquet")}
        return files | {name: self.folder / name for name in ("measurements.parquet", "schema.json", LINKED_SCHEMA)}

    def heights(self, names: TableNames) -> dict[str, int]:
        """Name of each table's file in such a release, if it is there, to its number of rows."""
        counted = {
            names.main: self.main.synthetic.height,
            names.linked: self.linked.synthetic.height,
            **{one.files.aggregates: one.aggregates.height for one in (self.main, self.linked, self.across)},
            FLATTENED: self.main.synthetic.height,
        }
        return {f"{name}.{end}": rows for name, rows in counted.items() for end in ("csv", "parquet")}


def _keyed(data: ProtectedData) -> pl.DataFrame:
    return data.records.with_columns(pl.col(KEY).cast(pl.Int64, strict=False))


def across_schema(people: Schema, linked: Schema) -> Schema:
    """The variables of the counts over both tables: those of linked rows are named with a prefix."""
    return Schema((*people.variables, *(Variable(LINKED + one.name, one.codes) for one in linked.variables)))


def read_linked(folder: Path, privacy: Path | None = None, names: TableNames = PROTECTED_NAMES) -> LinkedData:
    """Open linked tables that ``ctdc protect --linked`` wrote, or those of a release, which calls them `names`.

    privacy: see `read_protected`. Raises UserError for what is missing or unreadable.
    """
    main = read_protected(folder, privacy, names.main)
    tables = (names.linked, LINKED_AGGREGATES, ACROSS_AGGREGATES)
    require_files(folder, [LINKED_SCHEMA, *(f"{name}.{end}" for name in tables for end in ("csv", "parquet"))])
    facts = _facts(main.privacy, folder / PRIVACY if privacy is None else privacy)
    schema = read_schema(folder / LINKED_SCHEMA)
    linked = ProtectedData(
        folder,
        schema,
        {**main.privacy, "total": facts["count"]},
        TableFiles(names.linked, LINKED_AGGREGATES, keyed=True),
    )
    across = replace(linked, schema=across_schema(main.schema, schema), files=TableFiles("", ACROSS_AGGREGATES))
    return LinkedData(main, linked, across, names, facts)


def _facts(privacy: Mapping[str, Any], where: Path) -> Mapping[str, Any]:
    facts = privacy.get("linked")
    given = facts if isinstance(facts, dict) else {}
    missing = [key for key, is_sound in LINKED_FACTS.items() if not is_sound(given.get(key))]
    if missing:
        raise UserError(
            "release.privacy_incomplete",
            f"privacy.json does not state {', '.join(missing)} of the linked rows, or misstates it.",
            where=str(where),
            allowed=", ".join(LINKED_FACTS),
            do="Protect the tables again with 'ctdc protect --linked' of this version.",
        )
    return given


def links_in(folder: Path) -> Mapping[str, Any]:
    """What ``linked_schema.json`` says about the links: ``most`` and ``number``."""
    document = read_json(folder / LINKED_SCHEMA)
    found = document.get("ctdc", {}).get("links") if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}
