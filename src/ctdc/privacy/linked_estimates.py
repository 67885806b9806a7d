"""Counts of linked rows, with exact errors, from measurements of people.

Promise: nothing here sees a record. A person's k linked rows weigh 1/k each where people are counted, so the number of
linked rows with some values is the sum over k of k times the estimated people with k rows who have them: unbiased, and
a linear combination of independent noises, whose variance is exact (`linked_workload.number_loadings`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.linear import Query, count, evaluate, event
from ctdc.privacy.linked_workload import ACROSS, NUMBER, ROWS, LinkedWorkload, number_loadings
from ctdc.privacy.plan import Attributes, noise_share, share, spread, subsets
from ctdc.table.linked import LINKED, MOST_LEFT_OUT, LinkedSchema
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RowCounts:
    """Linked rows counted over some variables. `aggregates.Counted`, in places of its own.

    places: of these variables in the joint table, ascending; sets: those counted, over these variables.
    """

    estimates: Estimates
    most: int
    places: tuple[int, ...]
    sets: tuple[Attributes, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Categories per variable, the empty one included."""
        return tuple(self.estimates.sizes[place] for place in self.places)

    def _joint(self, attributes: Attributes) -> Attributes:
        """The measured set that `attributes` are counted from."""
        return tuple(sorted({NUMBER, *(self.places[attribute] for attribute in attributes)}))

    def _with_number(self, attributes: Attributes) -> bool:
        return bool(attributes) and self.places[attributes[0]] == NUMBER

    def listed(self, attributes: Attributes, variable: int) -> tuple[Ints, Ints]:
        """Where known codes stand on the axis of `variable` in `compact_table(attributes)`, and which they are."""
        return self.estimates.listed(self._joint(attributes), self.places[variable])

    def compact_table(self, attributes: Attributes, missing: float = 0.0) -> Floats:
        """Estimated linked rows; `missing` in cells without a measurement."""
        people = self.estimates.compact_table(self._joint(attributes), missing)
        links = np.arange(len(people)).reshape(-1, *(1,) * (people.ndim - 1))
        # An unmeasured cell is so for every number, and stays marked: NaN times 0 is NaN.
        rows: Floats = links * people
        return rows if self._with_number(attributes) else rows.sum(axis=0)

    def thinned(self, attributes: Attributes) -> dict[int, Ints]:
        """The variables along which `compact_table(attributes)` has compact places, with the codes they stand for."""
        joint = self.estimates.thinned(self._joint(attributes))
        return {one: joint[self.places[one]] for one in attributes if self.places[one] in joint}

    def variance(self, attributes: Attributes) -> float:
        """Variance of each measured cell; with the number of rows among `attributes`, the mean over the numbers."""
        if self._with_number(attributes):
            return float(np.square(self.errors(attributes)).mean())
        estimates, even, uneven = self.estimates, *number_loadings(self.most)
        chosen = tuple(self.places[attribute] for attribute in attributes)
        total = 0.0
        for inner in subsets(chosen):
            both = (NUMBER, *inner)
            own = estimates.deviation[inner] ** 2 * noise_share(estimates.sizes, inner) * even
            along = noise_share(estimates.sizes, both) / share(estimates.sizes, (NUMBER,)) * uneven
            total += (own + estimates.deviation[both] ** 2 * along) * spread(estimates.sizes, inner, chosen)
        return total

    def errors(self, attributes: Attributes) -> Floats:
        """Standard errors over known codes; with the number among them, one for each number of rows."""
        if not self._with_number(attributes):
            return np.full((1,) * len(attributes), math.sqrt(self.variance(attributes)))
        links = np.arange(1.0, self.most + 1).reshape(-1, *(1,) * (len(attributes) - 1))
        errors: Floats = links * math.sqrt(self.estimates.variance(self._joint(attributes)))
        return errors


@dataclass(frozen=True)
class LinkedEstimates:
    """Everything that is estimated of two linked tables. joint: over the joint variables of `schema`."""

    schema: LinkedSchema
    length: int
    joint: Estimates

    @cached_property
    def people(self) -> Estimates:
        """People over the number of their linked rows and the main variables."""
        return self.joint.among(len(self.schema.main_places))

    @cached_property
    def rows(self) -> RowCounts:
        """Linked rows over their own variables."""
        return self._counts(tuple(self.schema.linked_places), ROWS)

    @cached_property
    def across(self) -> RowCounts:
        """Linked rows over variables of their person, the number among them, and their own."""
        return self._counts((*self.schema.main_places, *self.schema.linked_places), ACROSS)

    @cached_property
    def across_schema(self) -> Schema:
        """The variables of `across`, those of linked rows named with a prefix; without facts, which are of one row."""
        names = (Variable(LINKED + variable.name, variable.codes) for variable in self.schema.linked.variables)
        return Schema((*self.schema.people.variables, *names))

    def _counts(self, places: tuple[int, ...], kind: str) -> RowCounts:
        at = {place: number for number, place in enumerate(places)}
        tables = LinkedWorkload(self.schema, self.length).tables
        chosen = {tuple(at[place] for place in attributes) for own, attributes in tables if own == kind}
        if kind == ROWS:
            chosen.add(())
        else:  # the number is measured with every set that linked rows are counted from
            shorter = [
                attributes for own, attributes in tables if own in (ROWS, ACROSS) and len(attributes) < self.length
            ]
            chosen |= {(at[NUMBER], *(at[place] for place in attributes)) for attributes in shorter}
        ordered = tuple(sorted(chosen, key=lambda one: (len(one), one)))
        return RowCounts(self.joint, self.schema.most, places, ordered)

    def total_rows(self) -> tuple[float, float]:
        """Estimated linked rows, of each person at most `most`, and the standard error."""
        return self._estimated(self._rows_query(NUMBER, range(1, self.schema.most + 1)))

    def left_out(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """People of whom rows were left out, and these rows (more than `MOST_LEFT_OUT` of one person count as so many),
        each with its standard error."""
        place = self.schema.left_out_place
        people = count(event({place: range(1, MOST_LEFT_OUT + 1)}))
        return self._estimated(people), self._estimated(self._rows_query(place, range(1, MOST_LEFT_OUT + 1)))

    def _rows_query(self, place: int, numbers: Sequence[int]) -> Query:
        return Query(tuple((float(number), event({place: [number]})) for number in numbers))

    def _estimated(self, query: Query) -> tuple[float, float]:
        found = evaluate(self.joint, [query])
        if found is None:
            raise RuntimeError("a table that every linked plan has was not measured")
        return float(found.values[0]), math.sqrt(float(found.covariance[0, 0]))
