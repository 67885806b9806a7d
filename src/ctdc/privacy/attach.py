"""Linked rows for synthetic people: as many as each has, so that all noisy tables with linked variables are matched.

Promise: reads estimates, synthetic people and a seed, never a record: post-processing, no privacy cost; the same input
gives the same rows on any number of threads. Method: as `synthesise`, on linked rows. A row of a person with k rows
counts 1/k in tables of people; the person's variables stay as they are; people without rows stand in the empty cells.

What two rows of a person have in common is in tables over pairs of them. Each person's rows stand in a ring in random
order, and each holds, in columns of its own, the values of the row before it and of the row behind it; each of the two
pairs counts half. For two or three rows these are all pairs, for more a sample of them. A change of a row's value moves
the pairs that it is the first of, and, seen from its neighbours, those that it is the second of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.estimate import Estimates
from ctdc.privacy.fit import Codes, Fit, Floats, Ints, Reach, new_fit, steps_of
from ctdc.privacy.plan import Attributes
from ctdc.privacy.scores import proposals
from ctdc.privacy.selection import wide_axes
from ctdc.privacy.structure import Forbidden, repair
from ctdc.privacy.synthesise import NO_MIRRORS, Effort, change, search
from ctdc.table.count import marginal
from ctdc.table.linked import LinkedSchema
from ctdc.table.nearest import implied_pairs

Table = npt.NDArray[np.float64]
HALF = 0.5  # what each of the two neighbours of a row in its ring counts
EFFORT = Effort(sweeps=10)  # there are few linked variables, and a sweep over them costs little
WITH_NEIGHBOURS = 1  # the group of rows that have some; 0 is that of rows of people with one row


@dataclass
class LinkedFit(Fit):
    """A fit of linked rows. Columns: as the joint variables, "other" holding the row before, then the row behind.

    schema: of the tables; nobody: joint records, shape (variables, people), of people without linked rows;
    neighbours: (rows, 2) the rows before and behind; several, alone: rows of people who have more than one, and
    the others; paired: sets over pairs of rows that are matched, apart from `sets`, in which a row counts once.
    """

    schema: LinkedSchema = field(kw_only=True)
    nobody: Codes = field(kw_only=True)
    neighbours: Ints = field(kw_only=True)
    several: Ints = field(kw_only=True)
    alone: Ints = field(kw_only=True)
    paired: list[Attributes] = field(default_factory=list, kw_only=True)
    _siblings: dict[tuple[int, int, int], Reach] = field(default_factory=dict, kw_only=True)

    @property
    def behind(self) -> int:
        """The first column with values of the row behind."""
        return len(self.sizes) + len(self.compact_columns)

    def column_sizes(self) -> tuple[int, ...]:
        """Places per column of `records`."""
        others = tuple(self.sizes[place] for place in self.schema.other_places)
        return (*super().column_sizes()[:-1], *others, 1)

    def mirrors(self, variable: int) -> Ints:
        """The columns in which a row's neighbours hold its `variable`: the one before has it behind, and conversely."""
        at = variable - self.schema.linked_places.start
        return np.array([self.behind + at, self.schema.other_places.start + at], dtype=np.int64)

    def _target(self, attributes: Attributes) -> Table:
        """Estimates over `attributes`, less the people without linked rows, who stay where they are."""
        target = super()._target(attributes)
        wide = wide_axes(self.sizes, attributes)
        places = np.stack(
            [
                self.estimates.selection.places(one)[self.nobody[one]] if one in wide else self.nobody[one]
                for one in attributes
            ]
        )
        rest: Table = target - marginal(places.astype(np.uint16), target.shape, range(len(attributes)))
        return rest

    def objective(self) -> float:
        """As of one table, with the tables over pairs of rows."""
        return super().objective() + math.fsum(self.weights[chosen] * self._squared(chosen) for chosen in self.paired)

    def sibling_sets(self, variable: int) -> list[Attributes]:
        """The measured sets over pairs of rows that `variable` of a row is in, as first or as second."""
        second = variable + len(self.schema.linked_places)
        return [chosen for chosen in self.pair_sets if variable in chosen or second in chosen]

    @property
    def pair_sets(self) -> list[Attributes]:
        """The sets over pairs of rows whose variables are placed."""
        first, others = self.schema.linked_places, self.schema.other_places
        gap = len(first)
        return [
            chosen
            for chosen in self.offsets
            if any(one in others for one in chosen)
            and any(one in first for one in chosen)
            and all(one - gap in self.placed for one in chosen if one in others)
            and all(one in self.placed for one in chosen if one not in others)
            and not wide_axes(self.sizes, chosen)  # such a pair is matched without the number of rows only
        ]

    def pair(self, variable: int) -> None:
        """Let the neighbours know the new values of `variable`, and start matching the pairs that it completes."""
        before, behind = self.mirrors(variable)[::-1]
        for column, which in ((before, 0), (behind, 1)):
            self.records[:, column] = self.records[self.neighbours[:, which], variable]
            self.records[self.alone, column] = 0
        for attributes in self.sibling_sets(variable):
            self.difference(attributes)[...] = self.pairs_of_rows(attributes) - self._target(attributes)
            if attributes not in self.paired:
                self.paired.append(attributes)

    def pairs_of_rows(self, attributes: Attributes) -> Table:
        """The table over pairs of rows as the records have it."""
        shape = self.shape(attributes)
        total = np.zeros(shape)
        for behind in (False, True):
            columns = [self._column(one, behind) for one in attributes]
            cells = np.ravel_multi_index(tuple(self.records[:, columns].T.astype(np.int64)), shape)
            weights = HALF * self.amounts.astype(np.float64)
            total += np.bincount(cells, weights, minlength=total.size).reshape(shape)
        return total

    def _column(self, one: int, behind: bool) -> int:
        others = self.schema.other_places
        return self.behind + one - others.start if behind and one in others else one

    def favour_singles(self, factor: float) -> None:
        """As of one table; what was joined from the old weights is forgotten."""
        self._siblings.clear()
        super().favour_singles(factor)

    @property
    def searched(self) -> range:
        """The linked variables."""
        return self.schema.linked_places

    def place(self, variable: int, order: Ints) -> None:
        """As of one table; then the neighbours are told, and pairs are matched too."""
        super().place(variable, order)
        self.pair(variable)

    def full_reach(self, variable: int, group: int) -> Reach:
        """The sets of `variable` for a group of rows, pairs of rows included."""
        key = variable, len(self.placed), group
        if key not in self._siblings:
            self._siblings[key] = self._with_pairs(variable, group)
        return self._siblings[key]

    def _with_pairs(self, variable: int, group: int) -> Reach:
        plain = self.reach(variable)
        second = variable + len(self.schema.linked_places)
        found: list[tuple[Attributes, int, bool]] = []
        for attributes in self.sibling_sets(variable):
            for behind in (False, True):
                if variable in attributes:
                    found.append((attributes, variable, behind))
                if second in attributes and group == WITH_NEIGHBOURS:
                    found.append((attributes, second, behind))
        if not found:
            return replace(plain, group=group)
        width = max(plain.others.shape[1], *(len(attributes) - 1 for attributes, _, _ in found))
        absent = self.records.shape[1] - 1
        others = np.full((len(found), width), absent, dtype=np.int64)
        strides = np.zeros((len(found), width), dtype=np.int64)
        own = np.zeros(len(found), dtype=np.int64)
        for number, (attributes, moved, behind) in enumerate(found):
            steps = steps_of(self.shape(attributes))
            own[number] = steps[attributes.index(moved)]
            rest = [axis for axis, one in enumerate(attributes) if one != moved]
            # Seen as second, the first of the pair is a neighbour, whose value stands in the columns of "other".
            shift = len(self.schema.linked_places) if moved == second else 0
            columns = [
                self._column(one + shift if one in self.schema.linked_places else one, behind) for one in attributes
            ]
            others[number, : len(rest)] = [columns[axis] for axis in rest]
            strides[number, : len(rest)] = [steps[axis] for axis in rest]
        weights = HALF * np.array([self.weights[attributes] for attributes, _, _ in found], dtype=np.float32)
        return _joined(
            plain, group, weights, np.array([self.offsets[one] for one, _, _ in found]), own, others, strides
        )


def _joined(plain: Reach, group: int, weights: Floats, offsets: Ints, own: Ints, others: Ints, strides: Ints) -> Reach:
    """The reach with more sets over the variable's own codes, of which a record counts half; these come first."""
    missing = others.shape[1] - plain.others.shape[1]
    absent = int(others.max(initial=0))
    return replace(
        plain,
        sets=plain.sets,
        whole=plain.whole + len(weights),
        weights=np.concatenate([weights, plain.weights]).astype(np.float32),
        offsets=np.concatenate([offsets, plain.offsets]),
        own=np.concatenate([own, plain.own]),
        others=np.concatenate([others, np.pad(plain.others, [(0, 0), (0, missing)], constant_values=absent)]),
        strides=np.concatenate([strides, np.pad(plain.strides, [(0, 0), (0, missing)])]),
        steps=np.concatenate([np.full(len(weights), HALF, dtype=np.float32), plain.steps]),
        group=group,
    )


def ring(owner: Ints) -> tuple[Ints, Ints]:
    """The rows before and behind each row among its person's, shape (rows, 2), and how many each person has, per row.

    owner: ascending. A row without others is its own neighbour.
    """
    links = np.bincount(owner)[owner] if len(owner) else owner
    begins = np.searchsorted(owner, owner)
    rank = np.arange(len(owner)) - begins
    around = [begins + (rank + step) % np.maximum(links, 1) for step in (-1, 1)]
    return np.stack(around, axis=1).reshape(-1, 2), links


def new_linked_fit(
    estimates: Estimates, schema: LinkedSchema, people: Codes, owner: Ints, forbidden: Forbidden
) -> LinkedFit:
    """A fit with the people's variables placed, and no linked one."""
    first = schema.linked_places.start
    shifted = {(i + first, j + first): mask for (i, j), mask in forbidden.items()}
    plain = new_fit(estimates, len(owner), dict(implied_pairs(estimates.sizes, shifted)) if shifted else None)
    links = people[0].astype(np.int64)
    absent = np.zeros((len(schema.linked_places), plain.records.shape[0]), dtype=np.uint16).T
    records = np.concatenate([plain.records[:, :-1], absent, plain.records[:, -1:]], axis=1)
    nobody = np.zeros((len(estimates.sizes), int((links == 0).sum())), dtype=np.uint16)
    nobody[list(schema.main_places)] = people[:, links == 0]
    neighbours, own = ring(owner)
    fit = LinkedFit(
        estimates,
        plain.weights,
        {key: offset for key, offset in plain.offsets.items() if key[-1] >= first},
        np.ascontiguousarray(records),
        plain.differences,
        plain.compact_columns,
        plain.impossible,
        (1 / np.maximum(own, 1)).astype(np.float32),
        list(schema.main_places),
        schema=schema,
        nobody=nobody,
        neighbours=neighbours,
        several=np.flatnonzero(own > 1),
        alone=np.flatnonzero(own < 2),
    )
    for place in schema.main_places:
        fit.records[:, place] = people[place, owner]
        if place in fit.compact_columns:
            fit.records[:, fit.compact_columns[place]] = estimates.selection.places(place)[people[place, owner]]
    return fit


def improve_rows(fit: LinkedFit, variable: int, effort: Effort, random: np.random.Generator) -> None:
    """Propose the best category of `variable` for every row, apply what still helps; first where there are no others.

    A row's neighbours must not be told of a change before its own turn has come, so the two groups are apart.
    """
    for group, rows in ((0, fit.alone), (WITH_NEIGHBOURS, fit.several)):
        if len(rows):
            reach = fit.full_reach(variable, group)
            best, gain = proposals(fit, variable, reach, random, rows)
            mirrored = (fit.neighbours, fit.mirrors(variable)) if group else NO_MIRRORS
            change(fit, variable, reach, best, gain, effort, mirrored)


def attach(
    estimates: Estimates,
    schema: LinkedSchema,
    people: Codes,
    seed: int,
    effort: Effort | None = None,
    progress: Progress | None = None,
    forbidden: Forbidden | None = None,
) -> tuple[Codes, Ints]:
    """Linked rows, shape (linked variables, rows), and the person each belongs to, shape (rows,), ascending.

    estimates: over the joint variables but what was left out; people: shape (1 + main variables, people), the number of
    linked rows first; seed: any whole number; forbidden: pairs of values that no linked row may have, in places of the
    linked table.
    """
    effort = effort or EFFORT
    progress = progress or Silent()
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people.shape[1]), people[0])
    fit = new_linked_fit(estimates, schema, people, owner, forbidden or {})
    if len(owner):
        progress.start("Building linked records", len(schema.linked_places) + effort.sweeps)
        search(fit, effort, random, progress, improve_rows)
        progress.finish()
    linked = np.ascontiguousarray(fit.records[:, list(schema.linked_places)].T)
    return (repair(linked, schema.linked.sizes, forbidden, random) if forbidden else linked), owner
