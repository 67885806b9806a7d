"""What is different from the delivery before: two reports beside each other, in numbers and names of columns.

Promise: values appear as the reports have them, so those that look like identifiers of people are masked here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]
MOST_VALUES = 100  # that are listed
LEAST_CHANGE = 0.05  # of the share of rows in which a variable is known


@dataclass(frozen=True)
class Change:
    """A variable that is known more often or less often. before, after: shares of the rows, 0 to 1."""

    variable: str
    before: float
    after: float


@dataclass(frozen=True)
class Differences:
    """new_values, gone_values: (column, value), at most 100 of each; known: variables whose completeness changed."""

    rows: tuple[int, int]
    cases: tuple[int, int]
    new_columns: tuple[str, ...]
    gone_columns: tuple[str, ...]
    new_values: tuple[tuple[str, str], ...]
    gone_values: tuple[tuple[str, str], ...]
    known: tuple[Change, ...]


def differences(before: Report, after: Report) -> Differences:
    """What changed from one report to another of the same organisation."""
    columns, old_columns = _columns(after), _columns(before)
    values, old_values = _values(after), _values(before)
    return Differences(
        (before["rows_read"], after["rows_read"]),
        (before["rows_written"], after["rows_written"]),
        tuple(sorted(columns - old_columns)),
        tuple(sorted(old_columns - columns)),
        tuple(sorted(values - old_values))[:MOST_VALUES],
        tuple(sorted(old_values - values))[:MOST_VALUES],
        _known(before, after),
    )


def _columns(report: Report) -> set[str]:
    return {
        column
        for receipt in report["receipts"]
        for column in (*receipt["imported_columns"], *receipt["ignored_columns"])
    }


def _values(report: Report) -> set[tuple[str, str]]:
    return {(line["column"], line["value"]) for line in report["values"]}


def _known(before: Report, after: Report) -> tuple[Change, ...]:
    old, new = _shares(before), _shares(after)
    found = [Change(name, old.get(name, 0.0), share) for name, share in new.items()]
    changed = [one for one in found if abs(one.after - one.before) >= LEAST_CHANGE]
    return tuple(sorted(changed, key=lambda one: -abs(one.after - one.before)))


def _shares(report: Report) -> dict[str, float]:
    return {one["variable"]: one["known"] / one["rows"] for one in report["variables"] if one["rows"]}
