"""Structural zeros: combinations that no person can have, because a definition says so.

Promise: they follow from the schema's declared facts alone, never from a record or an estimate. That is why using
them costs no privacy, and why a zero that is merely seen in the data may never become one. Whatever the noise,
`repair` leaves no record in such a combination.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ctdc.privacy.plan import Attributes
from ctdc.table.constraints import Mask, Pairs
from ctdc.table.nearest import implied_pairs, nearest
from ctdc.table.schema import Schema

Codes = npt.NDArray[np.uint16]
Forbidden = Mapping[tuple[int, int], Mask]

# How far under zero the target of an impossible cell is put: far above what other tables' differences add up to in one
# score for some million people, and below 2^24, where whole numbers in float32 end, so that records which enter and
# leave such a cell are still counted in it.
PENALTY = 4_000_000.0


def forbidden_pairs(schema: Schema) -> Pairs:
    """(i, j), i < j -> the cells that the schema declares impossible, shape (n_i, n_j), empty first.

    Exactly what is declared: what `repair` takes, whose work grows with the number of pairs.
    """
    return dict(schema.forbidden)


@lru_cache(maxsize=8)
def impossible_pairs(schema: Schema) -> Pairs:
    """`forbidden_pairs` and what follows from them for other pairs: what tables and scores take."""
    return implied_pairs(schema.sizes, schema.forbidden)


def impossible_cells(attributes: Attributes, sizes: Sequence[int], forbidden: Forbidden) -> Mask:
    """Which cells of the table over `attributes` (ascending) hold a forbidden pair, shape (sizes of attributes)."""
    cells = np.zeros(tuple(sizes[attribute] for attribute in attributes), dtype=np.bool_)
    for first, second in itertools.combinations(range(len(attributes)), 2):
        pair = forbidden.get((attributes[first], attributes[second]))
        if pair is not None:
            shape = [1] * len(attributes)
            shape[first], shape[second] = pair.shape
            cells |= pair.reshape(shape)
    return cells


def repair(records: Codes, sizes: Sequence[int], forbidden: Forbidden, random: np.random.Generator) -> Codes:
    """`records`, shape (variables, rows), with the fewest values changed so that none has a forbidden combination.

    Exact, and always ends: see `ctdc.table.nearest`. The same records and generator give the same result on any
    number of threads. Raises UserError (``schema.facts_contradict``) when no record at all is allowed.
    """
    return nearest(records, sizes, forbidden, random)
