"""Runs a command and measures it from outside: wall time, CPU time and memory of the whole tree of processes.

Promise: the figures include every child (workers, compilers), waited for or killed; the observer's own cost is not
in them. Linux only, because they come from ``/proc`` and ``wait4``.

* CPU: user and system seconds of the process and all descendants, from ``wait4``; or from the last look at ``/proc`` if
  that is more, as for what was killed, or outlived whoever started it (Spark's Java process).
* Memory: the largest seen sum of proportional set sizes (a page that n processes share counts 1/n in each), looked at
  four times a second, or the largest resident size that the kernel noted for a single process if that is more. (Not
  the ``ru_maxrss`` of ``wait4``: a process inherits in it the size of the one that started it.)
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.25
TICKS = os.sysconf("SC_CLK_TCK")
LAST_LINES = 3
PROC = Path("/proc")


@dataclass(frozen=True)
class Measured:
    """What a command cost. `status`: done, failed, or stopped (at the limit)."""

    status: str
    exit_code: int | None
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    limit_seconds: float
    load_before: float
    load_after: float

    def as_dict(self) -> dict[str, Any]:
        """The figures as a JSON object."""
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(self).items()}


@dataclass
class _Tree:
    """Every process of one session (POSIX: the command and all that it started, unless one leaves on purpose)."""

    session: int
    peak: int = 0
    largest: int = 0
    cpu: dict[int, float] = field(default_factory=dict)

    def look(self) -> None:
        """Update CPU and peak memory from ``/proc``."""
        memory = 0
        for folder in PROC.iterdir():
            if folder.name.isdigit():
                memory += self._look_at(folder)
        self.peak = max(self.peak, memory)

    def _look_at(self, folder: Path) -> int:
        try:
            # The name of the program is in parentheses and may hold spaces; fields are counted from after it.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) != self.session:
                return 0
            self.cpu[int(folder.name)] = (int(fields[11]) + int(fields[12])) / TICKS
            self.largest = max(self.largest, _kilobytes(folder / "status", "VmHWM:"))
            return _kilobytes(folder / "smaps_rollup", "Pss:")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return 0  # it ended while we looked


def _kilobytes(path: Path, label: str) -> int:
    """The figure, in bytes, of one line of a file of the kernel; 0 for a process that has just ended."""
    for line in path.read_text().splitlines():
        if line.startswith(label):
            return int(line.split()[1]) * 1024
    return 0


def last_words(log: Path) -> str:
    """The last lines of a log, which mostly say why something failed."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return "; ".join([line for line in lines if line][-LAST_LINES:]) or "failed without a word"


def _stop(session: int) -> None:
    """End every process of the group that we started."""
    try:
        os.killpg(session, signal.SIGKILL)
    except ProcessLookupError:
        return


def run_measured(
    command: Sequence[str], *, limit_seconds: float, log: Path, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run `command` to its end, or kill its group after `limit_seconds`; its output goes to `log`."""
    load_before = os.getloadavg()[0]
    started = time.perf_counter()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
        tree = _Tree(process.pid)
        stopped = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if not stopped and time.perf_counter() - started > limit_seconds:
                tree.look()
                _stop(process.pid)
                stopped = True
            tree.look()
            time.sleep(LOOK_SECONDS)
    wall = time.perf_counter() - started
    _stop(process.pid)
    process.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait for it again
    return Measured(
        status="stopped" if stopped else "done" if process.returncode == 0 else "failed",
        exit_code=process.returncode,
        wall_seconds=wall,
        cpu_seconds=max(usage.ru_utime + usage.ru_stime, sum(tree.cpu.values())),
        peak_bytes=max(tree.peak, tree.largest),
        limit_seconds=limit_seconds,
        load_before=load_before,
        load_after=os.getloadavg()[0],
    )
