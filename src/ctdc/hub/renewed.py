"""A site that is built anew under a running server is noticed, and answered for from then on.

Promise: there is no pause: answers come from what was made of the old site until that of the new one is ready. Pages
are files, which the new site replaces at once: until then they are the new ones with their assets, while pages with a
new address are not found and the services still answer from the old site. Of several builds the last is shown in the
end; a new site that cannot be read leaves the old answers, and its fault goes to the server's log.
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
        self._worker: Thread | None = None
        self._app = make()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.look()
        await self._app(scope, receive, send)

    def look(self) -> Thread | None:
        """Begin to make the new one if there is a new site and nobody is at it; returns the thread that does."""
        with self._lock:
            if self._newer() is None or (self._worker is not None and self._worker.is_alive()):
                return None
            self._worker = Thread(target=self._renew, name="renew-site", daemon=True)
            self._worker.start()
            return self._worker

    def _newer(self) -> Stamp | None:
        stamp = stamp_of(self._marker)
        return None if stamp == self._stamp else stamp

    def _renew(self) -> None:
        """One at a time, until the site stays the same: of two that are made at once the older could come last."""
        while (stamp := self._newer()) is not None:
            self._stamp = stamp
            self._app = self._make()
