"""The risk today: how many could be told apart in the table as it is, and through what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ctdc.hub.workbench import jobs
from ctdc.hub.workbench.choices import declaration_of
from ctdc.hub.workbench.counts import spoken
from ctdc.hub.workbench.frame import Asked, go, page
from ctdc.hub.workbench.runs import RAW


def show(asked: Asked) -> Response:
    """The page."""
    declared = asked.declared
    if not declared:
        return go(asked, "columns/")
    state = jobs.state_of(asked.project.risk)
    of_this = state.asked.get("declared") == declared
    found = state.result if state.result.get("declared") == declared else None
    return page(
        asked,
        "risk",
        "risk.html.j2",
        problem=state.error if of_this and state.state == "failed" else None,
        refresh=state.running,
        state=state,
        found=found,
        values=_spoken(asked, found) if found else [],
        headline=found["reached"][-1] if found else None,
        stale=state.state == "done" and found is None,
    )


def _spoken(asked: Asked, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The values, by column and value as a person declared them."""
    flags = spoken(declaration_of(asked.choices))
    named = [(flags.get(one["variable"], (one["variable"], one["code"])), one) for one in found["values"]]
    return [{**one, "column": column, "value": value} for (column, value), one in named]


def look(asked: Asked) -> Response:
    """Begin to look."""
    with RAW:
        _look(asked)
    return go(asked, "risk/")


def _look(asked: Asked) -> None:
    if asked.declared:
        wanted = {"declared": asked.declared, "table": asked.reading.result["hash"]}
        jobs.start(asked.project.risk, "risk", asked.project.folder, wanted)


def cancel(asked: Asked) -> Response:
    """Stop looking."""
    jobs.cancel(asked.project.risk)
    return go(asked, "risk/")
