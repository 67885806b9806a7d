"""How far published records or counts are from the truth, by every measure that the design names.

Promise: nothing is sampled except the 4-way sets (seeded); the measures are those of ``ctdc evaluate``
(`ctdc.privacy.evaluation.marginals`), by classes of true count of the benchmark's own, and are checked against a brute
force in ``tests/unit/benchmarks``.

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
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.coding import Coded, code_together, read_table
from ctdc.privacy.evaluation.marginals import CombinationErrors, Tally, compare, sets_of_order
from ctdc.privacy.evaluation.published import Counts, listed_errors

# Lower ends of the classes of true counts; the last one is open.
SIZE_EDGES = np.array([1, 10, 50, 100, 500, 1000], dtype=np.float64)
SIZE_NAMES = ("1-9", "10-49", "50-99", "100-499", "500-999", "1000+")
FOUR_WAY_SETS = 400


def _tally() -> Tally:
    return Tally(SIZE_EDGES, SIZE_NAMES)


def _measures(errors: CombinationErrors) -> dict[str, Any]:
    """The errors as stored in results: classes of true count by their names."""
    return asdict(errors) | {
        "by_size": {
            one.size: {name: value for name, value in asdict(one).items() if name != "size"} for one in errors.by_size
        }
    }


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
    known = [np.arange(size) > 0 for size in truth.sizes]
    result = {}
    for order in orders:
        sets = sets_of_order(len(truth.names), order, four_way_sets if order > 3 else None, seed)
        if sets:
            compared = compare(truth.codes.T, [records.codes.T], truth.sizes, known, sets, _tally())
            distances = compared.distances[0]
            result[str(order)] = _measures(compared.errors) | {
                "sets": len(sets),
                "tvd": float(distances.mean()),
                "tvd_max": float(distances.max()),
            }
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

    def numbers(name: str) -> npt.NDArray[np.float64] | None:
        return aggregates[name].cast(pl.Float64).to_numpy() if name in aggregates.columns else None

    below = np.zeros(aggregates.height, dtype=np.bool_)
    if "below_threshold" in aggregates.columns:
        below = aggregates["below_threshold"].cast(pl.Boolean).to_numpy()
    count = aggregates["count"].cast(pl.Float64).to_numpy()
    return coded_truth, Counts(codes.codes, count, numbers("low95"), numbers("high95"), below)


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
        found = listed_errors(coded_truth.codes.T, coded_truth.sizes, counts, sets, _tally())
        result[str(order)] = _measures(found.errors) | {"coverage": found.coverage.share}
    return result
