"""Addresses that programs use with a token, and people's browsers with their session: the same ones.

Promise: a request with a token has no session, and one with a session needs the form's secret, as every form does. A
token opens the addresses that are declared here and no others; what it may do is what its person may do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from ctdc.foundation.errors import Refused, UserError
from ctdc.hub.studio.people import tokens
from ctdc.hub.studio.people.policy import Denied

View = Callable[..., HttpResponse]


def accepts_tokens(view: View) -> View:
    """A declared view (`shows`, `takes`) that also answers ``Authorization: Bearer``, and tells errors in JSON."""
    with_session = csrf_protect(view)

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if "Authorization" not in request.headers:
                return with_session(request, *args, **kwargs)
            person = tokens.person_of(request)
            if person is None:
                refused = _problem(401, "token", "The token is unknown, withdrawn, or older than it may be.")
                refused["WWW-Authenticate"] = "Bearer"
                return refused
            request.user = person
            return view(request, *args, **kwargs)
        except Denied as error:
            return _problem(403, "denied", str(error))
        except Refused as error:
            return _problem(409, **_parts(error))
        except UserError as error:
            return _problem(400, **_parts(error))

    wrapped: Any = csrf_exempt(wrapper)
    wrapped.accepts_tokens = True  # what the gate reads
    return wrapped  # type: ignore[no-any-return]


def _parts(error: UserError) -> dict[str, str]:
    detail = error.detail
    return {"code": detail.code, "what": detail.what, "where": detail.where, "do": detail.do}


def _problem(status: int, code: str, what: str, where: str = "", do: str = "") -> HttpResponse:
    parts = {"type": f"urn:ctdc:{code}", "title": what, "status": status, "where": where, "do": do}
    return JsonResponse(parts, status=status, content_type="application/problem+json")
