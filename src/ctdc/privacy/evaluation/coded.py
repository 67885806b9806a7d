"""The true table and the one that stands for it, in one coding.

Promise: category 0 is empty, 1 to n are the codes of the schema, and of the candidate n + 1 is *withheld*: a suppressed
cell, or a value coarser than any code. What is withheld is known to nobody and states no combination. An error names
column and row, never a value, and lists codes only of a schema that is public.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.privacy.kanonymity.hierarchy import SUPPRESSED
from ctdc.table.coded import CodedTable, distinct_texts
from ctdc.table.count import Matrix
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Candidate:
    """A table that stands for the people of another. matrix: shape (variables, rows), category `n + 1` is withheld."""

    schema: Schema
    matrix: Matrix


def code_candidate(
    table: pa.Table,
    schema: Schema,
    where: str,
    *,
    coarser: bool = False,
    public: bool = True,
    absent: Collection[str] = (),
) -> Candidate:
    """Code an Arrow table of texts; ``*`` is withheld, other columns than the schema's are left alone.

    coarser: whether values that are no codes are withheld ones too; public: whether errors may list the schema's codes;
    absent: texts that mean the same as empty where they are no codes.
    Raises UserError (``evaluate.columns``, ``evaluate.unknown_code``, ``table.not_text``).
    """
    check_present(table.column_names, schema, where)
    columns = [
        _column(table.column(variable.name), variable, where, coarser, public, absent) for variable in schema.variables
    ]
    return Candidate(schema, np.stack(columns))


def check_present(names: list[str], schema: Schema, where: str) -> None:
    """Raise UserError (``evaluate.columns``) unless each variable of the schema is the name of exactly one column."""
    missing = [name for name in schema.names if names.count(name) != 1]
    if missing:
        raise UserError(
            "evaluate.columns",
            "Not all columns are there (once)."
            if len(missing) < len(schema.names)
            else "None of the columns is there.",
            where=f"{where}: {', '.join(missing)}",
            allowed=", ".join(schema.names),
            do="Rename the columns, or name those that both tables have with --columns.",
        )


def _column(
    column: pa.ChunkedArray, variable: Variable, where: str, coarser: bool, public: bool, absent: Collection[str]
) -> npt.NDArray[np.uint16]:
    indices, distinct = distinct_texts(column, variable.name, where)
    known: dict[str | None, int] = {None: 0, "": 0, **dict.fromkeys(absent, 0), SUPPRESSED: variable.size}
    known.update(variable.index)
    other = variable.size if coarser else -1
    lookup = np.array([*(known.get(value, other) for value in distinct.to_pylist()), 0], dtype=np.int64)
    coded: npt.NDArray[np.int64] = lookup[indices]
    unknown = np.flatnonzero(coded < 0)
    if len(unknown):
        listed = ", ".join(variable.codes[:12]) + (", ..." if len(variable.codes) > 12 else "")
        raise UserError(
            "evaluate.unknown_code",
            f"The column {variable.name!r} has {len(unknown)} cells whose value is not a code.",
            where=f"{where}, column {variable.name!r}, first in row {int(unknown[0]) + 1}",
            allowed=f"empty, {SUPPRESSED}, or "
            + (f"one of: {listed}" if public else "a code that is in the true table, for want of a schema"),
            do="If these values are coarser ones, such as bands of a k-anonymous table, add --coarser; else correct "
            "them, or give a schema that lists them.",
        )
    return coded.astype(np.uint16)


@dataclass(frozen=True)
class Pair:
    """Both tables with the same categories. truth, candidate: shape (variables, rows)."""

    schema: Schema
    truth: Matrix
    candidate: Matrix

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Categories of each variable: one more than the schema's where something is withheld."""
        most = self.candidate.max(axis=1)
        return tuple(size + int(largest >= size) for size, largest in zip(self.schema.sizes, most, strict=True))

    @cached_property
    def known(self) -> tuple[Flags, ...]:
        """For each variable which categories are codes."""
        return tuple(
            (np.arange(size) > 0) & (np.arange(size) < own)
            for size, own in zip(self.sizes, self.schema.sizes, strict=True)
        )

    def position(self, name: str) -> int:
        """Where a variable stands."""
        return self.schema.names.index(name)

    def is_known(self, matrix: Matrix, variable: int) -> Flags:
        """Which records of one of the tables have a code of the variable."""
        column = matrix[variable]
        found: Flags = (column > 0) & (column < self.schema.sizes[variable])
        return found

    def withheld(self) -> dict[str, float]:
        """Share of the candidate's cells that are withheld, of each variable where there are any."""
        found = {}
        for name, size, column in zip(self.schema.names, self.schema.sizes, self.candidate, strict=True):
            share = float((column >= size).mean())
            if share > 0:
                found[name] = share
        return found


def pair_of(truth: CodedTable, candidate: Candidate) -> Pair:
    """Both tables together. Raises UserError (``evaluate.empty``), ValueError for different schemas."""
    if truth.schema.names != candidate.schema.names or truth.schema.sizes != candidate.schema.sizes:
        raise ValueError("the tables have different schemas")
    for rows, which in ((truth.rows, "true table"), (candidate.matrix.shape[1], "table that is evaluated")):
        if rows == 0:
            raise UserError("evaluate.empty", f"The {which} has no records.", do="Give the right file.")
    return Pair(truth.schema, truth.matrix(), candidate.matrix)
