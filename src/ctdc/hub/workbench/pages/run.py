"""Beginning a run: what it costs, what was spent, and what may be spent at most."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.choices import declaration_of
from ctdc.hub.workbench.frame import Asked, go, page, status_of
from ctdc.hub.workbench.outlook import cost_of
from ctdc.hub.workbench.pages.plan import number_of
from ctdc.hub.workbench.runs import POPULATION, account, begin
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Guarantee

MOST_LIMIT = 1_000.0
MOST_TEXT = 200
PAGES_BYTES = 10_000_000  # of a release, its pages and what is packed, while they are made


def show(asked: Asked, problem: UserError | None = None) -> Response:
    """The page."""
    plan = asked.plan
    if not asked.declared or plan is None:
        return go(asked, "plan/" if asked.declared else "columns/")
    schema = declaration_of(asked.choices).schema
    known = account(asked.project, plan["delta"])
    cost = cost_of(schema, Guarantee(plan["epsilon"], plan["delta"]), min(plan["length"], len(schema.sizes)))
    busy = next((run.number for run in asked.runs if run.state.running), None)
    return page(
        asked,
        "run",
        "run.html.j2",
        problem=problem,
        status=status_of(problem) if problem else 200,
        plan=plan,
        account=known,
        after=(known.cost + cost).epsilon(known.delta),
        busy=busy,
        form=_form(asked),
    )


def _form(asked: Asked) -> dict[str, Any]:
    """The words about the release: as they were sent, else as in the last run."""
    if asked.form:
        return {name: asked.value(name) for name in ("title", "publisher", "simulated")}
    last = asked.runs[-1].asked if asked.runs else {}
    return {name: last.get(name, "") for name in ("title", "publisher", "simulated")}


def start(asked: Asked) -> Response:
    """Begin a run, if it is said to be sure of the cost."""
    if not asked.declared or asked.plan is None:
        return go(asked, "columns/")
    try:
        with asked.bench.taking(asked.project.table.stat().st_size + PAGES_BYTES):
            number = begin(asked.project, asked.choices, _asked_for(asked))
    except UserError as error:
        return show(asked, error)
    return go(asked, f"results/{number}/")


def _asked_for(asked: Asked) -> dict[str, Any]:
    """What the run is to do. Raises UserError (``workbench.unsure``, ``workbench.words``)."""
    title, publisher = asked.value("title")[:MOST_TEXT], asked.value("publisher")[:MOST_TEXT]
    if not title or not publisher:
        raise UserError("workbench.words", "The title or the publisher is missing.")
    if not asked.value("sure"):
        raise UserError("workbench.unsure", "The charge was not confirmed.")
    words = {"title": title, "publisher": publisher, "simulated": bool(asked.value("simulated"))}
    return {**dict(asked.plan or {}), **words}


def limit(asked: Asked) -> Response:
    """Set the most that may be spent on these people."""
    if not asked.declared or asked.plan is None:
        return go(asked, "columns/")
    try:
        epsilon = number_of(asked.value("limit"), "ledger.budget", 0.01, MOST_LIMIT, 0.0)
        if epsilon:
            ledger.set_budget(asked.project.ledger, POPULATION, Guarantee(epsilon, asked.plan["delta"]), now())
    except UserError as error:
        return show(asked, error)
    return go(asked, "run/")
