"""What the worker looks for again and again, between jobs.

Promise: what is planned here only looks, and asks for a job when there is something to do; one that fails is said in
the log by its name and does not keep the others, or the worker, from going on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Look = Callable[[], None]
_log = logging.getLogger(__name__)


@dataclass
class Planned:
    """Something to look for every so many seconds; the first time at once."""

    seconds: float
    look: Look
    next: float = field(default=0.0)


PLANS: list[Planned] = []


def every(seconds: float) -> Callable[[Look], Look]:
    """Have a function called by each worker every so many seconds."""

    def decorate(function: Look) -> Look:
        PLANS.append(Planned(seconds, function))
        return function

    return decorate


def look() -> None:
    """Call what is due."""
    for planned in PLANS:
        moment = time.monotonic()
        if moment < planned.next:
            continue
        planned.next = moment + planned.seconds
        try:
            planned.look()
        except Exception as error:
            # Without its text, which may hold what a row held.
            _log.error("%s failed: %s", planned.look.__name__, type(error).__name__)
