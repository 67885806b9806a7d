"""A studio that is killed twenty times while people deliver, and while they make and publish releases.

Pages and worker get SIGKILL at once, at moments that chance chooses: ten times while deliveries are sent, checked and
stored, ten times while a release is tried, made, evaluated and published, and twice of these while they start again.
People go on as people do: they load the page again, and what got no answer they send once more. Readers look at the
public site all the time. Every test looks at what is left, and says the seed of chance: with ``KILLS_SEED=N`` its
choices are the same again, though not the machine's.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import random
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from benchmarks.studio_crowd import invented_file
from tests.support import killed_studio
from tests.support.ended import end
from tests.support.killed_studio import (
    CHARGED,
    HOME,
    POPULATION,
    PUBLISH,
    REPLACED,
    RUN,
    SENDING,
    START,
    Killer,
    Studio,
    answers,
)
from tests.support.processes import free_port, with_tests
from tests.support.quick import QUICK
from tests.support.site_readers import Readers
from tests.support.studio_visitors import Desk, Visitor

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.site.check import check_site
from ctdc.hub.studio.deliveries import memory, sending
from ctdc.hub.studio.demonstration.files import ID
from ctdc.privacy import ledger
from ctdc.release.verify import verify
from ctdc.vault import sources
from ctdc.vault import verify as vaults
from ctdc.vault.access import Access
from ctdc.vault.store import deliveries, open_file, read_table
from ctdc.vault.vault import open_vault

pytestmark = [pytest.mark.slow, pytest.mark.heavy]

DELIVERING = {"deliveries.promote": 3, "deliveries.check": 2, SENDING: 4, START: 1}
RELEASING = {"desk.try": 1, CHARGED: 1, RUN: 2, "desk.evaluate": 2, PUBLISH: 2, REPLACED: 1, START: 1}
ROWS = 100  # of a delivery
PIECE = 2048  # bytes: a delivery comes in many pieces
LEAST = 0.5  # seconds that anything is taken to last at first
REST = 0.2  # seconds between two questions of a program
ACCESS = Access("auditor", "see that nothing was lost")
UNFINISHED = "select id from ctdc_jobs_job where state in ('waiting', 'running')"


class GivenUp(Exception):
    """There is no more use in waiting: something else has gone wrong."""


class Work:
    """What people do in threads while the studio is killed: a fault in one of them ends all."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._broken = studio, threading.Event()
        self._job: Future[None] | None = None

    def go_on(self) -> None:
        """Raise GivenUp when something else has failed, AssertionError when time is up."""
        if self._broken.is_set():
            raise GivenUp
        if time.monotonic() > self._studio.until:
            raise AssertionError(self._studio.said("people wait for nothing"))

    def look(self) -> None:
        """Raise what people's work has raised."""
        if self._job is not None and self._job.done():
            self._job.result()

    def beside(self, work: Callable[[threading.Event], None], killing: Callable[[], None]) -> None:
        """Do `work`, which is given what tells that it is enough, until `killing` is done; then to its end."""
        over = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            self._job = job = pool.submit(work, over)
            try:
                killing()
                over.set()
                self._studio.wait_for(job.done, "people's work does not end")
                job.result()
            except BaseException:
                self._broken.set()
                raise
            finally:
                over.set()


@dataclass
class Contributor:
    """A contributor's program. receipts: what it was given, by the number of a delivery; sent: the bytes of each."""

    program: sending.Studio
    rows: list[dict[str, str]]
    scratch: Path
    go_on: Callable[[], None]
    receipts: dict[int, dict[str, Any]] = field(default_factory=dict)
    sent: dict[int, bytes] = field(default_factory=dict)

    def deliver(self) -> int:
        """Deliver a file that was never delivered, and keep its receipt; the number of the delivery.

        The same file is sent once more, as by a program that never heard how the first time ended.
        """
        path = self._file(len(self.sent))
        number = self._patiently(lambda: self.program.deliver([path]))
        assert number not in self.receipts, "two files are one delivery"
        self.receipts[number] = self._patiently(lambda: self.program.receipt(number))
        self.sent[number] = path.read_bytes()
        assert self._patiently(lambda: self.program.deliver([path])) == number, "one file is two deliveries"
        return int(number)

    def is_settled(self, number: int) -> bool:
        """Whether a delivery was checked."""
        return self._patiently(lambda: self.program.receipt(number))["state"] in sending.SETTLED

    def _patiently(self, act: Callable[[], Any]) -> Any:
        """Do it, and again while the studio does not answer."""
        while True:
            self.go_on()
            try:
                return act()
            except UserError as error:
                if error.detail.code != "deliver.unreachable":
                    raise

    def _file(self, number: int) -> Path:
        """People whom no other file has."""
        rows = [self.rows[(number * ROWS + n) % len(self.rows)] for n in range(ROWS)]
        path = self.scratch / f"SIMULATED_hotline_{number}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(row | {ID: f"SIM-{number * ROWS + n:06d}"} for n, row in enumerate(rows))
        return path


@dataclass
class Story:
    """Who was there, and what is left. releases: their numbers at the desk, oldest first."""

    seed: int
    studio: Studio
    work: Work
    contributor: Contributor
    desk: Desk
    readers: Readers
    killer: Killer
    releases: list[int] = field(default_factory=list)

    def release(self) -> None:
        """Make and publish a release of everything that is stored."""
        people = ROWS * len(self.contributor.sent)
        self.releases.append(self.desk.release(f"release-{len(self.releases) + 1}", people, POPULATION))

    def deliver_until(self, over: threading.Event) -> None:
        """Deliver one file after the other, each once the one before was checked, and have all of them stored."""
        stored: list[Future[None]] = []
        with ThreadPoolExecutor(1) as steward:
            while not over.is_set():
                number = self.contributor.deliver()
                stored.append(steward.submit(self.desk.store, number))
                while not self.contributor.is_settled(number):
                    time.sleep(REST)
                for one in stored:
                    if one.done():
                        one.result()
        for one in stored:
            one.result()

    def release_until(self, over: threading.Event) -> None:
        """Make one release after the other."""
        while not over.is_set():
            self.release()

    def happen(self) -> None:
        """A quiet round, from which it is known how long things take; then the two rounds with kills."""
        self.studio.start(beside=True)
        took = self.killer.took
        took[START] = self.studio.wait()
        began = time.monotonic()
        first = self.contributor.deliver()
        took[SENDING] = time.monotonic() - began
        self.desk.store(first)
        self.release()
        for kind, lasted in self.studio.rows("select kind, (julianday(ended) - julianday(began)) from ctdc_jobs_job"):
            # Of moments the database has whole seconds: so long it took at least.
            took[str(kind)] = max(LEAST, float(str(lasted or 0)) * 86_400 - 1)
        with site_shown(self.studio) as self.readers.address, self.readers.reading():
            self.work.beside(self.deliver_until, lambda: self.killer.kill_during(DELIVERING))
            self.work.beside(self.release_until, lambda: self.killer.kill_during(RELEASING))
            self.studio.wait_for(lambda: not self.studio.rows(UNFINISHED), "work is left")
        self.studio.stop()


@contextlib.contextmanager
def site_shown(studio: Studio) -> Iterator[str]:
    """The address of the public site, shown by a process that is not killed, as a web server is."""
    port = free_port()
    command = [*QUICK, "studio", "site", str(studio.folder), "--port", str(port)]
    with studio.log.open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log, env=with_tests()) as server:
        try:
            address = f"http://localhost:{port}"
            studio.wait_for(lambda: answers(f"{address}/en/"), "the public site does not answer")
            yield address
        finally:
            end(server)


def told(scratch: Path, seed: int) -> Story:
    """The studio and its people, before anything has happened."""
    port = free_port()
    studio = Studio(scratch / "studio", port, scratch / "log")
    who = killed_studio.made(studio.folder, port)
    work = Work(studio)
    people = {name: Visitor(studio.address, who[name], work.go_on) for name in ("steward", "first", "second")}
    with invented_file(scratch / "invented", 2000, 11).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    contributor = Contributor(sending.Studio(studio.address, who["token"], rest=REST), rows, scratch, work.go_on)
    desk = Desk(people.pop("steward"), people)
    readers = Readers(studio.folder / "site", random.Random(seed + 1))
    return Story(seed, studio, work, contributor, desk, readers, Killer(studio, random.Random(seed), work.look))


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Everything has happened, and the studio is at rest."""
    seed = int(os.environ.get("KILLS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"KILLS_SEED={seed}")
    story = told(tmp_path_factory.mktemp("killed"), seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "PIECE", PIECE)
        try:
            story.happen()
            yield story
        finally:
            story.studio.kill()
            shutil.rmtree(memory.place_of(story.studio.folder), ignore_errors=True)


@pytest.fixture(autouse=True)
def _seed_is_told(after: Story) -> None:
    print(f"KILLS_SEED={after.seed}")


def test_twenty_kills_fell_into_deliveries_and_releases(after: Story) -> None:
    assert Counter(after.killer.cut) >= Counter(DELIVERING) + Counter(RELEASING)
    assert Counter(DELIVERING).total() == Counter(RELEASING).total() == 10


def test_each_receipt_is_of_one_delivery_and_each_delivery_has_one(after: Story) -> None:
    known = after.studio.rows(
        "select d.id, d.state, d.stored_as, f.length, f.offset, f.sha256 from ctdc_deliveries_delivery d "
        "join ctdc_deliveries_deliveryfile f on f.delivery_id = d.id order by d.id"
    )
    assert [line[0] for line in known] == sorted(after.contributor.receipts)
    assert len({line[2] for line in known}) == len(known)
    for number, state, _, length, offset, digest in known:
        sent, given = after.contributor.sent[int(str(number))], after.contributor.receipts[int(str(number))]
        assert (state, length, offset, digest) == ("sealed", len(sent), len(sent), hashlib.sha256(sent).hexdigest())
        assert given["received"] is not None
        assert [(one["bytes"], one["arrived"], one["sha256"]) for one in given["files"]] == [(length, length, digest)]


def test_the_vault_has_each_delivery_once_as_it_was_sent(after: Story) -> None:
    vault = open_vault(after.studio.folder / "vault", [sources.from_file(after.studio.folder / "vault.key")])
    found = vaults.verify(vault)
    assert found.sound, found.problems
    stored = {one.identity.delivery: one for one in deliveries(vault, ACCESS, now(), HOME) if one.of_kind("table")}
    names = dict(after.studio.rows("select id, stored_as from ctdc_deliveries_delivery"))
    assert set(stored) == set(names.values())
    for number, sent in after.contributor.sent.items():
        manifest = stored[str(names[number])]
        opened = [open_file(vault, manifest, part) for part in manifest.of_kind("file")]
        assert [b"".join(one[1]) for one in opened if one] == [sent]
        assert read_table(vault, HOME, manifest.identity.delivery, "cases", ACCESS, now()).num_rows == ROWS


def test_the_log_verifies_and_tells_of_nothing_twice(after: Story) -> None:
    command = [*QUICK, "studio", "verify", str(after.studio.folder)]
    checked = subprocess.run(command, check=True, capture_output=True, text=True, env=with_tests())
    assert "as they were written" in checked.stdout
    lines = Counter(after.studio.rows("select kind, about from ctdc_events_event"))
    for number in after.contributor.sent:
        once = [lines[(f"delivery.{kind}", f"delivery:{number}")] for kind in ("begun", "received", "sealed")]
        assert once == [1, 1, 1]
    for number in after.releases:
        steps = ("drafted", "planned", "made", "submitted", "approved", "published")
        once = [lines[(f"release.{kind}", f"release:{number}")] for kind in steps]
        assert once == [1] * len(steps)
        assert lines[("release.voted", f"release:{number}")] == 2


def test_each_release_is_charged_once_and_once_more_for_what_was_cut_off_when_it_was_paid(after: Story) -> None:
    """The ledger is charged before anything is measured, and a charge stays: what it paid for may have been drawn."""
    charges, lost = after.studio.charges(), after.studio.lost_charges()
    assert lost == after.killer.lost
    assert len(charges) == len(after.releases) + len(lost)
    unfinished = ledger.unfinished(ledger.read(after.studio.folder / "ledger.jsonl"))
    assert {line.hash for line in unfinished} == lost


def test_each_release_is_published_and_verifies(after: Story) -> None:
    folder = after.studio.folder
    known = after.studio.rows(
        "select r.id, r.state, r.folder, r.identifier, p.folder, p.identifier from ctdc_desk_releaseplan r "
        "left join ctdc_desk_publication p on p.release_id = r.id order by r.id"
    )
    assert [(line[0], line[1]) for line in known] == [(number, "published") for number in after.releases]
    assert {path.name for path in (folder / "releases").iterdir()} == {str(line[2]) for line in known}
    for number, _, name, identifier, *public in known:
        assert public == [name, identifier]
        for made in (folder / "releases" / str(name), folder / "work" / "desk" / str(number) / "run" / "latest"):
            assert verify(made.resolve()).ok
            assert made.resolve().name == name
    assert (folder / "latest").resolve().name == known[-1][2]


def test_readers_saw_one_whole_site_after_the_other(after: Story) -> None:
    readers = after.readers
    assert readers.wrong == []
    ids = [str(one) for (one,) in after.studio.rows("select identifier from ctdc_desk_releaseplan order by id")]
    assert [list(releases) for releases, _ in readers.builds] == [ids[n::-1] for n in range(len(ids))]
    readers.check_answers()
    checked = check_site(readers.site)
    assert checked is not None and checked.wrong == ()


def test_nothing_half_is_left_and_nothing_runs_on(after: Story) -> None:
    folder = after.studio.folder
    assert after.studio.processes() == []
    assert after.studio.rows(UNFINISHED) == []
    assert [path for end in ("part", "old", "withdrawn") for path in folder.rglob(f".*.{end}")] == []
    for private in (folder / "vault" / "staging", folder / "arriving", memory.place_of(folder)):
        assert not private.is_dir() or list(private.iterdir()) == []
    for number in after.releases:
        work = folder / "work" / "desk" / str(number) / "run" / "work"
        assert {path.name.split("-")[0] for path in work.iterdir() if path.is_dir()} == {
            "measure",
            "protect",
            "release",
        }
