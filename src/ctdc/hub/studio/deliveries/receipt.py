"""The receipt of a delivery: what the studio has taken, for the organisation's own records."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from ctdc.foundation.clock import timestamp
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.reports import open_name


def as_receipt(delivery: Delivery) -> dict[str, Any]:
    """A JSON object: files with sizes and SHA-256, moments in UTC, state, counts, and where it is kept until when."""
    return {
        "format": "ctdc-receipt/1",
        "hub": settings.STUDIO.settings.hub,
        "studio": settings.STUDIO.address,
        "delivery": delivery.pk,
        "organisation": delivery.organisation.slug,
        "agreement": f"{delivery.agreement.title} ({delivery.agreement.version})",
        "begun": timestamp(delivery.made),
        "received": timestamp(delivery.received) if delivery.received else None,
        "state": delivery.state,
        "files": [
            {
                "name": open_name(delivery.folder, file.name),
                "bytes": file.length,
                "sha256": file.sha256,
                "arrived": file.offset,
            }
            for file in delivery.files.all()
        ],
        "checked": timestamp(delivery.checked) if delivery.checked else None,
        "problem": delivery.problem,
        "counts": delivery.counts,
        "mapping": delivery.mapping.hash if delivery.mapping else None,
        "stored_as": delivery.stored_as or None,
        "manifest": delivery.manifest or None,
        "kept_until": delivery.retain_until.isoformat() if delivery.retain_until else None,
    }
