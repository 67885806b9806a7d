"""No body of a request is spooled to a disk: what would be is refused before it is read."""

import asyncio
from typing import Any

import pytest
from django.conf import settings
from starlette.types import Message, Receive, Scope, Send

from ctdc.hub.studio.web.bodies import Bodies

MOST = 100


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads all of a body."""
    more, size = True, 0
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def answer(headers: dict[bytes, bytes], *parts: bytes) -> list[Any]:
    """What is sent back: status, then the body."""
    sent: list[Message] = []
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": list(headers.items())}
    asyncio.run(Bodies(reading, MOST)(scope, receive, send))
    return [sent[0]["status"], sent[1].get("body", b"")] if sent else []


def test_what_fits_is_passed_on() -> None:
    assert answer({b"content-length": b"100"}, b"x" * 60, b"x" * 40) == [200, b"100"]
    assert answer({}) == [200, b"0"]


@pytest.mark.parametrize("length", [b"101", b"99999999999999999999", b"-1", b"a", b"1e1", b""])
def test_what_does_not_fit_is_refused_unread(length: bytes) -> None:
    assert answer({b"content-length": length}, b"x") == [413, b""]


def test_a_body_without_a_length_is_refused() -> None:
    assert answer({b"transfer-encoding": b"chunked"}, b"x") == [411, b""]


def test_more_than_was_said_ends_the_request() -> None:
    assert answer({b"content-length": b"10"}, b"x" * 60, b"x" * 60) == []


def test_django_keeps_in_memory_whatever_comes_through() -> None:
    assert settings.FILE_UPLOAD_HANDLERS == ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE <= settings.FILE_UPLOAD_MAX_MEMORY_SIZE
