"""The kinds of jobs, asking for one, and stopping it.

Promise: a job is asked for in the transaction of the act that needs it, so that neither is there without the other.
What a job does can be done again from its start: it leaves nothing half written, and finds what it had finished.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused
from ctdc.foundation.progress import Progress
from ctdc.hub.studio.events.record import performs, record
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text

Work = Callable[[Job, Progress], None]


@dataclass(frozen=True)
class Kind:
    """work: what is done; failed: what has to be noted when it cannot be done, or was stopped; found: what one that has
    ended found out, in sentences of the reader's language, where that is more than that it is done.
    """

    work: Work
    failed: Callable[[Job], None] | None = None
    found: Callable[[Job], list[str]] = lambda job: []


KINDS: dict[str, Kind] = {}


def kind(
    name: str, failed: Callable[[Job], None] | None = None, found: Callable[[Job], list[str]] = lambda job: []
) -> Callable[[Work], Work]:
    """Make a function the work of the jobs of this name. It may be called again after a kill, from the start."""

    def decorate(function: Work) -> Work:
        if name in KINDS:
            raise ValueError(f"there are two jobs called {name!r}")
        KINDS[name] = Kind(function, failed, found)
        return function

    return decorate


def ask(kind: str, by: Person | None, organisation: Organisation | None = None, **details: str | int) -> Job:
    """Ask for a job, within the transaction of an act. Raises KeyError for a kind that nobody does."""
    KINDS[kind]
    job = Job.objects.create(kind=kind, details=details, by=by, organisation=organisation)
    record("job.asked", by or "worker", organisation=organisation, about=f"job:{job.pk}", job=job.pk, work=kind)
    return job


@performs("job.stopped")
def stop(by: Person, job: Job) -> None:
    """Ask a job to stop. One that waits is stopped at once, with what follows; one that runs, at its next step.

    Raises Refused (``job.ended``) for one that has ended.
    """
    policy.check(by, Act.STOP_JOBS, job.organisation)
    held = Job.objects.select_for_update().get(pk=job.pk)
    if held.has_ended:
        raise Refused("job.ended", text("jobs.ended"))
    held.stop = True
    failed = KINDS[held.kind].failed
    if held.state == State.WAITING:
        held.state, held.ended = State.STOPPED, now()
    held.save(update_fields=["stop", "state", "ended"])
    if held.state == State.STOPPED and failed:
        failed(held)
    record("job.stopped", by, organisation=job.organisation, about=f"job:{job.pk}", job=job.pk)
