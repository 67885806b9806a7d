"""The record of what privacy has been spent, on whom, and how much is left.

Promise: append-only and hash-chained: each line names the hash of the line before it, so a changed, missing or
reordered line is found by `read`. A charge is on disk before anything is measured; nothing ever takes one back,
so failed and abandoned runs count. Reading knows a closed list of events: a line cannot name code.

What the chain alone cannot show: that lines are missing at its end, or that the whole file was written anew. Whoever
wants to see that notes the last hash (`ctdc ledger verify`) somewhere else.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.clock import timestamp
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import write_bytes
from ctdc.foundation.hashing import hash_value
from ctdc.privacy.accounting import Cost, Guarantee

VERSION = 1
EVENTS = ("budget", "charge")
BILLION = 1_000_000_000


@dataclass(frozen=True)
class Line:
    """One line: its place, the hash of the line before, what happened, and its own hash."""

    sequence: int
    previous: str
    event: dict[str, Any]
    hash: str

    @staticmethod
    def after(previous: Line | None, event: dict[str, Any]) -> Line:
        """The line that follows `previous`."""
        sequence = previous.sequence + 1 if previous else 1
        before = previous.hash if previous else ""
        return Line(sequence, before, event, hash_value([sequence, before, event]))

    def text(self) -> str:
        """The line as JSON."""
        return json.dumps(
            {"sequence": self.sequence, "previous": self.previous, "event": self.event, "hash": self.hash}
        )


def _broken(path: Path, number: int, why: str) -> UserError:
    return UserError(
        "ledger.broken",
        f"The privacy ledger has been damaged or changed: {why}.",
        where=f"{path}, line {number}",
        allowed="lines exactly as they were written",
        do="Restore the ledger from a backup. Do not measure anything until you have: what was spent is unknown.",
    )


def _parse(text: bytes, path: Path, number: int) -> Line:
    try:
        raw = json.loads(text)
        line = Line(raw["sequence"], raw["previous"], raw["event"], raw["hash"])
        kind, version = line.event["kind"], line.event["version"]
    except (ValueError, KeyError, TypeError):
        raise _broken(path, number, "it is not a ledger line") from None
    if kind not in EVENTS or version != VERSION:
        raise _broken(path, number, f"event {kind!r} version {version!r} is not known to this version of ctdc")
    if not _sound(line.event):
        raise _broken(path, number, "its amounts are not those of a charge or a budget")
    return line


def _sound(event: dict[str, Any]) -> bool:
    """Whether an event has a population and amounts that can be added up: nothing may be charged that is negative."""
    if not isinstance(event.get("population"), str):
        return False
    if event["kind"] == "budget":
        return all(isinstance(event.get(name), int | float) for name in ("epsilon", "delta"))
    rho, mu_squared = event.get("rho_billionths"), event.get("mu_squared_billionths", -1)
    return (
        isinstance(rho, int) and rho >= 0 and (mu_squared is None or (isinstance(mu_squared, int) and mu_squared >= 0))
    )


def _complete(content: bytes) -> bytes:
    """`content` up to its last line end.

    What stands behind it was cut off by a crash, or is being written right now. Nothing was measured for it: whoever
    charges goes on only when the whole line, its end included, is on the disk.
    """
    return content[: content.rfind(b"\n") + 1]


def read(path: Path) -> tuple[Line, ...]:
    """All lines, verified; empty when there is no ledger yet. Raises UserError (``ledger.broken``)."""
    if not path.exists():
        return ()
    lines: list[Line] = []
    for number, text in enumerate(_complete(path.read_bytes()).splitlines(), start=1):
        line = _parse(text, path, number)
        if line != Line.after(lines[-1] if lines else None, line.event):
            raise _broken(path, number, "its hash or its place in the chain is wrong")
        lines.append(line)
    return tuple(lines)


def spent(lines: tuple[Line, ...], population: str) -> Cost:
    """Total cost of all charges for `population`."""
    total = Cost(0.0, 0.0)
    for line in lines:
        event = line.event
        if event["kind"] == "charge" and event["population"] == population:
            mu_squared = event["mu_squared_billionths"]
            total += Cost(event["rho_billionths"] / BILLION, None if mu_squared is None else mu_squared / BILLION)
    return total


def budget(lines: tuple[Line, ...], population: str) -> Guarantee | None:
    """The last budget set for `population`, None when none was."""
    for line in reversed(lines):
        if line.event["kind"] == "budget" and line.event["population"] == population:
            return Guarantee(line.event["epsilon"], line.event["delta"])
    return None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time; the lock goes with the process, so a killed one leaves none behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _append(path: Path, line: Line) -> None:
    """Add one line, in place of what a crash left unfinished, and wait until it is on the disk."""
    if not path.exists():
        write_bytes(path, b"")  # puts the new name on the disk too, which syncing the file alone would not
    with path.open("r+b") as stream:
        stream.truncate(len(_complete(stream.read())))
        stream.seek(0, os.SEEK_END)
        stream.write(line.text().encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def set_budget(path: Path, population: str, guarantee: Guarantee, when: datetime) -> Line:
    """Record the most that may ever be spent on `population`. A later line replaces an earlier one."""
    event = {
        "kind": "budget",
        "version": VERSION,
        "population": population,
        "epsilon": guarantee.epsilon,
        "delta": guarantee.delta,
        "at": timestamp(when),
    }
    with _locked(path):
        lines = read(path)
        line = Line.after(lines[-1] if lines else None, event)
        _append(path, line)
    return line


def check_can_charge(lines: tuple[Line, ...], population: str, cost: Cost) -> None:
    """Raise Refused when `cost` on top of what was spent would exceed the population's budget."""
    limit = budget(lines, population)
    if limit is None:
        return
    before = spent(lines, population)
    after = before + cost
    if not after.satisfies(limit):
        used = before.epsilon(limit.delta) if before.rho else 0.0
        raise Refused(
            "ledger.exceeded",
            f"The privacy budget of {population!r} does not allow this. At delta {limit.delta:g}: "
            f"requested epsilon {cost.epsilon(limit.delta):.4g}, spent so far {used:.4g}, together "
            f"{after.epsilon(limit.delta):.4g}; budget {limit.epsilon:.4g}, exceeded by "
            f"{after.epsilon(limit.delta) - limit.epsilon:.4g}.",
            allowed=f"together at most epsilon {limit.epsilon:g} at delta {limit.delta:g}",
            do="Ask for a smaller epsilon, or have the budget's owners decide on a new one. Nothing was measured.",
        )


def charge(path: Path, population: str, cost: Cost, details: dict[str, Any], when: datetime) -> Line:
    """Write a charge, or raise Refused. `details`: public facts of the plan (epsilon, delta, schema hash, ...).

    Amounts are whole billionths, rounded up.
    """
    event = {
        "kind": "charge",
        "version": VERSION,
        "population": population,
        "rho_billionths": math.ceil(cost.rho * BILLION),
        "mu_squared_billionths": None if cost.mu_squared is None else math.ceil(cost.mu_squared * BILLION),
        "details": details,
        "at": timestamp(when),
    }
    with _locked(path):
        lines = read(path)
        check_can_charge(lines, population, cost)
        line = Line.after(lines[-1] if lines else None, event)
        _append(path, line)
    return line
