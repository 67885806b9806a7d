"""Which deliveries a reader may see."""

from __future__ import annotations

from django.db.models import QuerySet

from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.web.views import Request


def visible(request: Request) -> QuerySet[Delivery]:
    """All, or those of the reader's organisation."""
    found = Delivery.objects.select_related("organisation", "by", "agreement", "mapping", "replaces")
    found = found.prefetch_related("files")
    if sees_all(request.user, Act.SEE_DELIVERIES):
        return found
    return found.filter(organisation_id=request.user.organisation_id)
