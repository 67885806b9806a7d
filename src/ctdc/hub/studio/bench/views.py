"""The way into the workbench and out of it."""

from __future__ import annotations

from threading import Lock

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.bench import acts
from ctdc.hub.studio.bench.accounts import ledger_of
from ctdc.hub.studio.bench.asgi import PERSON
from ctdc.hub.studio.bench.leaving import leave, note_charges
from ctdc.hub.studio.bench.rooms import BASE, MOST_FILE, ROOMS
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import language, text
from ctdc.hub.studio.web.views import Request, page, shows, takes
from ctdc.hub.workbench.outlook import delta_for
from ctdc.hub.workbench.runs import account_in

REFUSED = ("bench.full", "bench.memory", "ledger.broken")
_ENTERING = Lock()  # two clicks at once make one room, and leave one line in the log


@shows(Act.USE_WORKBENCH)
def entrance(request: Request) -> HttpResponse:
    """What the workbench is, what becomes of a table in it, and what was charged so far."""
    return _entrance(request)


def _entrance(request: Request, problem: UserError | None = None) -> HttpResponse:
    code = problem.detail.code if problem else ""
    try:
        spent = account_in(ledger_of(request.user), delta_for(None))
    except UserError as damage:
        spent, code = None, damage.detail.code
    said = text(f"bench.refused.{code.partition('.')[2]}") if code in REFUSED else text("bench.refused") if code else ""
    context = {
        "is_open": ROOMS.of(request.user.pk) is not None,
        "spent": spent,
        "problem": said,
        "most": MOST_FILE,
        "minutes": int(settings.LONGEST_REST.total_seconds() // 60),
        "inside": f"{BASE}/{language()}/",
    }
    return page(request, "bench/entrance.html", context, 503 if problem else 200)


@takes(Act.USE_WORKBENCH)
def enter(request: Request) -> HttpResponse:
    """Make a room, and lead into it."""
    try:
        with _ENTERING:
            if ROOMS.of(request.user.pk) is None:
                note_charges(request.user)  # those that a killed studio did not come to note
                acts.enter(request.user)
    except UserError as problem:
        return _entrance(request, problem)
    return redirect(f"{BASE}/{language()}/")


@takes(Act.USE_WORKBENCH)
def close(request: Request) -> HttpResponse:
    """Remove the room and everything in it."""
    if leave(request.user, "closed"):
        messages.success(request, text("bench.closed"))
    return redirect("bench:entrance")


@shows(Act.USE_WORKBENCH)
def door(request: Request) -> HttpResponse:
    """Say to the workbench in front of Django who comes; nobody else gets here (`asgi`)."""
    if ROOMS.of(request.user.pk) is None:
        return redirect("bench:entrance")
    return HttpResponse(status=204, headers={PERSON: str(request.user.pk)})
