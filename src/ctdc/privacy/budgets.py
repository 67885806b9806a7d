"""Who pays for what: from the lines of a ledger to what a person may have paid, and to what may still be spent.

Promise: no member of a population has paid more than `spent` says, as long as every overlap is declared.

* ``A`` is a population; ``A/2026`` is a part of it. Parts of one population are different people unless an overlap of
  the two is declared. A charge on the whole concerns every part; a charge on one part does not concern the others.
* A declared overlap says that two populations may have people in common. It holds in both directions, for the parts
  and the wholes of both as well, and is not passed on: that B overlaps with A and with C says nothing of A and C.
* A limit of a population binds each of its parts. A charge has to keep every limit of everybody whom it may concern,
  for life and for the calendar year (UTC) in which it is written.

Why it suffices: what concerned a person of A is a charge on a population Q to which the person belongs. Then A and Q
have that person in common: Q is A, a whole of A, declared to overlap, or a part of A. The last is counted in the
account of the part, which the same limits bind.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import Refused, UserError
from ctdc.privacy.accounting import Cost, Guarantee, gaussian_mu
from ctdc.privacy.ledger_events import LIFE, YEAR, total_cost

PART = "/"
EPSILON_STEP = 1e-4  # of "remaining", rounded down
MAX_NAME = 200
NO_TEXT = ("Cc", "Cs")  # Unicode's categories of control characters and of halves of surrogate pairs


@dataclass(frozen=True)
class Limit:
    """The most that may be spent on the people of `population` in `period` (for life, or in any calendar year)."""

    population: str
    period: str
    guarantee: Guarantee


def check_population(name: str) -> None:
    """Raise UserError (``ledger.population``) for what cannot name a population in a ledger."""
    if not name.strip() or len(name) > MAX_NAME or any(unicodedata.category(one) in NO_TEXT for one in name):
        raise UserError(
            "ledger.population",
            "The population has no name that a ledger could hold.",
            allowed=f"1 to {MAX_NAME} characters, no line ends or other control characters, not only spaces",
            do="Name the people whose losses are added up, such as --population survivors.",
        )


def wholes(population: str) -> tuple[str, ...]:
    """The population and all that it is a part of, smallest first: ``a/b/c``, ``a/b``, ``a``."""
    parts = population.split(PART)
    return tuple(PART.join(parts[:length]) for length in range(len(parts), 0, -1))


def _in_line(one: str, other: str) -> bool:
    """Whether one is the other or a part of it."""
    return one in wholes(other) or other in wholes(one)


def overlaps(lines: Iterable[Line]) -> tuple[tuple[str, str], ...]:
    """The declared pairs of populations that may have people in common, in both orders."""
    pairs = [(line.event["population"], line.event["with"]) for line in lines if line.event["kind"] == "overlap"]
    return tuple(pairs) + tuple((other, one) for one, other in pairs)


def concerns(charged: str, population: str, pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether a charge on `charged` counts in the account of `population`."""
    if charged in wholes(population):
        return True
    if population in wholes(charged):
        return False  # only of those who are in that part: their account counts it
    return any(_in_line(one, population) and _in_line(other, charged) for one, other in pairs)


def populations(lines: Iterable[Line]) -> tuple[str, ...]:
    """Every population that a line names, in alphabetical order."""
    named = {line.event["population"] for line in lines}
    named |= {line.event["with"] for line in lines if line.event["kind"] == "overlap"}
    return tuple(sorted(named))


def charges(lines: Iterable[Line], population: str) -> tuple[Line, ...]:
    """The charges that count in the account of `population`, in order."""
    lines = tuple(lines)
    pairs = overlaps(lines)
    return tuple(
        line
        for line in lines
        if line.event["kind"] == "charge" and concerns(line.event["population"], population, pairs)
    )


def year_of(line: Line) -> int:
    """The calendar year (UTC) of a charge."""
    return int(line.event["at"][:4])


def spent(lines: Iterable[Line], population: str, year: int | None = None) -> Cost:
    """The most that a member of `population` has paid by all charges, or by those of one calendar year."""
    return total_cost(line.event for line in charges(lines, population) if year is None or year_of(line) == year)


def budget(lines: Sequence[Line], population: str, period: str = LIFE) -> Guarantee | None:
    """The last budget set for `population` itself and the period, None when none was."""
    for line in reversed(lines):
        event = line.event
        if event["kind"] == "budget" and event["population"] == population and event.get("period", LIFE) == period:
            return Guarantee(event["epsilon"], event["delta"])
    return None


def limits(lines: Sequence[Line], population: str) -> tuple[Limit, ...]:
    """All limits that bind the people of `population`: its own and those of what it is a part of."""
    found = [
        Limit(whole, period, guarantee)
        for whole in wholes(population)
        for period in (LIFE, YEAR)
        if (guarantee := budget(lines, whole, period)) is not None
    ]
    return tuple(found)


def remaining(before: Cost, guarantee: Guarantee) -> float:
    """Largest epsilon that one more release (all of it Gaussian) could have at the budget's delta, rounded down.

    Bisection over its mu^2: the sums of rho and of mu^2 with what was spent have to keep the budget. 0 when none can.
    A release of very few numbers, some with very little noise, may need a little less: its mu^2 exceeds twice its rho.
    """

    def release(mu_squared: float) -> Cost:
        return Cost(mu_squared / 2, mu_squared)

    low, high = 0.0, gaussian_mu(guarantee) ** 2
    if (before + release(high)).satisfies(guarantee):
        low = high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if (before + release(middle)).satisfies(guarantee) else (low, middle)
    if low == 0:
        return 0.0
    return max(0.0, math.floor(release(low).epsilon(guarantee.delta) / EPSILON_STEP) * EPSILON_STEP)


def check_budget(guarantee: Guarantee) -> None:
    """Raise UserError (``ledger.budget``) for a budget with which no account could be made: it would block them all."""
    try:
        remaining(Cost(0.0, 0.0), guarantee)
    except UserError:
        raise UserError(
            "ledger.budget",
            f"With a budget of epsilon {guarantee.epsilon:g} at delta {guarantee.delta:g} no account could be made.",
            allowed="an epsilon and a delta that a protection could have",
            do="Choose a larger --epsilon or --delta.",
        ) from None


@dataclass(frozen=True)
class Breach:
    """A limit that a charge would exceed in the account of `population`."""

    population: str
    limit: Limit
    year: int
    before: Cost
    asked: Cost

    def sentence(self) -> str:
        """Requested, spent, remaining, together, allowed and the difference, in epsilon at the limit's delta."""
        guarantee, delta = self.limit.guarantee, self.limit.guarantee.delta
        together = (self.before + self.asked).epsilon(delta)
        used = self.before.epsilon(delta) if self.before.rho else 0.0
        period = "for life" if self.limit.period == LIFE else f"for the year {self.year}"
        of = "" if self.population == self.limit.population else f" for the people of {self.population!r}"
        return (
            f"The privacy budget of {self.limit.population!r} {period} does not allow this{of}. At delta {delta:g}: "
            f"requested epsilon {self.asked.epsilon(delta):.4g}, spent so far {used:.4g}, "
            f"remaining {remaining(self.before, guarantee):.4g}, together {together:.4g}; "
            f"budget {guarantee.epsilon:.4g}, exceeded by {together - guarantee.epsilon:.4g}."
        )


def breaches(lines: Sequence[Line], charged: str, cost: Cost, year: int) -> tuple[Breach, ...]:
    """Every limit that a charge of `cost` on `charged` in `year` would exceed, of everybody whom it may concern."""
    pairs = overlaps(lines)
    everybody = sorted({charged, *wholes(charged), *populations(lines)})
    found = []
    for population in everybody:
        if not concerns(charged, population, pairs):
            continue
        for limit in limits(lines, population):
            before = spent(lines, population, None if limit.period == LIFE else year)
            if not (before + cost).satisfies(limit.guarantee):
                found.append(Breach(population, limit, year, before, cost))
    return tuple(found)


def check_can_charge(lines: Sequence[Line], charged: str, cost: Cost, year: int) -> None:
    """Raise Refused (``ledger.exceeded``) when `cost` would exceed a limit of somebody whom it may concern."""
    found = breaches(lines, charged, cost, year)
    if found:
        raise Refused(
            "ledger.exceeded",
            " ".join(breach.sentence() for breach in found),
            allowed="; ".join(
                f"together at most epsilon {breach.limit.guarantee.epsilon:g} at delta {breach.limit.guarantee.delta:g}"
                f" {'for life' if breach.limit.period == LIFE else 'in a year'}"
                for breach in found
            ),
            do="Ask for a smaller epsilon, or have the budget's owners decide on a new one. Nothing was measured.",
        )
