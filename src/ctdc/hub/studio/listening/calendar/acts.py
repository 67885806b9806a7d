"""Planning deliveries, reminding of them, and keeping whom to write to.

Promise: the log holds no name and no address of anybody's staff; a contact that is removed leaves its number there and
nothing else. A reminder goes out in the transaction that notes it, before the end of the log is held: what could not be
sent was not noted, and a silent server of mail stops nobody else's acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection

from ctdc.foundation.clock import now
from ctdc.hub.studio.events.record import performs, record
from ctdc.hub.studio.listening.calendar.days import months_later
from ctdc.hub.studio.listening.calendar.letters import reminder
from ctdc.hub.studio.listening.models import Contact, UpdatePlan
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text

FIELDS = ("name", "function", "email", "language")


@performs("contact.added")
def add_contact(by: Person, organisation: Organisation, values: Mapping[str, Any]) -> Contact:
    """Keep whom to write to. Raises ValidationError for what cannot be, or an address that is there already."""
    policy.check(by, Act.CHANGE_CONTACTS, organisation)
    contact = Contact(organisation=organisation, **{name: values[name] for name in FIELDS})
    _check_unique(contact)
    contact.save(force_insert=True)
    record("contact.added", by, organisation=organisation, about=f"contact:{contact.pk}", contact=contact.pk)
    return contact


@performs("contact.changed")
def change_contact(by: Person, contact: Contact, values: Mapping[str, Any]) -> None:
    """Change whom to write to. Raises ValidationError as `add_contact` does."""
    policy.check(by, Act.CHANGE_CONTACTS, contact.organisation)
    for name in FIELDS:
        setattr(contact, name, values[name])
    _check_unique(contact)
    contact.save()
    record("contact.changed", by, organisation=contact.organisation, about=f"contact:{contact.pk}", contact=contact.pk)


def _check_unique(contact: Contact) -> None:
    contact.full_clean(validate_constraints=False)
    same = Contact.objects.filter(organisation=contact.organisation, email__iexact=contact.email)
    if same.exclude(pk=contact.pk).exists():
        raise ValidationError({"email": text("listening.error.contact_known")})


@performs("contact.removed")
def remove_contact(by: Person, contact: Contact) -> None:
    """Forget whom to write to."""
    policy.check(by, Act.CHANGE_CONTACTS, contact.organisation)
    number = contact.pk
    record("contact.removed", by, organisation=contact.organisation, about=f"contact:{number}", contact=number)
    contact.delete()


@performs("updates.planned")
def plan(by: Person, organisation: Organisation, months: int, due: date) -> UpdatePlan:
    """Say when an organisation delivers next, and how many months later again. Raises ValidationError for the hub."""
    policy.check(by, Act.PLAN_UPDATES, organisation)
    if organisation.is_hub:
        raise ValidationError(text("listening.error.hub"))
    found = UpdatePlan.objects.filter(organisation=organisation).first() or UpdatePlan(organisation=organisation)
    if found.due != due:
        found.reminded = None
    found.months, found.due = months, due
    found.full_clean(validate_unique=False)
    found.save()
    _record("updates.planned", by, found, months=months, due=due.isoformat())
    return found


@performs("updates.received")
def note_received(by: Person, found: UpdatePlan) -> UpdatePlan:
    """Note that a delivery came; the next one is due an interval after the day on which this one was.

    Whoever is late for longer than an interval is due again from today on. Returns the plan as it now is. Raises
    ValidationError when one was noted today: pressed twice, it would move the day by two intervals.
    """
    policy.check(by, Act.PLAN_UPDATES, found.organisation)
    today = now().date()
    found = UpdatePlan.objects.select_for_update().get(pk=found.pk)
    if found.received == today:
        raise ValidationError(text("listening.error.received"))
    following = months_later(found.due, found.months)
    found.due = following if following > today else months_later(today, found.months)
    found.received, found.reminded = today, None
    found.save()
    _record("updates.received", by, found, due=found.due.isoformat())
    return found


@performs("updates.reminded")
def remind(by: Person, found: UpdatePlan) -> int:
    """Write to all contacts of an organisation that it is due. Returns how many letters went out.

    Raises ValidationError where there is nobody to write to, when it was done today, or when mail cannot be sent.
    """
    policy.check(by, Act.PLAN_UPDATES, found.organisation)
    today = now().date()
    found = UpdatePlan.objects.select_for_update().get(pk=found.pk)
    if found.reminded == today:
        raise ValidationError(text("listening.error.reminded"))
    letters = [reminder(contact, found, today) for contact in found.organisation.contacts.all()]
    if not letters:
        raise ValidationError(text("listening.error.nobody"))
    sender = settings.DEFAULT_FROM_EMAIL
    try:
        get_connection().send_messages(
            [EmailMessage(one.subject, one.body, sender, [one.contact.email]) for one in letters]
        )
    except (OSError, SMTPException):
        raise ValidationError(text("listening.error.mail")) from None
    found.reminded = today
    found.save()
    _record("updates.reminded", by, found, letters=len(letters))
    return len(letters)


def _record(kind: str, by: Person, found: UpdatePlan, **details: str | int) -> None:
    about = f"updates:{found.organisation.slug}"
    record(kind, by, organisation=found.organisation, about=about, **details)
