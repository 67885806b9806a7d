"""Counting as an attacker does: does a file have more people like this one than there would be anyway?

Promise: for every set of up to three variables the file's count of what the person has is compared with what a
reference of other people makes one expect; rare combinations tell most. A member adds one to each of these counts, and
cannot have a combination that no record has in a file that copies. Sets are drawn where there are too many.

Source: Homer et al. 2008 (PLoS Genetics 4:e1000167) for one-way counts; Stadler et al. 2022 (USENIX Security) for
synthetic records.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numba
import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress
from ctdc.privacy.attacks.search import Matrix
from ctdc.table.count import marginal

if TYPE_CHECKING:
    from ctdc.privacy.attacks.candidates import Candidate, Counts

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
LONGEST = 3
MOST_SETS = 4000
MOST_CELLS = 4_000_000  # of one set's table; larger ones say little and cost much
PRIOR = 0.1  # people added to each expected count: nothing in the reference does not mean that nobody is like this
HARDLY = 0.001  # in place of a count of zero, which tells most
ROUGHNESS = 1.0  # variance of a count beyond chance and noise


@numba.njit(nogil=True, cache=True)
def _places(people: Matrix, strides: Integers, out: Integers) -> None:  # pragma: no cover - compiled
    for person in range(people.shape[1]):
        place = np.int64(0)
        for axis in range(people.shape[0]):
            place += people[axis, person] * strides[axis]
        out[person] = place


def places(people: Matrix, sizes: Sequence[int], attributes: tuple[int, ...]) -> Integers:
    """Where each person is in the flat table over `attributes` with `sizes` categories per variable."""
    shape = [sizes[attribute] for attribute in attributes]
    strides = np.array([math.prod(shape[axis + 1 :]) for axis in range(len(shape))], np.int64)
    out = np.empty(people.shape[1], np.int64)
    _places(np.ascontiguousarray(people[list(attributes)]), strides, out)
    return out


def chosen_sets(sizes: Sequence[int], random: np.random.Generator) -> tuple[tuple[int, ...], ...]:
    """Sets of one to three variables whose tables are not too large, all of them or a choice."""
    every = [
        attributes
        for length in range(1, LONGEST + 1)
        for attributes in combinations(range(len(sizes)), length)
        if math.prod(sizes[attribute] for attribute in attributes) <= MOST_CELLS
    ]
    if len(every) <= MOST_SETS:
        return tuple(every)
    return tuple(every[place] for place in np.sort(random.choice(len(every), MOST_SETS, replace=False)))


def surprise(people: Matrix, reference: Matrix, sizes: Sequence[int]) -> Floats:
    """How unusual each person is: minus the mean logarithm of the share of others who are alike in two variables."""
    pairs = list(combinations(range(len(sizes)), min(2, len(sizes))))
    found = np.zeros(people.shape[1])
    for pair in pairs:
        counted = marginal(reference, sizes, pair).ravel()
        found -= np.log((counted + PRIOR) / reference.shape[1])[places(people, sizes, pair)]
    return found / len(pairs)


@dataclass
class Evidence:
    """Scores of people, shape (people,), the higher the likelier a member.

    records: by how often the file's records have what the person has, beside what one expects; lacking: minus the
    number of the person's combinations that no record has; counts: as records, by published counts, None without any.
    """

    records: Floats
    lacking: Floats
    counts: Floats | None

    def of(self, part: slice) -> Evidence:
        """The scores of some of the people."""
        return Evidence(self.records[part], self.lacking[part], None if self.counts is None else self.counts[part])


def gather(
    people: Matrix,
    reference: Matrix,
    sizes: Sequence[int],
    candidates: Sequence[Candidate],
    random: np.random.Generator,
    progress: Progress,
) -> tuple[list[Evidence], Floats]:
    """What each candidate's counts say of the people, none of whom is in `reference`; matrices: (variables, people).

    Beside that, shape (people,), minus the number of combinations of each that nobody in the reference has.
    """
    sets = chosen_sets(sizes, random)
    count = people.shape[1]
    found = [
        Evidence(np.zeros(count), np.zeros(count), None if one.counts is None else np.zeros(count))
        for one in candidates
    ]
    unknown = np.zeros(count)
    wider = [size + 1 for size in sizes]
    progress.start("Counts", total=len(sets))
    for attributes in sets:
        place, wide_place = places(people, sizes, attributes), places(people, wider, attributes)
        counted = marginal(reference, sizes, attributes).ravel()[place]
        unknown -= counted == 0
        expected = Expected((counted + PRIOR) / reference.shape[1], reference.shape[1])
        for one, evidence in zip(candidates, found, strict=True):
            counts = marginal(one.codes_or_other, wider, attributes).ravel()[wide_place]
            evidence.records += expected.exact(counts, one.rows)
            evidence.lacking -= counts == 0
            if one.counts is not None and evidence.counts is not None:
                evidence.counts += _published(one.counts, attributes, place, expected)
        progress.advance()
    progress.finish()
    return found, unknown


@dataclass(frozen=True)
class Expected:
    """What others make one expect of each person's combination. share: of people; others: how many it is known from."""

    share: Floats
    others: int

    def exact(self, counted: Floats | Integers, total: float) -> Floats:
        """What an exact count among `total` says: the logarithm of how many times it is the expected one."""
        more: Floats = np.log((counted + HARDLY) / (self.share * total))
        return more

    def noisy(self, counted: Floats, total: float, variance: float) -> Floats:
        """What a noisy count says: by how much it is above, divided by the variance of that. 0 for no count."""
        expected = self.share * total
        above = (counted - expected) / (expected * (1 + total / self.others) + variance + ROUGHNESS)
        return np.where(np.isnan(above), 0.0, above)


def _published(counts: Counts, attributes: tuple[int, ...], place: Integers, expected: Expected) -> Floats:
    """What the published counts over these variables say. What a list does not hold is taken for nobody."""
    stated = counts.table(attributes)
    if stated is None:
        return np.zeros(len(place))
    table, variance = stated
    if variance:
        return expected.noisy(table.ravel()[place], counts.total, variance)
    return expected.exact(np.nan_to_num(np.maximum(table.ravel()[place], 0)), counts.total)
