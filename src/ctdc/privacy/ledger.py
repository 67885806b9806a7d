"""The record of what privacy has been spent, on whom, and how much is left.

Promise: append-only and hash-chained: each line names the hash of the line before it, so a changed, missing or
reordered line is found by `read`. A charge is on disk before anything is measured; nothing ever takes one back,
so failed and abandoned runs count: a charge without an end (`done`) was spent for nothing, or is being spent now.
Reading knows a closed list of events (`ctdc.privacy.ledger_events`): a line cannot name code.

What the chain alone cannot show: that lines are missing at its end, or that the whole file was written anew. Whoever
wants to see that notes the last hash (`ctdc ledger verify`) somewhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ctdc.foundation import chain
from ctdc.foundation.chain import Line
from ctdc.foundation.clock import timestamp
from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Cost, Guarantee
from ctdc.privacy.budgets import check_budget, check_can_charge, check_population
from ctdc.privacy.ledger_events import LIFE, charge_event, fault


def _broken(path: Path, number: int, why: str) -> UserError:
    return UserError(
        "ledger.broken",
        f"The privacy ledger has been damaged or changed: {why}.",
        where=f"{path}, line {number}",
        allowed="lines exactly as they were written",
        do="Restore the ledger from a backup. Do not measure anything until you have: what was spent is unknown.",
    )


def check_file(path: Path) -> None:
    """Raise UserError (``ledger.folder``) for a folder, which is no place for a ledger's lines."""
    if path.is_dir():
        raise UserError(
            "ledger.folder", "This is a folder, and a ledger is a file.", where=str(path), do="Name a file."
        )


def read(path: Path) -> tuple[Line, ...]:
    """All lines, verified; empty when there is no ledger yet.

    Raises UserError (``ledger.broken``, ``ledger.folder``).
    """
    check_file(path)
    try:
        return chain.read(path, fault)
    except chain.Broken as damage:
        raise _broken(path, damage.number, damage.why) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time."""
    check_file(path)
    with chain.locked(path):
        yield


def _record(path: Path, event_after: Callable[[tuple[Line, ...]], dict[str, Any]]) -> Line:
    """Append the event that follows from what stands there, with nobody else writing in between."""
    with _locked(path):
        lines = read(path)
        line = Line.after(lines[-1] if lines else None, event_after(lines))
        chain.append(path, line)
    return line


def set_budget(path: Path, population: str, guarantee: Guarantee, when: datetime, period: str = LIFE) -> Line:
    """Record the most that may be spent on `population`, for life or in any year. A later line replaces an earlier."""
    check_population(population)
    check_budget(guarantee)
    event = {
        "kind": "budget",
        "version": 2,
        "population": population,
        "epsilon": guarantee.epsilon,
        "delta": guarantee.delta,
        "period": period,
        "at": timestamp(when),
    }
    return _record(path, lambda _: event)


def declare_overlap(path: Path, population: str, other: str, when: datetime) -> Line:
    """Record that two populations may have people in common. There is no line that takes this back.

    Raises UserError (``ledger.overlap``) for a population and itself, which say nothing.
    """
    check_population(population)
    check_population(other)
    if population == other:
        raise UserError("ledger.overlap", f"{population!r} is one population, not two.", do="Name another one.")
    event = {"kind": "overlap", "version": 1, "population": population, "with": other, "at": timestamp(when)}
    return _record(path, lambda _: event)


def charge(path: Path, population: str, cost: Cost, details: dict[str, Any], when: datetime) -> Line:
    """Write a charge, or raise Refused. `details`: public facts of the plan (epsilon, delta, schema hash, ...).

    Amounts are whole billionths, rounded up. The year that pays is that of `when` in UTC.
    """
    check_population(population)

    def event(lines: tuple[Line, ...]) -> dict[str, Any]:
        check_can_charge(lines, population, cost, when.astimezone(UTC).year)
        return charge_event(population, cost, details, timestamp(when))

    return _record(path, event)


def finish(path: Path, charge_hash: str, measurements: str, when: datetime) -> Line | None:
    """Record that what a charge paid for is on the disk. measurements: SHA-256 of its file.

    Written once, however often it is asked for. None when this ledger does not have the charge (it was moved).
    """
    lines = read(path)
    paid = next((line for line in lines if line.hash == charge_hash and line.event["kind"] == "charge"), None)
    if paid is None or _end(lines, paid):
        return _end(lines, paid) if paid else None  # without the lock: a repetition touches no file
    with _locked(path):
        lines = read(path)
        if found := _end(lines, paid):
            return found
        event = {
            "kind": "done",
            "version": 1,
            "population": paid.event["population"],
            "charge": paid.sequence,
            "measurements": measurements,
            "at": timestamp(when),
        }
        line = Line.after(lines[-1], event)
        chain.append(path, line)
    return line


def _end(lines: tuple[Line, ...], paid: Line) -> Line | None:
    """The line that says that the charge `paid` ended well."""
    ends = (line for line in lines if line.event["kind"] == "done" and line.event["charge"] == paid.sequence)
    return next(ends, None)


def unfinished(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Charges that were spent without an end: their result was lost, or is being made right now.

    Charges of before ends were recorded (version 1) are not among them: nothing is known of theirs.
    """
    ended = {line.event["charge"] for line in lines if line.event["kind"] == "done"}
    return tuple(
        line
        for line in lines
        if line.event["kind"] == "charge" and line.event["version"] > 1 and line.sequence not in ended
    )


def lost(lines: tuple[Line, ...], work: str) -> tuple[Line, ...]:
    """Charges without an end for the same work (the keyed hash that `charge` got as ``work``)."""
    return tuple(line for line in unfinished(lines) if work and line.event["details"].get("work") == work)
