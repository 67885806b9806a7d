"""The end of moderation: what was approved is published, and nothing newer. Wagtail imports this while it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wagtail.models import WorkflowState

    from ctdc.hub.studio.people.models import Person


def publish_approved(state: WorkflowState, user: Person | None = None) -> None:
    """Publish the version that was read, now or at its time (`WAGTAIL_FINISH_WORKFLOW_ACTION`)."""
    state.current_task_state.revision.publish(user=user)
