"""What is noted of the health of the public side."""

from __future__ import annotations

from ctdc.foundation.clock import now
from ctdc.hub.studio.events.record import WORKER, performs, record, unattended
from ctdc.hub.studio.jobs.models import Job, State
from ctdc.hub.studio.jobs.work import ask
from ctdc.hub.studio.listening.models import Health
from ctdc.hub.studio.listening.monitoring.health import Finding
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act

LOOK = "listening.health"


@performs("job.asked")
def ask_look(by: Person) -> Job:
    """Have the public side looked at now."""
    policy.check(by, Act.SEE_MONITORING)
    return ask(LOOK, by)


@performs("job.asked")
@unattended
def ask_first_look() -> Job:
    """Have the public side looked at, from now on again and again: `rounds` makes the same job wait again."""
    return ask(LOOK, None)


@performs("health.changed")
@unattended
def note_change(finding: Finding) -> Health:
    """Begin a row: a part is not as it was."""
    moment = now()
    record("health.changed", WORKER, about=f"health:{finding.part}", part=finding.part.value, state=finding.state)
    return Health.objects.create(
        part=finding.part, state=finding.state, numbers=dict(finding.numbers), since=moment, last=moment
    )


def check_waiting() -> bool:
    """Whether a look is asked for, or going on."""
    return Job.objects.filter(kind=LOOK, state__in=(State.WAITING, State.RUNNING)).exists()
