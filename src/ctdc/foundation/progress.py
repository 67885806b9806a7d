"""Telling a person how far long work has come, and hearing that they want it stopped.

Promise: core rooms take a `Progress` as an argument and never print. What is reported is amounts of work
fixed beforehand (bytes, tables, sweeps), never a count taken from sensitive records.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the state of long work. An implementation may raise `Cancelled` from any call to stop it."""

    def start(self, task: str, total: float | None = None) -> None:
        """A task begins; `total` is the amount of work in any unit, None when unknown."""

    def advance(self, amount: float = 1.0) -> None:
        """`amount` more of the current task's work is done."""

    def finish(self) -> None:
        """The current task is complete."""


class Silent:
    """Progress that nobody watches."""

    def start(self, task: str, total: float | None = None) -> None:
        """Ignore."""

    def advance(self, amount: float = 1.0) -> None:
        """Ignore."""

    def finish(self) -> None:
        """Ignore."""
