"""The privacy ledger as the desk shows it: what was spent on whom, how much may be, how much remains.

Promise: nothing is computed here that the ledger's own rules do not say (`ctdc.privacy.budgets`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctdc.foundation.chain import Line
from ctdc.hub.studio.desk import charged
from ctdc.hub.studio.events.ledgers import read_named
from ctdc.hub.studio.events.models import Event
from ctdc.privacy import budgets, ledger
from ctdc.privacy.ledger_events import LIFE, YEAR

DELTA = 1e-6  # where no budget names one
BUDGET_SET = "ledger.budget_set"


@dataclass(frozen=True)
class Account:
    """What was spent in one period. budget, remaining: None where no limit is set; year: None for life."""

    year: int | None
    delta: float
    spent: float
    budget: float | None
    remaining: float | None


@dataclass(frozen=True)
class State:
    """The accounts of a population, and its charges one by one.

    two: how they compose; one_more: what the next release would come to.
    """

    population: str
    charges: tuple[charged.Charge, ...]
    accounts: tuple[Account, ...]
    two: charged.Two | None
    one_more: tuple[charged.OneMore, ...]


def _account(lines: tuple[Line, ...], population: str, year: int | None) -> Account:
    cost = budgets.spent(lines, population, year)
    period = LIFE if year is None else YEAR
    bounds = [one.guarantee for one in budgets.limits(lines, population) if one.period == period]
    tightest = min(bounds, key=lambda one: budgets.remaining(cost, one), default=None)
    delta = tightest.delta if tightest else DELTA
    return Account(
        year,
        delta,
        cost.epsilon(delta) if cost.rho else 0.0,
        tightest.epsilon if tightest else None,
        budgets.remaining(cost, tightest) if tightest else None,
    )


def states(path: Path, this_year: int) -> tuple[State, ...]:
    """The accounts of every population of a ledger. Raises UserError (``ledger.broken``)."""
    lines, runs = ledger.read(path), charged.Runs.known()
    found = []
    for population in budgets.populations(lines):
        years = sorted({*(budgets.year_of(line) for line in budgets.charges(lines, population)), this_year})
        accounts = tuple(_account(lines, population, year) for year in (None, *years))
        delta = accounts[0].delta
        found.append(
            State(
                population,
                charged.charges(lines, population, delta, runs),
                accounts,
                charged.two_like_the_last(lines, population),
                charged.one_more(lines, population, this_year, delta),
            )
        )
    return tuple(found)


def check_ledger(path: Path) -> int:
    """How many lines the hub's ledger has: they hang together, and every budget that the log names is among them.

    Raises UserError (``ledger.broken``) otherwise.
    """
    return len(read_named(path, Event.objects.filter(kind=BUDGET_SET)))
