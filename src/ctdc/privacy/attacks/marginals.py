"""Counting as an attacker does: does a file have more people like this one than there would be anyway?

Promise: for every set of up to three variables the file's count of what the person has is compared with what a
reference of other people makes one expect, each weighed by how uncertain it is (rare combinations tell most). A
member adds one to each of these counts. Sets are drawn where there are too many.

Source: Homer et al. 2008 (PLoS Genetics 4:e1000167) for one-way counts; Stadler et al. 2022 (USENIX Security) for
synthetic records.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numba
import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress
from ctdc.privacy.attacks.search import Matrix
from ctdc.table.count import marginal

if TYPE_CHECKING:
    from ctdc.privacy.attacks.candidates import Candidate

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
LONGEST = 3
MOST_SETS = 4000
MOST_CELLS = 4_000_000  # of one set's table; larger ones say little and cost much
PRIOR = 0.5  # people added to each expected count: nothing in the reference does not mean that nobody is like this
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
    """How unusual each person is: minus the mean logarithm of the share of the reference that is alike in two variables."""
    pairs = list(combinations(range(len(sizes)), min(2, len(sizes))))
    found = np.zeros(people.shape[1])
    for pair in pairs:
        counted = marginal(reference, sizes, pair).ravel()
        found -= np.log((counted + PRIOR) / reference.shape[1])[places(people, sizes, pair)]
    return found / len(pairs)


def count_scores(
    people: Matrix,
    reference: Matrix,
    sizes: Sequence[int],
    candidates: Sequence[Candidate],
    random: np.random.Generator,
    progress: Progress,
) -> list[tuple[Floats, Floats | None]]:
    """For each candidate the scores of people, shape (variables, people): by its records, and by its counts if it has any.

    The higher, the likelier a member. people: nobody who is in `reference`.
    """
    sets = chosen_sets(sizes, random)
    scores: list[tuple[Floats, Floats | None]] = [
        (np.zeros(people.shape[1]), None if one.counts is None else np.zeros(people.shape[1])) for one in candidates
    ]
    wider = [size + 1 for size in sizes]
    progress.start("Counts", total=len(sets))
    for attributes in sets:
        place = places(people, sizes, attributes)
        expected = (marginal(reference, sizes, attributes).ravel()[place] + PRIOR) / reference.shape[1]
        for one, (by_records, by_counts) in zip(candidates, scores, strict=True):
            counted = marginal(one.codes_or_other, wider, attributes).ravel()[places(people, wider, attributes)]
            by_records += _evidence(counted, expected, one.rows, reference.shape[1], 0.0)
            published = None if one.counts is None else one.counts.table(attributes)
            if by_counts is not None and published is not None and one.counts is not None:
                stated, variance = published
                by_counts += _evidence(
                    stated.ravel()[place], expected, one.counts.total, reference.shape[1], variance
                )
        progress.advance()
    progress.finish()
    return scores


def _evidence(counted: Floats | Integers, share: Floats, total: float, reference: int, variance: float) -> Floats:
    """What a count above the expected one says, 0 where nothing was published."""
    expected = share * total
    weighed = (counted - expected) / (expected * (1 + total / reference) + variance + ROUGHNESS)
    return np.where(np.isnan(weighed), 0.0, weighed)
