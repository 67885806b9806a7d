"""How far published counts and estimates are from the truth, and whether their intervals hold it.

Promise: what is listed is judged as a reader uses it: a combination that is not listed, or marked as too few to say, is
not stated and counts as zero. The estimates are judged whole: every measured combination, listed or not, so that no
selection flatters or harms the coverage of their intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np
import numpy.typing as npt

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.evaluation.charts import PublishedShares
from ctdc.privacy.evaluation.kernels import Flags, Floats, Integers, tally_estimates
from ctdc.privacy.evaluation.marginals import (
    SIZE_EDGES,
    SIZE_NAMES,
    CombinationErrors,
    Set,
    Tally,
    cells_of,
    is_huge,
    known_cells,
    share,
    tables_of,
)
from ctdc.table.count import Matrix

Z95 = 1.959963984540054
NOBODY = "0"  # the class of combinations that nobody has


@dataclass(frozen=True)
class Counts:
    """Published counts of combinations. codes: shape (rows, variables), 0 where a variable takes no part.

    low, high: 95 % intervals, None where there are none; below: marked as too few to say. Others: shape (rows,).
    """

    codes: npt.NDArray[np.uint16]
    count: Floats
    low: Floats | None
    high: Floats | None
    below: Flags


@dataclass(frozen=True)
class Published:
    """What a release says besides its records. counts: as listed; estimates: from its measurements, where it has them;
    shares: of its charts.
    """

    counts: Counts
    estimates: Estimates | None = None
    shares: PublishedShares = field(default_factory=dict)


@dataclass(frozen=True)
class Coverage:
    """How many 95 % intervals hold the truth; share: of all, None of none."""

    intervals: int
    hold: int
    share: float | None


def coverage(intervals: int, hold: int) -> Coverage:
    """So many of so many."""
    return Coverage(intervals, hold, share(hold, intervals))


@dataclass(frozen=True)
class EstimateErrors:
    """Estimates of combinations of one size of true count ("0": nobody has them)."""

    size: str
    combinations: int
    mae: float | None
    relative: float | None
    coverage: Coverage


@dataclass(frozen=True)
class PublishedErrors:
    """One order. errors, coverage: of listed counts; estimates, estimate_coverage: of all measured combinations, by
    size and together (of tables that are not huge), empty and None without measurements.
    """

    order: int
    errors: CombinationErrors
    coverage: Coverage
    estimates: tuple[EstimateErrors, ...]
    estimate_coverage: Coverage | None


def rows_by_set(codes: npt.NDArray[np.uint16]) -> dict[Set, Integers]:
    """Rows of the published counts for each set of variables that takes part."""
    parts = codes > 0
    patterns, places = np.unique(parts, axis=0, return_inverse=True)
    places = places.reshape(-1)
    order = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[order], np.arange(len(patterns) + 1))
    return {
        tuple(np.flatnonzero(pattern).tolist()): order[bounds[place] : bounds[place + 1]]
        for place, pattern in enumerate(patterns)
    }


@dataclass(frozen=True)
class Listed:
    """Errors and coverage of the counts that are listed."""

    errors: CombinationErrors
    coverage: Coverage


def listed_errors(
    truth: Matrix,
    sizes: Sequence[int],
    counts: Counts,
    sets: Sequence[Set],
    tally: Tally | None = None,
    step: Callable[[Set, Integers], None] = lambda chosen, true: None,
) -> Listed:
    """The listed counts of `sets` against the truth, shape (variables, rows), of the schema's `sizes`.

    step: called with each set and its true counts.
    """
    tally, hold, intervals = tally or Tally(), 0, 0
    by_set, nothing = rows_by_set(counts.codes), np.zeros(0, dtype=np.int64)
    for chosen in sets:
        rows = by_set.get(chosen, nothing)
        true, cells, known = _table(truth, sizes, chosen, np.ascontiguousarray(counts.codes[rows].T))
        if counts.low is not None and counts.high is not None:
            hold += int(((counts.low[rows] <= true[cells]) & (true[cells] <= counts.high[rows])).sum())
            intervals += len(rows)
        stated = np.zeros(len(true))
        told = ~counts.below[rows]
        stated[cells[told]] = counts.count[rows[told]]
        tally.add(true, stated, known)
        step(chosen, true)
    return Listed(tally.errors(), coverage(intervals, hold))


def _table(truth: Matrix, sizes: Sequence[int], chosen: Set, listed: Matrix) -> tuple[Integers, Integers, Flags]:
    """The true table of a set, the place of each listed combination in it, and which of its cells are combinations.

    All cells, or of huge tables those that occur in the truth or in the list.
    """
    (true, _), known = tables_of([truth, listed], sizes, [np.arange(size) > 0 for size in sizes], chosen)
    cells = cells_of(listed, sizes, chosen)
    if is_huge(sizes, chosen):
        cells = np.searchsorted(np.unique(np.concatenate([cells_of(truth, sizes, chosen), cells])), cells)
    return true, cells, known


def published_errors(
    truth: Matrix, sizes: Sequence[int], published: Published, order: int, sets: Sequence[Set]
) -> PublishedErrors:
    """Listed counts and estimates of one order."""
    sums = np.zeros((len(SIZE_EDGES) + 1, 4))
    known = [np.arange(size) > 0 for size in sizes]
    estimates = published.estimates

    def add(chosen: Set, true: Integers) -> None:
        if estimates is not None and chosen in estimates.residual and not is_huge(sizes, chosen):
            table = estimates.table(chosen).reshape(-1)
            margin = Z95 * sqrt(estimates.variance(chosen))
            cells = known_cells([known[variable] for variable in chosen])
            tally_estimates(true, table, cells, margin, SIZE_EDGES, sums)

    listed = listed_errors(truth, sizes, published.counts, sets, step=add)
    if not sums[:, 0].any():
        return PublishedErrors(order, listed.errors, listed.coverage, (), None)
    by_size = tuple(
        EstimateErrors(
            name, int(row[0]), share(row[1], row[0]), share(row[2], row[0]), coverage(int(row[0]), int(row[3]))
        )
        for name, row in zip((NOBODY, *SIZE_NAMES), sums, strict=True)
    )
    whole = coverage(int(sums[:, 0].sum()), int(sums[:, 3].sum()))
    return PublishedErrors(order, listed.errors, listed.coverage, by_size, whole)
