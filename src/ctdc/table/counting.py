"""The one small interface through which people's rows are counted, whichever engine holds them.

Promise: whoever is asked for tables gives exact 64-bit counts, equal bit for bit in memory, in a stream and on Spark.
What is asked for is public (a plan, and noisy numbers that were released before); what is answered is true counts,
which only the gate of the privacy engine may see.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ctdc.table.count import Counts, Matrix

Attributes = tuple[int, ...]
Places = npt.NDArray[np.uint16]
Tables = Callable[[Attributes], Counts]  # the table over variables, of the shape that the request has for it


@dataclass(frozen=True)
class Request:
    """Tables that are counted together.

    sizes: categories of every variable; sets: the variables of each table; places: of some variables the place of each
    code in *compact* tables, shape (categories,); compact: the sets that are counted by place along these variables.
    """

    sizes: tuple[int, ...]
    sets: tuple[Attributes, ...]
    places: Mapping[int, Places] = field(default_factory=dict)
    compact: Mapping[Attributes, Attributes] = field(default_factory=dict)

    @cached_property
    def all_sizes(self) -> tuple[int, ...]:
        """Sizes of the rows of an `extended` matrix."""
        return (*self.sizes, *(int(places.max(initial=0)) + 1 for places in self.places.values()))

    @cached_property
    def _compact_rows(self) -> dict[int, int]:
        return {variable: len(self.sizes) + number for number, variable in enumerate(self.places)}

    def rows(self, attributes: Attributes) -> Attributes:
        """Where the columns of a table stand in an `extended` matrix."""
        compact = self.compact.get(attributes, ())
        return tuple(self._compact_rows[one] if one in compact else one for one in attributes)

    def shape(self, attributes: Attributes) -> tuple[int, ...]:
        """Shape of the table over `attributes`."""
        return tuple(self.all_sizes[row] for row in self.rows(attributes))

    def extended(self, matrix: Matrix) -> Matrix:
        """Records, shape (variables, rows), followed by the places of those variables that have some."""
        if not self.places:
            return matrix
        return np.vstack([matrix, *(places[matrix[variable]] for variable, places in self.places.items())])

    def without(self, known: Iterable[Attributes]) -> Request:
        """What is left of the request when some sets are known."""
        left = set(self.sets) - set(known)
        return Request(self.sizes, tuple(one for one in self.sets if one in left), self.places, self.compact)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Cells of each table, in the order of `sets`."""
        return np.array([math.prod(self.shape(attributes)) for attributes in self.sets], dtype=np.int64)

    def cut(self, flat: Counts) -> dict[Attributes, Counts]:
        """Tables that lie one after the other, each in its shape."""
        parts = np.split(flat, np.cumsum(self.lengths)[:-1]) if self.sets else []
        return {one: part.reshape(self.shape(one)) for one, part in zip(self.sets, parts, strict=True)}


class Counting(Protocol):
    """People who can be counted. whole: what a person counts in every table."""

    @property
    def whole(self) -> int:
        """What a person counts."""

    @property
    def variables(self) -> int:
        """Number of variables."""

    def prepare(self, request: Request) -> None:
        """Count tables now that will be asked for later, where looking at the rows is dear.

        Raises UserError for rows that cannot be read: so whoever pays for measuring calls this first.
        """

    def tables(self, request: Request) -> Tables:
        """What gives the tables of the request, each when it is asked for."""
