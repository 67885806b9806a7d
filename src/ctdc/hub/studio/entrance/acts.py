"""What happens at the entrance, and what an administrator can do about a second step.

Promise: lines of the log name people by their numbers, and how they came in; never an address, a password or a code.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError

from ctdc.hub.studio.events.record import performs, record, unattended
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text

NOBODY = "nobody"


@performs("session.begun")
@unattended
def note_begun(person: Person, how: str) -> None:
    """Somebody has come in. how: the ways they took, joined by + (``password+totp``)."""
    record("session.begun", person, organisation=person.organisation, about=person.log_name, how=how)


@performs("session.failed")
@unattended
def note_failed(person: Person | None, how: str) -> None:
    """Somebody has not come in. person: whose account it was, when there is one; how: the way that was tried."""
    organisation = person.organisation if person else None
    record("session.failed", NOBODY, organisation=organisation, about=person.log_name if person else "", how=how)


@performs("session.ended")
@unattended
def note_ended(person: Person) -> None:
    """A session is over: somebody signed out, rested too long, or ended it from elsewhere."""
    record("session.ended", person, organisation=person.organisation, about=person.log_name)


@performs("person.second_step_added", "person.second_step_dropped", "person.recovery_codes_made")
@unattended
def note_second_step(person: Person, kind: str, change: str) -> None:
    """Somebody has set up or dropped one of their own. kind: of the authenticator; change: ``added`` or ``dropped``."""
    organisation, about = person.organisation, person.log_name
    if kind != Authenticator.Type.RECOVERY_CODES:
        record(f"person.second_step_{change}", person, organisation=organisation, about=about, how=kind)
    elif change == "added":
        record("person.recovery_codes_made", person, organisation=organisation, about=about)
    else:  # codes go with the last second step
        record("person.second_step_dropped", person, organisation=organisation, about=about, how=kind)


@performs("person.password_changed")
@unattended
def note_password(person: Person) -> None:
    """Somebody has a new password."""
    record("person.password_changed", person, organisation=person.organisation, about=person.log_name)


@performs("person.second_step_removed")
def remove_second_step(by: Person, person: Person) -> None:
    """Let a person who lost everything set up a second step anew; their sessions end.

    Raises ValidationError for one's own: somebody else has to have looked whether it is really this person who asks.
    """
    policy.check(by, Act.CHANGE_PEOPLE, person.organisation)
    if by.pk == person.pk:
        raise ValidationError(text("entrance.error.own_second_step"))
    Authenticator.objects.filter(user_id=person.pk).delete()
    _end_all(person)
    record(
        "person.second_step_removed",
        by,
        organisation=person.organisation,
        about=person.log_name,
        person=person.pk,
    )


@performs("person.second_step_removed")
@unattended
def rescue(person: Person) -> None:
    """The same by whoever runs the machine, for a studio whose only administrator lost everything."""
    Authenticator.objects.filter(user_id=person.pk).delete()
    _end_all(person)
    record(
        "person.second_step_removed",
        "command line",
        organisation=person.organisation,
        about=person.log_name,
        person=person.pk,
    )


@performs("person.sessions_ended")
def end_sessions(by: Person, person: Person) -> None:
    """End everything that a person has open, on every device."""
    policy.check(by, Act.CHANGE_PEOPLE, person.organisation)
    _end_all(person)
    record("person.sessions_ended", by, organisation=person.organisation, about=person.log_name, person=person.pk)


def _end_all(person: Person) -> None:
    for session in UserSession.objects.filter(user_id=person.pk):
        session.end()
