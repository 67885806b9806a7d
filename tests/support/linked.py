"""What tests of linked tables share: a small pair of tables whose variables, and co-rows, depend on each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctdc.table.coded import table_from_matrix
from ctdc.table.linked import LinkedSchema, LinkedTable
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

MAIN = Schema((Variable("area", ("north", "south", "west")), Variable("flag", ("1",))))
LINKED = Schema((Variable("age", ("young", "old", "very old")), Variable("works", ("1",))))


def some_households(people: int, most: int = 3, seed: int = 1, largest: int = 4) -> LinkedTable:
    """People with 0 to `largest` linked rows, of which at most `most` count; rows of one person are alike."""
    random = np.random.default_rng(seed)
    hidden = random.beta(1.5, 2.5, people)
    main = np.array([copies(hidden, size, random) for size in MAIN.sizes])
    links = np.minimum(largest, np.floor((largest + 1) * np.clip(hidden + random.normal(0, 0.2, people), 0, 0.999)))
    owner = np.repeat(np.arange(people), np.maximum(links, 0).astype(int))
    shared = random.random(people)[owner]  # what rows of one person have in common
    linked = np.array([copies((hidden[owner] + shared) / 2, size, random) for size in LINKED.sizes])
    schema = LinkedSchema(MAIN, LINKED, most, "members")
    order = random.permutation(len(owner))
    rows = table_from_matrix(LINKED, linked[:, order])
    return LinkedTable(schema, table_from_matrix(MAIN, main), rows, owner[order].astype(np.int64))


def copies(hidden: npt.NDArray[np.float64], size: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """A noisy copy of a hidden number from 0 to 1, in `size` categories."""
    return np.minimum(size - 1, size * np.clip(hidden + random.normal(0, 0.15, len(hidden)), 0, 1)).astype(np.int64)
