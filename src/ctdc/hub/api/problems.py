"""Errors as RFC 9457 problem details.

Promise: every answer that is not a success says in one stable code and one sentence what was wrong, what is allowed
and what to do next; it holds nothing that the sender did not write.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from ctdc.foundation.errors import ErrorDetail, UserError
from ctdc.hub.gate import BUSY, RETRY_AFTER

PROBLEM_TYPE = "application/problem+json"
NOT_FOUND = frozenset({"api.no_release", "api.no_address", "api.no_variable", "api.no_flows", "api.no_linked"})
OTHERS = {
    "api.method": HTTPStatus.METHOD_NOT_ALLOWED,
    "api.withdrawn": HTTPStatus.GONE,
    "api.not_included": HTTPStatus.GONE,
    BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}


def status_of(code: str) -> HTTPStatus:
    """The HTTP status of an error with this code."""
    if code in NOT_FOUND:
        return HTTPStatus.NOT_FOUND
    return OTHERS.get(code, HTTPStatus.BAD_REQUEST)


def problem(detail: ErrorDetail, instance: str, status: HTTPStatus | None = None, **more: Any) -> Response:
    """The problem document. instance: the path that was asked; more: further members."""
    status = status or status_of(detail.code)
    members = {
        "type": f"urn:ctdc:problem:{detail.code}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail.what,
        "instance": instance,
        "code": detail.code,
        "allowed": detail.allowed or None,
        "do": detail.do or None,
    }
    body = {name: value for name, value in {**members, **more}.items() if value is not None}
    text = json.dumps(body, ensure_ascii=False)
    later = {"Retry-After": str(RETRY_AFTER)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(text, status, media_type=PROBLEM_TYPE, headers={"Cache-Control": "no-store", **later})


def no_address() -> UserError:
    """For an address that the service does not have."""
    return UserError(
        "api.no_address", "There is nothing at this address.", do="Start at /api/v1/, or read /api/v1/openapi.json."
    )
