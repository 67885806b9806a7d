"""The long work of editors: the site made of what is live, and what was approved for a time that has come."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from wagtail.models import Revision

from ctdc.foundation.progress import Progress
from ctdc.hub.studio.editors import acts, publish, wanting
from ctdc.hub.studio.editors.models import StoryPage, TextPage
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.schedule import every
from ctdc.hub.studio.jobs.work import kind


@kind(acts.PUBLISH)
def publish_site(job: Job, progress: Progress) -> None:
    """Write what is live as a folder of content, and build the site of it and the published releases."""
    publish.publish(settings.STUDIO, progress)


@kind(acts.SCHEDULED)
def publish_scheduled(job: Job, progress: Progress) -> None:
    """Publish and withdraw what has its time behind it."""
    progress.start("")
    for model in (StoryPage, TextPage):
        for page in model.objects.filter(live=True, expire_at__lt=timezone.now()):
            acts.withdraw_due(page)
    for revision in _due():
        acts.publish_due(revision)
    progress.finish()


def _due() -> list[Revision]:
    return list(Revision.objects.filter(approved_go_live_at__lt=timezone.now()).order_by("approved_go_live_at"))


@every(60)
def look_for_due() -> None:
    """Ask for the job when there is something for it to do, so that the log tells of nothing else."""
    expired = any(
        model.objects.filter(live=True, expire_at__lt=timezone.now()).exists() for model in (StoryPage, TextPage)
    )
    if expired or _due():
        wanting.want(acts.SCHEDULED, None)
