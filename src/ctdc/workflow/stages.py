"""Long work cut into stages that survive being killed.

Promise: a stage's folder is named by the hash of everything that goes into it, and it appears under that name
whole or not at all. So a killed run continues at the first stage that is not there, a repeated run finds every
stage and changes nothing, and a changed input makes a new folder beside the old one. A folder whose files no
longer match its record is never used. One run at a time works in a workspace; the lock dies with its process.

A paid stage spends something that cannot be given back (the privacy budget). Finished, it is never repeated;
damaged, it is refused rather than silently paid for again; interrupted, its next attempt is known to be a
further payment (`Workspace.earlier_attempts`).

The record ``stage.json`` holds names, hashes and times: never a value, nor a count, of case records.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ctdc.foundation import clock
from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import atomic_folder, write_text
from ctdc.foundation.hashing import hash_file, hash_value
from ctdc.foundation.progress import Progress

RECORD = "stage.json"
RECORD_VERSION = 1
KEY_DIGITS = 12
SERVING = frozenset({"intake", "privacy", "release", "simulate", "standard"})  # rooms that read the collaborative
OWN = ("presentation", "texts", "standard")  # what they read of it, besides its description; mappings have own hashes
_NAME = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Stage:
    """One step of a run.

    name: lower case with hyphens, unique in a run; version: raised when the stage's own code changes what it
    writes; inputs: JSON values that say completely what goes in (hashes of files, parameters, versions); work:
    writes into the empty folder that it is given; paid: see the module's promise.
    """

    name: str
    version: int
    inputs: Mapping[str, Any]
    work: Callable[[Path, Progress], None]
    paid: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a stage's name is lower case with hyphens, not {self.name!r}")

    @property
    def key(self) -> str:
        """SHA-256 of name, version and inputs."""
        return hash_value({"stage": self.name, "version": self.version, "inputs": dict(self.inputs)})

    @property
    def folder_name(self) -> str:
        """Name of the stage's folder in the workspace."""
        return f"{self.name}-{self.key[:KEY_DIGITS]}"


@dataclass(frozen=True)
class Outcome:
    """A finished stage. outputs: relative path to SHA-256; reused: found finished, so that nothing was done."""

    name: str
    folder: Path
    key: str
    outputs: Mapping[str, str]
    started: datetime
    ended: datetime
    reused: bool

    @property
    def content(self) -> str:
        """SHA-256 over the outputs: what a later stage names among its inputs."""
        return hash_value(dict(self.outputs))

    def as_dict(self) -> dict[str, Any]:
        """The outcome as a JSON object."""
        return {
            "stage": self.name,
            "folder": str(self.folder),
            "key": self.key,
            "content": self.content,
            "started": clock.timestamp(self.started),
            "ended": clock.timestamp(self.ended),
            "reused": self.reused,
        }


@cache
def code_hash(*rooms: str) -> str:
    """SHA-256 of the programs and data of these rooms of ``ctdc``: an input of stages that cost nothing to repeat,
    so that a changed rule is never hidden by an old result. What the collaborative sets is a rule, too.
    """
    package = Path(__file__).parents[1]
    found = [path for room in rooms for path in (package / room).rglob("*")]
    # Compilers leave their own files there at the first use: not a change of the rules.
    files = sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)
    hashes = [[path.relative_to(package).as_posix(), hash_file(path)] for path in files]
    served = current().hash_of(*OWN) if SERVING.intersection(rooms) else ""
    return hash_value([hashes, served])


def _hash_outputs(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / RECORD)
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in files}


def _sync_outputs(folder: Path) -> None:
    """Bring every file to the disk before the folder gets its name, so that a power cut cannot cost a paid stage."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _write_record(stage: Stage, folder: Path, started: datetime) -> None:
    record = {
        "record": RECORD_VERSION,
        "stage": stage.name,
        "version": stage.version,
        "key": stage.key,
        "inputs": dict(stage.inputs),
        "outputs": _hash_outputs(folder),
        "started": clock.timestamp(started),
        "ended": clock.timestamp(clock.now()),
    }
    write_text(folder / RECORD, json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


def _read_outcome(stage: Stage, folder: Path, *, reused: bool) -> Outcome:
    """The outcome that `folder` records. Raises ValueError, KeyError or OSError when it is not a whole record."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    if record["record"] != RECORD_VERSION or record["key"] != stage.key:
        raise ValueError("the record is not this stage's")
    return Outcome(
        name=stage.name,
        folder=folder,
        key=record["key"],
        outputs=dict(record["outputs"]),
        started=_moment(record["started"]),
        ended=_moment(record["ended"]),
        reused=reused,
    )


def _damage(stage: Stage, folder: Path) -> str:
    """What is wrong with a stage's folder, as a sentence; empty when it is whole."""
    try:
        recorded = _read_outcome(stage, folder, reused=True).outputs
    except (OSError, ValueError, KeyError, TypeError):
        return f"its record {RECORD} is missing or damaged"
    found = _hash_outputs(folder)
    wrong = sorted(name for name in recorded.keys() | found.keys() if recorded.get(name) != found.get(name))
    return f"these files are not as they were written: {', '.join(wrong)}" if wrong else ""


class Workspace:
    """The folder in which a run's stages live; private to its owner (mode 0700), for it holds case records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the workspace for the body's duration.

        The lock is the kernel's (flock): it ends with the process however that dies, so a file left behind by a
        killed run blocks nobody. Raises UserError (``run.locked``) while another run holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(descriptor)
            self._sweep()
            self._held = True
            yield
        finally:
            self._held = False
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip()
            raise UserError(
                "run.locked",
                f"Another run is at work in this folder ({holder or 'just starting'}).",
                where=str(self.folder),
                do="Wait until it has ended, or choose another folder.",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}".encode("ascii"), 0)

    def _sweep(self) -> None:
        """Remove what killed runs left half written; under the lock nobody else can be writing it."""
        for leftover in self.folder.glob(".*.part"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

    def find(self, stage: Stage) -> Outcome | None:
        """The finished stage, every output checked against its hash; None when it has still to be done.

        A damaged folder of an ordinary stage is removed, so that the stage is done again. Raises Refused
        (``run.paid_damaged``) for a damaged paid stage.
        """
        folder = self.folder / stage.folder_name
        if not folder.exists():
            return None
        damage = _damage(stage, folder)
        if not damage:
            return _read_outcome(stage, folder, reused=True)
        if stage.paid:
            raise Refused(
                "run.paid_damaged",
                f"The finished stage '{stage.name}' is damaged: {damage}.",
                where=str(folder),
                do="Restore the folder from a backup, which costs nothing. If there is none, remove the folder and run "
                "again: the stage is then done anew and its privacy cost is charged a second time.",
            )
        shutil.rmtree(folder)
        return None

    def forget(self, stage: Stage) -> None:
        """Remove a finished stage, so that it is done again. Raises ValueError for a paid one."""
        if stage.paid:
            raise ValueError("a paid stage is never forgotten")
        shutil.rmtree(self.folder / stage.folder_name, ignore_errors=True)

    def earlier_attempts(self, stage: Stage) -> tuple[str, ...]:
        """When attempts at a paid stage began whose output is not there (timestamps, oldest first)."""
        path = self._attempts_path(stage)
        if (self.folder / stage.folder_name).exists() or not path.exists():
            return ()
        return tuple(path.read_text(encoding="ascii").split())

    def _attempts_path(self, stage: Stage) -> Path:
        return self.folder / f"{stage.folder_name}.attempts"

    def perform(self, stage: Stage, progress: Progress) -> Outcome:
        """Find the stage finished, or do it. Call inside `locked`.

        Raises whatever the stage's work raises, and then leaves nothing under the stage's name.
        """
        if not self._held:
            raise RuntimeError("perform() outside locked()")
        found = self.find(stage)
        if found is not None:
            return found
        started = clock.now()
        if stage.paid:
            attempts = (*self.earlier_attempts(stage), clock.timestamp(started))
            write_text(self._attempts_path(stage), "\n".join(attempts) + "\n")
        folder = self.folder / stage.folder_name
        with atomic_folder(folder) as fresh:
            stage.work(fresh, progress)
            _sync_outputs(fresh)
            _write_record(stage, fresh, started)
        return _read_outcome(stage, folder, reused=False)
