"""How views are declared: each says which act it is, and whether it shows or does something.

Promise: an address without a declaration answers nobody (`web.middleware.Gate`), so that a forgotten one is closed and
not open. The matrix of the tests reads the same declarations.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast

from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from ctdc.hub.studio.events.acts import note_denied
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act, Denied

P = ParamSpec("P")
Answer = Callable[Concatenate[HttpRequest, P], HttpResponse]


class Request(HttpRequest):
    """The request of somebody who has signed in, as declared views get it."""

    user: Person  # the gate lets nobody else through


View = Callable[Concatenate[Request, P], HttpResponse]


def shows(act: Act) -> Callable[[View[P]], Answer[P]]:
    """A view that changes nothing, for those who may `act`."""
    return _declared(act, ("GET", "HEAD"))


def does(act: Act) -> Callable[[View[P]], Answer[P]]:
    """A view with a form: it shows the form, and does what is sent, for those who may `act`."""
    return _declared(act, ("GET", "HEAD", "POST"))


def takes(act: Act, *methods: str) -> Callable[[View[P]], Answer[P]]:
    """A view that only takes what is sent, by these methods (POST when none is named), for those who may `act`."""
    return _declared(act, methods or ("POST",))


def confirmed(view: View[P]) -> View[P]:
    """For a view, below its declaration, that wants whoever asks to have confirmed within ten minutes that it is them.

    A page that is asked for leads to the confirmation and back; a form that is sent is kept, and taken afterwards.
    """
    return cast(View[P], reauthentication_required(app="ctdc.hub.studio")(view))


def public(*methods: str) -> Callable[[Answer[P]], Answer[P]]:
    """A view for people who have not signed in."""

    def decorate(view: Answer[P]) -> Answer[P]:
        wrapped = require_http_methods(list(methods or ("GET", "HEAD")))(view)
        wrapped.open_to_all = True  # type: ignore[attr-defined]
        return wrapped

    return decorate


def _declared(act: Act, methods: tuple[str, ...]) -> Callable[[View[P]], Answer[P]]:
    def decorate(view: View[P]) -> Answer[P]:
        @functools.wraps(view)
        def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                policy.check(request.user, act)
                return view(cast(Request, request), *args, **kwargs)
            except Denied as denied:  # also one that is raised deeper, about this thing and not about the address
                note_denied(cast(Request, request).user, denied.act)
                raise

        wrapped = require_http_methods(list(methods))(wrapper)
        wrapped.act, wrapped.methods = act, methods  # type: ignore[attr-defined]
        return cast(Answer[P], wrapped)

    return decorate


def page(request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """A page of the studio. template: ``people/list.html`` in an app's folder ``jinja2``."""
    return render(request, template, context or {}, status=status, using="jinja2")
