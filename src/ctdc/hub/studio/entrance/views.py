"""Pages of the library that need another rule.

Promise: a key can be dropped only while another second step is left; sessions can be ended by whoever confirms first.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter as account
from allauth.account.decorators import reauthentication_required
from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect

from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import does


class _RemoveKey(RemoveWebAuthnView):  # type: ignore[misc]  # the library has no types
    def form_valid(self, form: Form) -> HttpResponse:
        if not get_adapter().can_delete_authenticator(self.get_object()):
            account().add_message(self.request, messages.ERROR, message=text("entrance.error.last_step"))
            return redirect("mfa_list_webauthn")
        removed: HttpResponse = super().form_valid(form)
        return removed


remove_key = does(Act.SEE_HOME)(_RemoveKey.as_view())
"""Drop one of one's own keys."""

_confirmed_to_end = reauthentication_required(allow_get=True, app="ctdc.hub.studio")
sessions = does(Act.SEE_HOME)(_confirmed_to_end(ListUserSessionsView.as_view()))
"""One's own sessions, and the end of all others."""
