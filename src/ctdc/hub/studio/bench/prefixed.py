"""A site whose addresses begin at the root, served below a prefix.

Promise: every address in its pages, styles and headers that a browser follows leads below the prefix; what people read
or programs count is passed on as it is, and the files of a release byte for byte. The site hears nothing of the
reader's session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A tag with its attributes, and within it the attributes that hold addresses; scripts read those that begin `data-`.
TAG = re.compile(rb"""<[a-zA-Z][^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>""")
ADDRESS = re.compile(rb"""(\s(?:href|src|action|formaction|data-(?:words|index|counter|core|long|base))=["'])/(?!/)""")
STYLE = re.compile(rb"""(url\(["']?)/(?!/)""")
LINK = re.compile(rb"<(/[^>]*)>")
# What asks for a part or another form of an answer, which is changed here; and what is none of the site's business.
UNASKED = frozenset({b"accept-encoding", b"range", b"if-range", b"if-none-match", b"cookie", b"authorization"})
DROPPED = frozenset({b"content-length", b"etag", b"last-modified", b"accept-ranges"})
KINDS = (b"text/html", b"text/css")
RELEASES = ("/release/", "/releases/")  # files that a manifest names with their hashes

Headers = Iterable[tuple[bytes, bytes]]


class Prefixed:
    """An ASGI application below `prefix`, such as ``/workbench/explore/001``; requests come with their whole path."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"].removeprefix(self._prefix) or "/"
        asked = [(name, value) for name, value in scope["headers"] if name not in UNASKED]
        kinds = () if path.startswith(RELEASES) else KINDS
        inner = {**scope, "path": path, "raw_path": path.encode(), "root_path": "", "headers": asked}
        await self._app(inner, receive, _Changed(send, self._prefix.encode(), _own(scope), kinds).send)


def _own(scope: Scope) -> bytes:
    """The address of this server as it stands in a redirect that names it."""
    host = dict(scope["headers"]).get(b"host", b"")
    return bytes(scope.get("scheme", "http").encode() + b"://" + host)


class _Changed:
    """Changes an answer on its way. What is not changed is passed on piece by piece."""

    def __init__(self, send: Send, prefix: bytes, own: bytes, kinds: tuple[bytes, ...]) -> None:
        self._send, self._prefix, self._own, self._kinds = send, prefix, own, kinds
        self._start: Message = {}
        self._kind = b""
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take one message of the site."""
        if message["type"] == "http.response.start":
            found: Headers = message.get("headers", ())
            self._kind = next((value for name, value in found if name.lower() == b"content-type"), b"").split(b";")[0]
            changed = self._kind in self._kinds
            self._start = {**message, "headers": [self._header(*one) for one in found if _stays(one[0], changed)]}
            if not changed:
                await self._send(self._start)
            return
        if self._kind not in self._kinds:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._send(self._start)
            await self._send({"type": "http.response.body", "body": self._rewritten()})

    def _header(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        if name.lower() in (b"location", b"content-location"):
            value = value.removeprefix(self._own)
            return name, self._prefix + value if value.startswith(b"/") else value
        if name.lower() == b"link":
            return name, LINK.sub(lambda match: b"<" + self._prefix + match[1] + b">", value)
        return name, value

    def _rewritten(self) -> bytes:
        put = rb"\g<1>" + self._prefix + b"/"
        if self._kind == b"text/css":
            return STYLE.sub(put, self._body)
        return TAG.sub(lambda tag: ADDRESS.sub(put, tag[0]), self._body)


def _stays(name: bytes, changed: bool) -> bool:
    return name.lower() not in DROPPED or (not changed and name.lower() == b"content-length")
