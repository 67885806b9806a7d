"""The nearest records that no declared fact forbids: the fewest changes, found exactly.

Promise: what is returned contradicts no fact, differs from what came in by the fewest possible values, and is
what came in wherever that was right. Method: bucket elimination (Dechter, 1999, Artificial Intelligence 113:41-85)
of the cost "values changed", for all records at once: eliminating a variable turns it and what it is tied to into
a table over its neighbours, the smallest tables first. For facts that tie variables in the form of a tree, as
"any sector means forced labour" does, the tables have one axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.table.constraints import Mask, Pairs

Codes = npt.NDArray[np.uint16]
Costs = npt.NDArray[np.float32]
MAX_CELLS = 1 << 22  # of the largest table per record; facts tied together more closely than that are refused
CHUNK_CELLS = 1 << 23  # of all tables of one chunk of records: 32 MB


@dataclass(frozen=True)
class Step:
    """Eliminate `variable`, which is tied to `scope` (ascending) by then."""

    variable: int
    scope: tuple[int, ...]


@dataclass(frozen=True)
class Component:
    """Variables that facts tie together, in the order in which they are eliminated; cells: of all its tables."""

    steps: tuple[Step, ...]
    pairs: Pairs
    cells: int

    @property
    def variables(self) -> tuple[int, ...]:
        """The variables, in the order of elimination."""
        return tuple(step.variable for step in self.steps)


def components(sizes: Sequence[int], forbidden: Mapping[tuple[int, int], Mask]) -> tuple[Component, ...]:
    """The groups of variables that facts tie together. Raises UserError (``schema.facts_entangled``)."""
    tied: dict[int, set[int]] = {}
    for first, second in sorted(forbidden):
        tied.setdefault(first, set()).add(second)
        tied.setdefault(second, set()).add(first)
    found = []
    left = set(tied)
    while left:
        group = _reached(min(left), tied)
        left -= group
        steps, cells = _elimination({variable: set(tied[variable]) for variable in group}, sizes)
        found.append(Component(steps, {key: mask for key, mask in forbidden.items() if key[0] in group}, cells))
    return tuple(found)


def _reached(start: int, tied: Mapping[int, set[int]]) -> set[int]:
    group, edge = {start}, [start]
    while edge:
        for other in tied[edge.pop()] - group:
            group.add(other)
            edge.append(other)
    return group


def _elimination(tied: dict[int, set[int]], sizes: Sequence[int]) -> tuple[tuple[Step, ...], int]:
    """Steps that always take the variable with the smallest table, and the cells of all tables."""
    steps = []
    total = 0
    while tied:
        cells, variable = min(
            (math.prod(sizes[v] for v in (*others, variable)), variable) for variable, others in tied.items()
        )
        if cells > MAX_CELLS:
            raise UserError(
                "schema.facts_entangled",
                f"The facts tie too many variables together: {cells:,} combinations would have to be gone through.",
                allowed=f"at most {MAX_CELLS:,}",
                do="Declare fewer facts, or facts about variables with fewer codes.",
            )
        others = tied.pop(variable)
        for other in others:
            tied[other] |= others - {other}
            tied[other].discard(variable)
        steps.append(Step(variable, tuple(sorted(others))))
        total += cells
    return tuple(steps), total


def violates(matrix: npt.NDArray[np.integer], forbidden: Mapping[tuple[int, int], Mask]) -> Mask:
    """Which records of `matrix`, shape (variables, rows), are in a forbidden cell; shape (rows,)."""
    wrong = np.zeros(matrix.shape[1], dtype=np.bool_)
    for (first, second), cells in forbidden.items():
        wrong |= cells[matrix[first], matrix[second]]
    return wrong


def nearest(
    matrix: Codes, sizes: Sequence[int], forbidden: Mapping[tuple[int, int], Mask], random: np.random.Generator
) -> Codes:
    """`matrix`, shape (variables, rows), with the fewest values changed so that no record is in a forbidden cell.

    Of equally near records one is drawn. The same matrix and generator give the same result. Raises UserError
    (``schema.facts_contradict``) when no record at all satisfies the facts.
    """
    result = matrix.copy()
    for component in components(sizes, forbidden):
        rows = np.flatnonzero(violates(matrix, component.pairs))
        size = max(1, CHUNK_CELLS // component.cells)
        for start in range(0, len(rows), size):
            chunk = rows[start : start + size]
            costs = {v: _changes(matrix[v, chunk], sizes[v], component, random) for v in component.variables}
            values, total = solve(component, sizes, costs)
            if not np.isfinite(total).all():
                raise contradiction()
            for variable, column in values.items():
                result[variable, chunk] = column
    return result


def contradiction() -> UserError:
    """The error for facts that no record can satisfy."""
    return UserError(
        "schema.facts_contradict",
        "No record can satisfy all facts of the schema.",
        do="Correct ctdc.implications in the schema.",
    )


def _changes(current: Codes, size: int, component: Component, random: np.random.Generator) -> Costs:
    """Cost of each category for each record, (rows, size): 0 to keep, else 1 and a little that decides between equals.

    All the little things together are below 1/2, so that they never outweigh one change.
    """
    share = np.float32(0.5 / len(component.steps))
    costs: Costs = 1 + share * random.random((len(current), size), dtype=np.float32)
    costs[np.arange(len(current)), current] = 0
    return costs


def solve(
    component: Component, sizes: Sequence[int], costs: Mapping[int, Costs]
) -> tuple[dict[int, npt.NDArray[np.int64]], Costs]:
    """The cheapest allowed values of the component's variables for each record, and what they cost, (rows,).

    costs[v]: shape (rows, sizes[v]); infinite for what may not be. The cost is infinite where nothing is allowed.
    """
    factors: list[tuple[tuple[int, ...], Costs]] = [
        (pair, np.where(mask, np.float32(np.inf), np.float32(0))[np.newaxis]) for pair, mask in component.pairs.items()
    ]
    total: Costs = np.zeros(len(costs[component.steps[0].variable]), dtype=np.float32)
    tables = []
    for step in component.steps:
        axes = (*step.scope, step.variable)
        table = _aligned((step.variable,), costs[step.variable], axes)
        for scope, factor in (entry for entry in factors if step.variable in entry[0]):
            table = table + _aligned(scope, factor, axes)
        factors = [entry for entry in factors if step.variable not in entry[0]]
        cheapest = table.min(axis=-1)
        if step.scope:
            factors.append((step.scope, cheapest))
        else:
            total += cheapest
        tables.append(np.broadcast_to(table, (len(total), *(sizes[axis] for axis in axes))))
    return dict(_decoded(component, tables)), total


def _aligned(scope: tuple[int, ...], factor: Costs, axes: tuple[int, ...]) -> Costs:
    """A factor, shape (rows or 1, sizes of scope), with its axes where `axes` has them and 1 elsewhere."""
    order = sorted(range(len(scope)), key=lambda number: axes.index(scope[number]))
    factor = np.transpose(factor, (0, *(number + 1 for number in order)))
    lengths = iter(factor.shape[1:])
    return factor.reshape(factor.shape[0], *(next(lengths) if axis in scope else 1 for axis in axes))


def _decoded(component: Component, tables: list[Costs]) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Values of the variables, last eliminated first: each the cheapest given those that it was tied to."""
    values: dict[int, npt.NDArray[np.int64]] = {}
    for step, table in zip(reversed(component.steps), reversed(tables), strict=True):
        place = (np.arange(len(table)), *(values[other] for other in step.scope))
        values[step.variable] = table[place].argmin(axis=-1)
        yield step.variable, values[step.variable]


def possible(sizes: Sequence[int], forbidden: Mapping[tuple[int, int], Mask]) -> dict[int, Mask]:
    """For each variable that facts speak of: which categories at least one allowed record has, shape (size,)."""
    found = {}
    for component in components(sizes, forbidden):
        for variable in component.variables:
            costs = {v: np.zeros((sizes[variable], sizes[v]), dtype=np.float32) for v in component.variables}
            costs[variable] = np.where(np.eye(sizes[variable], dtype=bool), np.float32(0), np.float32(np.inf))
            found[variable] = np.isfinite(solve(component, sizes, costs)[1])
    return found


def implied_pairs(sizes: Sequence[int], forbidden: Mapping[tuple[int, int], Mask]) -> Pairs:
    """`forbidden` with what follows from it for other pairs: A needs B and B needs C, so A never goes without C.

    Path consistency (Montanari, 1974): nothing is added that an allowed record has; where facts tie variables in the
    form of a tree, everything that no allowed record has is found.
    """
    closed: Pairs = {}
    alive = possible(sizes, forbidden)
    for component in components(sizes, forbidden):
        variables = sorted(component.variables)
        allowed = {
            (i, j): np.outer(alive[i], alive[j]) & ~_cells(component.pairs, sizes, i, j)
            for i in variables
            for j in variables
            if i != j
        }
        while _tighten(variables, allowed):
            pass
        closed.update({(i, j): ~cells for (i, j), cells in allowed.items() if i < j and not cells.all()})
    return dict(sorted(closed.items()))


def _cells(pairs: Pairs, sizes: Sequence[int], first: int, second: int) -> Mask:
    if (min(first, second), max(first, second)) not in pairs:
        return np.zeros((sizes[first], sizes[second]), dtype=np.bool_)
    return pairs[first, second] if first < second else pairs[second, first].T


def _tighten(variables: Sequence[int], allowed: Pairs) -> bool:
    """One pass over all triples; whether a cell fell."""
    changed = False
    for middle in variables:
        for i in variables:
            for j in variables:
                if middle in (i, j) or i >= j:
                    continue
                through = allowed[i, middle].astype(np.float32) @ allowed[middle, j].astype(np.float32) > 0
                if (allowed[i, j] & ~through).any():
                    allowed[i, j] = allowed[i, j] & through
                    allowed[j, i] = allowed[i, j].T
                    changed = True
    return changed
