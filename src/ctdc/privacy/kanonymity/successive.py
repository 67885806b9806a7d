"""Two k-anonymous releases of a growing crowd: what their difference says of those who are new.

Promise: k-anonymity is a property of one file; this counts how many people a second file leaves in groups below k,
with nothing but a subtraction. (Composition attacks: Ganta, Kasiviswanathan & Smith 2008, KDD.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctdc.privacy.kanonymity.anonymise import Integers, distinct_rows


@dataclass(frozen=True)
class Grown:
    """Classes of equal quasi-identifiers that are in both files and have more records in the second.

    classes: how many; small: of them, those that grew by fewer than k; people: by whom those grew; alone: classes that
    grew by one person.
    """

    classes: int
    small: int
    people: int
    alone: int


def grown(before: Integers, after: Integers, k: int) -> Grown:
    """What comes of subtracting one file's class sizes from the next one's.

    before, after: the quasi-identifiers of the records of each file, shape (records, columns), in the same numbering.
    """
    _, place, counts = distinct_rows(np.concatenate([before, after]))
    first, second = place[: len(before)], place[len(before) :]
    earlier, later = (np.bincount(part, minlength=len(counts)) for part in (first, second))
    growth = (later - earlier)[(earlier > 0) & (later > earlier)]
    small = growth[growth < k]
    return Grown(len(growth), len(small), int(small.sum()), int((small == 1).sum()))
