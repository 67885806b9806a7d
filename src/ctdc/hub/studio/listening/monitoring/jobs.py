"""The look at the public side."""

from __future__ import annotations

from django.conf import settings

from ctdc.foundation.progress import Progress
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.work import kind
from ctdc.hub.studio.listening.monitoring import health, rounds
from ctdc.hub.studio.listening.monitoring.acts import LOOK


@kind(LOOK)
def look(job: Job, progress: Progress) -> None:
    """Check the site's files, ask its service, and note how both are."""
    place = settings.STUDIO
    finding, site = health.look_at_site(place.site, progress)
    rounds.keep(finding)
    progress.start("")
    rounds.keep(health.look_at_api(place.public_service, site))
    progress.finish()
