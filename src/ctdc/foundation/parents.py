"""Ending with the process that started this one, also when that one was killed and could tell nobody."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

EVERY = 0.5  # seconds between two looks at who the parent is


def end_with(parent: int, end: Callable[[], object]) -> None:
    """Call `end` once, from a thread of its own, when the process with the number `parent` is no longer the parent."""
    threading.Thread(target=_wait, args=(parent, end), name="end-with-parent", daemon=True).start()


def _wait(parent: int, end: Callable[[], object]) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    end()
