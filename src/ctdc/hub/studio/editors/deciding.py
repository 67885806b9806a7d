"""What a second editor decides, on the page that they read.

Promise: whoever may approve what waits has that button first, beside what else they may do; Wagtail shows it on no page
that is locked, and every page that is being read is. The rules are those of `SecondEditor`, which asks them again.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from wagtail.admin.action_menu import ActionMenuItem

ICONS = {"approve": "success", "reject": "edit"}


class Decision(ActionMenuItem):  # type: ignore[misc]
    """A button that says yes or no. asks: whether words are asked for first."""

    template_name = "editors/decide.html"

    def __init__(self, name: str, label: Any, asks: bool) -> None:
        super().__init__()
        self.name, self.label, self.asks, self.icon_name = name, label, asks, ICONS[name]

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        """What the button says, and of which version."""
        state = parent_context["page"].current_workflow_task_state
        return {**super().get_context_data(parent_context), "state": state, "asks": self.asks}


def decisions(request: HttpRequest, context: dict[str, Any]) -> list[Decision]:
    """The buttons of whoever may decide on the page that is being read, the one that approves first."""
    page = context.get("page")
    task = page.current_workflow_task if page and context["view"] == "edit" else None
    if task is None:
        return []
    found = [Decision(*action) for action in task.get_actions(page, request.user)]
    return sorted(found, key=lambda one: one.name != "approve")
