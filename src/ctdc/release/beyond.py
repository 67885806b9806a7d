"""What can be said of combinations that were not measured: bounds from those that were, and the records' own count.

Promise: the bounds hold whatever the records say: those of the linear programs unless a measured count is further
from the truth than `bounds.TOLERANCE` standard errors, those of the inequalities with the probability asked. The
records' count carries no known error; it only says where between the bounds the number may be, and is moved to the
nearer bound where it is not between them.

The inequalities are for people with at least one of k answers, S1 the sum of the single counts and S2 that of pairs:
2 S1 / (m + 1) - 2 S2 / (m (m + 1)) from below for every m (Dawson & Sankoff 1967, "An inequality for probabilities",
Proc. Amer. Math. Soc. 18), and S1 less the pairs of any one answer with all others from above (Hunter 1976, "An upper
bound for the probability of a union", J. Appl. Probab. 13). Each is one linear combination of measured counts, so its
error is exact and much smaller than the errors of its parts at their worst.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl

from ctdc.privacy.estimate import Estimates
from ctdc.privacy.linear import Event, Query, count, evaluate, is_measured
from ctdc.release.bounds import MOST_FLAGS, TOLERANCE, pattern_bounds, patterns_of
from ctdc.release.estimates import Estimate
from ctdc.release.intervals import Interval, normal_interval
from ctdc.release.questions import Condition
from ctdc.table.schema import Schema

Pair = tuple[int, frozenset[int]]


def beyond(estimates: Estimates, schema: Schema, records: pl.DataFrame, condition: Condition) -> Interval:
    """The number of people who meet the condition: the records' count between the bounds."""
    low, high = bounds(estimates, condition)
    own = float(records.filter(_expression(schema, condition)).height)
    return Interval(min(high, max(low, own)), low, high)


def bounds(estimates: Estimates, condition: Condition) -> tuple[float, float]:
    """Fewest and most people who can meet the condition."""
    pairs = _pairs(condition)
    programmed = _programmed(estimates, condition, pairs) if len(pairs) <= MOST_FLAGS else None
    return programmed or simple_bounds(estimates, condition)


def inequalities(estimates: Estimates, condition: Condition) -> tuple[list[Query], list[Query]]:
    """Measured sums that are at most, and at least, the number of people who meet the condition. Often none."""
    if len(condition.alternatives) != 1:
        return [], []
    events = [condition.base & one for one in condition.alternatives[0]]
    pairs = {frozenset((i, j)): count(events[i] & events[j]) for i, j in combinations(range(len(events)), 2)}
    queries = [*map(count, events), *pairs.values()]
    if not all(query.length <= estimates.length and is_measured(estimates, query) for query in queries):
        return [], []
    singles = sum_of(map(count, events))
    doubles = sum_of(pairs.values())
    most = range(1, max(2, len(events)))
    below = [2 / (m + 1) * singles - 2 / (m * (m + 1)) * doubles for m in most]
    above = [singles - sum_of(query for pair, query in pairs.items() if i in pair) for i in range(len(events))]
    return below, above


def sum_of(queries: Iterable[Query]) -> Query:
    """The queries added up."""
    return sum(queries, start=Query(()))


def _pairs(condition: Condition) -> tuple[Pair, ...]:
    """The separate questions, each of one variable, that the condition is put together from."""
    events = [condition.base, *(one for events in condition.alternatives for one in events)]
    return tuple(dict.fromkeys(pair for one in events for pair in one.chosen))


def _measured(estimates: Estimates, pairs: tuple[Pair, ...]) -> Estimate | None:
    """The estimate of the people who meet all pairs, None where it was not measured."""
    event = _all_of(pairs)
    joint = evaluate(estimates, [count(event)]) if len(event.attributes) <= estimates.length else None
    return None if joint is None else Estimate(float(joint.values[0]), math.sqrt(max(0.0, joint.covariance[0, 0])))


def _all_of(pairs: tuple[Pair, ...]) -> Event:
    event = Event()
    for pair in pairs:
        event &= Event((pair,))
    return event


def _programmed(estimates: Estimates, condition: Condition, pairs: tuple[Pair, ...]) -> tuple[float, float] | None:
    names = {pair: str(number) for number, pair in enumerate(pairs)}
    counts = {}
    for chosen in _choices(estimates, pairs):
        found = _measured(estimates, chosen)
        if found is not None:
            counts[frozenset(names[pair] for pair in chosen)] = found
    total = Estimate(*estimates.total())
    most = max(0.0, total.count + TOLERANCE * total.standard_error)
    unseen = dict.fromkeys(range(1, estimates.length + 1), most)
    return pattern_bounds(total, tuple(names.values()), counts, unseen, _wanted(condition, pairs))


def _choices(estimates: Estimates, pairs: tuple[Pair, ...]) -> Iterator[tuple[Pair, ...]]:
    for size in range(1, estimates.length + 1):
        yield from combinations(pairs, size)


def _wanted(condition: Condition, pairs: tuple[Pair, ...]) -> npt.NDArray[np.bool_]:
    """Which patterns of answers to the pairs meet the condition."""
    patterns = patterns_of(tuple(map(str, range(len(pairs)))))
    yes = {pair: (patterns >> number & 1).astype(bool) for number, pair in enumerate(pairs)}

    def meets(event: Event) -> npt.NDArray[np.bool_]:
        return reduce(np.logical_and, (yes[pair] for pair in event.chosen), np.ones(len(patterns), bool))

    sides = (reduce(np.logical_or, map(meets, events)) for events in condition.alternatives)
    return reduce(np.logical_and, sides, meets(condition.base))


def simple_bounds(estimates: Estimates, condition: Condition) -> tuple[float, float]:
    """Bounds from the parts of the condition, for more questions than the linear programs can hold, and quickly."""
    most = _most(estimates, condition.base)
    least = 0.0
    for events in condition.alternatives:
        most = min(most, math.fsum(_most(estimates, condition.base & one) for one in events))
    if len(condition.alternatives) == 1:
        least = max(_least(estimates, condition.base & one) for one in condition.alternatives[0])
    return min(least, most), most


def _most(estimates: Estimates, event: Event) -> float:
    """The most people an event can have: of all its measured parts, the least."""
    parts = [(), *_choices(estimates, event.chosen)]
    found = [_measured(estimates, pairs) for pairs in parts]
    return min(_range(one).high for one in found if one is not None)


def _least(estimates: Estimates, event: Event) -> float:
    found = _measured(estimates, event.chosen)
    return 0.0 if found is None else _range(found).low


def _range(estimate: Estimate) -> Interval:
    found = normal_interval(estimate.count, estimate.standard_error**2, TOLERANCE)
    return Interval(found.value, max(0.0, found.low), max(0.0, found.high))


def _expression(schema: Schema, condition: Condition) -> pl.Expr:
    """The condition as a filter of the records."""
    both = _event_expression(schema, condition.base)
    for events in condition.alternatives:
        both &= pl.any_horizontal([_event_expression(schema, one) for one in events])
    return both


def _event_expression(schema: Schema, event: Event) -> pl.Expr:
    parts = [pl.lit(value=True)]
    for variable, categories in event.chosen:
        known = schema.variables[variable]
        column = pl.col(known.name)
        chosen = column.is_in([known.codes[category - 1] for category in sorted(categories) if category])
        parts.append(chosen.fill_null(value=False) | (column.is_null() & (0 in categories)))
    return pl.all_horizontal(parts)
