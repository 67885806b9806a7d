"""``ctdc ledger``: what privacy has been spent, and how much may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import emit, json_option
from ctdc.foundation import clock
from ctdc.foundation.chain import Line
from ctdc.foundation.errors import UserError
from ctdc.privacy import budgets, ledger
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.ledger_events import LIFE, YEAR

DEFAULT_DELTA = 1e-6
LOST = "spent, result lost or unfinished"


@click.group()
def command() -> None:
    """Show or verify what privacy budget has been spent, or set how much may be."""


def _account(lines: tuple[Line, ...], population: str, year: int | None, delta: float) -> dict[str, Any]:
    """Spent, allowed and remaining for life (year None) or in one year; of several limits the tightest."""
    cost = budgets.spent(lines, population, year)
    period = LIFE if year is None else YEAR
    bounds = [limit.guarantee for limit in budgets.limits(lines, population) if limit.period == period]
    tightest = min(bounds, key=lambda guarantee: budgets.remaining(cost, guarantee), default=None)
    at = tightest.delta if tightest else delta
    return {
        "delta": at,
        "rho": cost.rho,
        "epsilon_spent": cost.epsilon(at) if cost.rho else 0.0,
        "epsilon_budget": tightest.epsilon if tightest else None,
        "epsilon_remaining": budgets.remaining(cost, tightest) if tightest else None,
    }


def _state(path: Path, population: str, delta: float, this_year: int) -> dict[str, Any]:
    """The accounts of a population: for life, and for each year in which something was spent, and this one."""
    lines = ledger.read(path)
    counted = budgets.charges(lines, population)
    years = sorted({*(budgets.year_of(line) for line in counted), this_year})
    lost = {line.sequence for line in ledger.unfinished(lines)}
    return {
        "population": population,
        "charges": len(counted),
        **_account(lines, population, None, delta),
        "years": [{"year": year, **_account(lines, population, year, delta)} for year in years],
        "unfinished": [
            {"line": line.sequence, "charged_to": line.event["population"], "at": line.event["at"], "state": LOST}
            for line in counted
            if line.sequence in lost
        ],
        "overlaps": sorted({other for one, other in budgets.overlaps(lines) if one == population}),
    }


def _clause(account: dict[str, Any]) -> str:
    spent = f"epsilon {account['epsilon_spent']:.4g} at delta {account['delta']:g}"
    if account["epsilon_budget"] is None:
        return f"{spent}; no budget is set"
    return f"{spent}; budget {account['epsilon_budget']:g}, remaining {account['epsilon_remaining']:.4g}"


def _text(state: dict[str, Any]) -> str:
    charges = "1 charge" if state["charges"] == 1 else f"{state['charges']} charges"
    lines = [f"{state['population']}: {charges}, {_clause(state)}."]
    lines += [f"  {account['year']}: {_clause(account)}." for account in state["years"]]
    lines += [
        f"  line {charge['line']}, {charge['at']}, charged to {charge['charged_to']!r}: {charge['state']}."
        for charge in state["unfinished"]
    ]
    if state["overlaps"]:
        lines.append(f"  may have people in common with {', '.join(state['overlaps'])}: their charges count here too.")
    return "\n".join(lines)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError("ledger.missing", "There is no ledger here.", where=str(path), do="Check the path.")
    return path


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--delta", type=float, default=DEFAULT_DELTA, show_default=True, help="Where no budget names one.")
@json_option
def show(path: Path, delta: float, as_json: bool) -> None:
    """Spent, allowed and remaining privacy of every population in the ledger at PATH, for life and per year.

    Counted is the most that a member may have paid: charges on the population, on what it is a part of (A of A/2026),
    and on populations that may have people in common with it. A charge whose result never reached the disk stays
    spent, and is named.
    """
    lines = ledger.read(_existing(path))
    states = [_state(path, name, delta, clock.now().year) for name in budgets.populations(lines)]
    emit({"populations": states}, as_json, "\n".join(map(_text, states)) or "Nothing was spent.")


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@json_option
def verify(path: Path, as_json: bool) -> None:
    """Check that no line of the ledger at PATH was changed, removed or reordered."""
    lines = ledger.read(_existing(path))
    head = lines[-1].hash if lines else ""
    emit({"lines": len(lines), "head": head}, as_json, f"{len(lines)} lines, unbroken. Last hash: {head}")


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--population", required=True, help="Whose budget. It binds parts (NAME/2026) too.")
@click.option("--epsilon", type=float, required=True, help="Most that may be spent.")
@click.option("--delta", type=float, default=DEFAULT_DELTA, show_default=True, help="Fixed beforehand, tiny.")
@click.option("--per-year", is_flag=True, help="In any one calendar year (UTC), beside the budget for life.")
@json_option
def budget(path: Path, population: str, epsilon: float, delta: float, per_year: bool, as_json: bool) -> None:
    """Set the most that may be spent on a population, for life or per year; charges beyond it are refused.

    A later budget of the same kind replaces an earlier one. A charge has to keep both kinds.
    """
    now = clock.now()
    ledger.set_budget(path, population, Guarantee(epsilon, delta), now, YEAR if per_year else LIFE)
    state = _state(path, population, delta, now.year)
    emit(state, as_json, _text(state))


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("name")
@click.option("--overlaps", "other", required=True, help="The population that may have people in common with NAME.")
@json_option
def population(path: Path, name: str, other: str, as_json: bool) -> None:
    """Declare that the populations NAME and OTHER may have people in common: each one's charges count for both.

    It counts for charges of the past too, and cannot be taken back.
    """
    now = clock.now()
    ledger.declare_overlap(path, name, other, now)
    states = [_state(path, one, DEFAULT_DELTA, now.year) for one in (name, other)]
    emit({"populations": states}, as_json, "\n".join(map(_text, states)))
