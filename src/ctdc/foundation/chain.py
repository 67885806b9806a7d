"""Append-only files in which each line holds the hash of the line before it.

Promise: a changed, missing or reordered line is found by `read`, which says the number of the first bad one. A line is
on the disk, its end included, before `append` returns; what a crash cut off was never written. What an event may say is
the caller's rule (`fault`): a line cannot name code.

What a chain alone cannot show: that lines are missing at its end, or that the whole file was written anew. Whoever
wants to see that keeps the last hash somewhere else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.documents import parse_json
from ctdc.foundation.files import alone, write_bytes
from ctdc.foundation.hashing import hash_value

_TAIL_BYTES = 1 << 16
NO_LINE = "it is not a line of this file"


@dataclass(frozen=True)
class Line:
    """One line: its place (from 1), the hash of the line before, what happened, and its own hash."""

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


class Broken(Exception):
    """A line is not what was written. number: its place in the file, from 1; why: a clause of a sentence."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}")
        self.number, self.why = number, why


def parse(text: bytes, number: int, fault: Callable[[Any], str]) -> Line:
    """One line, its event and its form looked at and its place in the chain not. Raises Broken."""
    try:
        raw = parse_json(text)
        line = Line(raw["sequence"], raw["previous"], raw["event"], raw["hash"])
    except (ValueError, KeyError, TypeError):
        raise Broken(number, NO_LINE) from None
    if wrong := fault(line.event):
        raise Broken(number, wrong)
    if line.text().encode() != text:  # the same values in another form: whoever searches the bytes would miss it
        raise Broken(number, "it does not stand as it was written")
    return line


def complete(content: bytes) -> bytes:
    """`content` up to its last line end.

    What stands behind it was cut off by a crash, or is being written right now: whoever appends goes on only when the
    whole line is on the disk.
    """
    return content[: content.rfind(b"\n") + 1]


def read(path: Path, fault: Callable[[Any], str]) -> tuple[Line, ...]:
    """All lines, verified; empty when there is no file yet.

    fault: what is wrong with an event as a clause, empty when it is sound. Raises Broken at the first bad line.
    """
    lines, damage = read_sound(path, fault)
    if damage:
        raise damage
    return lines


def read_sound(path: Path, fault: Callable[[Any], str]) -> tuple[tuple[Line, ...], Broken | None]:
    """The lines before the first bad one, verified, and what is wrong with that one; None when all are sound."""
    if not path.exists():
        return (), None
    lines: list[Line] = []
    for number, text in enumerate(complete(path.read_bytes()).splitlines(), start=1):
        try:
            line = parse(text, number, fault)
        except Broken as damage:
            return tuple(lines), damage
        if line != Line.after(lines[-1] if lines else None, line.event):
            return tuple(lines), Broken(number, "its hash or its place in the chain is wrong")
        lines.append(line)
    return tuple(lines), None


def last(path: Path) -> Line | None:
    """The last complete line, with its own hash checked but not those before it; None when there is none.

    Raises Broken (number 0: it was not counted) when it is not a line.
    """
    if not path.exists() or not path.stat().st_size:
        return None
    with path.open("rb") as stream:
        size, back = path.stat().st_size, _TAIL_BYTES
        while True:
            stream.seek(max(0, size - back))
            texts = complete(stream.read()).splitlines()
            if len(texts) > 1 or back >= size:
                break
            back *= 2
    if not texts:
        return None
    line = parse(texts[-1], 0, lambda _: "")
    if line.hash != hash_value([line.sequence, line.previous, line.event]):
        raise Broken(0, "the last line's hash is wrong")
    return line


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer at a time; the lock goes with the process, so a killed one leaves none behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path.with_name(path.name + ".lock")):
        yield


def append(path: Path, line: Line) -> None:
    """Add one line, in place of what a crash left unfinished, and wait until it is on the disk.

    The caller holds the lock. A line that does not get there whole (a full disk: OSError) is taken away again.
    """
    if not path.exists():
        write_bytes(path, b"")  # puts the new name on the disk too, which syncing the file alone would not
    descriptor = os.open(path, os.O_RDWR)
    try:
        end = _end_of_lines(descriptor)
        os.ftruncate(descriptor, end)
        _write_at(descriptor, end, line.text().encode() + b"\n")
    finally:
        os.close(descriptor)


def _write_at(descriptor: int, end: int, data: bytes) -> None:
    try:
        done = 0
        while done < len(data):
            done += os.pwrite(descriptor, data[done:], end + done)
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, end)
        raise


def _end_of_lines(descriptor: int) -> int:
    """Where the last complete line ends, in bytes from the start, looking backwards from the end."""
    size = os.fstat(descriptor).st_size
    upper = size
    while upper > 0:
        lower = max(0, upper - _TAIL_BYTES)
        piece = os.pread(descriptor, upper - lower, lower)
        if (found := piece.rfind(b"\n")) >= 0:
            return lower + found + 1
        upper = lower
    return 0
