"""Counting what a running server answers.

Promise: of a request nothing is looked at but its method and the kind of page at its address, of the answer its status;
no address, program, referrer, cookie or hour is kept, not even in memory. Counting never holds up or breaks an answer:
what cannot be written now is written later, and at most a minute of it is lost when the process is killed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.usage.kinds import kind_of, status_class
from ctdc.hub.usage.store import Counted, add

EVERY = 60.0  # seconds between two writes
_log = logging.getLogger(__name__)


class Usage:
    """What was counted since the last write. Within ``with`` it is written every `every` seconds, and at the end."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = now, every: float = EVERY) -> None:
        self._folder, self._clock, self._every = folder, clock, every
        self._counts: Counter[Counted] = Counter()
        self._lock, self._over = Lock(), Event()
        self._writer = Thread(target=self._write_again, name="usage", daemon=True)

    def __enter__(self) -> Usage:
        self._writer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._writer.join()
        self.write()

    def count(self, path: str, status: int) -> None:
        """Count an answer with `status` at the address `path`, which is forgotten at once."""
        found = kind_of(path)
        if found is not None:
            what = Counted(self._clock().date().isoformat(), *found, status_class(status))
            with self._lock:
                self._counts[what] += 1

    def write(self) -> None:
        """Add what was counted to the folder; what cannot be written stays."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            add(self._folder, counts)
        except (OSError, UserError) as error:
            _log.warning("The use of the site cannot be written: %s", error)
            with self._lock:
                self._counts.update(counts)

    def _write_again(self) -> None:
        while not self._over.wait(self._every):
            self.write()


class Counting:
    """Counts the answers of an application."""

    def __init__(self, app: ASGIApp, usage: Usage) -> None:
        self._app, self._usage = app, usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._usage.count(scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, counted)
