"""How many heavy questions are answered at once, so that asking much cannot stop the pages or fill the machine.

Promise: at most `AT_ONCE` questions are worked on and `WAITING` wait; whoever comes then is told at once to come again,
and nothing about them is kept. Threads may share a gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from ctdc.foundation.errors import UserError

BUSY = "api.busy"
AT_ONCE = 4  # more would only share the cores, each with an answer of its own in memory
WAITING = 16  # with `AT_ONCE` half of the threads that the server has: pages still find one
RETRY_AFTER = 2  # seconds: enough for all who wait, at the slowest question that was measured


class Gate:
    """Lets questions through, a few at once."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._places = BoundedSemaphore(at_once + waiting)
        self._turns = BoundedSemaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """While a question is worked on. Raises UserError (``api.busy``) when too many are waiting."""
        if not self._places.acquire(blocking=False):
            raise UserError(BUSY, "Too many questions are asked at once.", do="Ask again in a few seconds.")
        try:
            with self._turns:
                yield
        finally:
            self._places.release()
