"""Score tables: what each category of one variable would do to the objective, for whole blocks of other variables.

Promise: for a record in block codes (p, q, s), the sum over passes of scores[p, q, s, b - 1] is the sum over sets A
containing the variable of w_A (E_A[cell with b] - E_A[cell with 0]). Packing variables into blocks turns hundreds
of look-ups per record into a few dozen that stay in the cache.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.privacy.fit import Codes, Fit, Floats, Ints, Reach
from ctdc.privacy.kernels import Hashes, best_changes, block_codes, context_hashes, fill_scores

CACHE_CELLS = 1 << 16  # float32 cells of a score table that stays in a second-level cache
MOST_CODES = 32  # of a block: larger ones take longer to fill than they save
FEW_CATEGORIES = 16
Key = tuple[int, ...]


@dataclass(frozen=True)
class Blocks:
    """Columns of the other variables, packed: `members[k]` are the columns of block k; `sizes` of all columns."""

    members: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]

    def codes(self) -> Ints:
        """Number of joint codes of each block, and 1 for the absent one."""
        return np.array([*(math.prod(self.sizes[c] for c in block) for block in self.members), 1], dtype=np.int64)

    def homes(self) -> dict[int, int]:
        """Column -> the block that holds it."""
        return {column: number for number, block in enumerate(self.members) for column in block}

    def values(self) -> Codes:
        """(columns, codes): the place of a column for each joint code of its block."""
        table = np.zeros((len(self.sizes), int(self.codes().max())), dtype=np.uint16)
        for block in self.members:
            shape = [self.sizes[column] for column in block]
            for column, places in zip(block, np.indices(shape).reshape(len(block), -1), strict=True):
                table[column, : places.size] = places
        return table


def pack(sizes: Sequence[int], columns: Sequence[int], limit: int) -> Blocks:
    """Group columns, narrow ones first, so that each block has at most `limit` joint codes, or one column."""
    blocks: list[list[int]] = []
    codes = limit + 1
    for column in sorted(columns, key=lambda other: sizes[other]):
        if codes * sizes[column] > limit:
            blocks.append([])
            codes = 1
        blocks[-1].append(column)
        codes *= sizes[column]
    return Blocks(tuple(tuple(block) for block in blocks), tuple(sizes))


@dataclass(frozen=True)
class Layout:
    """How the sets of one variable are divided over passes; see `kernels.fill_scores`. `order` sorts the reach."""

    blocks: Blocks
    passes: Ints
    whole: int
    first_sets: Ints
    order: Ints
    slots: Ints
    cells: int

    def part(self, compact: bool) -> tuple[Ints, Ints]:
        """Passes and their sets' beginnings: those over compact places, or those over the variable's codes."""
        chosen = slice(self.whole, None) if compact else slice(0, self.whole)
        ends = self.first_sets[self.whole :] if compact else self.first_sets[: self.whole + 1]
        return self.passes[chosen], ends


def _limit(fit: Fit, width: int, joined: int) -> int:
    """Joint codes per block: few enough for the cache, and not more work to fill than to look up."""
    cells = min(CACHE_CELLS, max(64, 4 * len(fit.records)))
    return min(MOST_CODES, max(4, int((cells / width) ** (1 / max(2, joined)))))


def _hosts(keys: Sequence[Key]) -> dict[Key, Key]:
    """For each set of blocks the largest one that covers it: its sets can share a pass."""
    hosts: dict[Key, Key] = {}
    for key in sorted(set(keys), key=lambda blocks: (-len(blocks), blocks)):
        hosts[key] = next((other for other in dict.fromkeys(hosts.values()) if set(key) <= set(other)), key)
    return hosts


def layout_of(fit: Fit, variable: int, reach: Reach) -> Layout:
    """The layout of `variable`, found once for every state of growth."""
    key = variable, len(fit.placed), reach.group
    found: Layout | None = fit.layouts.get(key)
    if found is None:
        found = fit.layouts[key] = layout(fit, variable, reach)
    return found


def layout(fit: Fit, variable: int, reach: Reach) -> Layout:
    """Divide the sets of `variable` over passes."""
    widths = fit.sizes[variable] - 1, fit.estimates.selection.compact_sizes()[variable]
    absent = fit.records.shape[1] - 1
    columns = sorted({int(column) for column in reach.others.ravel()} - {absent})
    blocks = pack(fit.column_sizes(), columns, _limit(fit, max(widths[reach.whole == 0], 1), reach.others.shape[1]))
    homes, codes = blocks.homes(), blocks.codes()
    keys = [tuple(sorted({homes[int(c)] for c in row if c != absent})) for row in reach.others]
    passes: list[tuple[int, ...]] = []
    order: list[int] = []
    first_sets = [0]
    slots = np.zeros(reach.others.shape, dtype=np.int64)
    offset = whole = 0
    for compact in (False, True):
        numbers = range(reach.whole, len(keys)) if compact else range(reach.whole)
        hosts = _hosts([keys[number] for number in numbers])
        home = {number: hosts[keys[number]] for number in numbers}
        for host, mine in itertools.groupby(sorted(numbers, key=home.__getitem__), home.__getitem__):
            padded = [*host, *[len(blocks.members)] * (3 - len(host))]
            passes.append((*padded, *(int(codes[block]) for block in padded[1:]), offset, widths[compact]))
            offset += math.prod(int(codes[block]) for block in padded) * widths[compact]
            for number in mine:
                slots[number] = [host.index(homes[int(c)]) if c != absent else 0 for c in reach.others[number]]
                order.append(number)
            first_sets.append(len(order))
        whole = whole or (0 if compact else len(passes))
    ordered = np.array(order, dtype=np.int64)
    return Layout(
        blocks,
        np.array(passes, dtype=np.int64).reshape(-1, 7),
        whole,
        np.array(first_sets, dtype=np.int64),
        ordered,
        slots[ordered],
        offset,
    )


def score_tables(fit: Fit, reach: Reach, plan: Layout) -> Floats:
    """`scores` as `kernels.best_changes` takes them."""
    scores = np.empty(plan.cells, dtype=np.float32)
    chosen = plan.order
    values, codes = plan.blocks.values(), plan.blocks.codes()
    for compact in (False, True):
        passes, first_sets = plan.part(compact)
        fill_scores(
            passes,
            first_sets,
            codes,
            values,
            not compact,
            fit.differences,
            reach.weights[chosen],
            reach.offsets[chosen],
            reach.own[chosen],
            plan.slots,
            reach.others[chosen],
            reach.strides[chosen],
            scores,
        )
    return scores


def contexts(
    fit: Fit, variable: int, blocks: Blocks, random: np.random.Generator, rows: Ints | None = None
) -> tuple[Ints, Ints, Codes]:
    """Records, or only `rows`, grouped by the values of the others: `rows_of`, `starts` and block codes per context.

    For a variable of few categories every record is its own context: grouping would cost more than it saves.
    """
    records = fit.records
    everyone = np.arange(len(records)) if rows is None else rows
    starts = np.arange(len(everyone) + 1)
    firsts = everyone
    if rows is None and fit.sizes[variable] > FEW_CATEGORIES:
        others = [other for other in fit.placed if other != variable]
        everyone, groups = grouped(fit, others, random)
        begins = np.flatnonzero(np.diff(groups, prepend=~groups[:1]))
        starts, firsts = np.append(begins, len(records)), everyone[begins]
    codes = np.zeros((len(blocks.members) + 1, len(firsts)), dtype=np.uint16)
    columns = np.array([column for block in blocks.members for column in block], dtype=np.int64)
    ends = np.cumsum([len(block) for block in blocks.members], dtype=np.int64)
    block_codes(records, firsts, columns, np.array(blocks.sizes, dtype=np.int64)[columns], ends, codes)
    return everyone, starts, codes


def grouped(fit: Fit, variables: Sequence[int], random: np.random.Generator) -> tuple[Ints, Hashes]:
    """All rows, reordered so that records equal on `variables` are neighbours, with a hash of those values."""
    keys = random.integers(0, 2**64, size=(len(fit.sizes), max(fit.sizes)), dtype=np.uint64)
    hashes = np.empty(len(fit.records), dtype=np.uint64)
    context_hashes(fit.records, np.array(variables, dtype=np.int64), keys, hashes)
    order = np.argsort(hashes)
    return order, hashes[order]


def proposals(
    fit: Fit, variable: int, reach: Reach, random: np.random.Generator, rows: Ints | None = None
) -> tuple[Codes, npt.NDArray[np.float32]]:
    """For each record the best category of `variable` as things stand, and its score less the current one's.

    rows: only of these; the others keep a gain of 0.
    """
    plan = layout_of(fit, variable, reach)
    scores = score_tables(fit, reach, plan)
    rows_of, starts, codes = contexts(fit, variable, plan.blocks, random, rows)
    best = np.zeros(len(fit.records), dtype=np.uint16)
    gain = np.zeros(len(fit.records), dtype=np.float32)
    current = np.ascontiguousarray(fit.records[:, variable])
    places = fit.estimates.selection.places(variable)
    best_changes(current, places, rows_of, starts, codes, plan.passes, plan.whole, scores, best, gain)
    return best, gain
