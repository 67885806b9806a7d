"""Privacy ledgers whose lines the log names by their hashes.

Promise: a ledger of which something was cut off, or that was written anew, lacks what the log names, and is not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.events.models import Event
from ctdc.privacy import ledger


def hashes(events: Iterable[Event]) -> set[str]:
    """The hashes of the lines that events name."""
    return {str(event.details["line"]) for event in events}


def read_named(path: Path, named: Iterable[Event]) -> tuple[Line, ...]:
    """All lines of a ledger. named: the events that name lines of it. Raises UserError (``ledger.broken``)."""
    lines = ledger.read(path)
    if not hashes(named) <= {line.hash for line in lines}:
        raise UserError(
            "ledger.broken",
            "The record of what was charged lacks lines that the log of the studio names.",
            where=str(path),
            do="Restore it from a backup, and charge nothing to it until then.",
        )
    return lines
