"""``ctdc ledger``: what privacy has been spent, and how much may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import emit, json_option
from ctdc.foundation import clock
from ctdc.foundation.errors import UserError
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Guarantee

DEFAULT_DELTA = 1e-6


@click.group()
def command() -> None:
    """Show or verify what privacy budget has been spent, or set how much may be."""


def _state(path: Path, population: str, delta: float) -> dict[str, Any]:
    lines = ledger.read(path)
    limit = ledger.budget(lines, population)
    cost = ledger.spent(lines, population)
    at = limit.delta if limit else delta
    charges = sum(line.event["kind"] == "charge" and line.event["population"] == population for line in lines)
    return {
        "population": population,
        "charges": charges,
        "rho": cost.rho,
        "delta": at,
        "epsilon_spent": cost.epsilon(at) if charges else 0.0,
        "epsilon_budget": limit.epsilon if limit else None,
    }


def _sentence(state: dict[str, Any]) -> str:
    budget = "no budget is set" if state["epsilon_budget"] is None else f"budget {state['epsilon_budget']:g}"
    return (
        f"{state['population']}: {state['charges']} charges, epsilon {state['epsilon_spent']:.4g} "
        f"at delta {state['delta']:g}; {budget}."
    )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError("ledger.missing", "There is no ledger here.", where=str(path), do="Check the path.")
    return path


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--delta", type=float, default=DEFAULT_DELTA, show_default=True, help="Where no budget names one.")
@json_option
def show(path: Path, delta: float, as_json: bool) -> None:
    """Spent and allowed privacy of every population in the ledger at PATH."""
    lines = ledger.read(_existing(path))
    populations = sorted({line.event["population"] for line in lines})
    states = [_state(path, population, delta) for population in populations]
    emit({"populations": states}, as_json, "\n".join(_sentence(state) for state in states) or "Nothing was spent.")


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
@click.option("--population", required=True, help="Whose budget.")
@click.option("--epsilon", type=float, required=True, help="Most that may ever be spent.")
@click.option("--delta", type=float, default=DEFAULT_DELTA, show_default=True, help="Fixed beforehand, tiny.")
@json_option
def budget(path: Path, population: str, epsilon: float, delta: float, as_json: bool) -> None:
    """Set the most that may be spent on a population; charges beyond it are refused."""
    ledger.set_budget(path, population, Guarantee(epsilon, delta), clock.now())
    state = _state(path, population, delta)
    emit(state, as_json, _sentence(state))
