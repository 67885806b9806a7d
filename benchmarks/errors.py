"""How far published records or counts are from the truth, by every measure that the design names.

Promise: nothing is sampled except the 4-way sets (seeded); the measures are those of the definitions below and are
checked against a brute force in ``tests/unit/benchmarks``.

* A *set* is a choice of k variables (order k); its *cells* are all combinations of their categories.
* *TVD*: half the sum over cells of the absolute difference of shares, the empty value being a category like another;
  averaged over all sets of an order.
* A *combination* is a cell without an empty value: what a reader looks up. It is *present* if somebody has it in
  truth, *stated* if the release says a count above zero for it (for records: at least one record has it).
* *MAE* and *relative error*: averages over present combinations, what is not stated counting as zero; also over those
  of them that are stated (``mae_stated``), and by the size of the true count.
* *Fabricated*: stated but not present, as a share of the stated combinations and of their mass (sum of counts).
* *Lost*: present but not stated, as a share of the present combinations and of their mass.

All of this reads true data: it is for the person who holds it, and outside any privacy guarantee.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb, prod
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.coding import Coded, code_together, read_table

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Lower ends of the classes of true counts; the last one is open.
SIZE_EDGES = np.array([1, 10, 50, 100, 500, 1000], dtype=np.float64)
SIZE_NAMES = ("1-9", "10-49", "50-99", "100-499", "500-999", "1000+")
# Tables with more cells than this are compared through the keys that occur instead of all cells (128 MB a table).
MAX_DENSE_CELLS = 1 << 24
FOUR_WAY_SETS = 400

# Columns of the tally that is kept for each class of true count.
_PRESENT, _MASS, _ABSOLUTE, _RELATIVE, _STATED, _STATED_ABSOLUTE, _STATED_RELATIVE, _LOST_MASS = range(8)
# Places of the tally over stated combinations.
_COUNT, _SUM, _FABRICATED, _FABRICATED_SUM = range(4)


@dataclass
class Tally:
    """Sums over the sets of one order, from which the measures are divided at the end."""

    by_size: Floats = field(default_factory=lambda: np.zeros((len(SIZE_NAMES), 8)))
    stated: Floats = field(default_factory=lambda: np.zeros(4))
    distances: list[float] = field(default_factory=list)


@numba.njit(cache=True)
def _count_next(keys: Keys, column: npt.NDArray[np.uint16], size: int, counts: Integers) -> None:
    """Add one to the cell of every row, the cell being the prefix's key times `size` plus the column's code."""
    for row in range(keys.shape[0]):
        counts[keys[row] * size + column[row]] += 1


@numba.njit(cache=True)
def _distance(truth: Integers, estimate: Floats, true_total: float, total: float) -> float:
    """Total variation distance of two tables, each divided by its own total."""
    result = 0.0
    for cell in range(truth.shape[0]):
        result += abs(truth[cell] / true_total - estimate[cell] / total)
    return 0.5 * result


@numba.njit(cache=True)
def _tally(truth: Integers, estimate: Floats, known: Flags, edges: Floats, by_size: Floats, stated: Floats) -> None:
    """Add one set's combinations to the sums."""
    for cell in range(truth.shape[0]):
        if not known[cell]:
            continue
        true = float(truth[cell])
        guess = estimate[cell]
        if guess > 0:
            stated[0] += 1
            stated[1] += guess
            if true == 0:
                stated[2] += 1
                stated[3] += guess
        if true == 0:
            continue
        place = edges.shape[0] - 1
        while true < edges[place]:
            place -= 1
        error = abs(guess - true) if guess > 0 else true
        row = by_size[place]
        row[0] += 1
        row[1] += true
        row[2] += error
        row[3] += error / true
        if guess > 0:
            row[4] += 1
            row[5] += error
            row[6] += error / true
        else:
            row[7] += true


def _known(sizes: Sequence[int]) -> Flags:
    """For each cell of the table of these variables: no value of it is the empty one."""
    result = np.ones(1, dtype=np.bool_)
    for size in sizes:
        result = np.logical_and.outer(result, np.arange(size) > 0).reshape(-1)
    return result


@dataclass
class _Walk:
    """Keys of a growing prefix of variables, so that neighbouring sets share the work of their common start."""

    table: Coded
    prefix: tuple[int, ...] = ()
    keys: Keys | None = None

    def prefix_keys(self, prefix: tuple[int, ...]) -> Keys:
        if self.keys is None or prefix != self.prefix:
            keys = np.zeros(self.table.rows, dtype=np.int64)
            for variable in prefix:
                keys *= self.table.sizes[variable]
                keys += self.table.codes[:, variable]
            self.prefix, self.keys = prefix, keys
        return self.keys

    def counts(self, chosen: tuple[int, ...]) -> Integers:
        """The set's table of counts, flattened with the last variable fastest."""
        counts = np.zeros(prod(self.table.sizes[variable] for variable in chosen), dtype=np.int64)
        last = chosen[-1]
        _count_next(self.prefix_keys(chosen[:-1]), self.table.codes[:, last], self.table.sizes[last], counts)
        return counts

    def set_keys(self, chosen: tuple[int, ...]) -> Keys:
        """The cell of every row in the set's table."""
        last = chosen[-1]
        result: Keys = self.prefix_keys(chosen[:-1]) * self.table.sizes[last] + self.table.codes[:, last]
        return result


def _decode_known(cells: Keys, sizes: Sequence[int]) -> Flags:
    known = np.ones(len(cells), dtype=np.bool_)
    rest = cells
    for size in reversed(sizes):
        known &= rest % size > 0
        rest = rest // size
    return known


def _two_tables(true: _Walk, made: _Walk, chosen: tuple[int, ...]) -> tuple[Integers, Integers, Flags]:
    """Both tables of one set over the same cells, all of them or, for huge tables, those that occur; and `known`."""
    sizes = [true.table.sizes[variable] for variable in chosen]
    if prod(sizes) <= MAX_DENSE_CELLS:
        return true.counts(chosen), made.counts(chosen), _known(sizes)
    true_keys, made_keys = true.set_keys(chosen), made.set_keys(chosen)
    cells, places = np.unique(np.concatenate([true_keys, made_keys]), return_inverse=True)
    split = len(true_keys)
    counts = [np.bincount(part, minlength=len(cells)) for part in (places[:split], places[split:])]
    return counts[0].astype(np.int64), counts[1].astype(np.int64), _decode_known(cells, sizes)


def sets_of_order(variables: int, order: int, limit: int | None = None, seed: int = 0) -> list[tuple[int, ...]]:
    """All sets of `order` variables, or a seeded sample of `limit` of them, in lexicographic order."""
    if limit is None or comb(variables, order) <= limit:
        return list(combinations(range(variables), order))
    everything = list(combinations(range(variables), order))
    chosen = np.random.default_rng(seed).choice(len(everything), size=limit, replace=False)
    return [everything[place] for place in sorted(chosen.tolist())]


def _share(part: float, whole: float) -> float | None:
    return None if whole == 0 else float(part / whole)


def _means(row: Floats) -> dict[str, float | int | None]:
    return {
        "combinations": int(row[_PRESENT]),
        "mae": _share(row[_ABSOLUTE], row[_PRESENT]),
        "relative": _share(row[_RELATIVE], row[_PRESENT]),
        "mae_stated": _share(row[_STATED_ABSOLUTE], row[_STATED]),
        "relative_stated": _share(row[_STATED_RELATIVE], row[_STATED]),
        "lost": _share(row[_PRESENT] - row[_STATED], row[_PRESENT]),
    }


def _measures(tally: Tally) -> dict[str, Any]:
    whole = tally.by_size.sum(axis=0)
    result: dict[str, Any] = dict(_means(whole))
    result |= {
        "stated": int(tally.stated[_COUNT]),
        "fabricated": _share(tally.stated[_FABRICATED], tally.stated[_COUNT]),
        "fabricated_mass": _share(tally.stated[_FABRICATED_SUM], tally.stated[_SUM]),
        "lost_mass": _share(whole[_LOST_MASS], whole[_MASS]),
        "by_size": {name: _means(row) for name, row in zip(SIZE_NAMES, tally.by_size, strict=True)},
    }
    if tally.distances:
        result |= {"sets": len(tally.distances), "tvd": float(np.mean(tally.distances))}
        result["tvd_max"] = float(np.max(tally.distances))
    return result


def _compare_records(truth: Coded, records: Coded, sets: Sequence[tuple[int, ...]]) -> Tally:
    tally, true, made = Tally(), _Walk(truth), _Walk(records)
    for chosen in sets:
        true_counts, counts, known = _two_tables(true, made, chosen)
        estimate = counts.astype(np.float64)
        tally.distances.append(_distance(true_counts, estimate, truth.rows, max(records.rows, 1)))
        _tally(true_counts, estimate, known, SIZE_EDGES, tally.by_size, tally.stated)
    return tally


def record_errors(
    truth: Coded,
    records: Coded,
    orders: Sequence[int] = (1, 2, 3, 4),
    four_way_sets: int = FOUR_WAY_SETS,
    seed: int = 0,
) -> dict[str, Any]:
    """Measures of records against the truth, coded together: order (as text) to the measures of the module's promise.

    Orders above 3 are taken over a seeded sample of `four_way_sets` sets.
    """
    result = {}
    for order in orders:
        sets = sets_of_order(len(truth.names), order, four_way_sets if order > 3 else None, seed)
        if sets:
            result[str(order)] = _measures(_compare_records(truth, records, sets))
    return result


def marginal_errors(
    truth: Path | str | pl.DataFrame,
    synthetic: Path | str | pl.DataFrame,
    orders: Sequence[int] = (1, 2, 3),
    four_way_sets: int = FOUR_WAY_SETS,
    seed: int = 0,
) -> dict[str, Any]:
    """`record_errors` of two tables given as files (csv, parquet) or frames of text with null for empty."""
    frames = [read_table(Path(table)) if isinstance(table, (Path, str)) else table for table in (truth, synthetic)]
    coded_truth, coded = code_together(frames, frames[0].columns)
    return record_errors(coded_truth, coded, orders, four_way_sets, seed)


# ---------------------------------------------------------------------------------------------- published counts


@dataclass(frozen=True)
class Counts:
    """Published counts of combinations: `codes` (rows, variables), 0 where a variable takes no part."""

    codes: Coded
    count: Floats
    low: Floats | None
    high: Floats | None
    below: Flags


def _attribute_columns(aggregates: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The JSON objects of the column ``attributes`` as one text column per variable, null where it takes no part."""
    dtype = pl.Struct(dict.fromkeys(names, pl.String))
    return aggregates["attributes"].str.json_decode(dtype).struct.unnest()


def code_aggregates(truth: pl.DataFrame, aggregates: pl.DataFrame) -> tuple[Coded, Counts]:
    """Code records and published counts together.

    `aggregates` has ``attributes`` (JSON object of variable to code), ``count``, and may have ``low95``, ``high95``
    and ``below_threshold``.
    """
    parts = _attribute_columns(aggregates, truth.columns)
    coded_truth, codes = code_together([truth, parts], truth.columns)

    def numbers(name: str) -> Floats | None:
        return aggregates[name].cast(pl.Float64).to_numpy() if name in aggregates.columns else None

    below = np.zeros(aggregates.height, dtype=np.bool_)
    if "below_threshold" in aggregates.columns:
        below = aggregates["below_threshold"].cast(pl.Boolean).to_numpy()
    count = aggregates["count"].cast(pl.Float64).to_numpy()
    return coded_truth, Counts(codes, count, numbers("low95"), numbers("high95"), below)


def _rows_by_set(codes: Coded) -> dict[tuple[int, ...], Integers]:
    """Rows of the published counts for each set of variables that takes part."""
    parts = codes.codes > 0
    patterns, places = np.unique(parts, axis=0, return_inverse=True)
    places = places.reshape(-1)
    order = np.argsort(places, kind="stable")
    bounds = np.searchsorted(places[order], np.arange(len(patterns) + 1))
    return {
        tuple(np.flatnonzero(pattern).tolist()): order[bounds[place] : bounds[place + 1]]
        for place, pattern in enumerate(patterns)
    }


def _cells(codes: Coded, rows: Integers, chosen: tuple[int, ...]) -> Keys:
    """The cells of some rows in the table of one set, the last variable fastest."""
    keys = np.zeros(len(rows), dtype=np.int64)
    for variable in chosen:
        keys = keys * codes.sizes[variable] + codes.codes[rows, variable]
    return keys


def _covered(counts: Counts, rows: Integers, true: Floats) -> tuple[int, int]:
    """How many intervals hold the true count, of how many."""
    if counts.low is None or counts.high is None:
        return 0, 0
    inside = (counts.low[rows] <= true) & (true <= counts.high[rows])
    return int(inside.sum()), len(rows)


def _compare_counts(truth: Coded, counts: Counts, sets: Sequence[tuple[int, ...]]) -> tuple[Tally, int, int]:
    tally, walk, inside, intervals = Tally(), _Walk(truth), 0, 0
    rows_by_set = _rows_by_set(counts.codes)
    nothing = np.zeros(0, dtype=np.int64)
    for chosen in sets:
        true_counts = walk.counts(chosen)
        rows = rows_by_set.get(chosen, nothing)
        cells = _cells(counts.codes, rows, chosen)
        covered, of = _covered(counts, rows, true_counts[cells].astype(np.float64))
        inside, intervals = inside + covered, intervals + of
        estimate = np.zeros(len(true_counts))
        told = ~counts.below[rows]
        estimate[cells[told]] = counts.count[rows[told]]
        known = _known([truth.sizes[variable] for variable in chosen])
        _tally(true_counts, estimate, known, SIZE_EDGES, tally.by_size, tally.stated)
    return tally, inside, intervals


def aggregate_errors(
    truth: pl.DataFrame, aggregates: pl.DataFrame, orders: Sequence[int] = (1, 2, 3)
) -> dict[str, Any]:
    """Measures of published counts against the truth, order (as text) to measures.

    A row marked ``below_threshold`` says "too few to say", so it states nothing, just as a row that is absent.
    ``coverage`` is the share of the 95 % intervals, of marked rows too, that hold the true count; where only large
    counts are listed it is lowered a little by that selection.
    """
    coded_truth, counts = code_aggregates(truth, aggregates)
    result = {}
    for order in orders:
        sets = sets_of_order(len(coded_truth.names), order)
        tally, inside, intervals = _compare_counts(coded_truth, counts, sets)
        result[str(order)] = _measures(tally) | {"coverage": _share(inside, intervals)}
    return result
