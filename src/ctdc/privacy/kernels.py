"""Compiled loops of the record synthesis.

Promise: deterministic for a given order of candidates and any number of threads: parallel loops treat each score
table and each context on its own, the loop that changes records is sequential.

Shared arguments, one entry per set that contains the variable being changed (*reach*): `weights`; `offsets` into the
flat `differences` (records' tables less targets); `own`, the stride of the variable; `others` (sets, up to 3) columns
of `records` with the other variables' places, and `strides` of these (0 where absent). The first `whole` sets use the
variable's codes, the rest its compact places (`places`, code -> place).
"""

from __future__ import annotations

import os

# Threads that wait for the next parallel loop otherwise spin: a third of all processor time, taken from others.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]
Hashes = npt.NDArray[np.uint64]
Small = npt.NDArray[np.int32]

SUM_CELLS = 8192  # running sums of one chunk of contexts: 32 kB, the size of a first-level cache


@numba.njit(cache=True, nogil=True, parallel=True, fastmath=True)
def fill_scores(
    passes: Ints,
    first_sets: Ints,
    blocks: Ints,
    values: Codes,
    relative: bool,
    differences: Floats,
    weights: Floats,
    offsets: Ints,
    own: Ints,
    slots: Ints,
    others: Ints,
    strides: Ints,
    scores: Floats,
) -> None:  # pragma: no cover - compiled
    """Fill the score tables of all passes: what each category would change, for each joint code of up to 3 blocks.

    passes: (n, 7) rows of three blocks, the numbers of codes of the second and third, an offset into `scores` and the
    width; first_sets: (n + 1,) where each pass's sets begin; blocks: number of codes per block, the absent one's last;
    values: (columns, codes) a column's place for each code of its block; relative: write categories 1, 2, ... less
    category 0, else every place as it is; slots: which of the pass's three blocks holds each of `others`.
    """
    for number in numba.prange(passes.shape[0]):
        codes_1, codes_2, codes_3 = blocks[passes[number, 0]], passes[number, 3], passes[number, 4]
        width = passes[number, 6]
        start = passes[number, 5]
        scores[start : start + codes_1 * codes_2 * codes_3 * width] = np.float32(0.0)
        code = np.zeros(3, dtype=np.int64)
        for code_1 in range(codes_1):
            code[0] = code_1
            for code_2 in range(codes_2):
                code[1] = code_2
                for code_3 in range(codes_3):
                    code[2] = code_3
                    out = start + ((code[0] * codes_2 + code[1]) * codes_3 + code[2]) * width
                    for index in range(first_sets[number], first_sets[number + 1]):
                        cell = offsets[index]
                        for axis in range(others.shape[1]):
                            if strides[index, axis]:
                                place = values[others[index, axis], code[slots[index, axis]]]
                                cell += place * strides[index, axis]
                        step = own[index]
                        weight = weights[index]
                        zero = np.float32(0.0)
                        if relative:
                            zero = differences[cell]
                            cell += step
                        for place in range(width):
                            scores[out + place] += weight * (differences[cell + place * step] - zero)


@numba.njit(cache=True, nogil=True, parallel=True, fastmath=True)
def best_changes(
    current: Codes,
    places: Codes,
    rows_of: Ints,
    starts: Ints,
    blocks: Codes,
    passes: Ints,
    whole: int,
    scores: Floats,
    best: Codes,
    gain: Floats,
) -> None:  # pragma: no cover - compiled
    """For each record, the category of one variable with the lowest score, and its score less the current one's.

    current: (rows,) categories now; places: (categories,) compact place of each; records that agree on all other
    variables form a context: `rows_of` lists record numbers context by context, `starts` (contexts + 1,) where each
    begins; blocks: (blocks + 1, contexts) packed codes of the other variables, the last row 0; passes as in
    `fill_scores`: the first `whole` have one score for each category but the first, the others one for each compact
    place. Writes `best` and `gain`.
    """
    contexts = starts.shape[0] - 1
    categories = places.shape[0]
    compact = np.int64(0)
    for number in range(whole, passes.shape[0]):
        compact = passes[number, 6]
    width = categories - 1
    size = max(16, SUM_CELLS // (width + compact))
    chunks = (contexts + size - 1) // size
    for chunk in numba.prange(chunks):
        low = chunk * size
        high = min(contexts, low + size)
        sums = np.zeros((high - low, width), dtype=np.float32)
        compacts = np.zeros((high - low, max(np.int64(1), compact)), dtype=np.float32)
        for number in range(passes.shape[0]):
            first = passes[number, 0]
            second = passes[number, 1]
            third = passes[number, 2]
            into = sums if number < whole else compacts
            wide = passes[number, 6]
            begin = passes[number, 5]
            if wide == 1 and passes[number, 4] == 1:  # most passes by far, and worth a loop without a loop in it
                for context in range(low, high):
                    cell = np.int64(blocks[first, context]) * passes[number, 3] + blocks[second, context]
                    into[context - low, 0] += scores[begin + cell]
            else:
                for context in range(low, high):
                    cell = (np.int64(blocks[first, context]) * passes[number, 3] + blocks[second, context]) * passes[
                        number, 4
                    ] + blocks[third, context]
                    for category in range(wide):
                        into[context - low, category] += scores[begin + cell * wide + category]
        for context in range(low, high):
            own = context - low
            zero = compacts[own, places[0]] if compact else np.float32(0.0)
            lowest = np.float32(0.0)
            where = 0
            for category in range(width):
                value = sums[own, category]
                if compact:
                    value += compacts[own, places[category + 1]] - zero
                    sums[own, category] = value
                if value < lowest:
                    lowest = value
                    where = category + 1
            for position in range(starts[context], starts[context + 1]):
                row = rows_of[position]
                mine = np.int64(current[row])
                here = np.float32(0.0) if mine == 0 else sums[own, mine - 1]
                best[row] = where
                gain[row] = lowest - here


@numba.njit(cache=True, nogil=True, parallel=True)
def block_codes(
    records: Codes, rows: Ints, columns: Ints, sizes: Ints, ends: Ints, out: Codes
) -> None:  # pragma: no cover - compiled
    """Joint codes of each of `rows` in every block, into `out` (blocks + 1, rows), whose last row stays as it is.

    columns, sizes: of all blocks one after the other; ends: (blocks,) where each block's columns end.
    """
    for position in numba.prange(rows.shape[0]):
        row = rows[position]
        begin = 0
        for block in range(ends.shape[0]):
            code = 0
            for index in range(begin, ends[block]):
                code = code * sizes[index] + records[row, columns[index]]
            out[block, position] = code
            begin = ends[block]


@numba.njit(cache=True, nogil=True)
def context_hashes(records: Codes, columns: Ints, keys: Hashes, out: Hashes) -> None:  # pragma: no cover - compiled
    """Zobrist hash of each record over `columns`: sum of keys[column, value] modulo 2^64, into `out`."""
    for row in range(records.shape[0]):
        total = np.uint64(0)
        for column in columns:
            total += keys[column, records[row, column]]
        out[row] = total


@numba.njit(cache=True, nogil=True, fastmath=True)
def apply_changes(
    records: Codes,
    variable: int,
    compact_column: int,
    places: Codes,
    order: Ints,
    gain: Floats,
    best: Codes,
    patience: int,
    differences: Floats,
    whole: int,
    weights: Floats,
    offsets: Ints,
    own: Ints,
    others: Ints,
    strides: Ints,
    amounts: Floats,
    steps: Floats,
    neighbours: Ints,
    mirrors: Ints,
) -> int:  # pragma: no cover - compiled
    """Make each proposed change that still lowers the objective, one record after another; return how many.

    order: rows to try, those that promise most first; gain: (rows,) what was promised: records with the same promise
    are nearly always equal, so that after one refusal the rest of them is skipped; patience: give up after more than so
    many refusals in a row. `compact_column` holds the variable's places in `records`, -1 when it has none of its own.
    amounts: (rows,) what a record counts; steps: (sets,) what share of that it counts in a set; neighbours: (rows, m)
    other records that hold the variable's value of this one in their columns `mirrors` (m,); m is 0 where there are
    none.
    """
    sets = weights.shape[0]
    width = others.shape[1]
    cells = np.empty(sets, dtype=np.int64)
    accepted = 0
    refused = 0
    for position in range(order.shape[0]):
        row = order[position]
        if refused and gain[row] == gain[order[position - 1]]:
            continue
        old = np.int64(records[row, variable])
        new = np.int64(best[row])
        old_place = np.int64(places[old])
        new_place = np.int64(places[new])
        last = whole if old_place == new_place else sets
        amount = amounts[row]
        change = np.float32(0.0)
        for number in range(last):
            cell = offsets[number]
            for axis in range(width):
                cell += records[row, others[number, axis]] * strides[number, axis]
            cells[number] = cell
            to = new if number < whole else new_place
            away = old if number < whole else old_place
            change += weights[number] * (
                differences[cell + to * own[number]] - differences[cell + away * own[number]] + amount * steps[number]
            )
        if change < 0.0:
            refused = 0
            for number in range(last):
                to = new if number < whole else new_place
                away = old if number < whole else old_place
                differences[cells[number] + away * own[number]] -= amount * steps[number]
                differences[cells[number] + to * own[number]] += amount * steps[number]
            records[row, variable] = new
            for mirror in range(mirrors.shape[0]):
                records[neighbours[row, mirror], mirrors[mirror]] = new
            if compact_column >= 0:
                records[row, compact_column] = new_place
            accepted += 1
        else:
            refused += 1
            if refused > patience:
                break
    return accepted


@numba.njit(cache=True, nogil=True, fastmath=True)
def deal(
    records: Codes,
    variable: int,
    compact_column: int,
    places: Codes,
    order: Ints,
    tables: Floats,
    whole: int,
    weights: Floats,
    offsets: Ints,
    own: Ints,
    others: Ints,
    strides: Ints,
    amounts: Floats,
) -> None:  # pragma: no cover - compiled
    """Give each record its first category of `variable`, in `order`, so that all tables with it grow evenly.

    tables: (cells, 2), beside each other, so that one look fetches both: zeros that become the tables' counts, and what
    they are to become (targets); `offsets` are into it. The record
    that comes when a share f of all have theirs gets the category for which the sum over sets of w_A (count - f target)
    is lowest: every table stays as close as whole records allow to f of its target all the time, and is there at the
    end. Records drawn at random would be off by the square root of each count instead. amounts: (rows,) what a record
    counts.
    """
    total = np.float64(0.0)
    for position in range(order.shape[0]):
        total += amounts[order[position]]
    dealt = np.float64(0.0)
    sets = weights.shape[0]
    width = others.shape[1]
    categories = places.shape[0]
    compact = np.int64(places.max()) + 1
    cells = np.empty(sets, dtype=np.int64)
    score = np.zeros(categories, dtype=np.float32)
    by_place = np.zeros(compact, dtype=np.float32)
    for turn in range(order.shape[0]):
        row = order[turn]
        dealt += amounts[row]
        share = np.float32(dealt / total)
        score[:] = np.float32(0.0)
        by_place[:] = np.float32(0.0)
        for number in range(sets):
            cell = offsets[number]
            for axis in range(width):
                cell += records[row, others[number, axis]] * strides[number, axis]
            cells[number] = cell
            step = own[number]
            weight = weights[number]
            if number < whole:
                for category in range(categories):
                    other = cell + category * step
                    score[category] += weight * (tables[other, 0] - share * tables[other, 1])
            else:
                for place in range(1, compact):
                    other = cell + place * step
                    by_place[place] += weight * (
                        tables[other, 0] - share * tables[other, 1] + np.float32(0.5) * amounts[row]
                    )
        chosen = 0
        lowest = np.float32(np.inf)
        for category in range(categories):
            value = score[category]
            if whole < sets:
                value += by_place[places[category]]
            if value < lowest:
                lowest = value
                chosen = category
        home = np.int64(places[chosen])
        records[row, variable] = chosen
        if compact_column >= 0:
            records[row, compact_column] = home
        for number in range(sets):
            tables[cells[number] + (chosen if number < whole else home) * own[number], 0] += amounts[row]


@numba.njit(cache=True, nogil=True, fastmath=True)
def deal_flag(
    records: Codes,
    variable: int,
    order: Ints,
    lead: Floats,
    both: Floats,
    target: Floats,
    weights: Floats,
    offsets: Small,
    others: Small,
    strides: Small,
    amounts: Floats,
) -> None:  # pragma: no cover - compiled
    """As `deal`, for a variable of two categories: most variables are flags, and half of the numbers decide.

    lead, both: zeros, one for each cell of the other variables, become the count of category 1 less, and plus, that of
    category 0; target: what the lead is to become; offsets, strides: into these halves of the tables, 32-bit, in loops
    without a choice in them, so that the compiler does several sets at once.
    """
    sets, width = others.shape
    total = np.float64(0.0)
    for position in range(order.shape[0]):
        total += amounts[order[position]]
    dealt = np.float64(0.0)
    cells = np.empty(sets, dtype=np.int32)
    record = np.empty(records.shape[1], dtype=np.int32)
    for turn in range(order.shape[0]):
        row = order[turn]
        for column in range(records.shape[1]):
            record[column] = records[row, column]
        for number in range(sets):
            cells[number] = offsets[number]
        for axis in range(width):
            for number in range(sets):
                cells[number] += record[others[number, axis]] * strides[number, axis]
        amount = amounts[row]
        dealt += amount
        share = np.float32(dealt / total)
        score = np.float32(0.0)
        for number in range(sets):
            score += weights[number] * (lead[cells[number]] - share * target[cells[number]])
        step = amount if score < 0.0 else -amount
        records[row, variable] = 1 if score < 0.0 else 0
        for number in range(sets):
            lead[cells[number]] += step
            both[cells[number]] += amount
