"""How the values of a column can be made coarser, step by step, up to nothing at all.

Promise: a hierarchy is nested: what one level puts together, no later level takes apart; it ends where every value is
suppressed; an empty value can only be suppressed. Checked at construction.

The loss of a step is the normalised certainty penalty of Xu et al. (2006, "Utility-based anonymization using local
recoding", KDD, section 2): of a value that stands for m of n values, (m - 1) / (n - 1); 1 where suppressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError

SUPPRESSED = "*"
Level = Mapping[str, Sequence[str]]  # a group's name to the values of the column that it stands for


@dataclass(frozen=True)
class Hierarchy:
    """The ways of one column's values.

    values: distinct values, the leaves; paths: shape (leaves, steps + 1), the node of each leaf after each number of
    steps, its own first and the one of `SUPPRESSED` last; names: of each node; loss: of each node, from 0 to 1.
    """

    column: str
    values: tuple[str, ...]
    paths: npt.NDArray[np.int64]
    names: tuple[str, ...]
    loss: npt.NDArray[np.float64]

    @property
    def steps(self) -> int:
        """How many steps lead from a value to nothing."""
        return int(self.paths.shape[1]) - 1

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Each coarse value but `SUPPRESSED` to the values for which it stands."""
        found: dict[str, list[str]] = {}
        for value, path in zip(self.values, self.paths[:, 1:-1], strict=True):
            for node in dict.fromkeys(path.tolist()):
                if self.names[node] != value:
                    found.setdefault(self.names[node], []).append(value)
        return {name: tuple(values) for name, values in found.items()}


def hierarchy(column: str, values: Sequence[str], levels: Sequence[Level] = ()) -> Hierarchy:
    """The hierarchy of a column that holds `values` ("" for empty), from its levels, finest first.

    A value that a level does not name stays as the level before has it. Raises UserError
    (``anonymise.hierarchy``) for a level that names a value twice, takes apart what an earlier one put together, or
    gives a group the name of something else.
    """
    if SUPPRESSED in values:
        raise _wrong(column, f"the column holds {SUPPRESSED!r}, which stands for a suppressed value")
    current = list(values)
    steps = [current]
    for number, level in enumerate(levels, start=1):
        current = _coarser(column, number, values, current, level)
        steps.append(current)
    return _numbered(column, values, [*steps, [SUPPRESSED] * len(values)])


def _coarser(column: str, number: int, values: Sequence[str], before: Sequence[str], level: Level) -> list[str]:
    """The names after one more level."""
    group_of: dict[str, str] = {}
    for group, members in level.items():
        if group in ("", SUPPRESSED, *values):
            raise _wrong(column, f"level {number} calls a group {group!r}, which is something else")
        for member in members:
            if group_of.setdefault(member, group) != group:
                raise _wrong(column, f"level {number} puts {member!r} into two groups")
    after = [name if value == "" else group_of.get(value, name) for value, name in zip(values, before, strict=True)]
    together: dict[str, str] = {}
    for old, new in zip(before, after, strict=True):
        if together.setdefault(old, new) != new:
            raise _wrong(column, f"level {number} takes apart what {old!r} puts together")
    return after


def _wrong(column: str, what: str) -> UserError:
    return UserError(
        "anonymise.hierarchy",
        f"The levels of {column!r} are not nested: {what}.",
        allowed="levels from fine to coarse; each group of a level is made of whole groups of the level before",
        do="Correct the file of hierarchies; see docs/how-to/anonymise.md.",
    )


def _numbered(column: str, values: Sequence[str], steps: Sequence[Sequence[str]]) -> Hierarchy:
    """Names as numbers; a name that stays from one level to the next is one node, and stands for the same values."""
    nodes: dict[str, int] = {}
    members: dict[str, set[int]] = {}
    for step in steps:
        here: dict[str, set[int]] = {}
        for leaf, name in enumerate(step):
            nodes.setdefault(name, len(nodes))
            here.setdefault(name, set()).add(leaf)
        for name, leaves in here.items():
            if members.setdefault(name, leaves) != leaves:
                raise _wrong(column, f"{name!r} stands for different values on two levels")
    paths = np.array([[nodes[name] for name in step] for step in steps], np.int64).reshape(len(steps), len(values)).T
    known = max(1, sum(value != "" for value in values))
    most = np.zeros(len(nodes))
    for reached in paths.T:
        np.maximum(most, np.bincount(reached, minlength=len(nodes)), out=most)
    loss = np.clip((most - 1) / max(1, known - 1), 0.0, 1.0)
    loss[nodes[SUPPRESSED]] = 1.0
    return Hierarchy(column, tuple(values), paths, tuple(nodes), loss)
