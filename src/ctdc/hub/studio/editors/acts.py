"""What changes stories and pages beside Wagtail's own forms, and what has the site made of them.

Promise: several publications in a row make one build; a build is asked for in the transaction of what it shows.
"""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import PermissionDenied, ValidationError
from wagtail.models import Revision

from ctdc.hub.studio.editors import importing, permissions
from ctdc.hub.studio.editors.checking import NotReady
from ctdc.hub.studio.editors.models import Written
from ctdc.hub.studio.events.record import WORKER, performs, record, unattended
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.work import ask
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act

PUBLISH, SCHEDULED = "editors.publish", "editors.scheduled"


@performs("job.asked")
def ask_publication(by: Person) -> Job:
    """Have the site made of what is live now."""
    policy.check(by, Act.PUBLISH_STORIES)
    return ask(PUBLISH, by)


@performs("job.asked")
@unattended
def ask_by_itself(kind: str) -> Job:
    """Have something done that nobody has to ask for: its time has come."""
    return ask(kind, None)


@performs("content.imported")
@unattended
def import_content(stories: Path, about: Path) -> tuple[int, int]:
    """Bring in the stories and pages of these folders, in all their languages, live. Returns how many of each.

    Raises UserError (``story.source``, ``content.page``) for what the site could not read, and (``studio.content``) for
    a studio that has stories or pages already.
    """
    with permissions.by_itself():
        found = importing.bring_in(stories, about)
    record("content.imported", "command line", stories=found[0], pages=found[1])
    return found


@performs("page.published", "page.refused")
@unattended
def publish_due(revision: Revision) -> None:
    """Publish what was approved for a time that has come; what can no longer be published loses its time."""
    try:
        with permissions.by_itself():
            revision.publish(log_action="wagtail.publish.scheduled")
    except (ValidationError, NotReady, PermissionDenied):
        Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=None)
        page = revision.content_object
        code = page.locale.language_code
        record("page.refused", WORKER, about=f"page:{page.pk}", language=code, revision=revision.pk)


@performs("page.unpublished")
@unattended
def withdraw_due(page: Written) -> None:
    """Withdraw what was to be shown until a time that has come."""
    page.unpublish(set_expired=True, log_action="wagtail.unpublish.scheduled")
