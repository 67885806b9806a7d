"""What a protection would be worth, before anything is charged: numbers for the page on which a plan is made.

Promise: made from the declaration, the settings and a declared number of people alone; no record is read. The errors
are those that a protection with the same settings states and has (`ctdc.privacy.planning`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from ctdc.privacy.accounting import Cost, Guarantee, strongest_attacker
from ctdc.privacy.planning import Line, forecast, smallest_epsilon
from ctdc.privacy.precheck import Groups, Question, Reach, plan_size, precheck
from ctdc.privacy.workload import Workload, plan_workload
from ctdc.table.declare import Declaration
from ctdc.table.schema import Schema

LADDER = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
STRONG, MODERATE = 1.0, 8.0  # up to there an epsilon is called so
DELTAS = ((100_000, 1e-6), (1_000_000, 1e-7), (math.inf, 1e-8))  # up to so many people; far below one divided by them
THRESHOLD = 10.0
QUICK = 1_000  # tables up to which a plan without each of the columns takes no time that a person would notice
LEAST_SAVED = 0.02  # of the error; what saves less is not worth a line


@dataclass(frozen=True)
class Told:
    """What is told of one length. As `ctdc.privacy.planning.Line`; listed_up: smallest count that is listed, rounded
    up; verdict: ``noise``, ``sparse``, ``fine`` or ``unknown``, as `ctdc.privacy.precheck.Reach` has it.
    """

    length: int
    median: float
    listed_up: int
    relative: tuple[float, ...]
    verdict: str


@dataclass(frozen=True)
class Outlook:
    """A plan in numbers. accuracy: share of right guesses of the strongest attacker who asks "was this person in?"."""

    strength: str
    accuracy: float
    cost: Cost
    lines: tuple[Told, ...]
    only_noise: bool


@dataclass(frozen=True)
class Saved:
    """What leaving out a column would do. error: of the longest combinations then; change: relative, below 0 better."""

    column: str
    error: float
    change: float


def delta_for(people: int | None) -> float:
    """The delta for about so many people."""
    return next(delta for most, delta in DELTAS if (people or 0) <= most)


def strength_of(epsilon: float) -> str:
    """What an epsilon is called."""
    return "strong" if epsilon <= STRONG else "moderate" if epsilon <= MODERATE else "weak"


@lru_cache(maxsize=64)
def cost_of(schema: Schema, guarantee: Guarantee, length: int) -> Cost:
    """What a protection costs each person. Raises UserError for what cannot be planned."""
    return plan_workload(schema, guarantee, Workload(length)).cost()


@lru_cache(maxsize=64)
def lines_of(schema: Schema, guarantee: Guarantee, length: int, people: int) -> tuple[Line, ...]:
    """The forecast of every length but the total's. people: 0 where not said."""
    found = forecast(schema, guarantee, Workload(length), cases=people, threshold=THRESHOLD)
    return tuple(line for line in found.lines if line.length)


def ladder(schema: Schema, epsilons: tuple[float, ...], delta: float, length: int) -> list[tuple[float, list[float]]]:
    """Median standard errors by length, for each epsilon."""
    return [
        (one, [line.median for line in lines_of(schema, Guarantee(one, delta), length, 0)]) for one in sorted(epsilons)
    ]


@lru_cache(maxsize=64)
def _reach(sizes: tuple[int, ...], groups: Groups, guarantee: Guarantee, length: int, people: int) -> tuple[Reach, ...]:
    question = Question(sizes, tuple(groups), guarantee, length, THRESHOLD, people or None)
    return precheck(question, thorough=False).reach


def look_ahead(declaration: Declaration, guarantee: Guarantee, length: int, people: int) -> Outlook:
    """The outlook. people: declared, 0 where not said. Raises UserError for what cannot be planned."""
    schema = declaration.schema
    length = min(length, len(schema.variables))
    cost = cost_of(schema, guarantee, length)
    reach = {one.length: one for one in _reach(schema.sizes, declaration.groups, guarantee, length, people)}
    lines = tuple(
        Told(line.length, line.median, math.ceil(line.listed), line.relative, reach[line.length].verdict)
        for line in lines_of(schema, guarantee, length, people)
    )
    accuracy = strongest_attacker(cost, guarantee.delta).accuracy
    only_noise = bool(lines) and all(line.verdict == "noise" for line in lines)
    return Outlook(strength_of(guarantee.epsilon), accuracy, cost, lines, only_noise)


@lru_cache(maxsize=16)
def _savings(
    sizes: tuple[int, ...], groups: Groups, guarantee: Guarantee, length: int
) -> tuple[tuple[str, float], ...]:
    found = precheck(Question(sizes, tuple(groups), guarantee, length, THRESHOLD), thorough=True)
    return tuple((one.column, one.error) for one in found.savings if one.error is not None)


def is_quick(schema: Schema, length: int) -> bool:
    """Whether `savings` is quick enough to be told unasked."""
    return plan_size(schema.sizes, min(length, len(schema.sizes)))[0] <= QUICK


def savings(declaration: Declaration, guarantee: Guarantee, length: int) -> list[Saved]:
    """What leaving out single columns would save, most first; without those that hardly matter."""
    schema = declaration.schema
    length = min(length, len(schema.variables))
    before = lines_of(schema, guarantee, length, 0)[-1].median
    found = [
        Saved(column, error, error / before - 1)
        for column, error in _savings(schema.sizes, declaration.groups, guarantee, length)
    ]
    return sorted((one for one in found if one.change < -LEAST_SAVED), key=lambda one: one.change)


@lru_cache(maxsize=16)
def epsilon_for(schema: Schema, delta: float, length: int, at_most: float) -> float:
    """The smallest epsilon whose median error of combinations of two (or one) is at most so large. Raises UserError."""
    longest = min(length, len(schema.variables))
    return smallest_epsilon(schema, delta, Workload(longest), min(2, longest), at_most)


def forget() -> None:
    """Forget what was worked out: it is kept with the lists of values that somebody declared."""
    for one in (cost_of, lines_of, _reach, _savings, epsilon_for):
        one.cache_clear()
