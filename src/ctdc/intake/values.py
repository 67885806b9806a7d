"""``values.csv``: what each source value means, one reviewed row per (column, value, target).

Promise: the crosswalk is read as written; two rows that say different things about one value are an error, a row
that is rejected or retired counts for nothing, and a row that nobody approved yet is used only to show what it
would do. Vocabulary of `relationship` and `status`: after SSSOM's predicates and Usagi's mapping states.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.intake.text import column_key, fold

COLUMNS = (
    "source_column",
    "source_value",
    "source_label",
    "lang",
    "target_variable",
    "target_code",
    "relationship",
    "missing_reason",
    "status",
    "reviewer",
    "review_date",
    "comment",
)
RELATIONSHIPS = ("equal", "equivalent", "source_is_narrower", "source_is_broader", "inexact", "not_mappable")
STATUSES = ("proposed", "approved", "flagged", "rejected", "retired")
_USED = ("approved", "proposed", "flagged")


@dataclass(frozen=True)
class ValueRow:
    """One row of the crosswalk and the line on which it stands (1-based, the header is line 1)."""

    source_column: str
    source_value: str
    source_label: str
    lang: str
    target_variable: str
    target_code: str
    relationship: str
    missing_reason: str
    status: str
    reviewer: str
    review_date: str
    comment: str
    line: int

    @property
    def approved(self) -> bool:
        """Whether a second person has approved the row."""
        return self.status == "approved"

    @property
    def ignored_item(self) -> bool:
        """Whether the row says: known, and it carries nothing (items of lists only)."""
        return self.relationship == "not_mappable" and not self.missing_reason


def _problem(row: ValueRow, reasons: Iterable[str]) -> tuple[str, str] | None:
    """What is wrong with one row by itself, and what is allowed; None when nothing is."""
    if not row.source_column:
        return "source_column is empty", "the name of a column"
    if row.relationship not in RELATIONSHIPS:
        return f"relationship is {row.relationship!r}", ", ".join(RELATIONSHIPS)
    if row.status not in STATUSES:
        return f"status is {row.status!r}", ", ".join(STATUSES)
    if row.missing_reason and row.missing_reason not in set(reasons):
        return f"missing_reason is {row.missing_reason!r}", ", ".join(reasons)
    if row.relationship == "not_mappable" and row.target_code:
        return "the row is not_mappable and yet has a target_code", "one of the two"
    if row.relationship != "not_mappable" and (not row.target_code or row.missing_reason):
        return f"a row that is {row.relationship} needs a target_code and no missing_reason", "target_code"
    if row.target_code and not row.target_variable:
        return "there is a target_code and no target_variable", "the variable that the code belongs to"
    if row.approved and not row.reviewer:
        return "the row is approved by nobody", "a reviewer for every approved row"
    return None


@dataclass(frozen=True)
class Crosswalk:
    """The rows of a crosswalk, found by column and value; `where` is its path, for errors."""

    rows: tuple[ValueRow, ...]
    where: str
    _index: Mapping[tuple[str, str], tuple[ValueRow, ...]] = field(repr=False, default_factory=dict)

    def find(self, columns: tuple[str, ...], value: str) -> tuple[ValueRow, ...]:
        """Rows in use for `value` under the first of `columns` that has any; empty when it is unknown."""
        key = fold(value)
        for column in columns:
            if found := self._index.get((column, key)):
                return found
        return ()

    def columns(self) -> frozenset[str]:
        """Source columns that the crosswalk names."""
        return frozenset(row.source_column for row in self.rows)

    def values(self, columns: tuple[str, ...]) -> list[str]:
        """Values in use under `columns`, for suggestions."""
        return [row.source_value for row in self.rows if row.source_column in columns and row.status in _USED]


def _index(rows: tuple[ValueRow, ...], where: str) -> dict[tuple[str, str], tuple[ValueRow, ...]]:
    index: dict[tuple[str, str], tuple[ValueRow, ...]] = {}
    seen: dict[tuple[str, str, str], ValueRow] = {}
    for row in rows:
        if row.status not in _USED:
            continue
        key = (column_key(row.source_column), fold(row.source_value))
        other = seen.setdefault((*key, row.target_variable), row)
        if other is not row and (other.target_code, other.missing_reason) != (row.target_code, row.missing_reason):
            raise UserError(
                "intake.values_conflict",
                f"Two rows say different things about {row.source_value!r} of {row.source_column!r} "
                f"for {row.target_variable or 'all targets'}.",
                where=f"{where}, lines {other.line} and {row.line}",
                allowed="one row in use per column, value and target (letter case and spaces do not count)",
                do="Retire one of the two (status: retired).",
                facts={
                    "lines": (str(other.line), str(row.line)),
                    "column": row.source_column,
                    "value": row.source_value,
                },
            )
        if other is row:
            index[key] = (*index.get(key, ()), row)
    return index


def crosswalk(rows: Iterable[ValueRow], where: str, reasons: Iterable[str]) -> Crosswalk:
    """Check `rows` and index them. Raises UserError (``intake.values``) naming the line."""
    rows = tuple(rows)
    for row in rows:
        if problem := _problem(row, tuple(reasons)):
            raise UserError(
                "intake.values",
                f"In values.csv, {problem[0]}.",
                where=f"{where}, line {row.line} ({row.source_column}: {row.source_value})",
                allowed=problem[1],
                do="Correct this row.",
                facts={"line": str(row.line), "column": row.source_column, "value": row.source_value},
            )
    return Crosswalk(rows, where, _index(rows, where))


def _read_lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            "intake.values",
            f"values.csv is not UTF-8 (byte {error.start}).",
            where=str(path),
            do="Save it as 'CSV UTF-8' from your spreadsheet program.",
        ) from None
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise UserError("intake.values", f"values.csv is not a CSV file: {error}.", where=str(path)) from None


def read_crosswalk(path: Path, reasons: Iterable[str]) -> Crosswalk:
    """Read ``values.csv``; a folder without one has an empty crosswalk.

    Raises UserError (``intake.values``, ``intake.values_conflict``) with path and line.
    """
    if not path.is_file():
        return Crosswalk((), str(path), {})
    lines = _read_lines(path)
    header = tuple(lines[0]) if lines else ()
    if header != COLUMNS:
        raise UserError(
            "intake.values",
            "The header of values.csv is not the expected one.",
            where=f"{path}, line 1",
            allowed=",".join(COLUMNS),
            do="Keep the columns in this order; leave cells empty that you do not need.",
            facts={"line": "1", "expected": COLUMNS},
        )
    rows = []
    for line, cells in enumerate(lines[1:], start=2):
        if not any(cells):
            continue
        if len(cells) != len(COLUMNS):
            raise UserError(
                "intake.values",
                f"The row has {len(cells)} cells instead of {len(COLUMNS)}.",
                where=f"{path}, line {line}",
                do="Put quotes around a text that holds a comma.",
                facts={"line": str(line)},
            )
        texts = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))
        rows.append(ValueRow(line=line, **texts))
    return crosswalk(rows, str(path), reasons)
