"""Compiled loops of the record synthesis.

Promise: deterministic for a given order of candidates and any number of threads: the parallel loop treats each
context on its own, the loop that changes records is sequential.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]
Hashes = npt.NDArray[np.uint64]

SUM_CELLS = 8192  # running sums of one chunk of contexts: 32 kB, the size of a first-level cache


@numba.njit(cache=True, nogil=True, parallel=True, fastmath=True)
def best_changes(
    current: Codes,
    categories: int,
    rows_of: Ints,
    starts: Ints,
    blocks: Codes,
    passes: Ints,
    scores: Floats,
    best: Codes,
    gain: Floats,
) -> None:  # pragma: no cover - compiled
    """For each record, the category of one variable with the lowest score, and its score less the current one's.

    current: (rows,) categories now; records that agree on all other variables form a context: `rows_of` lists
    record numbers context by context, `starts` (contexts + 1,) where each begins; blocks: (blocks + 1, contexts)
    packed codes of the other variables, the last row 0; passes: (n, 6) rows of three blocks, the numbers of codes
    of the second and third, and an offset into `scores`, whose tables have shape (codes of first, of second, of
    third, categories - 1): the score of category 1, 2, ... less that of category 0. Writes `best` and `gain`.
    """
    contexts = starts.shape[0] - 1
    width = categories - 1
    size = max(16, SUM_CELLS // width)
    chunks = (contexts + size - 1) // size
    for chunk in numba.prange(chunks):
        low = chunk * size
        high = min(contexts, low + size)
        sums = np.zeros((high - low, width), dtype=np.float32)
        for number in range(passes.shape[0]):
            first = passes[number, 0]
            second = passes[number, 1]
            third = passes[number, 2]
            for context in range(low, high):
                cell = (np.int64(blocks[first, context]) * passes[number, 3] + blocks[second, context]) * passes[
                    number, 4
                ] + blocks[third, context]
                base = passes[number, 5] + cell * width
                for category in range(width):
                    sums[context - low, category] += scores[base + category]
        for context in range(low, high):
            lowest = np.float32(0.0)
            where = 0
            for category in range(width):
                if sums[context - low, category] < lowest:
                    lowest = sums[context - low, category]
                    where = category + 1
            for position in range(starts[context], starts[context + 1]):
                row = rows_of[position]
                mine = np.int64(current[row])
                here = np.float32(0.0) if mine == 0 else sums[context - low, mine - 1]
                best[row] = where
                gain[row] = lowest - here


@numba.njit(cache=True, nogil=True)
def context_hashes(
    records: Codes, rows: Ints, variables: Ints, keys: Hashes, out: Hashes
) -> None:  # pragma: no cover - compiled
    """Zobrist hash of each of `rows` over `variables`: sum of keys[variable, value] modulo 2^64, into `out`."""
    for position in range(rows.shape[0]):
        total = np.uint64(0)
        for variable in variables:
            total += keys[variable, records[rows[position], variable]]
        out[position] = total


@numba.njit(cache=True, nogil=True, fastmath=True)
def apply_changes(
    records: Codes,
    variable: int,
    order: Ints,
    groups: Hashes,
    best: Codes,
    differences: Floats,
    weights: Floats,
    offsets: Ints,
    stride: Ints,
    others: Ints,
    other_strides: Ints,
) -> int:  # pragma: no cover - compiled
    """Make each proposed change that still lowers the objective, one record after another; return how many.

    records: (rows, variables + 1), the last column all 0 for absent others; order: rows to try, equal records next
    to each other; groups: (tries,) equal for equal records, so that after one refusal the rest of its group, which
    would be refused for the same reason, is skipped; for each set that contains `variable`: weights, offsets into
    the flat `differences` (records' tables less targets), the stride of the variable, and up to three other
    variables with their strides.
    """
    sets = weights.shape[0]
    width = others.shape[1]
    cells = np.empty(sets, dtype=np.int64)
    accepted = 0
    refused = False
    for position in range(order.shape[0]):
        if refused and groups[position] == groups[position - 1]:
            continue
        row = order[position]
        old = np.int64(records[row, variable])
        new = np.int64(best[row])
        change = np.float32(0.0)
        for number in range(sets):
            cell = offsets[number]
            for axis in range(width):
                cell += records[row, others[number, axis]] * other_strides[number, axis]
            cells[number] = cell
            change += weights[number] * (
                differences[cell + new * stride[number]] - differences[cell + old * stride[number]] + np.float32(1.0)
            )
        refused = not change < 0.0
        if not refused:
            for number in range(sets):
                differences[cells[number] + old * stride[number]] -= np.float32(1.0)
                differences[cells[number] + new * stride[number]] += np.float32(1.0)
            records[row, variable] = new
            accepted += 1
    return accepted
