"""Rooms of the workbench: one person's table each, in memory, and gone when they leave.

Promise: a room lies in a private folder of a file system in memory and nowhere else; there are no more rooms at once
than the settings of the studio say, and a file or a run for which their memory would be too little does not begin: what
it may come to need is set aside until it has ended. Work that goes on in a room has ended before its folder is removed,
and what a request that is still inside writes there afterwards goes with it. Rooms belong to the process that shows
pages: when it ends, however it ends, they end.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Condition, Lock, RLock

from django.conf import settings
from starlette.types import ASGIApp

from ctdc.foundation.errors import Refused
from ctdc.hub.studio.bench.explored import Explored
from ctdc.hub.studio.deliveries import memory
from ctdc.hub.studio.demonstration.rules import check_name
from ctdc.hub.workbench import jobs, outlook
from ctdc.hub.workbench.application import pages_of
from ctdc.hub.workbench.frame import Bench
from ctdc.hub.workbench.project import held, open_project
from ctdc.hub.workbench.runs import RAW

BASE = "/workbench"
MEGABYTE = 1_000_000
MOST_FILE = 100 * MEGABYTE  # bytes; deploy/nginx-studio.conf lets as many through
GROWTH = 3  # a file, the table that is read from it, and what is made ready for a run
ENDS_WITHIN = 3.0  # seconds that a room that closes waits for the requests inside


class Room:
    """One person's project, and the pages over it. ledger: where what is charged is kept."""

    def __init__(self, rooms: Rooms, ledger: Path) -> None:
        with ExitStack() as made:
            folder = made.enter_context(memory.private_folder())
            self.project = open_project(folder, ledger)
            made.enter_context(held(self.project))
            self._kept = made.pop_all()
        self._rooms, self._taking, self._door = rooms, Lock(), Condition()
        self._inside = self.reserved = 0
        self._closed = self._removed = False
        self.explored = Explored(self.project, f"{BASE}/explore")
        minutes = int(settings.LONGEST_REST.total_seconds() // 60)
        bench = Bench(self.project, self.explored, MOST_FILE, BASE, minutes, self.taking, check_name)
        self.app: ASGIApp = pages_of(bench)
        self.begun = self.seen = time.monotonic()

    @contextmanager
    def visited(self) -> Iterator[bool]:
        """While a request is answered: it begins and ends what counts as a rest. Gives False for a room that closes."""
        with self._door:
            is_open = not self._closed
            self._inside += is_open
        try:
            yield is_open
        finally:
            with self._door:
                self._inside -= is_open
                self.seen = time.monotonic()
                if self._removed and not self._inside:  # it was waited for in vain: what it wrote is removed, too
                    shutil.rmtree(self.project.folder, ignore_errors=True)
                self._door.notify_all()

    @contextmanager
    def taking(self, length: int) -> Iterator[None]:
        """While a file of `length` bytes comes, or a run begins over a table of as many; what is set aside for it stays
        until the work that begins meanwhile has ended.

        Raises Refused: ``workbench.busy`` if another one comes already, ``workbench.full`` if memory is too little.
        """
        if not self._taking.acquire(blocking=False):
            raise Refused("workbench.busy", "Another file is on its way.", do="Wait until it has come.")
        try:
            self._rooms.reserve(self, GROWTH * length)
            yield
        finally:
            self._taking.release()

    def claims(self) -> int:
        """Bytes of memory that it has or may come to need: its files, or what was set aside while something goes on."""
        if not self._taking.locked() and not any(jobs.is_alive(folder) for folder in self._jobs()):
            self.reserved = 0
        return max(self.size(), self.reserved)

    def is_over(self) -> bool:
        """Whether nobody was here for as long as a session may rest, or the room is as old as a session may be."""
        moment = time.monotonic()
        rests = not self._inside and moment - self.seen > settings.LONGEST_REST.total_seconds()
        return rests or moment - self.begun > settings.LONGEST_SESSION.total_seconds()

    def size(self) -> int:
        """Bytes of memory that its files take."""
        found = 0
        for folder, _, names in os.walk(self.project.folder):
            for name in names:
                with suppress(FileNotFoundError):
                    found += (Path(folder) / name).lstat().st_blocks * 512
        return found

    def close(self) -> None:
        """Let nobody in any more, end the work that goes on, and remove everything. What was charged stays charged.

        Requests inside are waited for, but not for long. Raises UserError and OSError, of work that could not be ended;
        everything is removed also then.
        """
        with self._door:
            self._closed = True
            self._door.wait_for(lambda: not self._inside, ENDS_WITHIN)
        with RAW:  # what begins to read the raw file has begun, and is ended; or it finds no folder
            try:
                self._stop()
            finally:
                self._remove()

    def _stop(self) -> None:
        for folder in self._jobs():
            jobs.end(folder)

    def _jobs(self) -> Iterator[Path]:
        """The folders in which work may go on."""
        yield from (self.project.input, self.project.risk)
        with suppress(FileNotFoundError):
            yield from sorted(self.project.runs.iterdir())

    def _remove(self) -> None:
        self.explored.close()
        outlook.forget()
        with self._door:
            self._kept.close()
            self._removed = True


class Rooms:
    """All rooms, by the numbers of their people."""

    def __init__(self) -> None:
        self._rooms: dict[int, Room] = {}
        self._lock = RLock()

    def make(self, person: int, ledger: Path) -> Room:
        """A room for a person, or the one that they have.

        Raises Refused: ``bench.full`` when all are taken, ``bench.memory`` where there is no file system in memory; and
        UserError as `private_folder` does.
        """
        if not memory.MEMORY.is_dir():
            raise Refused("bench.memory", "This machine has no file system in memory.")
        with self._lock:
            if person not in self._rooms:
                if len(self._rooms) >= settings.STUDIO.settings.workbench_rooms:
                    raise Refused("bench.full", "All rooms of the workbench are taken.", do="Try again later.")
                self._rooms[person] = Room(self, ledger)
            return self._rooms[person]

    def of(self, person: int) -> Room | None:
        """The room of a person."""
        return self._rooms.get(person)

    def take(self, person: int) -> Room | None:
        """The room of a person, which nobody finds from now on: to be closed."""
        with self._lock:
            return self._rooms.pop(person, None)

    def people(self) -> list[int]:
        """The numbers of everybody who has a room."""
        return list(self._rooms)

    def reserve(self, room: Room, wanted: int) -> None:
        """Set memory aside for `room`. Raises Refused (``workbench.full``)."""
        with self._lock:
            own = room.size()
            used = own + sum(one.claims() for one in self._rooms.values() if one is not room)
            free = settings.STUDIO.settings.workbench_megabytes * MEGABYTE - used
            if wanted > min(free, shutil.disk_usage(memory.MEMORY).free):
                raise Refused("workbench.full", "There is too little memory left for this.", do="Try again later.")
            room.reserved = own + wanted


ROOMS = Rooms()
