"""Headers of every answer, and the gate before every view.

Promise: a view that does not say for whom it is answers nobody. Whoever is signed in without a second step gets to
the pages that set one up and nowhere else. A session that rests too long, or lasts too long, is over. What a page may
load is the studio's own, and no script or style within a page runs, in Wagtail's pages neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect
from django.urls import resolve

from ctdc.foundation.clock import now
from ctdc.hub.studio.editors.addresses import OPEN
from ctdc.hub.studio.entrance import second_step
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.policy import Act

Next = Callable[[HttpRequest], HttpResponse]

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
# The hash is that of an empty style: the editor of translations puts one into the page, and its rules by script.
WAGTAIL = (
    "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
EDITORS = "/editors/"
EDITING = (Act.EDIT_STORIES, Act.TRANSLATE_STORIES)
# Pages of the libraries that people reach before they have signed in, or set up their second step.
BEFORE_SIGN_IN = frozenset(
    {
        "account_login",
        "account_logout",
        "account_inactive",
        "account_reauthenticate",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "mfa_authenticate",
        "mfa_login_webauthn",
        "set_language",
    }
)
SECOND_STEP = frozenset(
    {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_list_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
    }
)
SIGNED_IN = frozenset(
    {
        "mfa_deactivate_totp",
        "mfa_remove_webauthn",
        "mfa_edit_webauthn",
        "account_change_password",
        "usersessions_list",
    }
)
REST_KEY, START_KEY = "last-seen", "began"


class Headers:
    """Sets the headers of every answer."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer with its headers."""
        response = self._next(request)
        in_editors = request.path.startswith(EDITORS)
        response.headers.setdefault("Content-Security-Policy", WAGTAIL if in_editors else STRICT)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Permissions-Policy"] = (
            "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self), "
            "publickey-credentials-create=(self)"
        )
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if getattr(request, "signed_out", False):
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


class Gate:
    """Lets nobody through who has not signed in with a second step, but to what is open to all."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, or the way to sign in."""
        self._end_what_is_over(request)
        return self._next(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """None lets the request through."""
        name = resolve(request.path_info).url_name or ""
        if getattr(view, "open_to_all", False) or name in BEFORE_SIGN_IN:
            return None
        if getattr(view, "accepts_tokens", False) and "Authorization" in request.headers:
            return None  # it looks at the token itself, and not at a session
        if not request.user.is_authenticated:
            return redirect(settings.LOGIN_URL)
        is_set_up = second_step.is_set_up(request.user)
        if is_set_up and not second_step.was_taken(request):
            logout(request)  # another session has set up what this one never took
            return redirect(settings.LOGIN_URL)
        if name in SECOND_STEP:
            return None
        if not is_set_up:
            return redirect("mfa_index")
        if name in SIGNED_IN or hasattr(view, "act"):
            return None
        if self._is_open_to_editors(request):
            return None
        return HttpResponseForbidden("This address is not open.", content_type="text/plain")

    @staticmethod
    def _is_open_to_editors(request: HttpRequest) -> bool:
        """Whether it is an address of Wagtail that is open, and an editor or a translator asks."""
        if resolve(request.path_info).view_name not in OPEN:
            return False
        return any(policy.can(request.user, act) for act in EDITING)

    @staticmethod
    def _end_what_is_over(request: HttpRequest) -> None:
        if not request.user.is_authenticated:
            return
        moment = int(now().timestamp())
        began = request.session.setdefault(START_KEY, moment)
        seen = request.session.get(REST_KEY, moment)
        longest, rest = settings.LONGEST_SESSION.total_seconds(), settings.LONGEST_REST.total_seconds()
        if moment - began > longest or moment - seen > rest:
            logout(request)
        elif moment - seen > 30 or REST_KEY not in request.session:
            request.session[REST_KEY] = moment
