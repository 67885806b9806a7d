"""Long work as a child process that tells how far it is, can be stopped, and leaves the truth when it is killed.

Promise: whether a child lives is told by a lock that the system takes from it when it ends, however it ends, never by a
number of a process alone; what became of it is a file that appears whole. The child outlives the workbench: what is
being paid for is finished, and found by the next one. Nothing that a child says goes to a log.

A job's folder: ``job.json`` (what is asked), ``lock``, ``pid``, ``progress.json``, and at the end ``result.json`` or
``error.json``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from ctdc.foundation.errors import Cancelled
from ctdc.hub.workbench.project import dumps, read_json, write_json

JOB, LOCK, PID, PROGRESS, RESULT, ERROR = "job.json", "lock", "pid", "progress.json", "result.json", "error.json"
ENDED = "cancelled"
EVERY = 0.25  # seconds between two notes of progress
ENDING = 5.0  # seconds in which a child that has said how it ended is gone
CHILD = "ctdc.hub.workbench.child"
NOTHING_YET: Mapping[str, Any] = {"task": "", "done": 0.0, "total": None, "finished": []}
_LOOKING = Lock()  # a look at a lock holds it for a moment, in which another thread could not begin a job


@dataclass(frozen=True)
class State:
    """How a job is. state: ``none``, ``running``, ``done``, ``failed``, ``cancelled`` or ``killed``."""

    state: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    progress: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether the child lives."""
        return self.state == "running"


def state_of(folder: Path) -> State:
    """How the job in `folder` is."""
    job = read_json(folder / JOB)
    if job is None:
        return State("none")
    alive = is_alive(folder)  # before its end is looked for: it may come in between
    result, error = read_json(folder / RESULT), read_json(folder / ERROR)
    progress = {**NOTHING_YET, **(read_json(folder / PROGRESS) or {})}
    if result is not None:
        return State("done", job["asked"], progress, result)
    if alive:
        return State("running", job["asked"], progress)
    if error is not None:
        kind = ENDED if error.get("code") == ENDED else "failed"
        return State(kind, job["asked"], progress, error=error)
    return State("killed", job["asked"], progress)


def is_alive(folder: Path) -> bool:
    """Whether the child of the job holds its lock."""
    try:
        with _LOOKING, (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def start(folder: Path, kind: str, project: Path, asked: Mapping[str, Any]) -> None:
    """Begin the job in `folder`, in the place of an earlier one there. Does nothing while that one runs.

    One that has said how it ended is waited for, for a moment. kind: one of `ctdc.hub.workbench.child.TASKS`; asked:
    JSON values, handed to it.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    _wait_for_end(folder)
    with _LOOKING, (folder / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for name in (RESULT, ERROR, PROGRESS):
            (folder / name).unlink(missing_ok=True)
        job = {"kind": kind, "project": str(project), "parent": os.getpid(), "asked": dict(asked)}
        write_json(folder / JOB, job)
        # The lock belongs to the open file, which the child inherits and this process closes.
        child = subprocess.Popen(  # noqa: S603 - our own module and a folder of ours
            [sys.executable, "-m", CHILD, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock.fileno(),),
            start_new_session=True,
        )
        write_json(folder / PID, child.pid)
    Thread(target=child.wait, name="wait-for-child", daemon=True).start()


def _wait_for_end(folder: Path) -> None:
    until = time.monotonic() + ENDING
    ended = any((folder / name).exists() for name in (RESULT, ERROR))
    while ended and is_alive(folder) and time.monotonic() < until:
        time.sleep(0.02)


def cancel(folder: Path) -> None:
    """Ask the child to stop. Nothing happens if it has ended: its number may be another process's by now."""
    number = read_json(folder / PID)
    if isinstance(number, int) and is_alive(folder):
        os.kill(number, signal.SIGTERM)


def end(folder: Path, within: float = ENDING) -> None:
    """Stop the child for good: it is asked to, and after a fifth of `within` seconds not asked any more."""
    cancel(folder)
    until = time.monotonic() + within
    number = read_json(folder / PID)
    while is_alive(folder) and time.monotonic() < until:
        if isinstance(number, int) and time.monotonic() > until - within * 4 / 5:
            with suppress(ProcessLookupError):
                os.killpg(number, signal.SIGKILL)  # it leads a session of its own
        time.sleep(0.02)


def sweep(folder: Path) -> None:
    """Remove what a killed process left half written in `folder` and just below, if nothing works there now.

    It may hold cases, and nobody will finish it.
    """
    if not folder.is_dir() or is_alive(folder):
        return
    for left in (*folder.glob("*.part"), *folder.glob("*/.*.part")):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


class FileProgress:
    """Progress as a file that pages are made from. A signal to end is an exception at the next call or before."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PROGRESS
        self._state: dict[str, Any] = dict(NOTHING_YET)
        self._written = 0.0

    def start(self, task: str, total: float | None = None) -> None:
        """A task begins."""
        self._state |= {"task": task, "done": 0.0, "total": total}
        self._write()

    def advance(self, amount: float = 1.0) -> None:
        """More is done. Written a few times a second at most."""
        self._state["done"] += amount
        if time.monotonic() - self._written > EVERY:
            self._write()

    def finish(self) -> None:
        """The task is complete."""
        self._state["finished"] = [*self._state["finished"], self._state["task"]]
        self._write()

    def _write(self) -> None:
        """Whole or not at all; that it survives a power cut is not worth waiting for the disk."""
        temporary = self._path.with_suffix(".part")
        temporary.write_text(dumps(self._state), encoding="utf-8")
        temporary.replace(self._path)
        self._written = time.monotonic()


def stopped(*_: object) -> None:
    """Answer a signal to end."""
    raise Cancelled(ENDED, "Stopped by you.")
