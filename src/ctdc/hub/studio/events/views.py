"""The logs on screen: the studio's own, and the vault's."""

from __future__ import annotations

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.events import acts, vault_log
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.events.shown import told
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.problems import said
from ctdc.hub.studio.web.views import Request, page, shows, takes

ON_A_PAGE = 100


@shows(Act.SEE_EVENTS)
def events(request: Request) -> HttpResponse:
    """What was done, newest first."""
    pages = Paginator(Event.objects.order_by("-sequence"), ON_A_PAGE).get_page(request.GET.get("page"))
    return page(request, "events/events.html", {"pages": pages, "events": told(request.user, pages)})


@takes(Act.SEE_EVENTS)
def verify(request: Request) -> HttpResponse:
    """Have the log checked."""
    return redirect("jobs:one", number=acts.ask_verification(request.user).pk)


@shows(Act.SEE_VAULT_LOG)
def vault(request: Request) -> HttpResponse:
    """What was read and written in the vault, newest first, and whether its log is whole."""
    try:
        found = vault_log.read(settings.STUDIO.vault)
    except UserError as error:  # a keyring that cannot be read: whoever looks into that has to learn it here
        return page(request, "events/vault.html", {"found": None, "unread": said(error)})
    act = request.GET.get("act", "")
    act = act if act in vault_log.ACTS else ""
    if found is None:
        return page(request, "events/vault.html", {"found": None, "unread": None})
    pages = Paginator(vault_log.chosen(found, act), ON_A_PAGE).get_page(request.GET.get("page"))
    entries = vault_log.entries(request.user, found, list(pages))
    context = {
        "found": found,
        "unread": None,
        "problems": vault_log.problems(found),
        "pages": pages,
        "entries": entries,
    }
    return page(request, "events/vault.html", context | {"act": act, "acts": vault_log.ACTS})
