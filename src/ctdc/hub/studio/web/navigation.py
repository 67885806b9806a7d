"""The places of the studio that people go to, each shown to those who may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from ctdc.hub.studio.people.models import Person

# (name of the address, key of the words, who may), in the order in which they are shown.
PLACES: tuple[tuple[str, str, Act], ...] = (
    ("home", "web.nav.home", Act.SEE_HOME),
    ("deliveries:list", "web.nav.deliveries", Act.SEE_DELIVERIES),
    ("mappings:list", "web.nav.mappings", Act.SEE_MAPPINGS),
    ("bench:entrance", "web.nav.workbench", Act.USE_WORKBENCH),
    ("agreements:list", "web.nav.agreements", Act.SEE_AGREEMENTS),
    ("listening:inbox", "web.nav.inbox", Act.SEE_FEEDBACK),
    ("listening:calendar", "web.nav.calendar", Act.SEE_CALENDAR),
    ("listening:usage", "web.nav.usage", Act.SEE_USAGE),
    ("listening:monitoring", "web.nav.monitoring", Act.SEE_MONITORING),
    ("people:list", "web.nav.people", Act.SEE_PEOPLE),
    ("people:organisations", "web.nav.organisations", Act.SEE_ORGANISATIONS),
    ("people:tokens", "web.nav.tokens", Act.DELIVER),
    ("desk:list", "web.nav.releases", Act.SEE_RELEASES),
    ("desk:ledger", "web.nav.ledger", Act.SEE_LEDGER),
    ("wagtailadmin_home", "web.nav.editors", Act.TRANSLATE_STORIES),
    ("jobs:list", "web.nav.jobs", Act.SEE_JOBS),
    ("events:list", "web.nav.events", Act.SEE_EVENTS),
    ("events:vault", "web.nav.vault_log", Act.SEE_VAULT_LOG),
)


@dataclass(frozen=True)
class Entry:
    """A link of the navigation."""

    address: str
    label: str


def entries(person: Person | AnonymousUser) -> list[Entry]:
    """What `person` finds in the navigation."""
    allowed = policy.acts_of(person)  # one look at the roles: this is on every page
    return [Entry(reverse(name), text(key)) for name, key, act in PLACES if act in allowed]
