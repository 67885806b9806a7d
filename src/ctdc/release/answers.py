"""Answers with their errors: counts, shares, and the differences and ratios of two of them.

Promise: an answer from counts has the interval that its noise gives it, correlations included, and covers the truth
as often as it says. "Too few to say" is marked by the rule of the published counts. An answer that no measurement
gives says where it is from (``source="records"``), has the bounds that the measurements set, and no standard error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.privacy.estimate import Estimates
from ctdc.privacy.linear import Event, Joint, Query, evaluate
from ctdc.release.intervals import (
    Interval,
    deviations,
    difference_interval,
    normal_interval,
    quotient_interval,
    ratio_interval,
)
from ctdc.release.questions import Condition
from ctdc.table.reporting import LEAST_DEVIATIONS, reporting_deviations

COUNT, SHARE, DIFFERENCE, RATIO = "count", "share", "difference", "ratio"
PEOPLE, LINKED_ROWS, TIMES = "people", "linked rows", "times"
COUNTS, RECORDS = "counts", "records"
BOUNDS = "bounds"  # a denominator from the records, between bounds that the measurements set
DECIMALS, ERROR_DECIMALS = 2, 4  # of the published counts, whose marks are computed from the rounded numbers
TOO_FEW = "Too few to say."
BOUNDED = (
    "Not measured: the number is that of the synthetic records, whose error is not known; low and high are the "
    "bounds that the measured counts set."
)


@dataclass(frozen=True)
class Quantity:
    """What is asked for: a number of people, or with a `whole` the share of them in it."""

    part: Condition
    whole: Condition | None = None


@dataclass(frozen=True)
class Origin:
    """Where an answer is from: the question, and the estimates that were asked."""

    quantity: Quantity
    estimates: Estimates


@dataclass(frozen=True)
class Answer:
    """A number with its interval.

    kind: count, share, difference or ratio; unit: people, linked rows, share (of one) or times; value: None where
    there is none; standard_error: of the noise, by the delta method for all but counts, None where it is not known;
    low, high: the interval, without impossible values, possibly infinite; confidence: the probability that it (or with
    `Level`'s `simultaneous` all of that many) covers the truth; source: ``counts`` (the measurements) or ``records``;
    too_few: whether the number says too little to be quoted; note: in a sentence, what a reader has to know; origin:
    what it was computed from, for comparisons.
    """

    kind: str
    unit: str
    value: float | None
    standard_error: float | None
    low: float
    high: float
    confidence: float
    source: str = COUNTS
    too_few: bool = False
    note: str = ""
    origin: Origin | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, object]:
        """The answer as JSON values: infinite ends become None."""
        shown = {one.name: getattr(self, one.name) for one in fields(self) if one.repr}
        for end in ("low", "high"):
            shown[end] = shown[end] if math.isfinite(shown[end]) else None
        return shown

    def __str__(self) -> str:
        if self.too_few or self.value is None:
            return f"too few to say ({self._text(self.low)} to {self._text(self.high)})"
        word = f"{100 * self.confidence:g} % interval" if self.source == COUNTS else "bounds"
        return f"{self._text(self.value)} ({word} {self._text(self.low)} to {self._text(self.high)})"

    def _text(self, value: float) -> str:
        if self.unit in (PEOPLE, LINKED_ROWS):
            return f"{value:,.0f}"
        if self.unit == TIMES:
            return f"{value:,.2f}"
        return f"{100 * value:.1f} " + ("points" if self.kind == DIFFERENCE else "%")


@dataclass(frozen=True)
class Level:
    """How sure intervals are: `simultaneous` of them hold together with probability `confidence` (Bonferroni)."""

    confidence: float = 0.95
    simultaneous: int = 1

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1 or self.simultaneous < 1:
            raise UserError(
                "analysis.level",
                f"The confidence is {self.confidence}, for {self.simultaneous} intervals together.",
                allowed="a confidence of at least 0.5 and below 1, for at least one interval",
            )

    @property
    def z(self) -> float:
        """Standard errors to each side."""
        return deviations(self.confidence, self.simultaneous)


@dataclass(frozen=True)
class Rule:
    """When a count is too few to say: the release's own threshold, as in its published counts."""

    threshold: float
    expected_false: float
    sizes: tuple[int, ...]

    def too_few(self, condition: Condition, value: float, error: float) -> bool:
        """Whether a count says too little. For one code per variable this is the mark of the published count."""
        return round(value, DECIMALS) < self.limit(condition, error)

    def limit(self, condition: Condition, error: float) -> float:
        """The smallest count of the condition, with this standard error, that says enough."""
        return max(self.threshold, self._deviations(condition) * round(error, ERROR_DECIMALS))

    def _deviations(self, condition: Condition) -> float:
        """As many as in a table of combinations of this size: of single codes, the published table itself."""
        if condition.alternatives:
            return LEAST_DEVIATIONS
        cells = 1
        for variable, categories in condition.base.chosen:
            known = self.sizes[variable] - (0 not in categories)
            cells *= math.ceil(known / max(1, len(categories)))
        return reporting_deviations(cells, len(condition.base.chosen), self.expected_false)


@dataclass(frozen=True)
class _Measured:
    """Quantities from measurements: their intervals (None: unbounded), and the covariance of their values."""

    intervals: list[Interval | None]
    covariance: npt.NDArray[np.float64]

    def error(self, *factors: float) -> float:
        """Standard error of a combination of the values with these factors."""
        weights = np.array(factors)
        return math.sqrt(max(0.0, float(weights @ self.covariance @ weights)))

    def correlation(self) -> float:
        """Of the first two; zero where one has no error."""
        spread = math.sqrt(self.covariance[0, 0] * self.covariance[1, 1])
        return float(np.clip(self.covariance[0, 1] / spread, -1, 1)) if spread > 0 else 0.0


def _measure(estimates: Estimates, quantities: Sequence[Quantity], z: float) -> tuple[_Measured, Joint] | None:
    """All quantities at once, and the estimates of their parts and wholes (part 0, whole 0, part 1 ...).

    A count has no whole; the number of all people, which is always measured, stands in its place.
    """
    wholes = [quantity.whole or Condition(Event()) for quantity in quantities]
    conditions = [one for quantity, whole in zip(quantities, wholes, strict=True) for one in (quantity.part, whole)]
    joint = evaluate(estimates, [condition.query() for condition in conditions])
    if joint is None:
        return None
    gradients = np.zeros((len(quantities), len(conditions)))
    intervals: list[Interval | None] = []
    for row, quantity in enumerate(quantities):
        own = slice(2 * row, 2 * row + 2)
        part, whole = joint.values[own].tolist()
        (variance, shared), (_, other) = joint.covariance[own, own].tolist()
        if quantity.whole is None:
            intervals.append(normal_interval(part, variance, z))
            gradients[row, own] = 1, 0
        else:
            intervals.append(ratio_interval(part, whole, variance, shared, other, z))
            gradients[row, own] = (1 / whole, -part / whole**2) if whole else (0, 0)
    return _Measured(intervals, gradients @ joint.covariance @ gradients.T), joint


def answer(estimates: Estimates, rule: Rule, level: Level, quantity: Quantity) -> Answer | None:
    """A count or share from the measurements; None when something in it was not measured."""
    found = _measure(estimates, [quantity], level.z)
    if found is None:
        return None
    measured, joint = found
    errors = np.sqrt(np.maximum(0, np.diag(joint.covariance))).tolist()
    sides = [quantity.part, *([quantity.whole] if quantity.whole else [])]
    few = any(rule.too_few(one, *numbers) for one, *numbers in zip(sides, joint.values.tolist(), errors, strict=False))
    interval = measured.intervals[0]
    unknown = nothing(level, quantity, Origin(quantity, estimates))
    if interval is None:
        return unknown
    cut = possible(unknown.kind, interval)
    found_note = TOO_FEW if few else ""
    error = measured.error(1)
    return replace(
        unknown, value=cut.value, standard_error=error, low=cut.low, high=cut.high, too_few=few, note=found_note
    )


def nothing(level: Level, quantity: Quantity, origin: Origin | None = None) -> Answer:
    """The answer to a question that has none: anything that is possible."""
    if quantity.whole is None:
        return Answer(COUNT, PEOPLE, None, None, 0.0, math.inf, level.confidence, COUNTS, True, TOO_FEW, origin)
    return Answer(SHARE, SHARE, None, None, 0.0, 1.0, level.confidence, COUNTS, True, TOO_FEW, origin)


def possible(kind: str, interval: Interval) -> Interval:
    """The interval without what cannot be: negative numbers of people, shares outside 0 to 1. Counts stay unbiased."""
    if kind == COUNT:
        return Interval(interval.value, max(0.0, interval.low), max(0.0, interval.high))
    return Interval(*(min(1.0, max(0.0, end)) for end in (interval.value, interval.low, interval.high)))


def bounded_count(level: Level, part: Interval, few: bool) -> Answer:
    """A count from bounds."""
    return Answer(COUNT, PEOPLE, part.value, None, part.low, part.high, level.confidence, RECORDS, few, BOUNDED)


def bounded_share(level: Level, part: Interval, whole: Interval, tighter: tuple[float, float], few: bool) -> Answer:
    """A share from the limits of the part and of the whole, each at its worst, and from `tighter` ones."""
    low = max(0.0, part.low) / whole.high if whole.high > 0 else 0.0
    high = part.high / whole.low if whole.low > 0 else 1.0
    low, high = both((low, high), tighter)
    value = min(high, max(low, part.value / whole.value)) if whole.value > 0 else 0.0
    cut = possible(SHARE, Interval(value, low, high))
    known = cut.value if whole.value > 0 else None
    few = few or known is None
    return Answer(SHARE, SHARE, known, None, cut.low, cut.high, level.confidence, RECORDS, few, BOUNDED)


def both(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """What two ranges have in common; the first where that is nothing, since one of them must be a rare outlier."""
    low, high = max(first[0], second[0]), min(first[1], second[1])
    return (low, high) if low <= high else first


def limits_of_count(
    estimates: Estimates, level: Level, below: Sequence[Query], above: Sequence[Query]
) -> tuple[float, float]:
    """Between what a number lies of which every query `below` is at most, and every query `above` at least."""
    z = replace(level, simultaneous=level.simultaneous * max(1, len(below) + len(above))).z

    def interval(query: Query) -> Interval:
        joint = _joint(estimates, query)
        return normal_interval(float(joint.values[0]), float(joint.covariance[0, 0]), z)

    lows, highs = [interval(query).low for query in below], [interval(query).high for query in above]
    return max(lows, default=-math.inf), min(highs, default=math.inf)


def limits_of_share(
    estimates: Estimates, level: Level, part: Query, below: Sequence[Query], above: Sequence[Query]
) -> tuple[float, float]:
    """The same for the share that `part` has of such a number."""
    z = replace(level, simultaneous=level.simultaneous * max(1, len(below) + len(above))).z

    def interval(query: Query) -> Interval | None:
        joint = _joint(estimates, part, query)
        own_value, whole = joint.values.tolist()
        (own, shared), (_, other) = joint.covariance.tolist()
        return ratio_interval(own_value, whole, own, shared, other, z)

    highs = [found.high for found in map(interval, below) if found]
    lows = [found.low for found in map(interval, above) if found]
    return max(lows, default=0.0), min(highs, default=1.0)


def _joint(estimates: Estimates, *queries: Query) -> Joint:
    joint = evaluate(estimates, queries)
    if joint is None:
        raise ValueError("an inequality holds a count that was not measured")
    return joint


def compare(level: Level, kind: str, first: Answer, second: Answer) -> Answer:
    """The difference or ratio of two counts or of two shares of one release.

    Raises UserError (``analysis.compare``) for anything else.
    """
    if first.kind != second.kind or first.kind not in (COUNT, SHARE):
        raise UserError(
            "analysis.compare",
            f"A {first.kind} and a {second.kind} cannot be compared.",
            allowed="two counts, or two shares",
        )
    if first.origin is None or second.origin is None:
        return _compare_bounds(kind, first, second)
    if first.origin.estimates is not second.origin.estimates:
        raise UserError(
            "analysis.compare",
            "These answers come from different releases, whose errors may depend on each other, or one counts people "
            "and the other linked rows.",
            allowed="two answers of one loaded release, both of people or both of linked rows",
        )
    found = _measure(first.origin.estimates, [first.origin.quantity, second.origin.quantity], level.z)
    if found is None:
        raise ValueError("an answer from counts holds a question that was not measured")
    return _compare_measured(level, kind, first, second, found[0])


def _compare_measured(level: Level, kind: str, first: Answer, second: Answer, measured: _Measured) -> Answer:
    least, most = _ends(kind, first)
    unit = TIMES if kind == RATIO else first.unit
    unknown = Answer(kind, unit, None, None, least, most, level.confidence, COUNTS, True, TOO_FEW)
    one, other = measured.intervals
    if one is None or other is None:
        return unknown
    if kind == DIFFERENCE:
        found: Interval | None = difference_interval(one, other, measured.correlation())
        error = measured.error(1, -1)
    else:
        found = quotient_interval(one, other, measured.correlation())
        error = measured.error(1 / other.value, -one.value / other.value**2) if other.value else 0.0
    if found is None:
        return unknown
    low, high = (min(most, max(least, end)) for end in (found.low, found.high))
    few = first.too_few or second.too_few
    note = TOO_FEW if few else ""
    return replace(unknown, value=found.value, standard_error=error, low=low, high=high, too_few=few, note=note)


def _ends(kind: str, first: Answer) -> tuple[float, float]:
    """Between what a difference or ratio must lie, whatever was measured."""
    if kind == RATIO:
        return 0.0, math.inf
    return (-1.0, 1.0) if first.kind == SHARE else (-math.inf, math.inf)


def _compare_bounds(kind: str, first: Answer, second: Answer) -> Answer:
    """From the ends of both intervals, each at its worst, and so as sure as that both hold."""
    value: float | None = None
    if kind == DIFFERENCE:
        low, high = first.low - second.high, first.high - second.low
        value = first.value - second.value if first.value is not None and second.value is not None else None
    else:
        low = first.low / second.high if second.high > 0 else 0.0
        high = first.high / second.low if second.low > 0 else math.inf
        value = first.value / second.value if first.value is not None and second.value else None
    few = first.too_few or second.too_few or value is None
    unit = TIMES if kind == RATIO else first.unit
    note = TOO_FEW if value is None else BOUNDED
    sure = max(0.0, first.confidence + second.confidence - 1)
    return Answer(kind, unit, value, None, low, high, sure, RECORDS, few, note)
