"""A job's progress as what a run tells, so that a page shows which step is done and how much of it.

Promise: what is stored in the job is the code of a step (``desk.step.measure``), which every reader sees in their
language, and amounts of work; never a name from a delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ctdc.foundation.progress import Progress
from ctdc.workflow.run import TITLES

PREFIX = "desk.step."
_CODES = {title: code for code, title in TITLES.items()}


def step_of(title: str) -> str:
    """The step of a run by what it tells; "work" for one that is not known."""
    found = [code for known, code in _CODES.items() if title == known or title.startswith(f"{known} ")]
    return found[0] if found else "work"


class Within:
    """The progress of one step: its inner tasks keep the step's name. step: the end of its code."""

    def __init__(self, progress: Progress, step: str) -> None:
        self._progress, self._code = progress, PREFIX + step

    def start(self, task: str, total: float | None = None) -> None:
        """An inner task begins."""
        self._progress.start(self._code, total)

    def advance(self, amount: float = 1.0) -> None:
        """More of it is done."""
        self._progress.advance(amount)

    def finish(self) -> None:
        """It is done."""
        self._progress.finish()


class Telling:
    """Hears a run and tells the job."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def step(self, title: str) -> Iterator[Progress]:
        """A step begins."""
        step = step_of(title)
        self._progress.start(PREFIX + step)
        yield Within(self._progress, step)

    def done(self, title: str, seconds: float, *, reused: bool) -> None:
        """A step has ended; the next one says more."""

    def notice(self, text: str) -> None:
        """What a run notes is in its ledger and its release, which the pages show."""
