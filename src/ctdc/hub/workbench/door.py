"""The door of the workbench: who is let in, and what every answer carries.

Promise: only the browser that opened the printed address gets an answer, and only under the name of this start
(`ctdc.hub.workbench.here`), so that no other name can be made to point here (DNS rebinding) and the cookie goes to no
other server of this machine; nothing that another site's page sends is taken; no answer is kept by a browser or shown
within another page. Nothing about a request is stored or logged.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdc.hub.feedback.service import is_own

KEY = "key"
TOKEN_BYTES = 32
SAFE = ("GET", "HEAD")
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
CLOSED = {
    "en": "This is the workbench of somebody on this machine. Open the address that the terminal shows.",
    "ar": "هذه منضدة عمل شخص ما على هذا الجهاز. افتح العنوان الذي تعرضه نافذة الأوامر.",
    "fr": "C'est l'atelier d'une personne sur cet ordinateur. Ouvrez l'adresse qu'affiche le terminal.",
    "de": "Das ist die Werkbank von jemandem auf diesem Rechner. Öffnen Sie die Adresse, die im Terminal steht.",
    "es": "Este es el taller de alguien en este equipo. Abra la dirección que muestra la terminal.",
}


def new_token() -> str:
    """What the printed address holds, and the cookie after it."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class Door:
    """Stands before an application. host: the name and the port that are answered; name: of the cookie.

    A key in the address is taken at ``/`` only. own_headers: whether headers that an answer has already stay as they
    are, for an application with a policy of its own; but no browser may keep any answer.
    """

    def __init__(self, app: ASGIApp, host: str, token: str, name: str, *, own_headers: bool = False) -> None:
        self._app, self._host, self._token, self._name = app, host, token, name
        self._own_headers = own_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = self._refusal(scope, headers)
        await (answer or self._app)(scope, receive, guarded(send, own_headers=self._own_headers))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to what is not let in, or to who comes with the key; None lets the request through."""
        if headers.getlist("host") != [self._host]:
            return PlainTextResponse("This address is not served here.", 421)
        if scope["path"] == "/" and scope["query_string"]:
            given = dict(parse_qsl(scope["query_string"].decode("ascii", "replace"))).get(KEY, "")
            if self._is_token(given):
                return self._welcome()
        if not self._is_token(cookie_of(headers, self._name)):
            return PlainTextResponse("\n\n".join(CLOSED.values()), 403)
        if scope["method"] not in SAFE and not is_own(headers):
            return PlainTextResponse("This did not come from a page of the workbench.", 403)
        return None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _welcome(self) -> Response:
        """The key leaves the address bar, where others could read it, and becomes a cookie that no script reads."""
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._name, self._token, httponly=True, samesite="strict", path="/")
        return answer


def guarded(send: Send, *, own_headers: bool = False) -> Send:
    """`send` that gives every answer its headers. own_headers: as of `Door`."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            found = MutableHeaders(scope=message)
            for name, value in _headers(found, own_headers).items():
                found[name] = value
        await send(message)

    return sent


def _headers(found: Mapping[str, str], own_headers: bool) -> Mapping[str, str]:
    if not own_headers:
        return HEADERS
    return {name: value for name, value in HEADERS.items() if name.lower() not in found or name == "Cache-Control"}


def cookie_of(headers: Headers, name: str) -> str:
    """The value of a cookie; empty where there is none, or the header is none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
