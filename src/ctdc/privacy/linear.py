"""Any sum of counts from the noisy measurements, with its exact error and its exact covariance with any other sum.

Promise: nothing here sees a record, and nothing is approximated: a query is a linear combination of the independent
noises of the residual tables, so its estimate is unbiased and its variance and covariances are known in closed form.

For people whose value of each variable i of a set A is one of the categories C_i, the estimate is the sum over B
subset of A of (T_B added up over the product of the C_i, i in B) times prod_{j in A minus B} |C_j| / n_j. Two such
sums over the same B have the covariance s_B^2 prod_{i in B} k_i(C_i, C'_i), k_i = |C_i and C'_i| - |C_i| |C'_i| / n_i;
different B are independent (Xiao, He, Zhang & Kifer 2023, "An Optimal and Scalable Matrix Mechanism for Noisy
Marginals under Convex Loss Functions", Theorem 4.4, for single cells; sums follow since Cov(T_B) is a Kronecker
product of the centring matrices I - J/n_i). Along a wide variable of a thinned table (`selection`) the kernel is
|C_i and C'_i|, and only what was measured there has an estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations
from operator import and_

import numpy as np
import numpy.typing as npt

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.plan import Attributes, subsets
from ctdc.privacy.selection import wide_axes

Categories = frozenset[int]
Cells = tuple[Categories, ...]
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Event:
    """The people whose value of each variable is one of some categories (0 is empty); no variables: everybody.

    chosen: pairs of variable and categories, ascending by variable. Made by `event`.
    """

    chosen: tuple[tuple[int, Categories], ...] = ()

    @cached_property
    def attributes(self) -> Attributes:
        """The variables that are restricted, ascending."""
        return tuple(variable for variable, _ in self.chosen)

    @property
    def impossible(self) -> bool:
        """Whether a variable has no category left, so that nobody can belong."""
        return any(not categories for _, categories in self.chosen)

    def __and__(self, other: Event) -> Event:
        """The people who belong to both."""
        both = dict(self.chosen)
        for variable, categories in other.chosen:
            both[variable] = both[variable] & categories if variable in both else categories
        return event(both)


def event(chosen: Mapping[int, Iterable[int]]) -> Event:
    """The event of variable -> categories, in any order."""
    return Event(tuple((variable, frozenset(chosen[variable])) for variable in sorted(chosen)))


@dataclass(frozen=True)
class Query:
    """A sum of counts, each with a factor: terms are pairs of factor and event."""

    terms: tuple[tuple[float, Event], ...]

    @property
    def length(self) -> int:
        """Variables of its longest combination."""
        return max((len(one.attributes) for _, one in self.terms), default=0)

    def __add__(self, other: Query) -> Query:
        return Query(self.terms + other.terms)

    def __sub__(self, other: Query) -> Query:
        return self + -1.0 * other

    def __rmul__(self, factor: float) -> Query:
        return Query(tuple((factor * own, one) for own, one in self.terms))


def count(one: Event) -> Query:
    """The number of people in an event."""
    return count_where(one, ())


def count_where(base: Event, alternatives: Sequence[Sequence[Event]]) -> Query:
    """People of `base` who belong, for each of the alternatives, to at least one of its events.

    By inclusion and exclusion: the terms double with every event of an alternative.
    """
    terms = [(1.0, base)]
    for events in alternatives:
        terms = [(sign * own, one & both) for sign, both in _signed(events) for own, one in terms]
    return Query(tuple((factor, one) for factor, one in terms if not one.impossible))


def _signed(events: Sequence[Event]) -> Iterable[tuple[float, Event]]:
    """The intersections of every non-empty choice of the events, with the sign that counts their union."""
    for size in range(1, len(events) + 1):
        for chosen in combinations(events, size):
            yield (-1.0) ** (size + 1), reduce(and_, chosen)


@dataclass(frozen=True)
class Joint:
    """Several queries' estimates together. values: shape (queries,); covariance: shape (queries, queries)."""

    values: Vector
    covariance: Vector


def _places(estimates: Estimates, inner: Attributes, cells: Cells) -> tuple[list[int], ...]:
    """Where the categories stand along each axis of the residual table of `inner`; 0 on a wide axis: not measured."""
    wide = wide_axes(estimates.sizes, inner)
    return tuple(
        estimates.selection.places(variable)[sorted(categories)].tolist() if variable in wide else sorted(categories)
        for variable, categories in zip(inner, cells, strict=True)
    )


def measured(estimates: Estimates, inner: Attributes, cells: Cells) -> bool:
    """Whether the residual of `inner` was measured in all of these cells. Without it there is no unbiased estimate."""
    if inner not in estimates.residual:
        return False
    wide = wide_axes(estimates.sizes, inner)
    places = _places(estimates, inner, cells)
    selected = [where for variable, where in zip(inner, places, strict=True) if variable in wide]
    return not wide or bool(estimates.selection.cells(inner)[np.ix_(*selected)].all())


def axis_kernel(estimates: Estimates, inner: Attributes, variable: int, one: Categories, two: Categories) -> float:
    """u^T K u' for the axis of `variable` in the residual of `inner`; u, u' are 1 in the categories, else 0."""
    centred = variable not in wide_axes(estimates.sizes, inner)
    return len(one & two) - (len(one) * len(two) / estimates.sizes[variable] if centred else 0.0)


def _contract(estimates: Estimates, inner: Attributes, cells: Cells) -> float:
    """T_B added up over the product of the categories."""
    table = estimates.residual[inner]
    return float(table[np.ix_(*_places(estimates, inner, cells))].sum()) if cells else float(table)


def by_complement(estimates: Estimates, factor: float, one: Event) -> list[tuple[float, Event]]:
    """The same count, with few categories of each wide variable: "known" is everybody less those who are empty.

    Of a thinned table the few may be measured where the many never are.
    """
    for variable in wide_axes(estimates.sizes, one.attributes):
        categories = dict(one.chosen)[variable]
        if 2 * len(categories) > estimates.sizes[variable]:
            rest = {key: value for key, value in one.chosen if key != variable}
            others = frozenset(range(estimates.sizes[variable])) - categories
            parts = by_complement(estimates, factor, event(rest))
            return parts + (by_complement(estimates, -factor, event({**rest, variable: others})) if others else [])
    return [(factor, one)]


Loadings = dict[Attributes, dict[Cells, float]]


def _loadings(estimates: Estimates, query: Query) -> Loadings:
    """What the query takes of each residual table: for sums over cells, their factors."""
    found: Loadings = {}
    terms = [term for own, whole in query.terms for term in by_complement(estimates, own, whole)]
    for factor, one in terms:
        chosen = dict(one.chosen)
        for inner in subsets(one.attributes):
            cells = tuple(chosen[variable] for variable in inner)
            evenly = math.prod(
                len(categories) / estimates.sizes[variable]
                for variable, categories in one.chosen
                if variable not in inner
            )
            sums = found.setdefault(inner, {})
            sums[cells] = sums.get(cells, 0.0) + factor * evenly
    return found


def _covariance(estimates: Estimates, one: Loadings, two: Loadings) -> float:
    parts = []
    for inner in one.keys() & two.keys():
        for cells, factor in one[inner].items():
            for others, other in two[inner].items():
                kernels = (
                    axis_kernel(estimates, inner, variable, first, second)
                    for variable, first, second in zip(inner, cells, others, strict=True)
                )
                parts.append(estimates.deviation[inner] ** 2 * factor * other * math.prod(kernels))
    return math.fsum(parts)


def is_measured(estimates: Estimates, query: Query) -> bool:
    """Whether the measurements hold an unbiased estimate of the query."""
    return _are_measured(estimates, _loadings(estimates, query))


def _are_measured(estimates: Estimates, loadings: Loadings) -> bool:
    return all(measured(estimates, inner, cells) for inner, sums in loadings.items() for cells in sums)


def evaluate(estimates: Estimates, queries: Sequence[Query]) -> Joint | None:
    """The queries' estimates with their covariance matrix; None when one of them was not measured."""
    loadings = [_loadings(estimates, query) for query in queries]
    if not all(_are_measured(estimates, loading) for loading in loadings):
        return None
    values = [
        math.fsum(
            factor * _contract(estimates, inner, cells)
            for inner, sums in loading.items()
            for cells, factor in sums.items()
        )
        for loading in loadings
    ]
    return Joint(np.array(values, dtype=np.float64), _covariances(estimates, loadings))


def covariances(estimates: Estimates, queries: Sequence[Query]) -> Vector:
    """The covariance matrix of the queries' estimates, shape (queries, queries), wherever they are measured."""
    return _covariances(estimates, [_loadings(estimates, query) for query in queries])


def _covariances(estimates: Estimates, loadings: Sequence[Loadings]) -> Vector:
    covariance = np.zeros((len(loadings), len(loadings)))
    for row, one in enumerate(loadings):
        for column in range(row + 1):
            covariance[row, column] = covariance[column, row] = _covariance(estimates, one, loadings[column])
    return covariance
