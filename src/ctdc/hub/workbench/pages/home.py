"""The first page: the steps, how far they are, and the next one."""

from __future__ import annotations

from starlette.responses import Response

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.frame import Asked, page, steps_of


def show(asked: Asked, problem: UserError | None = None) -> Response:
    """The page. problem: that there is no other one where it was looked for."""
    steps = steps_of(asked)
    following = next((step for step in steps if step.open and not step.done), None)
    heading, status = asked.words("home.title"), 404 if problem else 200
    return page(asked, "home", "home.html.j2", heading=heading, problem=problem, status=status, next=following)
