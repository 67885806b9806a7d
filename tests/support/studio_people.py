"""People of a studio that tests and benchmarks make, and clients of those who have signed in with both steps."""

from __future__ import annotations

import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from ctdc.foundation.clock import now
from ctdc.hub.studio.entrance.second_step import TAKEN_KEY
from ctdc.hub.studio.people.models import Grant, Organisation, Person
from ctdc.hub.studio.web.middleware import REST_KEY, START_KEY


def make_person(organisation: Organisation, *roles: str, name: str = "") -> Person:
    """Somebody with these roles, whose second step is set up."""
    name = name or f"{organisation.slug} {' '.join(roles)}"
    person = Person(email=f"{name.replace(' ', '.')}@example.org", name=name, organisation=organisation)
    person.set_password("a sentence of several words")
    person.save()
    for role in roles:
        Grant.objects.create(person=person, role=role)
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
    return person


def client_of(person: Person, *, confirmed: bool = False) -> Client:
    """A client of somebody who has signed in with both steps. confirmed: and has just confirmed that it is them."""
    client = Client(HTTP_HOST="localhost")
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session[START_KEY] = session[REST_KEY] = int(now().timestamp())
    session[TAKEN_KEY] = person.pk
    if confirmed:
        session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "reauthenticated": True}]
        session["account_authentication_methods_user"] = str(person.pk)
    session.save()
    return client
