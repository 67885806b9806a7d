"""Synthetic records in any number: built shard by shard, each of which is aimed at what those before it have left.

Promise: reads estimates and a seed, never a record; memory and the cost of a row do not grow with the number of rows;
the same estimates, number of rows and seed give the same records. After every shard all tables together are as near to
their share of the estimates as one shard's search can bring them, so the last shard's error is the error of the whole:
it does not grow with the number of shards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.estimate import Estimates, Table
from ctdc.privacy.plan import Attributes
from ctdc.privacy.selection import request_of, wide_axes
from ctdc.privacy.structure import Forbidden
from ctdc.privacy.synthesise import Effort, synthesise
from ctdc.table.accumulate import Accumulator
from ctdc.table.count import Counts

Codes = npt.NDArray[np.uint16]
AT_ONCE = 4_000_000  # so many records are built in one piece, as they were before there were shards
SHARD = 1_000_000  # rows of a shard beyond: the search has all its whole numbers exactly in 32-bit floats


@dataclass(frozen=True)
class _Left(Estimates):
    """What the next shard is aimed at: `share` of the estimates less what is there. done: compact counts so far."""

    share: float = 1.0
    done: Mapping[Attributes, Counts] = field(default_factory=dict)

    def compact_table(self, attributes: Attributes, missing: float = 0.0) -> Table:
        """As of the estimates; `missing` in cells without a measurement."""
        table = self.share * super().compact_table(attributes) - self.done[attributes]
        if wide_axes(self.sizes, attributes):
            np.copyto(table, missing, where=~self.selection.mask(attributes))
        return table


@dataclass
class Shards:
    """Records of `rows` people in shards of up to `shard` rows. To be gone through once; `table` gives their counts."""

    estimates: Estimates
    rows: int
    seed: int
    forbidden: Forbidden | None = None
    effort: Effort | None = None
    shard: int | None = None

    def __post_init__(self) -> None:
        self._done = Accumulator(request_of(self.estimates.sizes, self.estimates.sets, self.estimates.selection))
        self._tables = self._done.request.cut(self._done.flat())

    @property
    def number(self) -> int:
        """How many shards there are."""
        return max(1, math.ceil(self.rows / (self.shard or SHARD)))

    def table(self, attributes: Attributes) -> Counts:
        """Counts of the records so far, in compact places where estimates are."""
        return self._tables[attributes]

    def build(self, progress: Progress | None = None) -> Iterator[Codes]:
        """The shards one after the other, shape (variables, rows), all within one of equally long."""
        progress = progress or Silent()
        progress.start("Building records", self.number)
        ends = [self.rows * number // self.number for number in range(self.number + 1)]
        for number, (begin, end) in enumerate(pairwise(ends)):
            left = self._left(end / self.rows if self.rows else 1.0)
            seed = [self.seed, number] if number else self.seed
            records = synthesise(left, end - begin, seed, self.effort, forbidden=self.forbidden)
            self._done.add(records)
            self._tables = self._done.request.cut(self._done.flat())
            progress.advance()
            yield records
        progress.finish()

    def _left(self, share: float) -> _Left:
        own = {one.name: getattr(self.estimates, one.name) for one in fields(Estimates)}
        return _Left(**own, share=share, done=self._tables)
