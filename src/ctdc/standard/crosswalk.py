"""From one published shape to a newer one: 2018 and 2021 to 2024 to 2026.

Promise: only the ways that ``crosswalks.toml`` declares, with what each loses; a chain of declared ways is used where
there is no direct one. Reading a published file never invents: texts for "no value" become empty, and a value that is
neither a code, nor a declared missing text, nor a documented defect is refused, or counted when asked to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow.compute as pc

from ctdc.foundation.errors import UserError
from ctdc.standard import columns as cols
from ctdc.standard.columns import Column
from ctdc.standard.derive import from_variables
from ctdc.standard.loader import load
from ctdc.standard.model import JOINER, Crosswalk, Profile, ProfileColumn, Standard


def convert(table: Any, source: Profile, target: Profile) -> Any:
    """A published table (`pyarrow.Table` or `RecordBatch`) in a newer shape.

    table: the source profile's columns, as strings; columns that the profile does not know are refused, as are values
    (except documented defects, which become empty). Result: as `derive` gives it, with the same number of rows.
    Raises UserError: ``standard.no_crosswalk``, ``standard.columns``, ``standard.values``.
    """
    steps = way(source, target)
    for step in steps:
        table = _step(table, load().profile(step.source), load().profile(step.target))
    return table


def convert_batches(batches: Iterator[Any], source: Profile, target: Profile) -> Iterator[Any]:
    """`convert` for a stream of record batches: constant memory."""
    for batch in batches:
        yield from convert(batch, source, target).to_batches()


def way(source: Profile, target: Profile) -> tuple[Crosswalk, ...]:
    """The declared crosswalks that lead from `source` to `target`, fewest steps first.

    Raises UserError (``standard.no_crosswalk``) when none do, also from a shape to itself.
    """
    crosswalks = load().crosswalks
    paths: list[tuple[Crosswalk, ...]] = [(c,) for c in crosswalks.values() if c.source == source.id]
    while paths:
        path = paths.pop(0)
        if path[-1].target == target.id:
            return path
        paths.extend((*path, c) for c in crosswalks.values() if c.source == path[-1].target and c not in path)
    raise UserError(
        "standard.no_crosswalk",
        f"There is no way from {source.id} to {target.id}.",
        allowed="; ".join(f"{one} to {other}" for one, other in crosswalks),
        do="A shape can only become a newer or coarser one; what was merged cannot be taken apart again.",
    )


def _step(table: Any, source: Profile, target: Profile) -> Any:
    return from_variables(load(), read_published(table, source), target, table.num_rows)


def read_published(table: Any, profile: Profile) -> dict[str, Column]:
    """The variables of a published table in the standard's own codes, by variable name.

    Raises UserError (``standard.columns``, ``standard.values``) when the table is not of that shape.
    """
    _check_columns(table.schema.names, profile)
    unknown = unknown_values(table, profile)
    if unknown:
        shown = "; ".join(f"{name}: {', '.join(map(repr, list(values)[:5]))}" for name, values in unknown.items())
        raise UserError(
            "standard.values",
            f"The table holds values that {profile.id} does not know ({shown}).",
            allowed="the profile's codes, and the texts that it reads as no value",
            do=f"'ctdc standard export --profile {profile.id} --format csv' lists the codes.",
        )
    return {
        column.variable: _harmonised(load(), table.column(column.name), column, profile) for column in profile.columns
    }


def _check_columns(names: list[str], profile: Profile) -> None:
    missing = [name for name in profile.names if name not in names]
    extra = [name for name in names if name not in profile.names and name not in profile.ignored]
    if missing or extra:
        raise UserError(
            "standard.columns",
            f"The table is not {profile.id}: {len(missing)} columns are missing ({', '.join(missing[:5])}), "
            f"{len(extra)} are not its own ({', '.join(extra[:5])}).",
            allowed=", ".join(profile.names),
            do="Choose the profile of the file, or rename its columns.",
        )


def unknown_values(table: Any, profile: Profile) -> dict[str, dict[str, int]]:
    """Column -> value -> rows, for values that are no code, no missing text and no documented defect."""
    found: dict[str, dict[str, int]] = {}
    for column in profile.columns:
        if column.name not in table.schema.names:
            continue
        counts = pc.value_counts(cols.to_arrow(cols.from_arrow(table.column(column.name)))).to_pylist()
        strange = {
            entry["values"]: entry["counts"]
            for entry in counts
            if entry["values"] is not None and not is_known(entry["values"], column, profile)
        }
        if strange:
            found[column.name] = strange
    return found


def is_known(value: str, column: ProfileColumn, profile: Profile) -> bool:
    """Whether a published value is a code (or a list of codes), a missing text, or a documented defect."""
    if value in column.codes or value in profile.missing or value in _defects(profile, column):
        return True
    if column.kind == "list":
        return all(part in column.codes for part in _split(value, profile))
    return bool(column.recode) and value in load().recodes[column.recode].backward


def _defects(profile: Profile, column: ProfileColumn) -> set[str]:
    return {d.value for d in load().defects if d.profile == profile.id and d.column == column.name and d.value}


def _split(value: str, profile: Profile) -> list[str]:
    return [part.strip() for part in value.split(profile.separator.strip())]


def _harmonised(standard: Standard, array: Any, column: ProfileColumn, profile: Profile) -> Column:
    """One published column in the standard's codes; defects and missing texts become empty."""
    back: Mapping[str, str] | None = standard.recodes[column.recode].backward if column.recode else None

    def meaning(value: str) -> str | None:
        if column.kind == "list":
            parts = [back.get(part) if back is not None else part for part in _split(value, profile)]
            return JOINER.join(sorted(part for part in parts if part)) if all(parts) and _is_list(value) else None
        if back is not None:
            return back.get(value)
        return value if value in column.codes else None

    def _is_list(value: str) -> bool:
        return all(part in column.codes for part in _split(value, profile))

    return cols.translate(cols.from_arrow(array), meaning)
