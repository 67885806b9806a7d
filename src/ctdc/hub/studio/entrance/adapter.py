"""Where the studio departs from how allauth lets people in.

Promise: nobody signs up; everything that is said on screen or by letter is in the studio's own words, in five
languages; keys of second steps are sealed; nobody is left without a second step by themselves; whoever has a second
step confirms with it, not with the password.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from ctdc.hub.studio.entrance import acts, sealing, second_step
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.web import letters
from ctdc.hub.studio.web.languages import remember
from ctdc.hub.studio.web.texts import lazy_text, text

# What the library says, by the names of its templates; what is not here is not worth saying.
SAID = {
    "account/messages/logged_out.txt": "entrance.said.signed_out",
    "account/messages/password_changed.txt": "entrance.said.password_changed",
    "mfa/messages/totp_activated.txt": "entrance.said.app_added",
    "mfa/messages/totp_deactivated.txt": "entrance.said.app_removed",
    "mfa/messages/webauthn_added.txt": "entrance.said.key_added",
    "mfa/messages/webauthn_removed.txt": "entrance.said.key_removed",
    "mfa/messages/recovery_codes_generated.txt": "entrance.said.codes_made",
    "usersessions/messages/sessions_logged_out.txt": "entrance.said.others_ended",
}
LETTERS = {
    "account/email/password_reset_key": "entrance.letter.reset",
    "account/email/password_changed": "entrance.letter.password_changed",
    "account/email/password_reset": "entrance.letter.password_changed",
    "mfa/email/totp_activated": "entrance.letter.app_added",
    "mfa/email/totp_deactivated": "entrance.letter.app_removed",
    "mfa/email/webauthn_added": "entrance.letter.key_added",
    "mfa/email/webauthn_removed": "entrance.letter.key_removed",
    "mfa/email/recovery_codes_generated": "entrance.letter.codes_made",
}
WAYS = {
    "reauthenticate": "entrance.way.password",
    "mfa_reauthenticate": "entrance.way.code",
    "mfa_reauthenticate:webauthn": "entrance.way.key",
}


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types
    """Accounts: from invitations alone, in our words."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": lazy_text("entrance.error.closed"),
        "email_password_mismatch": lazy_text("entrance.error.mismatch"),
        "enter_current_password": lazy_text("entrance.error.current_password"),
        "incorrect_code": lazy_text("entrance.error.code"),
        "incorrect_password": lazy_text("entrance.error.current_password"),
        "invalid_password_reset": lazy_text("entrance.error.reset"),
        "too_many_login_attempts": lazy_text("entrance.error.too_many"),
        "rate_limited": lazy_text("entrance.error.too_many"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt; one too many is noted and refused (ValidationError)."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            acts.note_failed(None, "too many attempts")
            raise

    def post_login(self, request: HttpRequest, user: Person, **known: Any) -> HttpResponse:
        """Where they go next, in the language that they chose for themselves."""
        response: HttpResponse = super().post_login(request, user, **known)
        return remember(request, response, user.language)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """The way in: a new password ends every session."""
        return reverse("account_login")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of a letter: to the address of the studio's settings, whatever a request says."""
        uid, _, rest = key.partition("-")
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": rest})
        return str(settings.STUDIO.address + path)

    def get_reauthentication_methods(self, user: Person) -> list[dict[str, Any]]:
        """How somebody confirms that it is still them: with the second step, once they have one."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if second_step.is_set_up(user):
            ways = [way for way in ways if way["id"] != "reauthenticate"]
        return [way | {"description": text(WAYS[way["id"]])} for way in ways]

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say it in our words, if it is worth saying."""
        if message is None and message_template in SAID:
            message = text(SAID[message_template])
        if message is not None:
            messages.add_message(request, level, message, extra_tags=extra_tags)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send our own letter, in the language of the person. Raises KeyError for one that we have no words for."""
        person = context.get("user") or Person.objects.get(email__iexact=email)
        letters.send(
            person.email,
            person.language,
            LETTERS[template_prefix],
            name=person.name,
            link=context.get("password_reset_url", ""),
        )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Person,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell a person what changed about their account, without where from."""
        self.send_mail(template_prefix, user.email, {"user": user})


class SecondStepAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second steps: sealed, named in our words, and never all dropped by oneself."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": lazy_text("entrance.error.last_step"),
        "cannot_generate_recovery_codes": lazy_text("entrance.error.no_step"),
        "incorrect_code": lazy_text("entrance.error.code"),
        "unverified_email": lazy_text("entrance.error.unverified"),
    }

    def encrypt(self, text: str) -> str:
        """As it lies in the database."""
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """What was sealed."""
        return sealing.open_sealed(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether another second step is left without this one."""
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=second_step.STEPS)
        return bool(others.exclude(pk=authenticator.pk).exists())

    def generate_authenticator_name(self, user: Person, type: Authenticator.Type) -> str:
        """A first name for a new key."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return text("entrance.key.first_name", number=count + 1)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """To whom passkeys are bound: the host of the studio's settings, whatever a request says."""
        return {"id": settings.STUDIO.host, "name": settings.STUDIO.settings.hub}


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Sessions: each end is noted."""

    def end_sessions(self, sessions: list[UserSession]) -> None:
        """End these sessions of one person."""
        for session in sessions:
            acts.note_ended(session.user)
        super().end_sessions(sessions)
