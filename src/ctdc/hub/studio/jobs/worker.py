"""The process that does jobs, one after the other.

Promise: a job is held by one worker, for as long as the worker renews its lease; after `kill -9` or a power cut the
lease runs out and another worker does the job again from its start. A job that ended in that way too often is given
up. What went wrong is kept in words that a person can act on; a fault of ours by its name alone, since its text may
hold what a file held.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
import uuid
from datetime import timedelta

from django.db import DatabaseError, close_old_connections, connection, models, transaction

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Cancelled, ErrorDetail, UserError
from ctdc.hub.studio.jobs import schedule
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.jobs.work import KINDS
from ctdc.hub.studio.web.problems import kept

LEASE = timedelta(seconds=30)
RENEWED_EVERY = 5.0  # seconds
TOLD_EVERY = 0.5  # seconds
MOST_ATTEMPTS = 5
_log = logging.getLogger(__name__)


class _Lost(Cancelled):
    """Another worker has taken the job over."""


class _Ending(Cancelled):
    """This worker is told to end: the job waits for the next one."""


class _Told:
    """Progress that is written into the job, at most twice a second, and hears that it should stop."""

    def __init__(self, job: Job, until: threading.Event) -> None:
        self._job, self._until, self._last = job, until, 0.0
        self._task, self._done = "", 0.0
        self._total: float | None = None

    def start(self, task: str, total: float | None = None) -> None:
        """A task begins."""
        self._task, self._done, self._total = task, 0.0, total
        self._tell()

    def advance(self, amount: float = 1.0) -> None:
        """More of the task is done."""
        self._done += amount
        if time.monotonic() - self._last > TOLD_EVERY:
            self._tell()

    def finish(self) -> None:
        """The task is done."""
        self._done = self._total or self._done
        self._tell()

    def _tell(self) -> None:
        self._last = time.monotonic()
        held = _held(self._job)
        if not held.update(task=self._task, done=self._done, total=self._total, lease=now() + LEASE):
            raise _Lost("job.lost", "Another worker has taken this job over.")
        if held.filter(stop=True).exists():
            raise Cancelled("job.stopped", "The job was stopped by somebody.")
        if self._until.is_set():
            raise _Ending("job.ending", "The worker was told to end.")


def _held(job: Job) -> models.QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, worker=job.worker, state=State.RUNNING)


def take(worker: str) -> Job | None:
    """The next job, held by `worker` from now on; None when there is nothing to do."""
    moment = now()
    free = models.Q(state=State.WAITING) | models.Q(state=State.RUNNING, lease__lt=moment)
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
            .filter(free)
            .order_by("pk")
            .first()
        )
        if job is None:
            return None
        job.worker, job.state, job.lease = worker, State.RUNNING, moment + LEASE
        job.began = job.began or moment
        job.attempts += 1
        job.save()
    return job


def do(job: Job, until: threading.Event | None = None) -> None:
    """Do one job that this worker holds. until: set when the worker is told to end; the job then waits for the next."""
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(job, over), daemon=True)
    renewing.start()
    try:
        _check_attempts(job)
        KINDS[job.kind].work(job, _Told(job, until or threading.Event()))
    except _Lost:
        return
    except _Ending:
        _held(job).update(state=State.WAITING, worker="", lease=None, attempts=models.F("attempts") - 1)
    except Cancelled:
        _end(job, State.STOPPED, None)
    except UserError as error:
        _end(job, State.FAILED, kept(error.detail))
    except Exception as error:
        # Without its text and the values of its frames, which may be of a case.
        places = " < ".join(f"{at.name}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)[::-1])
        _log.error("job %s (%s) failed: %s at %s", job.pk, job.kind, type(error).__name__, places)
        _end(job, State.FAILED, ErrorDetail("job.fault", type(error).__name__).as_dict())
    else:
        _end(job, State.DONE, None)
    finally:
        over.set()
        renewing.join()


def _check_attempts(job: Job) -> None:
    if job.attempts > MOST_ATTEMPTS:
        raise UserError("job.attempts", "This work was cut off too often.", do="Ask whoever runs the studio.")


def _renew(job: Job, over: threading.Event) -> None:
    while not over.wait(RENEWED_EVERY):
        try:
            _held(job).update(lease=now() + LEASE)
        except DatabaseError as error:  # the next time may do: one that is missed costs nothing
            _log.error("job %s was not renewed: %s", job.pk, type(error).__name__)
    connection.close()


def _end(job: Job, state: State, problem: dict[str, str] | None) -> None:
    """Note how a job ended, and what follows, or neither: then its lease runs out and it is looked at again."""
    failed = KINDS[job.kind].failed
    try:
        with transaction.atomic():
            ended = _held(job).update(state=state, ended=now(), problem=problem)
            if ended and state is not State.DONE and failed:
                failed(job)
    except Exception as error:
        _log.error("the end of job %s (%s) was not noted: %s", job.pk, job.kind, type(error).__name__)


def work(until: threading.Event, rest: float = 1.0) -> None:
    """Do jobs until told to end. rest: seconds between two looks when there is nothing to do."""
    worker = uuid.uuid4().hex
    while not until.is_set():
        close_old_connections()
        schedule.look()
        job = take(worker)
        if job:
            do(job, until)
        else:
            until.wait(rest)
