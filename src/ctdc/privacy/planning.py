"""How exact counts will be, before anything is measured or charged.

Promise: a function of public things only, the plan and a declared number of people; no record is read and nothing is
drawn. Every error is `Plan.variance`, the formula that published errors come from, so what is promised here is what a
protection with the same settings states and has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.plan import Attributes, Plan
from ctdc.privacy.workload import Names, Workload, plan_workload, positions
from ctdc.table.reporting import smallest_reported
from ctdc.table.schema import Schema

RELATIVE_ERROR = 0.1  # what is called exact: a standard error of at most a tenth of the count
SHARES = (0.01, 0.1)  # of all people, whose relative errors are shown
SEARCHED = (0.01, 100.0)  # epsilons between which the inverse looks; beyond nobody should go
CURVE_POINTS = 7  # on a logarithmic plot errors are nearly straight lines
PRECISION = 1e-3  # relative, of the epsilon that the inverse finds


def _by_length(plan: Plan) -> dict[int, list[Attributes]]:
    chosen: dict[int, list[Attributes]] = {}
    for attributes in plan.deviations:
        chosen.setdefault(len(attributes), []).append(attributes)
    return chosen


def sets_by_length(plan: Plan) -> dict[str, int]:
    """Number of measured sets by the number of their variables (as text, for JSON)."""
    return {str(length): len(sets) for length, sets in sorted(_by_length(plan).items())}


def _middle(values: Iterable[float]) -> float:
    """The upper median: an error that some table really has."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def expected_errors(plan: Plan) -> dict[str, dict[str, float]]:
    """Smallest, median and largest standard error of a count, by length: known before anything is measured."""
    errors: dict[str, dict[str, float]] = {}
    for length, sets in sorted(_by_length(plan).items()):
        errors[str(length)] = spread_of_errors([math.sqrt(plan.variance(attributes)) for attributes in sets])
    return errors


def spread_of_errors(values: Sequence[float]) -> dict[str, float]:
    """Smallest, median and largest of some standard errors, as they are stated."""
    return {
        "low": round(min(values), 4),
        "median": round(_middle(values), 4),
        "high": round(max(values), 4),
    }


@dataclass(frozen=True)
class Line:
    """What a plan promises for counts of `length` characteristics.

    tables, numbers: how many are measured; budget: their share of the privacy cost, 0 to 1; low, median, high: standard
    error of one count in the best, middle and worst table; listed: smallest count that is reported in the middle table
    (the reporting rule); exact: smallest count whose standard error is at most a tenth of it there; relative: standard
    error there over each of `SHARES` of the declared people, empty when none are declared.
    """

    length: int
    tables: int
    numbers: int
    budget: float
    low: float
    median: float
    high: float
    listed: float
    exact: float
    relative: tuple[float, ...]


@dataclass(frozen=True)
class Forecast:
    """A plan's lines by length, and the standard error of one count in each named table."""

    epsilon: float
    lines: tuple[Line, ...]
    tables: tuple[tuple[Names, float], ...] = ()

    def line(self, length: int) -> Line:
        """The line of one length. Raises UserError (``plan.length``) when nothing so long is measured."""
        found = next((line for line in self.lines if line.length == length), None)
        if found is None:
            raise UserError(
                "plan.length",
                f"No combination of {length} characteristics is measured.",
                allowed=f"0 to {self.lines[-1].length}",
                do="Choose another --for-length, or a larger --length.",
            )
        return found


def _limit(plan: Plan, attributes: Attributes, error: float, threshold: float) -> float:
    """Smallest count of this table that is reported: as in `aggregates.set_rows`."""
    cells = math.prod(plan.sizes[attribute] - 1 for attribute in attributes)
    return smallest_reported(cells, len(attributes), error, threshold)


def _line(plan: Plan, length: int, sets: list[Attributes], cases: int, threshold: float, total: float) -> Line:
    errors = {attributes: math.sqrt(plan.variance(attributes)) for attributes in sets}
    chosen = set(sets)
    measured = [measurement for measurement in plan.measurements if measurement.attributes in chosen]
    median = _middle(errors.values())
    return Line(
        length,
        len(sets),
        sum(math.prod(measurement.shape) for measurement in measured),
        math.fsum(measurement.cost().rho for measurement in measured) / total,
        min(errors.values()),
        median,
        max(errors.values()),
        # The total is published whatever it is.
        _middle(_limit(plan, attributes, error, threshold) for attributes, error in errors.items()) if length else 0.0,
        median / RELATIVE_ERROR,
        tuple(median / (share * cases) for share in SHARES) if cases else (),
    )


def _forecast(
    schema: Schema, plan: Plan, epsilon: float, cases: int, threshold: float, tables: Iterable[Names]
) -> Forecast:
    total = math.fsum(measurement.cost().rho for measurement in plan.measurements)
    lines = [_line(plan, length, sets, cases, threshold, total) for length, sets in sorted(_by_length(plan).items())]
    return Forecast(epsilon, tuple(lines), tuple((names, table_error(schema, plan, names)) for names in tables))


def table_error(schema: Schema, plan: Plan, names: Names) -> float:
    """Standard error of one count of the table over `names`. Raises UserError (``plan.table``) if it has none."""
    attributes = positions(schema, names)
    if attributes not in plan.deviations:
        raise UserError(
            "plan.table",
            f"The combination of {', '.join(names)} is not measured.",
            allowed=f"up to {plan.length} different variables, or the sets that the workload names",
            do="Choose a larger --length, or name this set in a --workload file.",
        )
    return math.sqrt(plan.variance(attributes))


@dataclass(frozen=True)
class Outlook:
    """Forecasts for several epsilons, with what they are about.

    chosen: one forecast for each epsilon that was asked for; curve: more of them, ascending, for a plot; cases: number
    of people as declared, 0 when not; found: the epsilon that an inverse question led to, which is among the chosen.
    """

    profile: str
    variables: int
    delta: float
    workload: Workload
    threshold: float
    cases: int
    chosen: tuple[Forecast, ...]
    curve: tuple[Forecast, ...]
    found: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The outlook as JSON values."""
        return {
            "profile": self.profile,
            "variables": self.variables,
            "delta": self.delta,
            "workload": self.workload.describe(),
            "threshold": self.threshold,
            "cases": self.cases,
            "found": self.found,
            "chosen": [asdict(one) for one in self.chosen],
            "curve": [
                {"epsilon": one.epsilon, "median": {str(line.length): line.median for line in one.lines}}
                for one in self.curve
            ],
        }


def curve_epsilons(chosen: Sequence[float]) -> list[float]:
    """Epsilons for a plot, evenly spaced in their logarithm, from half the smallest to twice the largest chosen one."""
    low, high = max(SEARCHED[0], min(chosen) / 2), min(SEARCHED[1], max(chosen) * 2)
    return [low * (high / low) ** (step / (CURVE_POINTS - 1)) for step in range(CURVE_POINTS)]


def forecast(
    schema: Schema,
    guarantee: Guarantee,
    workload: Workload,
    *,
    cases: int = 0,
    threshold: float = 10.0,
    tables: Iterable[Names] = (),
) -> Forecast:
    """What a protection with these settings will be worth. cases: how many people there are, as declared; 0: not said.

    Raises UserError for what cannot be planned or is not measured.
    """
    plan = plan_workload(schema, guarantee, workload)
    return _forecast(schema, plan, guarantee.epsilon, cases, threshold, tables)


def smallest_epsilon(schema: Schema, delta: float, workload: Workload, length: int, at_most: float) -> float:
    """Smallest epsilon, rounded up to three figures, whose median error of `length` is at most `at_most`.

    More epsilon means less noise in every table, so bisection finds it. Raises UserError (``plan.out_of_reach``) when
    none between 0.01 and 100 does.
    """
    if not 0 <= length <= min(workload.longest, len(schema.variables)):
        raise UserError(
            "plan.length",
            f"No combination of {length} characteristics is measured.",
            allowed=f"0 to {min(workload.longest, len(schema.variables))}",
            do="Choose another --for-length, or a larger --length.",
        )

    def holds(epsilon: float) -> bool:
        plan = plan_workload(schema, Guarantee(epsilon, delta), workload)
        errors = (math.sqrt(plan.variance(attributes)) for attributes in _by_length(plan)[length])
        return _middle(errors) <= at_most

    low, high = SEARCHED
    if not (math.isfinite(at_most) and at_most > 0 and holds(high)):
        raise UserError(
            "plan.out_of_reach",
            f"No epsilon up to {high:g} has a standard error of at most {at_most:g} there.",
            do="Allow a larger error, choose a smaller --length, or give these tables more weight in a --workload.",
        )
    if holds(low):
        return low
    while high / low > 1 + PRECISION:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return _rounded_up(high)


def _rounded_up(value: float) -> float:
    """`value` with three significant figures, never smaller."""
    digits = 2 - math.floor(math.log10(value))
    return float(Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_CEILING))
