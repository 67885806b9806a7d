"""What can be asked of the log."""

from __future__ import annotations

from ctdc.hub.studio.events.jobs import VERIFY
from ctdc.hub.studio.events.record import performs, record, unattended
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.work import ask
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act


@performs("access.denied")
@unattended
def note_denied(person: Person, act: Act) -> None:
    """Somebody who has signed in asked for what they may not do."""
    record("access.denied", person, organisation=person.organisation, act=act.value)


@performs("job.asked")
def ask_verification(by: Person) -> Job:
    """Have every line checked."""
    policy.check(by, Act.SEE_EVENTS)
    return ask(VERIFY, by)
