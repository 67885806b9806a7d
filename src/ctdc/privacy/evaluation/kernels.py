"""Compiled loops of the evaluation: comparing tables of counts, and sums over sparse rows of ones.

Promise: no state; arrays that are written to are named last.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int32]
Matrix = npt.NDArray[np.uint16]


@numba.njit(cache=True, nogil=True)
def distance(truth: Integers, other: Floats, true_total: float, total: float) -> float:  # pragma: no cover - compiled
    """Total variation distance of two tables, each divided by its own total."""
    result = 0.0
    for cell in range(truth.shape[0]):
        result += abs(truth[cell] / true_total - other[cell] / total)
    return 0.5 * result


@numba.njit(cache=True, nogil=True)
def tally_cells(
    truth: Integers, stated: Floats, known: Flags, edges: Floats, by_size: Floats, sums: Floats
) -> None:  # pragma: no cover - compiled
    """Add one set's combinations to the sums of `marginals.Tally`."""
    for cell in range(truth.shape[0]):
        if not known[cell]:
            continue
        true = float(truth[cell])
        guess = stated[cell]
        if guess > 0:
            sums[0] += 1
            sums[1] += guess
            if true == 0:
                sums[2] += 1
                sums[3] += guess
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


@numba.njit(cache=True, nogil=True)
def tally_estimates(
    truth: Integers, estimates: Floats, known: Flags, margin: float, edges: Floats, by_size: Floats
) -> None:  # pragma: no cover - compiled
    """Add one set's estimated combinations (NaN: not measured): number, |error|, |error| / true, within the margin.

    The first row of `by_size` is of combinations that nobody has; row k + 1 of the k-th class of true counts.
    """
    for cell in range(truth.shape[0]):
        if not known[cell] or np.isnan(estimates[cell]):
            continue
        true = float(truth[cell])
        place = edges.shape[0]
        while place > 0 and true < edges[place - 1]:
            place -= 1
        error = abs(estimates[cell] - true)
        row = by_size[place]
        row[0] += 1
        row[1] += error
        row[2] += error / max(true, 1.0)
        if error <= margin:
            row[3] += 1


@numba.njit(cache=True, nogil=True)
def fill_rows(
    matrix: Matrix, main: Places, indicator: Places, product: Places, starts: Integers, columns: Places
) -> None:  # pragma: no cover - compiled
    """The columns that are one in every row of a design: the first, main effects, and products of indicators.

    main, indicator: shape (variables, categories), -1 for none; product: shape (indicators, indicators), -1 for none;
    starts: shape (rows + 1,); columns: where they are written, or of length 0 to fill `starts` only.
    """
    variables, rows = matrix.shape
    active = np.empty(variables, dtype=np.int32)
    place = 0
    for row in range(rows):
        starts[row] = place
        count = 0
        if columns.shape[0]:
            columns[place] = 0
        place += 1
        for variable in range(variables):
            category = matrix[variable, row]
            if main[variable, category] >= 0:
                if columns.shape[0]:
                    columns[place] = main[variable, category]
                place += 1
            if indicator[variable, category] >= 0:
                active[count] = indicator[variable, category]
                count += 1
        for one in range(count):
            for other in range(one):
                column = product[active[one], active[other]]
                if column >= 0:
                    if columns.shape[0]:
                        columns[place] = column
                    place += 1
    starts[rows] = place


@numba.njit(cache=True, nogil=True)
def scores_of(starts: Integers, columns: Places, beta: Floats, out: Floats) -> None:  # pragma: no cover - compiled
    """For each row the sum of `beta` over its columns."""
    for row in range(out.shape[0]):
        total = 0.0
        for place in range(starts[row], starts[row + 1]):
            total += beta[columns[place]]
        out[row] = total


@numba.njit(cache=True, nogil=True)
def sums_of(starts: Integers, columns: Places, values: Floats, out: Floats) -> None:  # pragma: no cover - compiled
    """For each column the sum of `values` over the rows that have it."""
    for row in range(values.shape[0]):
        for place in range(starts[row], starts[row + 1]):
            out[columns[place]] += values[row]


@numba.njit(cache=True, nogil=True)
def gram_of(starts: Integers, columns: Places, weights: Floats, out: Floats) -> None:  # pragma: no cover - compiled
    """X' W X of rows of ones, written into the triangle where the later column of a row is the first index."""
    for row in range(weights.shape[0]):
        weight = weights[row]
        if weight == 0.0:
            continue
        for place in range(starts[row], starts[row + 1]):
            one = columns[place]
            for before in range(starts[row], place + 1):
                out[one, columns[before]] += weight
