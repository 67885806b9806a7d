"""Parts and wholes that agree: what a release's pages, service and programs say is at most what it is a part of.

Promise: pure arithmetic on estimates that are published. Their noise is independent of what is possible: the estimate
of a part can be above that of its whole, when what is left of the whole was estimated below zero. Everybody knows
better: numbers of people are not negative. So a part is at most its whole; and answers that exclude each other have
shares of at most one together.

Intervals keep what they promise, to less than one in a hundred (`tests/statistical/test_wholes_cover.py` counts it).
Where a part is its whole, its interval is that of the whole, widened downwards to its own. The estimates themselves,
unbiased, are those of `Analysis` and of the published tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ctdc.privacy.linear import Event
from ctdc.release.intervals import Interval


def wholes_of(one: Event) -> Iterator[Event]:
    """Of whom the people of an event are a part: those with fewer of its restrictions, down to everybody."""
    for size in range(len(one.chosen)):
        yield from map(Event, combinations(one.chosen, size))


def not_above(part: Interval, whole: Interval) -> Interval:
    """A part with its interval, never more than its whole.

    The upper end is that of whichever was measured more surely: noise of the whole must not cut the part's off.
    """
    if part.value <= whole.value:
        return part
    is_surer = whole.high - whole.value <= part.high - part.value
    return Interval(whole.value, min(part.low, whole.low), whole.high if is_surer else part.high)


def answered(known: Interval, shown: float, people: Interval) -> tuple[Interval, float]:
    """How many of some people have an answer, and what the shares of the answers are computed with.

    known: the estimate; shown: how many people the shown answers need, the sum where answers exclude each other, else
    the largest. Both numbers are the same unless the shown answers add up to more than `people`: then the shares are
    of their sum, so that they do not exceed one together.
    """
    margin = known.high - known.value
    enough = Interval(shown, known.low, shown + margin) if known.value < shown else known
    number = not_above(enough, people)
    return Interval(number.value, number.low, min(number.high, max(known.high, number.value))), max(number.value, shown)
