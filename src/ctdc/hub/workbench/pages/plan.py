"""The plan: epsilon from the errors that one can live with, said in words before anything is charged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench import outlook
from ctdc.hub.workbench.choices import declaration_of
from ctdc.hub.workbench.frame import Asked, go, page, status_of
from ctdc.hub.workbench.project import write_json
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.precheck import MAX_PEOPLE
from ctdc.release.numbers import significant
from ctdc.workflow.config import MAX_EPSILON

DEFAULT_EPSILON, DEFAULT_LENGTH = 1.0, 3
LENGTHS = (1, 2, 3)


@dataclass(frozen=True)
class Wanted:
    """What is asked of the page. people: declared, 0 where not said; at_most: an error, 0 where not asked."""

    epsilon: float
    length: int
    people: int
    at_most: float = 0.0

    @property
    def delta(self) -> float:
        """The delta that goes with so many people."""
        return outlook.delta_for(self.people)

    @property
    def guarantee(self) -> Guarantee:
        """The guarantee."""
        return Guarantee(self.epsilon, self.delta)


def number_of(text: str, code: str, low: float, high: float, default: float) -> float:
    """A number that a person wrote, with a point or a comma; the default for nothing. Raises UserError with `code`."""
    plain = text.replace("\u066b", ".").replace(",", ".").replace("\u00a0", "").replace(" ", "")
    if not plain:
        return default
    try:
        value = float(plain)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise UserError(code, f"{text!r} is no number in the range.", allowed=f"{low:g} to {high:,.0f}")
    return value


def people_of(text: str) -> int:
    """A number of people that a person wrote, with any marks between thousands; 0 for nothing. Raises UserError."""
    plain = "".join(one for one in text if one not in " .,'\u00a0\u202f\u066c_")
    if plain and not (plain.isdecimal() and 1 <= int(plain) <= MAX_PEOPLE):
        raise UserError("precheck.people", "The number of people is none.", allowed=f"1 to {MAX_PEOPLE:,}")
    return int(plain) if plain else 0


def wanted_of(asked: Asked) -> Wanted:
    """What the address or the form asks for; what is planned already where it says nothing. Raises UserError."""
    stored: Mapping[str, Any] = asked.plan or {}
    fresh = not (asked.query or asked.form)
    people = (stored.get("people") or 0) if fresh else people_of(asked.value("people"))
    epsilon = number_of(
        asked.value("epsilon"), "privacy.epsilon", 0.01, MAX_EPSILON, stored.get("epsilon", DEFAULT_EPSILON)
    )
    length = asked.value("length")
    chosen = int(length) if length in map(str, LENGTHS) else stored.get("length", DEFAULT_LENGTH)
    at_most = number_of(asked.value("at_most"), "plan.at_most", 0.1, 1e9, 0.0)
    return Wanted(epsilon, chosen, people, at_most)


def show(asked: Asked, problem: UserError | None = None) -> Response:
    """The page."""
    if not asked.declared:
        return go(asked, "columns/")
    empty: dict[str, Any] = {"outlook": None, "ladder": [], "savings": [], "found": None, "shown_lengths": []}
    wanted = Wanted(DEFAULT_EPSILON, DEFAULT_LENGTH, 0)
    try:
        wanted = wanted_of(asked)
        shown = _shown(asked, wanted)
    except UserError as error:
        problem, shown = problem or error, empty
    status = status_of(problem) if problem else 200
    return page(
        asked,
        "plan",
        "plan.html.j2",
        problem=problem,
        status=status,
        wanted=wanted,
        typed=_typed(asked, wanted),
        lengths=LENGTHS,
        **empty | shown,
    )


def _typed(asked: Asked, wanted: Wanted) -> dict[str, str]:
    """What stands in the fields: what was written, also where it cannot be read, else what is asked."""
    known = {"people": str(wanted.people or ""), "epsilon": f"{wanted.epsilon:g}", "at_most": ""}
    return {name: asked.value(name) or text for name, text in known.items()}


def _shown(asked: Asked, wanted: Wanted) -> dict[str, Any]:
    declaration = declaration_of(asked.choices)
    ahead = outlook.look_ahead(declaration, wanted.guarantee, wanted.length, wanted.people)
    epsilons = tuple({*outlook.LADDER, wanted.epsilon})
    rows = outlook.ladder(declaration.schema, epsilons, wanted.delta, min(wanted.length, len(declaration.schema.sizes)))
    told = bool(asked.value("more")) or outlook.is_quick(declaration.schema, wanted.length)
    found = None
    if wanted.at_most:
        found = outlook.epsilon_for(declaration.schema, wanted.delta, wanted.length, wanted.at_most)
    return {
        "outlook": {
            "strength": ahead.strength,
            "accuracy": ahead.accuracy,
            "lines": ahead.lines,
            "delta_text": significant(asked.language, wanted.delta, 1),
        },
        "ladder": [{"epsilon": epsilon, "errors": errors} for epsilon, errors in rows],
        "shown_lengths": [line.length for line in ahead.lines],
        "savings": outlook.savings(declaration, wanted.guarantee, wanted.length) if told else None,
        "found": found,
    }


def keep(asked: Asked) -> Response:
    """Keep the plan."""
    if not asked.declared:
        return go(asked, "columns/")
    try:
        wanted = wanted_of(asked)
        outlook.look_ahead(declaration_of(asked.choices), wanted.guarantee, wanted.length, wanted.people)
    except UserError as error:
        return show(asked, error)
    plan = {"epsilon": wanted.epsilon, "delta": wanted.delta, "length": wanted.length, "people": wanted.people or None}
    write_json(asked.project.plan, plan)
    return go(asked, "run/")
