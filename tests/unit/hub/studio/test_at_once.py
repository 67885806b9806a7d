"""What happens when many do the same at the same moment, on SQLite and on PostgreSQL alike."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.core.exceptions import ValidationError
from django.db import close_old_connections, connections, transaction

from ctdc.hub.studio.events import record
from ctdc.hub.studio.events.models import ChainEnd, Event
from ctdc.hub.studio.jobs import work, worker
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.people import acts
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.roles import Role

# Rolled back to what the migrations made: other tests find it there.
pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.slow]
T = TypeVar("T")
MANY = 4


def at_once(function: Callable[[int], T], many: int = MANY) -> list[T | Exception]:
    """What the function gives in each of so many threads that begin together; an exception where it raised one."""
    barrier = threading.Barrier(many)

    def one(number: int) -> T | Exception:
        close_old_connections()
        barrier.wait(10)
        try:
            return function(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def test_each_job_is_taken_by_one_worker(everybody: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(work.KINDS, "test.good", work.Kind(lambda job, progress: None))
    for _ in range(12):
        with transaction.atomic():
            work.ask("test.good", everybody["steward"])

    def take_all(number: int) -> list[int]:
        taken = iter(lambda: worker.take(f"worker {number}"), None)
        return [job.pk for job in taken if job is not None]

    found = at_once(take_all)
    assert [one for one in found if isinstance(one, Exception)] == []
    numbers = sorted(number for one in found if isinstance(one, list) for number in one)
    assert numbers == sorted(Job.objects.values_list("pk", flat=True))
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}


def test_the_log_is_one_chain_whoever_writes(everybody: dict[str, Person]) -> None:
    ChainEnd.objects.all().delete()  # the first lines of all are written at once, too
    Event.objects.all().delete()

    def write(number: int) -> None:
        for step in range(8):
            record.record("session.begun", everybody["auditor"], how=f"{number}+{step}")

    assert at_once(write) == [None] * MANY
    assert record.verify() == MANY * 8


def test_one_letter_makes_one_person(everybody: dict[str, Person], shelter: Organisation) -> None:
    invited = acts.invite(everybody["administrator"], shelter, "n@example.org", "New", {Role.CONTRIBUTOR}, "en")
    found = at_once(lambda number: acts.join(invited[1], "a sentence of several words"))
    refused = [one for one in found if isinstance(one, ValidationError)]
    assert (len(refused), Person.objects.filter(email="n@example.org").count()) == (MANY - 1, 1)
    record.verify()


def test_administrators_who_close_each_other_leave_one(
    everybody: dict[str, Person], hub: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.studio_people import make_person

    looked, both = acts._check_administrator, threading.Barrier(2)

    def look_late() -> None:
        # Each looks when the other has closed them, too; were it not for their turns, neither would see it.
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(2)
        looked()

    monkeypatch.setattr(acts, "_check_administrator", look_late)
    pair = [everybody["administrator"], make_person(hub, Role.ADMINISTRATOR, name="second one")]
    found = at_once(lambda number: acts.set_active(pair[number], pair[1 - number], False), many=2)
    assert Person.objects.filter(grants__role=Role.ADMINISTRATOR, is_active=True).count() == 1, found
