"""Looking for a person in a file: the compiled loops of the attacks on a release.

Promise: exhaustive and exact, no index and no approximation; cost is people times distinct rows times columns. A cell
costs nothing when it is the person's, `FULL` when it is another's, `GROUPED` when it is a group in which the person's
is, `SUPPRESSED` when it says nothing; costs add up, so that a row's cost also tells how many of its cells are wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.uint16]
Integers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

WRONG = 512  # what one wrong cell adds to the upper bits of a cost, in which wrong cells are counted
SUPPRESSED, GROUPED = 2, 1
FULL = WRONG + 4
MOST_COLUMNS = 127  # more would not fit in the 16 bits of a cost
BLOCK = 2048  # rows whose costs are added up at once: four arrays of them fit in the fastest cache
MOST = 65_535
(NEAREST, MATCHES, WITHIN_ONE, WITHIN_TWO, QUASI, LINKED, BY_NEAREST, BY_MATCH, BY_QUASI) = range(9)
NOBODY, DIFFER = -1, -2  # no row to guess by, or rows that differ


@dataclass(frozen=True)
class Rows:
    """The distinct rows of a file. nodes: (variables, rows); weights: how often each is there.

    coarse[v]: shape (coarse values of v, codes of v), which codes each stands for; value number k of them is the node
    sizes[v] + k. costs[v]: what each costs where it holds the person's code.
    """

    nodes: Matrix
    weights: Integers
    sizes: tuple[int, ...]
    coarse: tuple[Marks, ...]

    @property
    def total(self) -> int:
        """Rows of the file."""
        return int(self.weights.sum())

    def only(self, columns: npt.NDArray[np.int64]) -> Rows:
        """The same rows in some of the columns, distinct again."""
        sizes, coarse = (tuple(of[column] for column in columns) for of in (self.sizes, self.coarse))
        return distinct(self.nodes[columns], sizes, coarse, self.weights)

    def packed(self) -> tuple[Integers, Integers, Marks]:
        """Coarse values for the loops: nodes and costs, (variables, most of them), and which codes each has."""
        most = max((len(each) for each in self.coarse), default=0)
        nodes = np.full((len(self.sizes), most), -1, np.int64)
        costs = np.zeros_like(nodes)
        has = np.zeros((len(self.sizes), most, max(self.sizes)), np.bool_)
        for column, each in enumerate(self.coarse):
            for number, codes in enumerate(each):
                nodes[column, number] = self.sizes[column] + number
                costs[column, number] = SUPPRESSED if codes.all() else GROUPED
                has[column, number, : len(codes)] = codes
        return nodes, costs, has


def row_numbers(rows: npt.NDArray[np.integer]) -> Integers:
    """Equal numbers for equal rows of a matrix of shape (variables, rows)."""
    numbers, size = np.zeros(rows.shape[1], np.int64), 1
    for column in rows:
        values = int(column.max(initial=0)) + 1
        if size * values > 2**62:
            numbers = np.unique(numbers, return_inverse=True)[1].astype(np.int64)
            size = rows.shape[1]
        numbers, size = numbers * values + column, size * values
    return numbers


def distinct(nodes: Matrix, sizes: tuple[int, ...], coarse: tuple[Marks, ...], weights: Integers | None = None) -> Rows:
    """The rows of a file, each once."""
    _, first, place = np.unique(row_numbers(nodes), return_index=True, return_inverse=True)
    counted = np.bincount(place, weights, minlength=len(first)).astype(np.int64)
    return Rows(np.ascontiguousarray(nodes[:, first]), counted, sizes, coarse)


def plain_rows(matrix: Matrix, sizes: tuple[int, ...]) -> Rows:
    """The rows of a coded table, in which nothing is coarse."""
    return distinct(matrix, sizes, tuple(np.zeros((0, size), np.bool_) for size in sizes))


@numba.njit(nogil=True, cache=True)
def _add_cost(
    out: Matrix, column: Matrix, code: int, nodes: Integers, costs: Integers, has: Marks
) -> None:  # pragma: no cover - compiled
    full, own = np.uint16(FULL), np.uint16(code)
    for row in range(len(column)):
        out[row] += full if column[row] != own else np.uint16(0)
    for number in range(len(nodes)):
        if nodes[number] >= 0 and has[number, code]:
            node, less = np.uint16(nodes[number]), np.uint16(FULL - costs[number])
            for row in range(len(column)):
                out[row] -= less if column[row] == node else np.uint16(0)


@numba.njit(nogil=True, cache=True)
def _least(costs: Matrix) -> int:  # pragma: no cover - compiled
    least = np.uint16(MOST)
    for row in range(len(costs)):
        least = min(least, costs[row])
    return int(least)


@numba.njit(nogil=True, cache=True)
def _weight_below(costs: Matrix, weights: Integers, limit: int) -> int:  # pragma: no cover - compiled
    below, found = np.uint16(limit), 0
    for row in range(len(costs)):
        found += weights[row] if costs[row] < below else 0
    return found


@numba.njit(nogil=True, cache=True)
def _agreed(before: int, costs: Matrix, secret: Matrix, below: int, codes: int) -> int:  # pragma: no cover - compiled
    """What all rows that cost less than `below` say of the secret, `before` being what earlier ones said."""
    said = before
    for row in range(len(costs)):
        if costs[row] < below and secret[row] < codes:
            if said == NOBODY:
                said = int(secret[row])
            elif said != secret[row]:
                said = DIFFER
    return said


@numba.njit(nogil=True, cache=True)
def nearness(
    people: Matrix, rows: Matrix, weights: Integers, nodes: Integers, costs: Integers, has: Marks, out: Integers
) -> None:  # pragma: no cover - compiled
    """Of each person the cost of the nearest row, and how many rows have no wrong cell, at most one, at most two."""
    width, count = rows.shape
    total = np.empty(BLOCK, np.uint16)
    for person in range(people.shape[1]):
        nearest = MOST
        for start in range(0, count, BLOCK):
            size = min(BLOCK, count - start)
            here = total[:size]
            here[:] = 0
            for column in range(width):
                part = rows[column, start : start + size]
                _add_cost(here, part, people[column, person], nodes[column], costs[column], has[column])
            least = _least(here)
            nearest = min(nearest, least)
            for wrong in range(3):
                if least < (wrong + 1) * WRONG:
                    out[person, MATCHES + wrong] += _weight_below(
                        here, weights[start : start + size], (wrong + 1) * WRONG
                    )
        out[person, NEAREST] = nearest


@numba.njit(nogil=True, cache=True)
def examine(
    people: Matrix,
    secrets: Integers,
    sizes: Integers,
    rows: Matrix,
    weights: Integers,
    nodes: Integers,
    costs: Integers,
    has: Marks,
    first_half: Marks,
    quasi: Marks,
    out: Integers,
) -> None:  # pragma: no cover - compiled
    """What a file says of each person, `out` of shape (people, 9), beginning as zeros.

    NEAREST to WITHIN_TWO as `nearness`; QUASI: rows that fit the quasi-identifiers; LINKED: rows that are nearest in
    either half of the columns; BY_...: the code of the column `secrets[person]` by the nearest rows in all others (the
    most frequent one), by the rows that fit them, by the rows that fit the quasi-identifiers (if all agree).
    """
    width, count = rows.shape
    known, hidden = np.empty(BLOCK, np.uint16), np.empty(BLOCK, np.uint16)
    half, by_quasi = np.empty(BLOCK, np.uint16), np.empty(BLOCK, np.uint16)
    total, other = np.empty(BLOCK, np.uint16), np.empty(BLOCK, np.uint16)
    votes = np.zeros(sizes.max(), np.int64)
    for person in range(people.shape[1]):
        secret = secrets[person]
        codes = sizes[secret]
        nearest, best_known, best_half, best_other = MOST, MOST, MOST, MOST
        linked, by_match, by_some = 0, NOBODY, NOBODY
        votes[:] = 0
        for start in range(0, count, BLOCK):
            size = min(BLOCK, count - start)
            known[:size] = 0
            hidden[:size] = 0
            half[:size] = 0
            by_quasi[:size] = 0
            for column in range(width):
                part, code = rows[column, start : start + size], people[column, person]
                on, cost, own = nodes[column], costs[column], has[column]
                _add_cost(hidden[:size] if column == secret else known[:size], part, code, on, cost, own)
                if first_half[column]:
                    _add_cost(half[:size], part, code, on, cost, own)
                if quasi[column]:
                    _add_cost(by_quasi[:size], part, code, on, cost, own)
            for row in range(size):
                total[row] = known[row] + hidden[row]
                other[row] = total[row] - half[row]
            here = weights[start : start + size]
            said = rows[secret, start : start + size]
            least = _least(total[:size])
            nearest = min(nearest, least)
            for wrong in range(3):
                if least < (wrong + 1) * WRONG:
                    out[person, MATCHES + wrong] += _weight_below(total[:size], here, (wrong + 1) * WRONG)
            if _least(by_quasi[:size]) < WRONG:
                out[person, QUASI] += _weight_below(by_quasi[:size], here, WRONG)
                if by_some != DIFFER:
                    by_some = _agreed(by_some, by_quasi[:size], said, WRONG, codes)
            least = _least(known[:size])
            if least < WRONG and by_match != DIFFER:
                by_match = _agreed(by_match, known[:size], said, WRONG, codes)
            if least < best_known:
                best_known = least
                votes[:] = 0
            if least == best_known:
                for row in range(size):
                    if known[row] == best_known and said[row] < codes:
                        votes[said[row]] += here[row]
            one, two = _least(half[:size]), _least(other[:size])
            if one < best_half or two < best_other:
                linked = 0
                best_half, best_other = min(best_half, one), min(best_other, two)
            if one == best_half and two == best_other:
                for row in range(size):
                    if half[row] == best_half and other[row] == best_other:
                        linked += here[row]
        out[person, NEAREST] = nearest
        out[person, LINKED] = linked
        guess = votes.argmax()
        out[person, BY_NEAREST] = guess if votes[guess] else NOBODY
        out[person, BY_MATCH], out[person, BY_QUASI] = by_match, by_some


@numba.njit(nogil=True, cache=True)
def fitting(
    columns: Integers, values: Integers, rows: Matrix, weights: Integers
) -> tuple[int, int]:  # pragma: no cover - compiled
    """How many rows have all `values` in `columns`, and the position of the last that has."""
    count = rows.shape[1]
    miss = np.empty(BLOCK, np.uint16)
    found, last = 0, -1
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        miss[:size] = 0
        for number in range(len(columns)):
            part, value = rows[columns[number], start : start + size], np.uint16(values[number])
            for row in range(size):
                miss[row] |= np.uint16(part[row] != value)
        if _least(miss[:size]) == 0:
            for row in range(size):
                if miss[row] == 0:
                    found += weights[start + row]
                    last = start + row
    return found, last
