"""How far the combinations of a table are from the truth: distances of marginal tables and errors of counts.

Promise: exact; nothing is sampled but sets of variables beyond a stated number (seeded). Definitions:

* A *set* is a choice of k variables (order k); its *cells* are all combinations of their categories.
* *TVD*, total variation distance: half the sum over cells of the absolute difference of shares, the empty value being a
  category like another, and what is withheld one that the truth never has.
* A *combination* is a cell of known codes: what a reader looks up. It is *present* if somebody has it in truth,
  *stated* if the other table says a count above zero for it.
* *MAE* and *relative error*: means over present combinations, what is not stated counting as zero; also over those of
  them that are stated, and by the size of the true count.
* *Fabricated*: stated but not present, as a share of the stated combinations and of their mass (sum of counts).
* *Lost*: present but not stated, as a share of the present combinations and of their mass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import combinations
from math import comb, prod

import numpy as np
import numpy.typing as npt

from ctdc.privacy.evaluation.kernels import Flags, Floats, Integers, distance, tally_cells
from ctdc.table.count import Matrix, marginal

SIZE_EDGES = np.array([1, 11, 101, 1001], dtype=np.float64)  # lower ends of the classes of true counts
SIZE_NAMES = ("1-10", "11-100", "101-1000", "1001+")
# Tables with more cells than this are compared through the cells that occur instead of all (128 MB a table).
MAX_DENSE_CELLS = 1 << 24
Set = tuple[int, ...]

# Columns of the tally that is kept for each class of true count.
_PRESENT, _MASS, _ABSOLUTE, _RELATIVE, _STATED, _STATED_ABSOLUTE, _STATED_RELATIVE, _LOST_MASS = range(8)
# Places of the tally over stated combinations.
_COUNT, _SUM, _FABRICATED, _FABRICATED_SUM = range(4)


@dataclass(frozen=True)
class SizeErrors:
    """Errors over the combinations of one class of true count; None where there is none. lost: a share."""

    size: str
    combinations: int
    mae: float | None
    relative: float | None
    mae_stated: float | None
    relative_stated: float | None
    lost: float | None


@dataclass(frozen=True)
class CombinationErrors:
    """Errors over all combinations of one order; see the module's definitions. Shares from 0 to 1, None of nothing."""

    combinations: int
    mae: float | None
    relative: float | None
    mae_stated: float | None
    relative_stated: float | None
    lost: float | None
    lost_mass: float | None
    stated: int
    fabricated: float | None
    fabricated_mass: float | None
    by_size: tuple[SizeErrors, ...]


@dataclass
class Tally:
    """Sums over the sets of one order, from which the measures are divided at the end."""

    edges: Floats = field(default_factory=lambda: SIZE_EDGES)
    names: Sequence[str] = SIZE_NAMES
    by_size: Floats = field(init=False)
    stated: Floats = field(default_factory=lambda: np.zeros(4))

    def __post_init__(self) -> None:
        self.by_size = np.zeros((len(self.edges), 8))

    def add(self, truth: Integers, stated: Floats, known: Flags) -> None:
        """One set: its true counts, what is stated, and which cells are combinations; all of shape (cells,)."""
        tally_cells(truth, stated, known, self.edges, self.by_size, self.stated)

    def errors(self) -> CombinationErrors:
        """The measures of what was added."""
        whole = self.by_size.sum(axis=0)
        return CombinationErrors(
            *_means(whole),
            lost_mass=share(whole[_LOST_MASS], whole[_MASS]),
            stated=int(self.stated[_COUNT]),
            fabricated=share(self.stated[_FABRICATED], self.stated[_COUNT]),
            fabricated_mass=share(self.stated[_FABRICATED_SUM], self.stated[_SUM]),
            by_size=tuple(SizeErrors(name, *_means(row)) for name, row in zip(self.names, self.by_size, strict=True)),
        )


def _means(row: Floats) -> tuple[int, float | None, float | None, float | None, float | None, float | None]:
    return (
        int(row[_PRESENT]),
        share(row[_ABSOLUTE], row[_PRESENT]),
        share(row[_RELATIVE], row[_PRESENT]),
        share(row[_STATED_ABSOLUTE], row[_STATED]),
        share(row[_STATED_RELATIVE], row[_STATED]),
        share(row[_PRESENT] - row[_STATED], row[_PRESENT]),
    )


def share(part: float, whole: float) -> float | None:
    """part / whole; None of nothing."""
    return None if whole == 0 else float(part / whole)


def sets_of_order(variables: int, order: int, limit: int | None = None, seed: int = 0) -> list[Set]:
    """All sets of `order` variables, or a seeded sample of `limit` of them, in lexicographic order."""
    if limit is None or comb(variables, order) <= limit:
        return list(combinations(range(variables), order))
    everything = list(combinations(range(variables), order))
    chosen = np.random.default_rng(seed).choice(len(everything), size=limit, replace=False)
    return [everything[place] for place in sorted(chosen.tolist())]


def known_cells(known: Sequence[Flags]) -> Flags:
    """For each cell of a table, the last variable fastest, whether all its categories are `known`."""
    return reduce(lambda cells, one: np.logical_and.outer(cells, one).reshape(-1), known, np.ones(1, dtype=np.bool_))


def cells_of(matrix: Matrix, sizes: Sequence[int], chosen: Set) -> Integers:
    """The cell of every row in the table of `chosen`."""
    cells = np.zeros(matrix.shape[1], dtype=np.int64)
    for variable in chosen:
        cells = cells * sizes[variable] + matrix[variable]
    return cells


def is_huge(sizes: Sequence[int], chosen: Set) -> bool:
    """Whether the table of a set has too many cells to be held whole."""
    return prod(sizes[variable] for variable in chosen) > MAX_DENSE_CELLS


def tables_of(
    matrices: Sequence[Matrix], sizes: Sequence[int], known: Sequence[Flags], chosen: Set
) -> tuple[list[Integers], Flags]:
    """The tables of one set over the same cells: all, or for huge tables those that occur; and which are known."""
    shape = [sizes[variable] for variable in chosen]
    if not is_huge(sizes, chosen):
        counts = [marginal(matrix, sizes, chosen).reshape(-1) for matrix in matrices]
        return counts, known_cells([known[variable] for variable in chosen])
    keys = [cells_of(matrix, sizes, chosen) for matrix in matrices]
    cells, places = np.unique(np.concatenate(keys), return_inverse=True)
    ends = np.cumsum([len(one) for one in keys])[:-1]
    counts = [np.bincount(part, minlength=len(cells)).astype(np.int64) for part in np.split(places, ends)]
    return counts, _decoded_known(cells, shape, [known[variable] for variable in chosen])


def _decoded_known(cells: Integers, shape: Sequence[int], known: Sequence[Flags]) -> Flags:
    result: Flags = np.ones(len(cells), dtype=np.bool_)
    rest = cells
    for size, one in zip(reversed(shape), reversed(known), strict=True):
        result &= one[rest % size]
        rest = rest // size
    return result


@dataclass(frozen=True)
class Compared:
    """One order: the sets, the TVD of each of the compared tables (shape (tables, sets)), errors of the first."""

    sets: tuple[Set, ...]
    distances: npt.NDArray[np.float64]
    errors: CombinationErrors


def compare(
    truth: Matrix,
    others: Sequence[Matrix],
    sizes: Sequence[int],
    known: Sequence[Flags],
    sets: Sequence[Set],
    tally: Tally | None = None,
    step: Callable[[], None] = lambda: None,
) -> Compared:
    """Compare the `others` with the truth over `sets`; the first of them also count by count.

    Matrices: shape (variables, rows); sizes, known: of each variable its categories, and which of them are codes; step:
    called after each set.
    """
    tally = tally or Tally()
    distances = np.zeros((len(others), len(sets)))
    rows = max(truth.shape[1], 1)
    for number, chosen in enumerate(sets):
        (true, *counts), cells = tables_of([truth, *others], sizes, known, chosen)
        for place, (matrix, count) in enumerate(zip(others, counts, strict=True)):
            distances[place, number] = distance(true, count.astype(np.float64), rows, max(matrix.shape[1], 1))
        tally.add(true, counts[0].astype(np.float64), cells)
        step()
    return Compared(tuple(sets), distances, tally.errors())
