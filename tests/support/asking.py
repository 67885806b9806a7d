"""Asking an ASGI application as a browser would through a server, for tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from starlette.types import ASGIApp, Message

OWN = {"sec-fetch-site": "same-origin", "origin": "null"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    app: ASGIApp,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    query: dict[str, str] | None = None,
    host: str = "localhost",
) -> Answer:
    """One request. The body comes in two pieces; after them nothing more, as from a browser that waits."""
    half = len(body) // 2
    waiting: list[Message] = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:], "more_body": False},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"host": host, **({"content-length": str(len(body))} if body else {}), **(headers or {})}
    scope: dict[str, Any] = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method},
        **{"path": path, "raw_path": path.encode(), "query_string": urlencode(query or {}).encode(), "root_path": ""},
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
        **{"client": ("127.0.0.1", 1), "server": ("localhost", 8800)},
    }
    async_to_sync(app)(scope, receive, send)
    found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent[1:]))


def form(name: str, content: bytes, mark: str = "x1x2") -> tuple[dict[str, str], bytes]:
    """The headers and the body of a form with one file."""
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{mark}--\r\n".encode()
    return {**OWN, "content-type": f"multipart/form-data; boundary={mark}"}, body
