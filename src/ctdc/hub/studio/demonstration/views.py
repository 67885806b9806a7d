"""The page of a demonstration: who can sign in, and what to try first."""

from __future__ import annotations

import os
import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from ctdc.hub.studio.demonstration import accounts, files, rules
from ctdc.hub.studio.desk.models import ReleasePlan
from ctdc.hub.studio.people.roles import Role
from ctdc.hub.studio.place import SITE_BESIDE
from ctdc.hub.studio.web.texts import language
from ctdc.hub.studio.web.views import page, public

# What to try, and as whom; the last one is for everybody.
JOURNEY = (
    ("deliver", Role.CONTRIBUTOR),
    ("repair", Role.CONTRIBUTOR),
    ("map", Role.STEWARD),
    ("approve", Role.REVIEWER),
    ("store", Role.STEWARD),
    ("plan", Role.STEWARD),
    ("review", Role.REVIEWER),
    ("publish", Role.STEWARD),
    ("read", None),
)


def site_address() -> str:
    """Where the public site is shown beside the studio, in the reader's language; empty where it is not."""
    port = os.environ.get(SITE_BESIDE, "")
    return f"http://localhost:{port}/{language()}/" if port.isdecimal() else ""


@public()
def about(request: HttpRequest) -> HttpResponse:
    """The accounts with the codes of this half minute and the next, and the journey; 404 in any other studio."""
    if not rules.is_demonstration():
        raise Http404
    moment = time.time()
    first = ReleasePlan.objects.order_by("pk").first()
    context = {
        "accounts": [
            (one, (one.code(moment), one.code(moment + accounts.PERIOD)))
            for one in accounts.read(settings.STUDIO.folder)
        ],
        "files": files.written(settings.STUDIO.folder.parent),
        "journey": JOURNEY,
        "site": site_address(),
        "population": first.population if first else "",
    }
    return page(request, "demonstration/about.html", context)
