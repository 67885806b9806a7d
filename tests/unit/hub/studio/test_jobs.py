"""Jobs are done once, go on after a worker is killed, can be stopped, and tell no value when they fail."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.progress import Progress
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.jobs import work, worker
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.people.models import Person

pytestmark = pytest.mark.django_db
done: list[int] = []


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(worker, "_renew", lambda job, over: None)  # a thread does not see the test's transaction
    kinds = {
        "test.good": work.Kind(lambda job, progress: done.append(job.pk)),
        "test.secret": work.Kind(_secret),
        "test.wrong": work.Kind(_wrong),
        "test.long": work.Kind(_long),
    }
    monkeypatch.setattr(work, "KINDS", kinds)
    monkeypatch.setattr(worker, "KINDS", kinds)
    done.clear()
    yield


def _secret(job: Job, progress: Progress) -> None:
    raise RuntimeError("Maria, passport AB1234567")


def _wrong(job: Job, progress: Progress) -> None:
    raise UserError("test.wrong", "The file has no rows.", do="Send another one.")


def _long(job: Job, progress: Progress) -> None:
    progress.start("Counting", 10)
    Job.objects.filter(pk=job.pk).update(stop=True)
    progress.start("Never reached")
    done.append(job.pk)


def asked(kind: str, person: Person) -> Job:
    with transaction.atomic():
        return work.ask(kind, person, person.organisation)


def run(job: Job) -> Job:
    taken = worker.take("one")
    assert taken is not None
    worker.do(taken)
    job.refresh_from_db()
    return job


def test_a_job_is_done(everybody: dict[str, Person]) -> None:
    job = asked("test.good", everybody["steward"])
    assert run(job).state == State.DONE
    assert (done, worker.take("two")) == ([job.pk], None)


def test_what_a_person_can_mend_is_said(everybody: dict[str, Person]) -> None:
    job = run(asked("test.wrong", everybody["steward"]))
    assert (job.state, job.problem["what"]) == (State.FAILED, "The file has no rows.")


def test_a_fault_tells_no_value(everybody: dict[str, Person], caplog: pytest.LogCaptureFixture) -> None:
    job = run(asked("test.secret", everybody["steward"]))
    assert (job.state, job.problem["what"]) == (State.FAILED, "RuntimeError")
    assert "Maria" not in str(job.problem) + caplog.text
    assert "_secret" in caplog.text


def test_a_job_stops_at_its_next_step(everybody: dict[str, Person]) -> None:
    assert run(asked("test.long", everybody["steward"])).state == State.STOPPED
    assert done == []


def test_a_job_of_a_dead_worker_is_done_by_another(everybody: dict[str, Person]) -> None:
    job = asked("test.good", everybody["steward"])
    dead = worker.take("dead")
    assert dead is not None
    assert worker.take("alive") is None
    Job.objects.filter(pk=job.pk).update(lease=now() - timedelta(seconds=1))
    alive = worker.take("alive")
    assert alive is not None and alive.attempts == 2
    worker.do(alive)
    worker.do(dead)  # it was only slow, and comes back: what it finds does not overwrite the other's
    job.refresh_from_db()
    assert (job.state, job.worker) == (State.DONE, "alive")


def test_a_job_that_is_always_cut_off_is_given_up(everybody: dict[str, Person]) -> None:
    job = asked("test.good", everybody["steward"])
    Job.objects.filter(pk=job.pk).update(attempts=worker.MOST_ATTEMPTS)
    assert run(job).state == State.FAILED
    assert done == []


def test_stopping_what_waits_and_who_may(everybody: dict[str, Person]) -> None:
    job = asked("test.good", everybody["steward"])
    with pytest.raises(Exception, match="may not"):
        work.stop(everybody["auditor"], job)
    work.stop(everybody["steward"], job)
    job.refresh_from_db()
    assert job.state == State.STOPPED
    assert worker.take("one") is None


def test_what_follows_from_a_stop_is_done_with_it(everybody: dict[str, Person]) -> None:
    followed: list[int] = []
    work.KINDS["test.good"] = work.Kind(lambda job, progress: None, lambda job: followed.append(job.pk))
    waiting = asked("test.good", everybody["steward"])
    work.stop(everybody["steward"], waiting)
    assert followed == [waiting.pk]
    with pytest.raises(Refused):
        work.stop(everybody["steward"], waiting)
    assert Event.objects.filter(kind="job.stopped").count() == 1


def test_an_end_whose_consequence_fails_is_no_end_and_no_end_of_the_worker(everybody: dict[str, Person]) -> None:
    def fails(job: Job) -> None:
        raise RuntimeError("of a case")

    work.KINDS["test.wrong"] = work.Kind(_wrong, fails)
    job = run(asked("test.wrong", everybody["steward"]))
    assert (job.state, job.ended) == (State.RUNNING, None)  # its lease runs out, and it is looked at again


def test_a_worker_that_is_told_to_end_leaves_its_job_to_the_next(everybody: dict[str, Person]) -> None:
    def steps(job: Job, progress: Progress) -> None:
        until.set()
        progress.start("Counting", 10)

    until = threading.Event()
    work.KINDS["test.good"] = work.Kind(steps)
    job = asked("test.good", everybody["steward"])
    taken = worker.take("one")
    assert taken is not None
    worker.do(taken, until)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.worker) == (State.WAITING, 0, "")
    assert worker.take("two") is not None
