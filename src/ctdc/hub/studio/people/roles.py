"""The roles of people in a studio, and which of them go together.

Promise: whoever delivers for an organisation has no role in the hub; whoever audits changes nothing, and so has no
other role; whoever gives out roles sees no cases.
"""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for."""

    CONTRIBUTOR = "contributor"
    STEWARD = "steward"
    REVIEWER = "reviewer"
    EDITOR = "editor"
    TRANSLATOR = "translator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


HUB_ROLES = frozenset(Role) - {Role.CONTRIBUTOR}
# Roles that nobody has beside another one of the pair.
APART = (
    frozenset({Role.ADMINISTRATOR, Role.STEWARD}),
    frozenset({Role.ADMINISTRATOR, Role.REVIEWER}),
    *(frozenset({Role.AUDITOR, other}) for other in Role if other is not Role.AUDITOR),
)


def allowed_roles(is_hub: bool) -> frozenset[Role]:
    """The roles that people of the hub, or of a contributing organisation, may have."""
    return HUB_ROLES if is_hub else frozenset({Role.CONTRIBUTOR})


def clash(roles: Set[Role]) -> frozenset[Role]:
    """Two of the roles that nobody may have together; empty when there are none."""
    return next((pair for pair in APART if pair <= roles), frozenset())
