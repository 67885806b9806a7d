"""A file that is attacked: rows of codes, of groups of codes and of suppressed cells, and counts beside it.

Promise: every cell is understood or refused: a value that nobody declared would match nobody, and hide a leak. Errors
name the column and how many cells, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ctdc.foundation.errors import UserError
from ctdc.privacy.attacks.claims import Claim
from ctdc.privacy.attacks.search import Marks, Matrix, Rows, distinct
from ctdc.privacy.estimate import Estimates
from ctdc.table.coded import CodedTable, check_columns, distinct_texts
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Floats = npt.NDArray[np.float64]
SUPPRESSED = "*"
Groups = Mapping[str, Mapping[str, Sequence[str]]]  # column -> coarse value -> the codes that it stands for, "" empty


class Counts(Protocol):
    """Published counts of combinations: what a file beside the records says of how many people have which codes."""

    @property
    def total(self) -> float:
        """How many people there are, as published."""

    def table(self, attributes: tuple[int, ...]) -> tuple[Floats, float] | None:
        """Counts of shape (sizes of attributes), NaN where unpublished, and their noise's variance; None without."""


@dataclass(frozen=True)
class Measured:
    """The estimates from a release's published measurements."""

    estimates: Estimates

    @property
    def total(self) -> float:
        """Estimated number of people."""
        return self.estimates.total()[0]

    @cached_property
    def _sets(self) -> frozenset[tuple[int, ...]]:
        return frozenset(self.estimates.sets)

    def table(self, attributes: tuple[int, ...]) -> tuple[Floats, float] | None:
        """See `Counts`."""
        if attributes not in self._sets:
            return None
        return self.estimates.table(attributes), self.estimates.variance(attributes)


@dataclass(frozen=True)
class Listed:
    """Counts that are listed one by one, as in a table of aggregates; what is not listed is unknown.

    cells: of each set of variables (ascending) the positions in its table, (number, variables), and the counts.
    """

    sizes: tuple[int, ...]
    cells: Mapping[tuple[int, ...], tuple[npt.NDArray[np.int64], Floats]]
    total: float

    def table(self, attributes: tuple[int, ...]) -> tuple[Floats, float] | None:
        """See `Counts`."""
        if attributes not in self.cells:
            return None
        places, counts = self.cells[attributes]
        table = np.full(tuple(self.sizes[attribute] for attribute in attributes), np.nan)
        table[tuple(places.T)] = counts
        return table, 0.0


def listed_counts(schema: Schema, rows: Iterable[tuple[Mapping[str, str], float]], total: float) -> Listed:
    """Counts from (variable to code, count); combinations with what is not in the schema are left out."""
    position = {name: number for number, name in enumerate(schema.names)}
    found: dict[tuple[int, ...], tuple[list[list[int]], list[float]]] = {}
    for codes, count in rows:
        known = sorted((position[name], code) for name, code in codes.items() if name in position)
        places = [schema.variables[variable].index.get(code, 0) for variable, code in known]
        if not codes or len(known) < len(codes) or not all(places):
            continue
        cells, counts = found.setdefault(tuple(variable for variable, _ in known), ([], []))
        cells.append(places)
        counts.append(float(count))
    return Listed(
        schema.sizes,
        {key: (np.array(cells, np.int64), np.array(counts)) for key, (cells, counts) in found.items()},
        total,
    )


@dataclass(frozen=True)
class Candidate:
    """A file to attack.

    nodes: (variables, rows), codes as in a `CodedTable`, and from each variable's size up the coarse values in the
    order of `coarse`; coarse[v]: shape (coarse values, codes of v), which codes each stands for.

    counts: published beside it, if any are. claim: the guarantee that it states, if it does. kind: what it is, for
    reports: ``release`` or ``file``.
    """

    name: str
    schema: Schema
    nodes: Matrix
    coarse: tuple[Marks, ...]
    counts: Counts | None = None
    claim: Claim | None = None
    kind: str = "file"

    @property
    def rows(self) -> int:
        """Number of records."""
        return int(self.nodes.shape[1])

    @cached_property
    def distinct(self) -> Rows:
        """Its rows, each once."""
        return distinct(self.nodes, self.schema.sizes, self.coarse)

    @cached_property
    def codes_or_other(self) -> Matrix:
        """Its cells with one category more than codes in each variable: whatever is coarse."""
        limits = np.array(self.schema.sizes, np.uint16)[:, None]
        return np.ascontiguousarray(np.minimum(self.nodes, limits))


def coded_candidate(name: str, table: CodedTable, counts: Counts | None = None) -> Candidate:
    """A candidate in which every cell is a code."""
    coarse = tuple(np.zeros((0, size), np.bool_) for size in table.schema.sizes)
    return Candidate(name, table.schema, table.matrix(), coarse, counts)


def read_candidate(
    name: str, table: pa.Table, schema: Schema, groups: Groups, where: str, counts: Counts | None = None
) -> Candidate:
    """A candidate from texts: codes, `SUPPRESSED`, and the coarse values in `groups`.

    Raises UserError (``table.columns``, ``attack.empty``, ``attack.unknown_value``).
    """
    check_columns(table.column_names, schema, where)
    if not table.num_rows:
        raise UserError("attack.empty", "The file has no records.", where=where, do="Give a file with records.")
    columns: list[npt.NDArray[np.uint16]] = []
    coarse: list[Marks] = []
    for variable in schema.variables:
        nodes, marks = _column(table.column(variable.name), variable, groups.get(variable.name, {}), where)
        columns.append(nodes)
        coarse.append(marks)
    return Candidate(name, schema, np.ascontiguousarray(np.stack(columns)), tuple(coarse), counts)


def _column(
    column: Any, variable: Variable, groups: Mapping[str, Sequence[str]], where: str
) -> tuple[npt.NDArray[np.uint16], Marks]:
    """The nodes of a column, and which codes each coarse value stands for."""
    indices, distinct_values = distinct_texts(column, variable.name, where)
    values = distinct_values.to_pylist()
    lookup = np.full(len(values) + 1, -1, np.int64)
    marks: list[Marks] = []
    lookup[-1] = 0
    for place, value in enumerate(values):
        if value is None or value == "":
            lookup[place] = 0
        elif value in variable.index:
            lookup[place] = variable.index[value]
        elif value == SUPPRESSED or value in groups:
            lookup[place] = variable.size + len(marks)
            marks.append(_stands_for(variable, groups.get(value)))
    coded = lookup[indices]
    unknown = int((coded < 0).sum())
    if unknown:
        raise UserError(
            "attack.unknown_value",
            f"{unknown:,} cells of the column {variable.name!r} hold neither a code nor a known group of codes.",
            where=f"{where}, column {variable.name!r}",
            allowed=f"codes of the people or the schema, empty, {SUPPRESSED} for suppressed, groups of --hierarchies",
            do="Give --schema with all codes, or --hierarchies with the file from which the groups were made.",
        )
    return coded.astype(np.uint16), np.array(marks, np.bool_).reshape(len(marks), variable.size)


def _stands_for(variable: Variable, codes: Sequence[str] | None) -> Marks:
    """Which categories a coarse value has; None: all of them."""
    if codes is None:
        return np.ones(variable.size, np.bool_)
    marks = np.zeros(variable.size, np.bool_)
    marks[[variable.index[code] for code in codes if code in variable.index]] = True
    marks[0] |= "" in codes
    return marks
