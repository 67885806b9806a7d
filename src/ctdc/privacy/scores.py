"""Score tables: what each category of one variable would do to the objective, for whole blocks of other variables.

Promise: for a record in block codes (p, q, s), the sum over passes of scores[p, q, s, b - 1] is the sum over sets A
containing the variable of w_A (E_A[cell with b] - E_A[cell with 0]). Packing variables into blocks turns hundreds
of look-ups per record into a few dozen that stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.privacy.fit import Codes, Fit, Floats, Ints
from ctdc.privacy.kernels import Hashes, best_changes, context_hashes
from ctdc.privacy.plan import Attributes

CACHE_CELLS = 1 << 16  # float32 cells of a score table that stays in a second-level cache
FEW_CATEGORIES = 16
Key = tuple[int, ...]


@dataclass(frozen=True)
class Blocks:
    """The other variables, packed: `members[k]` are the variables of block k; `sizes` of all variables."""

    members: tuple[tuple[int, ...], ...]
    sizes: tuple[int, ...]

    def codes(self, block: int) -> int:
        """Number of joint codes of a block."""
        return math.prod(self.sizes[variable] for variable in self.members[block])

    def home(self, variable: int) -> int:
        """The block that holds `variable`."""
        return next(number for number, block in enumerate(self.members) if variable in block)


def pack(sizes: tuple[int, ...], others: Sequence[int], limit: int) -> Blocks:
    """Group variables, narrow ones first, so that each block has at most `limit` joint codes, or one variable."""
    blocks: list[list[int]] = []
    codes = limit + 1
    for variable in sorted(others, key=lambda other: sizes[other]):
        if codes * sizes[variable] > limit:
            blocks.append([])
            codes = 1
        blocks[-1].append(variable)
        codes *= sizes[variable]
    return Blocks(tuple(tuple(block) for block in blocks), sizes)


def blocks_for(fit: Fit, variable: int) -> Blocks:
    """Blocks of the other placed variables, sized so that score tables fit the cache."""
    joined = max(1, max(len(attributes) for attributes in fit.sets) - 1)
    limit = max(4, int((CACHE_CELLS / (fit.sizes[variable] - 1)) ** (1 / max(2, joined))))
    return pack(fit.sizes, [other for other in fit.placed if other != variable], limit)


def _contribution(fit: Fit, attributes: Attributes, variable: int, axes: Sequence[int]) -> Floats:
    """One set's weighted differences, shaped to be added to a table over `axes` and the variable's categories."""
    others = [attribute for attribute in attributes if attribute != variable]
    table = np.moveaxis(fit.difference(attributes), attributes.index(variable), -1)
    table = np.float32(fit.weights[attributes]) * (table[..., 1:] - table[..., :1])
    order = sorted(range(len(others)), key=lambda number: axes.index(others[number]))
    table = np.transpose(table, (*order, len(others)))
    shape = [fit.sizes[axis] if axis in others else 1 for axis in axes]
    contribution: Floats = table.reshape(*shape, -1)
    return contribution


def _tables(fit: Fit, variable: int, blocks: Blocks) -> dict[Key, Floats]:
    """Sum the contributions of all sets that live in the same blocks; shape (codes per block of key, width)."""
    width = fit.sizes[variable] - 1
    tables: dict[Key, Floats] = {}
    homes = {other: blocks.home(other) for other in fit.placed if other != variable}
    for attributes in fit.sets:
        if variable in attributes:
            key = tuple(sorted({homes[other] for other in attributes if other != variable}))
            axes = [member for block in key for member in blocks.members[block]]
            if key not in tables:
                tables[key] = np.zeros((*(fit.sizes[axis] for axis in axes), width), dtype=np.float32)
            tables[key] += _contribution(fit, attributes, variable, axes)
    return {key: table.reshape(*(blocks.codes(block) for block in key), width) for key, table in tables.items()}


def _folded(tables: dict[Key, Floats]) -> dict[Key, Floats]:
    """Add each table to a larger one that covers its blocks, so that fewer passes over the records are needed."""
    kept: dict[Key, Floats] = {}
    for key in sorted(tables, key=lambda blocks: (-len(blocks), blocks)):
        host = next((other for other in kept if set(key) <= set(other)), None)
        if host is None:
            kept[key] = tables[key]
        else:
            shape = [kept[host].shape[axis] if block in key else 1 for axis, block in enumerate(host)]
            kept[host] += tables[key].reshape(*shape, -1)
    return kept


def score_tables(fit: Fit, variable: int, blocks: Blocks) -> tuple[Ints, Floats]:
    """`passes` and `scores` as `kernels.best_changes` takes them."""
    absent = len(blocks.members)
    passes, flat, offset = [], [], 0
    for key, table in _folded(_tables(fit, variable, blocks)).items():
        padded = [*key, *[absent] * (3 - len(key))]
        codes = [1 if block == absent else blocks.codes(block) for block in padded]
        passes.append((*padded, codes[1], codes[2], offset))
        flat.append(table.ravel())
        offset += table.size
    return np.array(passes, dtype=np.int64).reshape(-1, 6), np.concatenate(flat)


def contexts(fit: Fit, variable: int, blocks: Blocks, random: np.random.Generator) -> tuple[Ints, Ints, Codes]:
    """Records grouped by the values of the other variables: `rows_of`, `starts` and block codes per context.

    For a variable of few categories every record is its own context: grouping would cost more than it saves.
    """
    records = fit.records
    codes = np.zeros((len(blocks.members) + 1, len(records)), dtype=np.uint16)
    for number, block in enumerate(blocks.members):
        for member in block:
            codes[number] = codes[number] * fit.sizes[member] + records[:, member]
    everyone = np.arange(len(records))
    if fit.sizes[variable] <= FEW_CATEGORIES:
        return everyone, np.arange(len(records) + 1), codes
    others = [other for other in fit.placed if other != variable]
    rows_of, groups = grouped(fit, everyone, others, random)
    firsts = np.flatnonzero(np.diff(groups, prepend=~groups[:1]))
    return rows_of, np.append(firsts, len(records)), np.ascontiguousarray(codes[:, rows_of[firsts]])


def grouped(fit: Fit, rows: Ints, variables: Sequence[int], random: np.random.Generator) -> tuple[Ints, Hashes]:
    """`rows` reordered so that records equal on `variables` are neighbours, with a hash of those values.

    The keys are fresh random ones each time, so the order of the groups is random too.
    """
    keys = random.integers(0, 2**64, size=(len(fit.sizes), max(fit.sizes)), dtype=np.uint64)
    hashes = np.empty(len(rows), dtype=np.uint64)
    context_hashes(fit.records, rows, np.array(variables, dtype=np.int64), keys, hashes)
    order = np.argsort(hashes)
    return rows[order], hashes[order]


def proposals(fit: Fit, variable: int, random: np.random.Generator) -> tuple[Codes, npt.NDArray[np.float32]]:
    """For each record the best category of `variable` as things stand, and its score less the current one's."""
    blocks = blocks_for(fit, variable)
    passes, scores = score_tables(fit, variable, blocks)
    rows_of, starts, codes = contexts(fit, variable, blocks, random)
    best = np.zeros(len(fit.records), dtype=np.uint16)
    gain = np.zeros(len(fit.records), dtype=np.float32)
    current = np.ascontiguousarray(fit.records[:, variable])
    best_changes(current, fit.sizes[variable], rows_of, starts, codes, passes, scores, best, gain)
    return best, gain
