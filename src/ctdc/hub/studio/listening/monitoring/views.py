"""The page of monitoring."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect

from ctdc.foundation.clock import now
from ctdc.hub.studio.listening.calendar.days import Line, Standing, lines
from ctdc.hub.studio.listening.models import Health
from ctdc.hub.studio.listening.monitoring import acts
from ctdc.hub.studio.listening.monitoring.coverage import coverage, moment_of
from ctdc.hub.studio.listening.monitoring.health import FINE, Part
from ctdc.hub.studio.listening.monitoring.providers import Delivered, delivered
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.views import Request, page, shows, takes

CHANGES_SHOWN = 10
DELIVERIES_SHOWN = 8  # of each contributor
LATE = (Standing.OVERDUE, Standing.SOON)


@shows(Act.SEE_MONITORING)
def monitoring(request: Request) -> HttpResponse:
    """Coverage, freshness, quality and health."""
    arrived, today = delivered(), now().date()
    context = {
        "coverage": coverage(settings.STUDIO.releases, arrived),
        "today": today,
        "due": _due(),
        "quality": _by_organisation(arrived),
        "health": [(part, Health.objects.filter(part=part).first()) for part in Part],
        "changes": Health.objects.all()[:CHANGES_SHOWN],
        "fine": FINE,
        "moment_of": moment_of,
        "address": settings.STUDIO.public_address,
    }
    return page(request, "listening/monitoring.html", context)


def _due() -> list[Line]:
    found = lines(list(Organisation.objects.filter(is_hub=False, active=True)), now().date())
    return [line for line in found if line.standing in LATE]


def _by_organisation(arrived: list[Delivered]) -> list[tuple[str, list[Delivered]]]:
    """Each contributor's latest deliveries, oldest first, so that a trend reads in its order."""
    names = dict(Organisation.objects.values_list("slug", "name"))
    found: dict[str, list[Delivered]] = {}
    for one in arrived:
        found.setdefault(names.get(one.organisation, one.organisation), []).append(one)
    return [(name, found[name][-DELIVERIES_SHOWN:]) for name in sorted(found, key=str.casefold)]


@takes(Act.SEE_MONITORING)
def look(request: Request) -> HttpResponse:
    """Have the public side looked at now."""
    return redirect("jobs:one", number=acts.ask_look(request.user).pk)
