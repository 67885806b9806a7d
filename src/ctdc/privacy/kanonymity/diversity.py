"""What k-anonymity leaves open: how alike the sensitive values are within a class of records.

Promise: measured on the table as it would be published; nothing is changed. Distinct l-diversity is the fewest
different values in any class (Machanavajjhala et al. 2007, "l-Diversity", ACM TKDD 1, section 4); t-closeness the
largest distance between a class's distribution and the whole table's, with equal distances between values, which is
half of the sum of absolute differences (Li, Li & Venkatasubramanian 2007, "t-Closeness", ICDE, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.privacy.kanonymity.anonymise import Integers, distinct_rows


@dataclass(frozen=True)
class Diversity:
    """The least diverse, and the least close, class of records. diversity: l; closeness: t, from 0 to 1."""

    column: str
    diversity: int
    closeness: float


def diversity(column: str, nodes: Integers, values: Integers) -> Diversity:
    """How a sensitive column is spread. nodes: shape (records, columns); values: shape (records,), from 0 up."""
    if not len(values):
        return Diversity(column, 0, 0.0)
    _, group, sizes = distinct_rows(nodes)
    cells, _, counts = distinct_rows(np.stack([group, values], axis=1))
    distinct = np.bincount(cells[:, 0])
    whole = np.bincount(values) / len(values)
    return Diversity(column, int(distinct.min()), float(_distances(cells, counts, sizes, whole).max()))


def _distances(
    cells: Integers, counts: Integers, sizes: Integers, whole: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Half of the sum of absolute differences of each class: over the values it has, and those it has not."""
    share, expected = counts / sizes[cells[:, 0]], whole[cells[:, 1]]
    there = np.bincount(cells[:, 0], np.abs(share - expected))
    seen = np.bincount(cells[:, 0], expected)
    return np.asarray((there + 1 - seen) / 2)
