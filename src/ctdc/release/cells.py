"""All cells of one table with their errors: the estimates where they were measured, nothing where they were not."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.linear import count, evaluate, event, is_measured
from ctdc.privacy.plan import Attributes

Cells = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64] | list[float | None]


@dataclass(frozen=True)
class CellNumbers:
    """One entry per cell, last variable fastest. cells: per variable, the position among the listed categories.

    counts, errors: columns ``count`` and ``standard_error``, null where a cell was not measured.
    """

    cells: tuple[Cells, ...]
    counts: pl.Series
    errors: pl.Series


def cell_numbers(estimates: Estimates, attributes: Attributes, empty: bool) -> CellNumbers:
    """The cells of the table over `attributes` (ascending), those with an empty category only if `empty`."""
    first = 0 if empty else 1
    listed = [range(first, estimates.sizes[attribute]) for attribute in attributes]
    shape = tuple(len(categories) for categories in listed)
    cells = tuple(axis.ravel() for axis in np.indices(shape)) if attributes else ()
    whole = event(dict(zip(attributes, listed, strict=True)))
    if is_measured(estimates, count(whole)):
        table = estimates.table(attributes)[(slice(first, None),) * len(attributes)]
        error = math.sqrt(estimates.variance(attributes))
        return CellNumbers(cells, *_columns(table.ravel(), np.full(table.size, error)))
    pairs = [_one_cell(estimates, attributes, position) for position in itertools.product(*listed)]
    return CellNumbers(cells, *_columns([pair[0] for pair in pairs], [pair[1] for pair in pairs]))


def _columns(counts: Numbers, errors: Numbers) -> tuple[pl.Series, pl.Series]:
    return pl.Series("count", counts, pl.Float64), pl.Series("standard_error", errors, pl.Float64)


def _one_cell(
    estimates: Estimates, attributes: Attributes, position: tuple[int, ...]
) -> tuple[float, float] | tuple[None, None]:
    chosen = {attribute: [category] for attribute, category in zip(attributes, position, strict=True)}
    joint = evaluate(estimates, [count(event(chosen))])
    if joint is None:
        return None, None
    return float(joint.values[0]), math.sqrt(max(0.0, float(joint.covariance[0, 0])))
