"""What the libraries tell of people who come and go, passed on to the log and to the session."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth import signals as django_signals
from django.dispatch import receiver
from django.http import HttpRequest

from ctdc.hub.studio.entrance import acts, second_step, warnings
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.web import letters

# Why somebody may be signed in whom nobody saw take a step: tests, and commands.
BY_PROGRAM = "program"


def _ways(request: HttpRequest, person: Person) -> str:
    """How `person` came in: ``password+totp``, ``passkey``."""
    ways = [
        "passkey" if record.get("passwordless") else str(record.get("type") or record["method"])
        for record in get_authentication_records(request, person)
    ]
    return "+".join(dict.fromkeys(ways)) or BY_PROGRAM


@receiver(django_signals.user_logged_in)
def _begun(request: HttpRequest, user: Person, **_: Any) -> None:
    acts.note_begun(user, _ways(request, user))
    UserSession.objects.purge_and_list(user)  # where from an ended session was is not kept


@receiver(django_signals.user_logged_out)
def _ended(request: HttpRequest, user: Person | None, **_: Any) -> None:
    request.signed_out = True  # type: ignore[attr-defined]  # the headers of the answer tell the browser to forget
    if user is not None:
        acts.note_ended(user)


@receiver(django_signals.user_login_failed)
def _failed(credentials: dict[str, Any], **_: Any) -> None:
    person = Person.objects.filter(email__iexact=str(credentials.get("email", ""))).first()
    acts.note_failed(person, "password")


@receiver(mfa.authentication_failed)
def _second_step_failed(user: Person, authenticator: Authenticator, **_: Any) -> None:
    acts.note_failed(user, str(authenticator.type))
    if warnings.is_due(user):
        letters.send(user.email, user.language, "entrance.letter.second_failed", name=user.name)


@receiver(account.authentication_step_completed)
def _again(request: HttpRequest, user: Person, **known: Any) -> None:
    """Whoever has confirmed goes on under another name of the session: one that was stolen before is worth nothing."""
    if not known.get("reauthenticated") or not request.user.is_authenticated:
        return
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


@receiver(mfa.authenticator_used)
def _second_step_taken(request: HttpRequest, user: Person, **_: Any) -> None:
    second_step.note_taken(request, user)


@receiver(mfa.authenticator_added)
@receiver(mfa.authenticator_reset)
def _added(request: HttpRequest, user: Person, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type in second_step.STEPS:
        second_step.note_taken(request, user)
    acts.note_second_step(user, str(authenticator.type), "added")


@receiver(mfa.authenticator_removed)
def _dropped(user: Person, authenticator: Authenticator, **_: Any) -> None:
    acts.note_second_step(user, str(authenticator.type), "dropped")


@receiver(account.password_changed)
@receiver(account.password_reset)
def _password(user: Person, **_: Any) -> None:
    acts.note_password(user)
