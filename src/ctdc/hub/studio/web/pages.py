"""The first page, and what people see when something cannot be shown."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.waiting import waiting
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import Request, page, shows


@shows(Act.SEE_HOME)
def home(request: Request) -> HttpResponse:
    """Where everybody arrives: what waits for them."""
    return page(request, "studio/home.html", {"waiting": waiting(request.user)})


def _problem(request: HttpRequest, key: str, status: int) -> HttpResponse:
    words = {name: text(f"web.problem.{key}.{name}") for name in ("title", "what", "do")}
    return page(request, "studio/problem.html", words, status)


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    """400, without a page for what was refused before anybody looked who asks, such as another name of the host."""
    if not hasattr(request, "user"):
        return HttpResponse(text("web.problem.bad_request.what"), status=400, content_type="text/plain; charset=utf-8")
    return _problem(request, "bad_request", 400)


def forbidden(request: HttpRequest, exception: Any) -> HttpResponse:
    """403: what was asked is not said again, nor whether it exists."""
    return _problem(request, "forbidden", 403)


def not_found(request: HttpRequest, exception: Any) -> HttpResponse:
    """404."""
    return _problem(request, "not_found", 404)


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that did not come from here."""
    return _problem(request, "form", 403)


def too_many(request: HttpRequest) -> HttpResponse:
    """429."""
    return _problem(request, "too_many", 429)


def fault(request: HttpRequest) -> HttpResponse:
    """500, without a template: what is broken may be a template."""
    return HttpResponse(text("web.problem.fault.what"), status=500, content_type="text/plain; charset=utf-8")
