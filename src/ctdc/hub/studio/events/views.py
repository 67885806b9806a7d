"""The log on screen."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect

from ctdc.hub.studio.events import acts
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.views import Request, page, shows, takes

ON_A_PAGE = 100


@shows(Act.SEE_EVENTS)
def events(request: Request) -> HttpResponse:
    """What was done, newest first."""
    pages = Paginator(Event.objects.order_by("-sequence"), ON_A_PAGE)
    return page(request, "events/events.html", {"events": pages.get_page(request.GET.get("page"))})


@takes(Act.SEE_EVENTS)
def verify(request: Request) -> HttpResponse:
    """Have the log checked."""
    return redirect("jobs:one", number=acts.ask_verification(request.user).pk)
