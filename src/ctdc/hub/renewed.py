"""A site that is built anew under a running server is noticed, and answered for from then on.

Promise: what was built whole is shown whole: answers come from the old site until the new one's are ready, without a
pause; a new site that cannot be read leaves the old answers, and its fault goes to the server's log.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread

from starlette.types import ASGIApp, Receive, Scope, Send

Stamp = tuple[int, int, int]


def stamp_of(path: Path) -> Stamp | None:
    """What tells a file that was replaced from the one before: file number, time of change, size; None without one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class Renewed:
    """What `make` makes, made again when the file `marker`, which a build writes last, is another one."""

    def __init__(self, marker: Path, make: Callable[[], ASGIApp]) -> None:
        self._marker, self._make = marker, make
        self._lock, self._stamp = Lock(), stamp_of(marker)
        self._app = make()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.look()
        await self._app(scope, receive, send)

    def look(self) -> Thread | None:
        """Begin to make the new one if there is a new site; returns the thread that does."""
        stamp = stamp_of(self._marker)
        with self._lock:
            if stamp is None or stamp == self._stamp:
                return None
            self._stamp = stamp
        thread = Thread(target=self._renew, name="renew-site", daemon=True)
        thread.start()
        return thread

    def _renew(self) -> None:
        made = self._make()
        self._app = made
