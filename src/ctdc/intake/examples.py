"""The examples inside a mapping: invented rows and what must become of them.

Promise: an example runs through the same plan as a delivery, so that a mapping that passes its examples reads real
rows in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ctdc.foundation.errors import UserError
from ctdc.intake.join import Joined
from ctdc.intake.mapping import LinkedMapping, Mapping
from ctdc.intake.model import Example
from ctdc.intake.outcomes import missing
from ctdc.intake.plan import Plan, Rows
from ctdc.intake.readers.frame import Column, Frame
from ctdc.intake.rules import describe
from ctdc.intake.text import column_key, fold


def _frame(rows: Sequence[dict[str, str]], columns: Sequence[str]) -> Frame:
    """Invented rows as a frame; cells that are not named are empty."""
    texts = {column: [{column_key(k): v for k, v in row.items()}.get(column, "") for row in rows] for column in columns}
    return Frame(
        {column: Column(values, np.arange(len(values), dtype=np.int32)) for column, values in texts.items()},
        np.arange(1, len(rows) + 1, dtype=np.int64),
    )


def _columns(mapping: Mapping, table: str, rows: Sequence[dict[str, str]]) -> list[str]:
    """The columns of an example: those that the mapping reads by name, and those of its prefixes that the rows name."""
    needs = mapping.needs(table)
    named = {column_key(name) for row in rows for name in row}
    return sorted(needs.columns | {name for name in named if needs.wants(name)})


def _fail(mapping: Mapping, example: Example, what: str) -> UserError:
    return UserError(
        "intake.example",
        f"The mapping's own example {example.name!r} fails: {what}.",
        where=mapping.where,
        do="Correct the mapping, or the example if it was wrong.",
        facts={"value": example.name},
    )


def _check_names(mapping: Mapping, example: Example) -> None:
    for name in (*example.expect, *example.missing):
        if name not in mapping.targets:
            raise _fail(mapping, example, f"the standard has no variable {name!r}")
    for table, rows in {mapping.spec.main: (example.row,), **example.joined}.items():
        if table not in {spec.name for spec in mapping.spec.tables}:
            raise _fail(mapping, example, f"there is no table {table!r}")
        for row in rows:
            for name in row:
                linked = (one.mapping.needs(table) for one in mapping.linked)
                if not any(needs.wants(column_key(name)) for needs in (mapping.needs(table), *linked)):
                    raise _fail(mapping, example, f"the mapping reads no column {name!r} of {table}")


def _excluded(mapping: Mapping, example: Example) -> str:
    cells = {column_key(name): text for name, text in example.row.items()}
    for rule in mapping.spec.rows:
        text = fold(cells.get(column_key(rule.exclude.column), ""))
        listed = {fold(value) for value in rule.exclude.values or rule.exclude.other_than or ()}
        if (text in listed) == (rule.exclude.values is not None):
            return rule.reason
    return ""


def _run(mapping: Mapping, example: Example) -> dict[str, str]:
    """What becomes of the example: a code, or the reason in brackets, for every mapped variable."""
    tables = {mapping.spec.main: [dict(example.row)]}
    for join in mapping.spec.joins:
        rows = [dict(row) for row in example.joined.get(join.table, ())]
        key = join.main_column or mapping.main.id or ""
        tables[join.table] = [{join.column: example.row.get(key, "")} | row for row in rows]
    columns = {name: _columns(mapping, name, rows) for name, rows in tables.items()}
    frames = {name: _frame(rows, columns[name]) for name, rows in tables.items()}
    joined = {join.table: Joined(join, frames[join.table], mapping.where) for join in mapping.spec.joins}
    keys = {join.table: column_key(join.main_column or mapping.main.id or "") for join in mapping.spec.joins}
    outcomes = Plan(mapping, columns).run(Rows(frames[mapping.spec.main], joined, keys))
    found = {name: describe(int(values[0]), mapping.targets[name]) for name, values in outcomes.items()}
    impossible = {name: f"({reason})" for name, (reason, _) in mapping.impossible().items()}
    return found | impossible


def _check_linked(mapping: Mapping, example: Example) -> None:
    """The linked rows of the example, entity by entity, in order: what each named variable becomes."""
    for entity, expected in example.linked.items():
        found = [row for one in mapping.linked if one.entity == entity for row in _linked_rows(one, example)]
        if len(found) != len(expected):
            raise _fail(mapping, example, f"it has {len(found)} rows of {entity}, not {len(expected)}")
        for number, (row, wanted) in enumerate(zip(found, expected, strict=True), start=1):
            for name, value in wanted.items():
                if row.get(name) != value:
                    raise _fail(mapping, example, f"{name} of {entity} {number} becomes {row.get(name)}, not {value}")


def _linked_rows(linked: LinkedMapping, example: Example) -> list[dict[str, str]]:
    own = linked.mapping
    rows = [dict(example.row)] if linked.block else [dict(row) for row in example.joined.get(own.spec.main, ())]
    columns = _columns(own, own.spec.main, rows)
    frame = _frame(rows, columns)
    plan = Plan(own, {own.spec.main: columns})
    outcomes = plan.run(Rows(frame, {}, {}))
    there = plan.tells(outcomes) if linked.block else np.ones(len(rows), dtype=np.bool_)
    return [
        {name: describe(int(values[row]), own.targets[name]) for name, values in outcomes.items()}
        for row in np.flatnonzero(there)
    ]


def run_examples(mapping: Mapping) -> int:
    """Run every example of a mapping; the number that ran.

    Raises UserError (``intake.example``) at the first failure.
    """
    for example in mapping.spec.tests:
        _check_names(mapping, example)
        reason = _excluded(mapping, example)
        if bool(reason) != example.excluded:
            raise _fail(mapping, example, f"the row is excluded ({reason})" if reason else "the row is not excluded")
        if reason:
            continue
        found = _run(mapping, example)
        for reason in example.missing.values():
            missing(reason)  # refuses a reason that does not exist
        _check_linked(mapping, example)
        wanted = dict(example.expect) | {name: f"({reason})" for name, reason in example.missing.items()}
        for name, value in wanted.items():
            if found[name] != value:
                raise _fail(mapping, example, f"{name} becomes {found[name]}, not {value}")
    return len(mapping.spec.tests)
