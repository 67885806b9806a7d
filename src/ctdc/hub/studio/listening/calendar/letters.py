"""The letter that reminds an organisation of its delivery: plain text, in the language of whoever gets it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils import translation

from ctdc.hub.studio.listening.models import Contact, UpdatePlan
from ctdc.hub.studio.web.formats import day as written_day
from ctdc.hub.studio.web.texts import text


@dataclass(frozen=True)
class Letter:
    """A reminder as it is sent."""

    contact: Contact
    subject: str
    body: str


def reminder(contact: Contact, plan: UpdatePlan, today: date) -> Letter:
    """The letter to one person."""
    key = "overdue" if plan.due < today else "due"
    with translation.override(contact.language):
        values = {
            "name": contact.name,
            "organisation": contact.organisation.name,
            "hub": settings.STUDIO.settings.hub,
            "day": written_day(plan.due),
            "address": settings.STUDIO.address,
        }
        subject = text(f"listening.letter.{key}.subject", **values)
        return Letter(contact, subject, text(f"listening.letter.{key}.body", **values))
