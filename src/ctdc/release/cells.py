"""All cells of one table with their errors: the estimates where they were measured, nothing where they were not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.plan import Attributes

Cells = npt.NDArray[np.int64]


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
    if attributes not in estimates.residual:
        nothing = pl.Series([None] * math.prod(shape), dtype=pl.Float64)
        return CellNumbers(cells, nothing.alias("count"), nothing.alias("standard_error"))
    table = estimates.table(attributes)[(slice(first, None),) * len(attributes)].ravel()
    error = math.sqrt(estimates.variance(attributes))
    counts = pl.Series("count", table, pl.Float64).fill_nan(None)
    errors = pl.Series("standard_error", np.where(np.isnan(table), np.nan, error), pl.Float64).fill_nan(None)
    return CellNumbers(cells, counts, errors)
