"""Whether somebody has a second step, and whether this session took it.

Promise: recovery codes alone are no second step. A session that began with a password alone is worth nothing once its
person has a second step, even if another session set it up: a stolen password never rides on it.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from ctdc.hub.studio.people.models import Person

STEPS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
TAKEN_KEY = "second-step-of"


def is_set_up(person: Person) -> bool:
    """Whether `person` has an app that shows codes, or a key."""
    return bool(Authenticator.objects.filter(user_id=person.pk, type__in=STEPS).exists())


def note_taken(request: HttpRequest, person: Person) -> None:
    """Keep in the session that `person` took the second step in it."""
    request.session[TAKEN_KEY] = person.pk


def was_taken(request: HttpRequest) -> bool:
    """Whether whoever is signed in took the second step in this session."""
    return bool(request.user.is_authenticated and request.session.get(TAKEN_KEY) == request.user.pk)
