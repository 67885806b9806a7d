"""Where the search for records starts: drawn along the tree of the strongest pairs of variables.

Promise: uses the noisy estimates and a seed only. Each edge's counts are reproduced as closely as whole records
allow (systematic sampling), so the start is already right on one-way tables and on the tree's pairs.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.privacy.estimate import Estimates

Table = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint16]


def plausible(table: Table, deviation: float) -> Table:
    """`table` without what noise alone explains: cells under two standard deviations become 0.

    Keeps the total of what remains; a table that would vanish keeps its positive cells instead.
    """
    kept = np.where(table > 2 * deviation, table, 0.0)
    return kept if kept.sum() > 0 else np.maximum(table, 0.0) + 1e-12


def mutual_information(joint: Table) -> float:
    """Mutual information of a two-way table of non-negative weights, in nats."""
    share = joint / joint.sum()
    independent = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    present = share > 0
    return float((share[present] * np.log(share[present] / independent[present])).sum())


def strongest_tree(information: Table) -> list[tuple[int, int]]:
    """Maximum spanning tree (Prim) as (parent, child) in drawing order; the root has parent -1."""
    count = len(information)
    root = int(information.sum(axis=1).argmax())
    edges = [(-1, root)]
    strength = information[root].copy()
    parent = np.full(count, root)
    left = set(range(count)) - {root}
    while left:
        child = max(sorted(left), key=lambda variable: strength[variable])
        edges.append((int(parent[child]), child))
        left.remove(child)
        closer = information[child] > strength
        strength[closer] = information[child][closer]
        parent[closer] = child
    return edges


def whole_counts(weights: Table, total: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Whole numbers that add up to `total` and differ from its share of `weights` by less than one each."""
    if weights.sum() <= 0:
        weights = np.ones_like(weights)
    ends = np.cumsum(weights) / weights.sum() * total
    ends[-1] = total
    steps = np.floor(ends + random.random()).astype(np.int64)
    steps[-1] = total
    counts: npt.NDArray[np.int64] = np.diff(np.minimum(steps, total), prepend=0)
    return counts


def draw(weights: Table, total: int, random: np.random.Generator) -> Codes:
    """`total` categories in the proportions of `weights`, as exactly as whole numbers allow, in random order."""
    values = np.repeat(np.arange(len(weights)), whole_counts(weights, total, random))
    return random.permutation(values).astype(np.uint16)


def draw_given(joint: Table, single: Table, given: Codes, random: np.random.Generator) -> Codes:
    """A category for each record, given its value of another variable: rows of `joint`, shape (given, categories).

    Where the noise left nothing of a row, the one-way weights `single` stand in.
    """
    column = np.zeros(len(given), dtype=np.uint16)
    for value in np.unique(given):
        chosen = np.flatnonzero(given == value)
        weights = joint[value] if joint[value].sum() > 0 else single
        column[chosen] = draw(weights, len(chosen), random)
    return column


@dataclass(frozen=True)
class Tree:
    """Variables in drawing order, each with the earlier one it depends on most (-1 for none)."""

    edges: tuple[tuple[int, int], ...]
    single: tuple[Table, ...]
    pairs: dict[tuple[int, int], Table]

    def column(self, parent: int, child: int, records: Codes, random: np.random.Generator) -> Codes:
        """First values of `child` for records of shape (rows, variables or more)."""
        if parent < 0:
            return draw(self.single[child], len(records), random)
        joint = self.pairs[min(parent, child), max(parent, child)]
        joint = joint if parent < child else joint.T
        return draw_given(joint, self.single[child], records[:, parent], random)


def strongest_pairs(estimates: Estimates) -> Tree:
    """The tree of strongest noisy pairs; without pairs (length 1) every variable stands alone."""
    count = len(estimates.sizes)

    def clean(attributes: tuple[int, ...]) -> Table:
        return plausible(estimates.table(attributes), math.sqrt(estimates.variance(attributes)))

    single = tuple(clean((variable,)) for variable in range(count))
    if estimates.length < 2:
        return Tree(tuple((-1, variable) for variable in range(count)), single, {})
    pairs = {key: clean(key) for key in itertools.combinations(range(count), 2)}
    information = np.zeros((count, count))
    for (first, second), joint in pairs.items():
        information[first, second] = information[second, first] = mutual_information(joint)
    return Tree(tuple(strongest_tree(information)), single, pairs)
