"""The workbench at its address within the studio, in front of Django, which would spool a large file to a disk.

Promise: whoever comes in is asked of the studio itself for every request, with the same cookies, so that what holds for
its pages (both steps, the role, rest, the end of a session) holds here; whoever it refuses gets its answer. What
another site sends changes nothing. Nobody gets into a room but the person it was made for.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from django.conf import settings
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdc.hub.feedback.service import is_own
from ctdc.hub.studio.bench.rooms import BASE, ROOMS, Room
from ctdc.hub.workbench.door import SAFE, guarded

DOOR = f"{BASE}/door/"
PERSON = "x-workbench-person"  # in the answer of the door, which no browser gets
COME_IN = 204
# Pages of the studio below the same address.
OF_THE_STUDIO = frozenset({f"{BASE}/", f"{BASE}/open/", f"{BASE}/close/"})
EXPLORE = f"{BASE}/explore/"
PASSED = frozenset(
    {b"host", b"cookie", b"accept-language", b"user-agent", b"x-forwarded-proto", b"x-forwarded-for", b"sec-fetch-site"}
)


def is_for_bench(path: str) -> bool:
    """Whether the workbench answers at this address."""
    return path.startswith(f"{BASE}/") and path not in OF_THE_STUDIO


@dataclass
class _Answer:
    """An answer of the studio, kept. messages: as they were sent."""

    messages: list[Message] = field(default_factory=list)

    async def take(self, message: Message) -> None:
        """Keep one message."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """Its status; 500 for none."""
        return int(self.messages[0]["status"]) if self.messages else 500

    @property
    def headers(self) -> Headers:
        """Its headers."""
        return Headers(raw=list(self.messages[0]["headers"]))


class Benches:
    """The studio `app` with the workbench in front."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not is_for_bench(scope["path"]):
            await self._app(scope, receive, send)
            return
        said = await self._asked(scope)
        if said.status != COME_IN:
            for message in said.messages:
                await send(message)
            return
        room = ROOMS.of(int(said.headers[PERSON]))
        refused = _refusal(scope, room)
        if refused is not None or room is None:
            await (refused or RedirectResponse(f"{BASE}/", 303))(scope, receive, guarded(send))
            return
        with room.visited() as is_open:
            if is_open:
                await _answer(room, scope, receive, send)
            else:  # it was closed just now
                await RedirectResponse(f"{BASE}/", 303)(scope, receive, guarded(send))

    async def _asked(self, scope: Scope) -> _Answer:
        """What the studio says to whoever sends this request."""
        headers = [one for one in scope["headers"] if one[0] in PASSED]
        path = {"method": "GET", "path": DOOR, "raw_path": DOOR.encode(), "query_string": b"", "headers": headers}
        answer, waiting = _Answer(), [{"type": "http.request", "body": b"", "more_body": False}]

        async def nothing_more() -> Message:
            if waiting:
                return waiting.pop()
            await asyncio.Event().wait()  # the reader is still there, as far as the studio has to know
            raise AssertionError

        await self._app({**scope, **path}, nothing_more, answer.take)
        return answer


def _refusal(scope: Scope, room: Room | None) -> Response | None:
    """The answer to what is not taken; None for what is."""
    if room is None:
        return RedirectResponse(f"{BASE}/", 303)
    if scope["method"] not in SAFE and not is_own(Headers(scope=scope)):
        return PlainTextResponse("This did not come from a page of the workbench.", 403)
    return None


async def _answer(room: Room, scope: Scope, receive: Receive, send: Send) -> None:
    if settings.STUDIO.is_secure:
        scope = {**scope, "scheme": "https"}  # as readers have it, before the proxy
    if not scope["path"].startswith(EXPLORE):
        await room.app({**scope, "root_path": BASE}, receive, guarded(send))
        return
    run = scope["path"].removeprefix(EXPLORE).partition("/")[0]
    site = await run_in_threadpool(room.explored.site, run)
    if site is None:
        await RedirectResponse(f"{BASE}/", 303)(scope, receive, guarded(send))
        return
    await site(scope, receive, guarded(send, own_headers=True))
