"""What stands around the addresses: methods, headers, entity tags, compression, and a memory of finished answers.

Promise: every answer carries the headers; nothing about who asks is stored or logged; the memory holds finished public
answers and has a limit, so that asking much cannot fill the machine.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdc.foundation.errors import ErrorDetail
from ctdc.hub.api.application import application
from ctdc.hub.api.problems import problem
from ctdc.hub.api.shelf import API, Shelf
from ctdc.hub.compression import accepts_gzip
from ctdc.hub.gate import Gate

MOST_BYTES = 64_000_000  # of finished answers in memory
OVERHEAD = 1000  # bytes that an answer takes besides its text
LONGEST_QUERY = 8_000  # characters, as most servers and proxies take
LEAST_COMPRESSED = 1_000  # bytes
COMPRESSED = ("application/json", "application/problem+json", "text/csv")
ALLOWED = "GET, HEAD, OPTIONS"
# Read by programs and by other sites' pages: anyone may read, nobody may act. A browser shows nothing of it as a page.
HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Link, Retry-After",
    "vary": "Accept-Encoding",
}
COMMON = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
NO_BODY = frozenset({204, 304})


@dataclass(frozen=True)
class Finished:
    """An answer that is ready to be sent. tag: its strong entity tag, b"" where it has none."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    tag: bytes


class Memory:
    """The answers that were last asked for, up to a number of bytes."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._held = most, 0
        self._answers: OrderedDict[tuple[str, bytes, bool], Finished] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, bytes, bool]) -> Finished | None:
        """What was put under `key`, if it is still there."""
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def put(self, key: tuple[str, bytes, bool], answer: Finished) -> None:
        """Keep an answer, and forget what was asked for longest ago until all fit."""
        if _size(key, answer) > self._most:
            return
        with self._lock:
            before = self._answers.pop(key, None)
            self._held += _size(key, answer) - (_size(key, before) if before else 0)
            self._answers[key] = answer
            while self._held > self._most:
                self._held -= _size(*self._answers.popitem(last=False))


def _size(key: tuple[str, bytes, bool], answer: Finished) -> int:
    """Bytes that an answer takes with its address and headers: many small ones with long addresses are much too."""
    headers = sum(len(name) + len(value) for name, value in answer.headers)
    return len(answer.body) + len(key[0]) + len(key[1]) + headers + OVERHEAD


class Service:
    """The whole service, an ASGI application."""

    def __init__(self, inner: ASGIApp, memory: Memory | None = None) -> None:
        self._inner, self._memory = inner, memory or Memory()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        method, fault = scope["method"], None
        if method not in ("GET", "HEAD"):
            answer = await self._other(scope, receive)
        else:
            answer, fault = await self._read(scope, receive)
        await self._send(scope, send, answer)
        if fault is not None:
            raise fault  # so that the server's own log has it; it holds nothing of who asked

    async def _other(self, scope: Scope, receive: Receive) -> Finished:
        """OPTIONS says what is allowed, before which a browser may ask; all else is refused."""
        allow = [(b"allow", ALLOWED.encode()), (b"access-control-allow-methods", b"GET, HEAD")]
        if scope["method"] == "OPTIONS":
            return Finished(204, (*COMMON, *allow), b"", b"")
        detail = ErrorDetail("api.method", "This address can only be read.", allowed=ALLOWED)
        refused = problem(detail, scope["path"])
        own = [(b"content-type", refused.headers["content-type"].encode()), (b"cache-control", b"no-store")]
        return Finished(405, (*COMMON, *own, *allow[:1]), bytes(refused.body), b"")

    async def _read(self, scope: Scope, receive: Receive) -> tuple[Finished, Exception | None]:
        headers = dict(scope["headers"])
        squeezed = accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin-1"))
        key = scope["path"], scope["query_string"], squeezed
        found = self._memory.get(key)
        if found is not None:
            return found, None
        if len(scope["query_string"]) > LONGEST_QUERY:
            detail = ErrorDetail("api.too_long", "This question is too long.", allowed=f"{LONGEST_QUERY} characters")
            refused = problem(detail, scope["path"])
            own = (b"content-type", refused.headers["content-type"].encode()), (b"cache-control", b"no-store")
            return Finished(400, (*COMMON, *own), bytes(refused.body), b""), None
        answer, fault = await self._made({**scope, "method": "GET"}, receive, squeezed)
        if answer.status == 200:
            self._memory.put(key, answer)
        return answer, fault

    async def _made(self, scope: Scope, receive: Receive, squeezed: bool) -> tuple[Finished, Exception | None]:
        started: list[Message] = []
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            else:
                parts.append(message.get("body", b""))

        fault = None
        try:
            await self._inner(scope, receive, keep)
        except Exception as error:  # whatever it is, the answer that says so has been made
            if not started:
                raise
            fault = error
        return finished(started[0]["status"], started[0]["headers"], b"".join(parts), squeezed), fault

    async def _send(self, scope: Scope, send: Send, answer: Finished) -> None:
        status, body, headers = answer.status, answer.body, answer.headers
        if answer.tag and _matches(dict(scope["headers"]).get(b"if-none-match", b""), answer.tag):
            status, body = 304, b""
            headers = tuple(pair for pair in headers if pair[0] not in (b"content-type", b"content-encoding"))
        length = [] if status in NO_BODY else [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def finished(status: int, headers: list[tuple[bytes, bytes]], body: bytes, squeezed: bool) -> Finished:
    """An answer with all its headers. squeezed: whether it may be compressed."""
    own = [pair for pair in headers if pair[0] != b"content-length"]
    kind = dict(own).get(b"content-type", b"").decode().partition(";")[0]
    squeezed = squeezed and kind in COMPRESSED and len(body) >= LEAST_COMPRESSED
    tag = b""
    if status == 200:
        # Two forms of one answer are two things to a strong tag.
        tag = f'"{sha256(body).hexdigest()[:32]}{"-gz" if squeezed else ""}"'.encode()
        own.append((b"etag", tag))
    if squeezed:
        body = gzip.compress(body, compresslevel=6, mtime=0)
        own.append((b"content-encoding", b"gzip"))
    return Finished(status, (*COMMON, *own), body, tag)


def _matches(header: bytes, tag: bytes) -> bool:
    """Whether If-None-Match names this answer."""
    tags = [one.strip().removeprefix(b"W/") for one in header.split(b",")]
    return tag in tags or b"*" in tags


def service(shelf: Shelf, gate: Gate | None = None) -> Service:
    """The service for the releases of a shelf. gate: how many heavy questions are answered at once."""
    return Service(application(shelf, gate))


def is_for_service(path: str) -> bool:
    """Whether an address belongs to the service and not to the pages."""
    return path == API or path.startswith(f"{API}/")
