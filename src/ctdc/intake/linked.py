"""Rows of an entity that belong to cases: a mapping's part for them, as mappings of their own.

Promise: a linked part is checked, run and reported on exactly as a mapping of cases is, with the same verbs, crosswalk
and missing reasons; nothing about it is special but where its rows are and whose they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ctdc.intake.model import LinkedSpec, MappingSpec
from ctdc.intake.values import Crosswalk, crosswalk

NUMBER = "{n}"  # in the name of a column that is repeated


@dataclass(frozen=True)
class Part:
    """One source of an entity's rows. block: number of the repeated columns, 0 for a table of its own."""

    entity: str
    block: int
    spec: MappingSpec


def _filled(value: Any, number: str) -> Any:
    """`value` (plain data) with the number of a block in every text."""
    if isinstance(value, str):
        return value.replace(NUMBER, number)
    if isinstance(value, dict):
        return {key: _filled(each, number) for key, each in value.items()}
    return [_filled(each, number) for each in value] if isinstance(value, list | tuple) else value


def _renamed(linked: LinkedSpec, number: str) -> LinkedSpec:
    document = linked.model_dump(mode="json", by_alias=True, exclude_none=True)
    return LinkedSpec.model_validate(_filled(document, number))


def parts(spec: MappingSpec) -> Iterator[Part]:
    """The mapping's linked parts, one for each table or block of columns."""
    for linked in spec.linked:
        if linked.table is not None:
            yield Part(linked.entity, 0, _of_table(spec, linked))
        for block in range(1, (linked.blocks or 0) + 1):
            own = _renamed(linked, str(block))
            changes = {"fields": own.fields, "impossible": own.impossible}
            yield Part(linked.entity, block, spec.model_copy(update=changes | _ALONE | {"tables": (_main(spec),)}))


_ALONE: dict[str, Any] = {"joins": (), "tests": (), "linked": (), "harmless": ()}


def _main(spec: MappingSpec) -> Any:
    return next(table for table in spec.tables if table.name == spec.main)


def _of_table(spec: MappingSpec, linked: LinkedSpec) -> MappingSpec:
    """The table of linked rows as the main one, its key as the id."""
    table = next((table for table in spec.tables if table.name == linked.table), None)
    join = next((join for join in spec.joins if join.table == linked.table), None)
    if table is None or join is None:
        raise ValueError(f"the linked table {linked.table!r} is not among 'tables' and 'joins'")
    keyed = table.model_copy(update={"id": join.column, "id_is_row_number": False})
    changes = {"main": table.name, "tables": (keyed,), "rows": (), "dates": ()}
    return spec.model_copy(update=changes | {"fields": linked.fields, "impossible": linked.impossible} | _ALONE)


def crosswalk_of(walk: Crosswalk, block: int, reasons: tuple[str, ...]) -> Crosswalk:
    """The rows of ``values.csv`` with the number of a block in their columns."""
    rows = (replace(row, source_column=row.source_column.replace(NUMBER, str(block))) for row in walk.rows)
    return crosswalk(rows, walk.where, reasons) if block else walk


def about(walk: Crosswalk, variables: Collection[str], reasons: tuple[str, ...]) -> Crosswalk:
    """The rows of ``values.csv`` that speak of `variables`, or of all: what is said of cases explains no linked row."""
    return crosswalk((row for row in walk.rows if row.target_variable in ("", *variables)), walk.where, reasons)
