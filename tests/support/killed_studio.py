"""A studio that runs in processes of its own, and is killed while it works: made, started, killed and looked at.

``python -m tests.support.killed_studio FOLDER PORT OUT`` makes it, in a process that is nobody's studio afterwards, and
writes who is signed in to the private file OUT.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.support import ready_database
from tests.support.ended import end
from tests.support.processes import with_tests
from tests.support.quick import QUICK

from ctdc.foundation.chain import Line
from ctdc.hub.studio import place, starting
from ctdc.privacy import ledger
from ctdc.privacy.protect import PAID

ROOT = Path(__file__).parents[2]
HOME = "sim-hotline"
POPULATION = "people"
STAFF = {"steward": "steward", "first": "reviewer", "second": "reviewer", "administrator": "administrator"}
MARK = "KILLED_STUDIO"  # in the environment of a studio's processes, so that none of them is overlooked
LONG_AGO = "2000-01-01 00:00:00"
MOST_SECONDS = 900.0  # after which a test that waits says where the studio is
# What a kill can fall into, besides the kinds of jobs: half of a delivery is here; the ledger was charged a moment ago;
# the site has been replaced a moment ago; the studio starts.
SENDING, CHARGED, REPLACED, START = "sending", "charged", "replaced", "start"
RUN, PUBLISH = "desk.run", "desk.publish"
WITHIN = {CHARGED: RUN, REPLACED: PUBLISH}
SOON = 0.05  # seconds that are a moment
BESIDE = 5  # every so many starts, the pages start the worker


# ---- making ---------------------------------------------------------------------------------------------------------


def make(folder: Path, port: int, out: Path) -> None:
    """A studio with a vault, an organisation that may deliver, a budget, and people who are signed in."""
    place.create(folder, address=f"http://localhost:{port}", hub="Test hub", sender="studio@example.org")
    settings = folder / place.SETTINGS
    settings.write_text(settings.read_text().replace("vault_keys = []", 'vault_keys = ["file:vault.key"]'))
    here = starting.make_ready(folder)
    ready_database.fill_new()
    starting.update_database()
    from benchmarks import studio_crowd
    from tests.support.studio_people import make_person

    from ctdc.hub.studio.desk.acts import set_budget
    from ctdc.hub.studio.people.models import Organisation

    studio_crowd.give_a_vault(here.vault, folder / "vault.key")
    hub = Organisation.objects.create(slug="hub", name="Test hub", is_hub=True)
    home = Organisation.objects.create(slug=HOME, name="Simulated hotline")
    people = {name: make_person(hub, role, name=name.title()) for name, role in STAFF.items()}
    contributor = make_person(home, "contributor", name="Contributor")
    studio_crowd.agree(people["administrator"], home)
    studio_crowd.approve_mapping(people["steward"], people["first"], home)
    set_budget(people["administrator"], POPULATION, 90.0, 1e-4, False, new_population=True)
    found = {name: studio_crowd.member(one, STAFF[name]).cookie for name, one in people.items()}
    found["token"] = studio_crowd.member(contributor, "contributor").token
    out.touch(0o600)
    out.write_text(json.dumps(found), encoding="utf-8")


def made(folder: Path, port: int) -> dict[str, str]:
    """A studio in the new folder `folder`: sessions by who they are of, and the contributor's ``token``."""
    out = folder.with_suffix(".json")
    command = [sys.executable, "-m", "tests.support.killed_studio", str(folder), str(port), str(out)]
    subprocess.run(command, check=True, cwd=ROOT, env=with_tests())
    found: dict[str, str] = json.loads(out.read_text(encoding="utf-8"))
    return found


def answers(address: str) -> bool:
    """Whether there is a page at an address; not when nobody answers."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(address, timeout=60).status_code == 200
    return False


# ---- running --------------------------------------------------------------------------------------------------------


@dataclass
class Studio:
    """A studio that is started and ended again and again. log: what its processes said, of all starts."""

    folder: Path
    port: int
    log: Path
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    until: float = field(default_factory=lambda: time.monotonic() + MOST_SECONDS)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://localhost:{self.port}"

    def start(self, beside: bool = False) -> None:
        """Start pages and worker in one group of processes, which is nobody else's.

        beside: the pages start the worker, as ``ctdc studio serve`` does by itself; else both start at once, as an
        operator's services do.
        """
        serve = ["serve", str(self.folder), "--port", str(self.port)]
        self._running = [self._begin([*serve, *(() if beside else ("--no-worker",))], 0)]
        if not beside:
            self._running.append(self._begin(["work", str(self.folder)], self._running[0].pid))

    def _begin(self, arguments: Sequence[str], group: int) -> subprocess.Popen[bytes]:
        """A process in a group of processes; 0: in a new one."""
        around = with_tests() | {MARK: str(self.folder)}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*QUICK, "studio", *arguments], stdout=log, stderr=log, env=around, process_group=group
            )

    def wait(self) -> float:
        """Until it answers; how many seconds that took."""
        began = time.monotonic()
        self.wait_for(self._answers, "the studio does not answer")
        return time.monotonic() - began

    def _answers(self) -> bool:
        if any(one.poll() is not None for one in self._running):
            raise AssertionError(self.said("a part of the studio has ended by itself"))
        return answers(f"{self.address}/account/login/")

    def kill(self) -> None:
        """End all of it at once, without a word, and see that nothing of it lives."""
        with contextlib.suppress(IndexError, ProcessLookupError):
            os.killpg(self._running[0].pid, signal.SIGKILL)
        self._has_ended()

    def stop(self) -> None:
        """End it as an operator does."""
        for one in self._running:
            one.terminate()
        for one in self._running:
            end(one)
        self._has_ended()

    def _has_ended(self) -> None:
        for one in self._running:
            one.wait()
        self._running = []
        self.wait_for(lambda: not self.processes(), "a process of the studio outlives it")

    def processes(self) -> list[int]:
        """The numbers of its processes, of whatever start, that live (Linux)."""
        own, found = f"{MARK}={self.folder}".encode(), []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if own in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
        return found

    def wait_for(self, what: Callable[[], bool], otherwise: str) -> None:
        """Until it is so. A machine that is busy is waited for; one that does not go on at all is not."""
        while not what():
            if time.monotonic() > self.until:
                raise AssertionError(self.said(otherwise))
            time.sleep(0.02)

    # ---- looking

    def rows(self, question: str) -> list[tuple[object, ...]]:
        """Rows of its database."""
        with contextlib.closing(sqlite3.connect(self.folder / "studio.sqlite3", timeout=60)) as database:
            return database.execute(question).fetchall()

    def going_on(self) -> set[str]:
        """What it is at: kinds of jobs that a living worker does, and `SENDING` while half of a delivery is here."""
        jobs = "select kind from ctdc_jobs_job where state = 'running' and lease > '2001'"
        half = (
            "select 1 from ctdc_deliveries_delivery d join ctdc_deliveries_deliveryfile f on f.delivery_id = d.id "
            "where d.state = 'receiving' and f.offset > 0"
        )
        return {str(kind) for (kind,) in self.rows(jobs)} | ({SENDING} if self.rows(half) else set())

    def lost_charges(self) -> set[str]:
        """Hashes of charges to the ledger whose measurement is nowhere: it was cut off when it was paid for."""
        kept = {
            json.loads(path.read_text(encoding="utf-8"))["charge"]
            for path in (self.folder / "work" / "desk").glob(f"*/run/*/measure-*/protected/{PAID}")
        }
        return {line.hash for line in self.charges() if line.hash not in kept}

    def charges(self) -> tuple[Line, ...]:
        """The charges in its ledger."""
        return tuple(line for line in ledger.read(self.folder / "ledger.jsonl") if line.event["kind"] == "charge")

    def said(self, what: str) -> str:
        """A fault, with where the studio is."""
        asked = {
            "jobs": "select id, kind, state, attempts, lease, problem from ctdc_jobs_job order by id desc limit 12",
            "deliveries": "select id, state, problem, stored_as from ctdc_deliveries_delivery order by id",
            "releases": "select id, name, state, folder from ctdc_desk_releaseplan order by id",
        }
        found = [f"{name}: {line}" for name, question in asked.items() for line in self.rows(question)]
        log = self.log.read_text(encoding="utf-8", errors="replace")[-3000:] if self.log.exists() else ""
        return "\n".join([what, f"processes: {self.processes()}", *found, "log:", log])


# ---- killing --------------------------------------------------------------------------------------------------------


@dataclass
class Killer:
    """Kills a studio while it is at something, at moments that chance chooses, and starts it again.

    look: raises when there is no more use in waiting; took: the most seconds that each thing takes, and a start;
    cut: what each kill was to cut off; lost: charges whose measurement a kill cut off.
    """

    studio: Studio
    dice: random.Random
    look: Callable[[], None]
    took: dict[str, float] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    def kill_during(self, wanted: Mapping[str, int]) -> None:
        """Kill until so many kills have fallen into each thing; what stands first is preferred where several go on.

        `START`: so many of the kills are followed by one of the studio that starts again.
        """
        left = {kind: number for kind, number in wanted.items() if kind != START}
        number, twice = 0, self.dice.sample(range(sum(left.values())), wanted.get(START, 0))
        while left := {kind: number for kind, number in left.items() if number}:
            kind = self._choose(left)
            if not self._reach(kind) or not (self._kill(kind) or kind in WITHIN):
                continue  # it was faster
            left[kind] -= 1
            if number in twice:
                time.sleep(self.dice.uniform(0, self.took[START]))
                self._kill(START)
            number += 1
            self.studio.wait()

    def _choose(self, left: Mapping[str, int]) -> str:
        """Something that is going on now, of what kills have to fall into."""
        found: list[str] = []

        def is_there() -> bool:
            self.look()
            going = self.studio.going_on()
            found[:] = [kind for kind in left if WITHIN.get(kind, kind) in going]
            return bool(found)

        self.studio.wait_for(is_there, f"nothing of {dict(left)} goes on")
        return found[0]

    def _reach(self, kind: str) -> bool:
        """Let time pass until a moment of it; whether it is still going on then."""
        if kind in WITHIN:
            mark = self._mark(kind)
            while self._mark(kind) == mark:
                if WITHIN[kind] not in self.studio.going_on():
                    return False
            time.sleep(self.dice.uniform(0, SOON))
            return True
        rest = self.dice.uniform(0, self.took[kind])
        time.sleep(rest)
        if kind in self.studio.going_on():
            return True
        self.took[kind] = max(rest, SOON)  # it takes less than that
        return False

    def _mark(self, kind: str) -> int:
        """What changes in the moment of which `kind` tells."""
        folder = self.studio.folder
        return (folder / "site").stat().st_ino if kind == REPLACED else (folder / "ledger.jsonl").stat().st_size

    def _kill(self, kind: str) -> bool:
        """Kill, and start again; whether that has cut `kind` off.

        Between the two half a minute goes by, which nobody waits for: the leases of the dead have run out.
        """
        self.studio.kill()
        going = self.studio.going_on()
        is_cut = WITHIN.get(kind, kind) in going
        self.cut.append(kind)
        self.lost |= self.studio.lost_charges()
        seconds, lost = time.monotonic() - self.began, len(self.lost)
        print(f"{seconds:6.1f} s: killed for {kind}, when {sorted(going)} went on; {lost} charges lost", flush=True)
        with contextlib.closing(sqlite3.connect(self.studio.folder / "studio.sqlite3", timeout=60)) as database:
            database.execute(f"update ctdc_jobs_job set lease = '{LONG_AGO}' where state = 'running'")
            database.commit()
        self.studio.start(beside=len(self.cut) % BESIDE == 0)
        return is_cut


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
