"""The letter with which somebody is invited."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from ctdc.hub.studio.people.models import Invitation
from ctdc.hub.studio.web import letters
from ctdc.hub.studio.web.formats import day


def link(secret: str) -> str:
    """The address that opens an invitation."""
    return settings.STUDIO.address + reverse("people:join", args=[secret])


def send_invitation(invitation: Invitation, secret: str) -> bool:
    """Send it in the language of whoever is invited. False when it could not be sent."""
    with translation.override(invitation.language):
        until = day(invitation.until)
    return letters.send(
        invitation.email,
        invitation.language,
        "people.letter.invitation",
        name=invitation.name,
        hub=settings.STUDIO.settings.hub,
        organisation=invitation.organisation.name,
        until=until,
        link=link(secret),
    )
