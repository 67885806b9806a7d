"""The page of use."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.listening.telling import sentences
from ctdc.hub.studio.listening.use.tables import use_of
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.views import Request, page, shows
from ctdc.standard.languages import AUTONYMS


@shows(Act.SEE_USAGE)
def usage(request: Request) -> HttpResponse:
    """A month of use: ``?month=YYYY-MM``, else the newest."""
    context: dict[str, Any] = {"use": None, "problem": "", "names": AUTONYMS, "as_date": date.fromisoformat}
    try:
        context["use"] = use_of(settings.STUDIO.usage, request.GET.get("month", ""))
    except UserError as error:
        context["problem"] = sentences(error)[0]
    return page(request, "listening/usage.html", context)
