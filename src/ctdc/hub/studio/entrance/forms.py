"""The library's forms at the entrance, with our labels and hints, and a code of an app that lets in once.

Promise: a code that was taken is not taken again while it is valid, also by the neighbouring half minutes.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as second
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as app
from allauth.mfa.webauthn import forms as keys
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest

from ctdc.hub.studio.web.texts import text

PERIOD = 30  # seconds that a code is shown
LONGEST_NAME = 60  # characters of the name of a key


class Worded:
    """A form whose fields have our words: name of the field -> key of the label, key of the hint or nothing."""

    WORDS: ClassVar[dict[str, tuple[str, str]]] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint) in self.WORDS.items():
            field = self.fields[name]
            field.label, field.help_text = text(label), text(hint) if hint else ""
            field.widget.attrs.pop("placeholder", None)


class Twice:
    """A form with a new password that is typed twice."""

    def clean(self) -> dict[str, Any]:
        """The values; a second password that differs is said in our words."""
        values: dict[str, Any] = super().clean()  # type: ignore[misc]
        typed = [self.data.get(name) for name in ("password1", "password2")]  # type: ignore[attr-defined]
        if all(typed) and len(set(typed)) > 1 and "password2" in self.errors:  # type: ignore[attr-defined]
            self.errors["password2"] = self.error_class([text("entrance.error.differ")])  # type: ignore[attr-defined]
        return values


class OnceOnly:
    """A form with a code of an app."""

    def clean_code(self) -> str:
        """The code. Raises ValidationError when it is wrong, or was taken already."""
        code: str = super().clean_code()  # type: ignore[misc]
        taken: Authenticator = self.authenticator  # type: ignore[attr-defined]
        if taken.type == Authenticator.Type.TOTP:
            valid = PERIOD * (2 * settings.MFA_TOTP_TOLERANCE + 1)
            if not cache.add(f"studio:code:{taken.pk}:{normalize_user_code(code)}", True, valid):
                raise get_adapter().validation_error("incorrect_code")
        return code


class Login(Worded, account.LoginForm):  # type: ignore[misc]
    """E-mail address and password."""

    WORDS: ClassVar = {"login": ("entrance.login.email", ""), "password": ("entrance.login.password", "")}


class ResetPassword(Worded, account.ResetPasswordForm):  # type: ignore[misc]
    """The address that a letter goes to."""

    WORDS: ClassVar = {"email": ("entrance.login.email", "")}

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the letter if there is an account; how long it took does not tell whether."""
        began = time.monotonic()
        email: str = super().save(request, **kwargs)
        time.sleep(max(0.0, settings.PASSWORD_RESET_TAKES - (time.monotonic() - began)))
        return email


class NewPassword(Worded, Twice, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password in the place of a forgotten one."""

    WORDS: ClassVar = {
        "password1": ("entrance.password.new", "entrance.password.hint"),
        "password2": ("entrance.password.again", ""),
    }


class ChangePassword(Worded, Twice, account.ChangePasswordForm):  # type: ignore[misc]
    """A new password in the place of a known one."""

    WORDS: ClassVar = {"oldpassword": ("entrance.password.current", ""), **NewPassword.WORDS}


class Reauthenticate(Worded, account.ReauthenticateForm):  # type: ignore[misc]
    """The password, once more."""

    WORDS: ClassVar = {"password": ("entrance.login.password", "")}


class SecondStep(Worded, OnceOnly, second.AuthenticateForm):  # type: ignore[misc]
    """A code of the app, or a recovery code."""

    WORDS: ClassVar = {"code": ("entrance.second.code", "")}


class SecondStepAgain(Worded, OnceOnly, second.ReauthenticateForm):  # type: ignore[misc]
    """The same, to confirm."""

    WORDS: ClassVar = {"code": ("entrance.second.code", "")}


class AddApp(Worded, app.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app."""

    WORDS: ClassVar = {"code": ("entrance.app.code", "")}


def _limit_name(field: forms.Field) -> None:
    field.validators.append(MaxLengthValidator(LONGEST_NAME))
    field.widget.attrs["maxlength"] = str(LONGEST_NAME)


class AddKey(Worded, keys.AddWebAuthnForm):  # type: ignore[misc]
    """A new key."""

    WORDS: ClassVar = {
        "name": ("entrance.key.name", ""),
        "passwordless": ("entrance.key.alone", "entrance.key.alone_hint"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        _limit_name(self.fields["name"])


class NameKey(Worded, keys.EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a key."""

    WORDS: ClassVar = {"name": ("entrance.key.name", "")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _limit_name(self.fields["name"])
