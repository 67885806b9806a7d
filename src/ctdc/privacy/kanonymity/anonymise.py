"""Making a table k-anonymous: every record has the same quasi-identifiers as at least k - 1 others.

Promise: what comes out is k-anonymous or it is an error of ours; no cell is made coarser, and no record removed,
unless the method asks for it; the same table gives the same result. That is all: k-anonymity says nothing of the other
columns, of a second release, or of somebody who knows how cells were chosen (Cohen 2022, "Attacks on
deidentification's defenses", USENIX Security). It is here to be compared with.

The least loss is NP-hard to find (Meyerson & Williams 2004, PODS). `local_recoding` goes up greedily: each class that
is too small takes the cheapest single step that ends in a class of k or more; where there is none, the step that gains
most for its loss. Then it goes back: a step is undone wherever what remains is still large enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.privacy.kanonymity.hierarchy import Hierarchy

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MOST_KEYS = 2**62  # beyond, keys are numbered anew before the next column is put to them
MAX_K = 1_000_000_000
LEAST_LOSS = 1e-9  # of any step, so that one that loses nothing still counts as a step
SEARCHES = 8  # how often classes choose anew when a group that they chose did not come about


@dataclass(frozen=True)
class Anonymised:
    """A k-anonymous table. nodes: shape (records kept, columns), of `Hierarchy.names`; kept: which records are left.

    loss: mean over all records given and all columns, from 0 to 1; a removed record has lost everything.
    """

    nodes: Integers
    kept: npt.NDArray[np.bool_]
    loss: float

    @property
    def removed(self) -> int:
        """How many records are not there any more."""
        return int(len(self.kept) - self.kept.sum())


class Classes:
    """Records with equal quasi-identifiers, and how many steps each column of theirs has gone."""

    def __init__(self, hierarchies: Sequence[Hierarchy], leaves: Integers, k: int) -> None:
        self.k = k
        self.hierarchies = hierarchies
        self.leaves, self.of_record, self.counts = distinct_rows(leaves)
        self.steps = np.zeros_like(self.leaves)
        self.last = np.array([one.steps for one in hierarchies], np.int64)

    def nodes(self, steps: Integers) -> Integers:
        """The nodes after `steps`, of the same shape."""
        found = np.empty_like(steps)
        for column, one in enumerate(self.hierarchies):
            found[:, column] = one.paths[self.leaves[:, column], steps[:, column]]
        return found

    def sizes(self, nodes: Integers) -> tuple[Integers, Integers]:
        """For each class the number of its group of equal `nodes`, and how many records it has."""
        _, group, _ = distinct_rows(nodes)
        sizes = np.bincount(group, self.counts).astype(np.int64)
        return group, sizes[group]

    def losses(self, nodes: Integers) -> Floats:
        """The loss of each class's cells, shape (classes, columns)."""
        return np.stack([one.loss[nodes[:, column]] for column, one in enumerate(self.hierarchies)], axis=1)


def distinct_rows(rows: Integers) -> tuple[Integers, Integers, Integers]:
    """The distinct rows in order, the position of each row among them, and how many there are of each."""
    key, size = np.zeros(len(rows), np.int64), 1
    for column in range(rows.shape[1]):
        values = int(rows[:, column].max(initial=0)) + 1
        if size * values > MOST_KEYS:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            size = len(rows)
        key, size = key * values + rows[:, column], size * values
    _, first, place, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return rows[first], place.astype(np.int64), counts.astype(np.int64)


def redaction(hierarchies: Sequence[Hierarchy], leaves: Integers, k: int) -> Anonymised:
    """Remove every record of a class below k, and change no other: how the published file of 2018 was made.

    leaves: shape (records, columns), positions in each `Hierarchy.values`. Raises UserError (``anonymise.k``).
    """
    check_k(k)
    _, of_record, counts = distinct_rows(leaves)
    kept = counts[of_record] >= k
    nodes = np.stack([one.paths[leaves[kept, column], 0] for column, one in enumerate(hierarchies)], axis=1)
    return Anonymised(nodes, kept, 1 - float(kept.mean()) if len(kept) else 0.0)


def local_recoding(hierarchies: Sequence[Hierarchy], leaves: Integers, k: int) -> Anonymised:
    """Make cells of small classes coarser until all classes have k records; remove those for which nothing helps.

    leaves: shape (records, columns), positions in each `Hierarchy.values`. Raises UserError (``anonymise.k``).
    """
    check_k(k)
    if not len(leaves):
        return Anonymised(leaves, np.ones(0, bool), 0.0)
    classes = Classes(hierarchies, leaves, k)
    _climb(classes)
    _descend(classes)
    nodes = classes.nodes(classes.steps)
    _, sizes = classes.sizes(nodes)
    lost = classes.losses(nodes).mean(axis=1)
    lost[sizes < k] = 1.0
    kept = (sizes >= k)[classes.of_record]
    loss = float((lost * classes.counts).sum() / classes.counts.sum())
    return Anonymised(nodes[classes.of_record][kept], kept, loss)


def check_k(k: int) -> None:
    """Raise UserError (``anonymise.k``) unless `k` hides anybody among others."""
    if not 2 <= k <= MAX_K:
        raise UserError(
            "anonymise.k", f"k is {k if k < 2 else 'too large'}.", allowed=f"a whole number, 2 to {MAX_K:,}"
        )


def _climb(classes: Classes) -> None:
    """Make small classes coarser, one step of one column at a time, until none is small that could go further."""
    while True:
        nodes = classes.nodes(classes.steps)
        _, sizes = classes.sizes(nodes)
        small = np.flatnonzero((sizes < classes.k) & (classes.steps < classes.last).any(axis=1))
        if not len(small):
            return
        column = _choose(classes, nodes, small)
        classes.steps[small[column >= 0], column[column >= 0]] += 1


def _choose(classes: Classes, nodes: Integers, small: Integers) -> Integers:
    """For each small class the column to make coarser, -1 for those that wait for the others."""
    groups, there, extra = _candidates(classes, nodes, small)
    alive = np.isfinite(extra)
    for _ in range(SEARCHES):
        feasible = alive & (_reached(classes, small, groups, alive, there) >= classes.k)
        chosen = np.zeros_like(alive)
        cheapest = np.where(feasible, extra, np.inf).argmin(axis=1)
        chosen[np.arange(len(small)), cheapest] = feasible.any(axis=1)
        # A group counted on all who could join it, and they may have chosen others.
        large = chosen & (_reached(classes, small, groups, chosen, there) >= classes.k)
        if large.any():
            return np.where(large.any(axis=1), cheapest, -1)
        alive &= ~chosen
    gain = np.minimum(_reached(classes, small, groups, np.isfinite(extra), there), classes.k)
    return np.asarray((extra / gain).argmin(axis=1), np.int64)


def _candidates(classes: Classes, nodes: Integers, small: Integers) -> tuple[Integers, Integers, Floats]:
    """For each small class and column: the group that one step leads to, how many are there already, and the loss.

    The loss is infinite where there is no further step.
    """
    shape = len(small), len(classes.last)
    groups, there, extra = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.full(shape, np.inf)
    is_small = np.zeros(len(nodes), bool)
    is_small[small] = True
    before = classes.losses(nodes)
    for column, last in enumerate(classes.last):
        can = classes.steps[small, column] < last
        steps = classes.steps[small].copy()
        steps[can, column] += 1
        one, next_nodes = classes.hierarchies[column], nodes[small].copy()
        next_nodes[:, column] = one.paths[classes.leaves[small, column], steps[:, column]]
        _, group, _ = distinct_rows(np.concatenate([next_nodes, nodes[~is_small]]))
        large = np.bincount(group[len(small) :], classes.counts[~is_small], minlength=group.max() + 1)
        groups[:, column] = group[: len(small)]
        there[:, column] = large[group[: len(small)]]
        lost = one.loss[next_nodes[:, column]] - before[small, column]
        extra[can, column] = lost[can] + LEAST_LOSS
    return groups, there, extra


def _reached(
    classes: Classes, small: Integers, groups: Integers, coming: npt.NDArray[np.bool_], there: Integers
) -> Integers:
    """How many records each candidate's group has if all of `coming` (shape of `groups`) join it."""
    sizes = np.empty_like(groups)
    for column in range(groups.shape[1]):
        joined = np.bincount(groups[:, column], classes.counts[small] * coming[:, column])
        sizes[:, column] = joined[groups[:, column]] + there[:, column]
    return sizes


def _descend(classes: Classes) -> None:
    """Undo steps where both what leaves a class and what stays in it are large enough, the costliest column first."""
    changed = True
    while changed:
        changed = False
        order = np.argsort(-classes.losses(classes.nodes(classes.steps)).sum(axis=0), kind="stable")
        for column in order:
            changed |= _undo(classes, int(column))


def _undo(classes: Classes, column: int) -> bool:
    """Undo one step of a column wherever it can be undone; whether it was anywhere."""
    group, size = classes.sizes(classes.nodes(classes.steps))
    leave = (classes.steps[:, column] > 0) & (size >= classes.k)
    while leave.any():
        trial = classes.steps.copy()
        trial[leave, column] -= 1
        _, sizes = classes.sizes(classes.nodes(trial))
        broken = (sizes < classes.k) & (size >= classes.k)
        if not broken.any():
            classes.steps = trial
            return True
        # Who would be among too few stays; and where those who stay would be too few, nobody leaves them.
        left_alone = np.bincount(group, broken & ~leave, minlength=group.max() + 1) > 0
        leave &= ~broken & ~left_alone[group]
    return False


METHODS: dict[str, Callable[[Sequence[Hierarchy], Integers, int], Anonymised]] = {
    "local": local_recoding,
    "redact": redaction,
}
