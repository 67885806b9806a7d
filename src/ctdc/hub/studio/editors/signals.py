"""What the studio does when Wagtail has done something: a line in the log, and the site made anew.

Promise: each line is written in the transaction of what it tells of; whoever acts in Wagtail is the person who is
signed in there, and what acts by itself is the worker.
"""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_delete
from wagtail.log_actions import get_active_log_context
from wagtail.models import TaskState, WorkflowState
from wagtail.signals import (
    page_published,
    page_unpublished,
    post_page_move,
    task_approved,
    task_rejected,
    workflow_cancelled,
    workflow_submitted,
)

from ctdc.hub.studio.editors import acts, wanting
from ctdc.hub.studio.editors.models import StoryPage, TextPage, Written
from ctdc.hub.studio.editors.moments import page_scheduled
from ctdc.hub.studio.editors.setting_up import follow_roles
from ctdc.hub.studio.events.record import WORKER, record
from ctdc.hub.studio.people.models import Grant, Person


def connect() -> None:
    """Listen."""
    for model in (StoryPage, TextPage):
        page_published.connect(_published, sender=model)
        page_scheduled.connect(_scheduled, sender=model)
        page_unpublished.connect(_unpublished, sender=model)
        post_page_move.connect(_moved, sender=model)
        pre_delete.connect(_deleted, sender=model)
    workflow_submitted.connect(_submitted)
    workflow_cancelled.connect(_cancelled)
    task_approved.connect(_approved)
    task_rejected.connect(_rejected)
    post_save.connect(_roles_changed, sender=Grant)
    post_delete.connect(_roles_changed, sender=Grant)


def _actor(user: Person | None = None) -> Person | str:
    return user or get_active_log_context().user or WORKER


def _about(page: Any) -> str:
    return f"page:{page.pk}"


def _tell(kind: str, page: Any, user: Person | None = None, **details: Any) -> None:
    record(kind, _actor(user), about=_about(page), language=page.locale.language_code, **details)


def _published(instance: Written, revision: Any, **_: Any) -> None:
    if not instance.live:
        return  # it has its time to come, which `page_scheduled` tells
    _want_site()
    _tell("page.published", instance, revision=revision.pk)
    wanting.tell_translators(instance)


def _scheduled(instance: Written, revision: Any, **_: Any) -> None:
    _tell("page.scheduled", instance, revision=revision.pk)


def _unpublished(instance: Written, **_: Any) -> None:
    _want_site()
    _tell("page.unpublished", instance)


def _moved(instance: Written, **_: Any) -> None:
    """Stories stand in another order."""
    _want_site()
    _tell("page.moved", instance)


def _deleted(instance: Written, **_: Any) -> None:
    _tell("page.deleted", instance)


def _want_site() -> None:
    """Ask before anything is told: everywhere the job is locked first, and the end of the log after it."""
    person: Person | None = get_active_log_context().user
    wanting.want(acts.PUBLISH, person)


def _submitted(instance: WorkflowState, user: Person | None = None, **_: Any) -> None:
    _tell("page.submitted", instance.content_object, user)


def _cancelled(instance: WorkflowState, user: Person | None = None, **_: Any) -> None:
    _tell("page.submission_cancelled", instance.content_object, user)


def _approved(instance: TaskState, user: Person | None = None, **_: Any) -> None:
    _tell("page.approved", instance.workflow_state.content_object, user, revision=instance.revision_id)


def _rejected(instance: TaskState, user: Person | None = None, **_: Any) -> None:
    _tell("page.rejected", instance.workflow_state.content_object, user, revision=instance.revision_id)


def _roles_changed(instance: Grant, **_: Any) -> None:
    """Within the act that gives or takes a role."""
    follow_roles(instance.person)
