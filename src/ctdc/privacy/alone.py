"""Whether synthetic records are worth more than records that draw every column alone.

Promise: made from the noisy estimates and the synthetic records alone, so it tells nothing that they do not. Columns
drawn alone have the right single counts and no relation between variables: whoever is further from the measured
combinations than that has made things worse.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from itertools import groupby
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ctdc.privacy.plan import Attributes
from ctdc.table.count import marginal

Table = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_TABLES = 400


class Fitted(Protocol):
    """What records are compared with: estimates of people, or of linked rows."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Categories per variable."""

    @property
    def sets(self) -> tuple[Attributes, ...]:
        """The tables, by size."""

    def thinned(self, attributes: Attributes) -> Mapping[int, Ints]:
        """The variables along which the table has compact places, with the codes that these stand for."""

    def compact_table(self, attributes: Attributes, missing: float = 0.0) -> Table:
        """Estimated counts; `missing` where there is none."""

    def variance(self, attributes: Attributes) -> float:
        """Variance of each measured cell of a table."""


def _shares(estimates: Fitted) -> list[Table]:
    """What columns drawn alone would be drawn from: each variable's counts without the negative ones, as shares."""
    found = []
    for variable in range(len(estimates.sizes)):
        counts = np.maximum(estimates.compact_table((variable,)), 0.0)
        found.append(counts / counts.sum() if counts.sum() > 0 else np.full(len(counts), 1 / len(counts)))
    return found


def _compact(estimates: Fitted, attributes: Attributes, table: Any) -> Any:
    """A whole table at the places of a thinned one; what stands for other codes is left at 0."""
    for attribute, codes in estimates.thinned(attributes).items():
        axis = attributes.index(attribute)
        table = table.take(codes, axis=axis)
        table = np.pad(table, [(1, 0) if at == axis else (0, 0) for at in range(table.ndim)])
    return table


def _compared(estimates: Fitted) -> Iterator[Attributes]:
    """Sets of two and more variables, at most about `MOST_TABLES` of each length."""
    for length, sets in groupby(estimates.sets, len):
        chosen = list(sets)
        yield from chosen[:: math.ceil(len(chosen) / MOST_TABLES)] if length > 1 else ()


def worse_than_alone(estimates: Fitted, records: npt.NDArray[np.uint16]) -> list[int]:
    """`worse_counts` of records, shape (variables, rows)."""

    def own(attributes: Attributes) -> Ints:
        table: Ints = _compact(estimates, attributes, marginal(records, estimates.sizes, attributes))
        return table

    return worse_counts(estimates, own, records.shape[1])


def worse_counts(estimates: Fitted, counts: Callable[[Attributes], Ints], rows: int) -> list[int]:
    """The lengths, from 2 on, at which `rows` records fit the estimates worse than columns drawn alone.

    counts: of the records over a set of variables, in compact places where the estimates are.

    Fit: the sum over tables of the squared distance over the variance, in measured cells. The noise of the estimates
    is the same for both and cancels. (Single variables are left out: columns drawn alone are the estimates there.)
    Of very many tables of one length some are compared, evenly spread over all.
    """
    compared = list(_compared(estimates))
    if not compared:
        return []
    shares = _shares(estimates)
    distance: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for attributes in compared:
        target = estimates.compact_table(attributes, missing=np.nan)
        alone = rows * reduce(np.multiply.outer, [shares[attribute] for attribute in attributes])
        tables = counts(attributes), _compact(estimates, attributes, alone)
        squares = [float(np.nansum((table - target) ** 2)) / estimates.variance(attributes) for table in tables]
        distance[len(attributes)].append((squares[0], squares[1]))
    sums = {length: [math.fsum(part) for part in zip(*pairs, strict=True)] for length, pairs in distance.items()}
    return sorted(length for length, (own, alone) in sums.items() if own > alone)
