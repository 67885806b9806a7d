"""Fewer orders for few people: combinations that would be nothing but noise are not measured.

Promise: decided from the noisy total, which is measured first, and the plan alone; what is then measured costs no more
than the plan that was charged. Budget that long combinations would have wasted goes to the short ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import median

from ctdc.privacy.allocation import balanced
from ctdc.privacy.plan import Attributes, Plan, measurement_of, relative_deviations

ROUNDS = 60  # of the bisection for the noise of a shorter plan


def useful_length(plan: Plan, total: float) -> int:
    """The longest combinations worth measuring of about `total` people, at least 1.

    A table of k variables is worth it when one standard error is no more than total / 2^k: what a cell would hold if
    people were spread evenly over k yes/no questions. Beyond, even the commonest answers drown.
    """
    for length in range(plan.length, 0, -1):
        errors = [math.sqrt(plan.variance(chosen)) for chosen in plan.deviations if len(chosen) == length]
        if length == 1 or (errors and median(errors) <= total / 2**length):
            # With fewer variables than the plan's length nothing is left out that there is.
            return length if length < len(plan.sizes) else plan.length
    return plan.length


def as_long_as_useful(plan: Plan, total: float) -> Plan:
    """The plan for what is worth measuring of about `total` people, itself where everything is."""
    length = useful_length(plan, total)
    return shorter(plan, length) if length < plan.length else plan


def shorter(plan: Plan, length: int) -> Plan:
    """The same plan for combinations of up to `length` variables, the total as it is, at no higher cost.

    length: at least 1. The other tables get what the longer ones would have had, by the engine's own weights.
    """
    kept = [m.attributes for m in plan.measurements if len(m.attributes) <= length]
    return at_no_higher_cost(plan, length, relative_deviations(plan.sizes, kept, balanced(plan.sizes, kept)))


def at_no_higher_cost(plan: Plan, length: int, relative: Mapping[Attributes, float]) -> Plan:
    """A plan of the sets of `relative`, s_B proportional to it but for the total's, that costs no more than `plan`."""
    total = plan.measurements[0]
    kept = [attributes for attributes in relative if attributes]
    limit = plan.cost()

    def at(factor: float) -> Plan:
        measured = (measurement_of(plan.sizes, chosen, relative[chosen] * factor, plan.resolution) for chosen in kept)
        return replace(plan, length=length, measurements=(total, *measured))

    def holds(factor: float) -> bool:
        return at(factor).cost().at_most(limit)

    low, high = 0.0, 1.0
    while not holds(high):
        low, high = high, 2 * high
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return at(high)
