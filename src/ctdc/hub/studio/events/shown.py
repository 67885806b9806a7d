"""Lines of the studio's log in the words of whoever reads them; what exactly stands in a line is shown beside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from ctdc.hub.studio.events.actors import PERSON, Actor, actors
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text

# What acts are about, as `Event.about` begins, with the address of its page and who may see it.
ABOUT: dict[str, tuple[str, Act] | None] = {
    "agreement": ("agreements:one", Act.SEE_AGREEMENTS),
    "answer": None,
    "contact": None,
    "delivery": ("deliveries:one", Act.SEE_DELIVERIES),
    "health": None,
    "invitation": None,
    "job": ("jobs:one", Act.SEE_JOBS),
    "ledger": None,
    "mapping": ("mappings:one", Act.SEE_MAPPINGS),
    "message": None,
    "organisation": ("people:organisation", Act.SEE_ORGANISATIONS),
    "page": None,
    "release": ("desk:one", Act.SEE_RELEASES),
    "survey": None,
    "token": None,
}


@dataclass(frozen=True)
class About:
    """What an act was done to. address: of its page; empty where there is none that the reader may see."""

    words: str
    address: str = ""


@dataclass(frozen=True)
class Told:
    """A line as it is shown. details: each part of the line as it stands there, for whoever compares."""

    event: Event
    at: datetime
    words: str
    actor: Actor
    organisation: str
    about: About | None
    details: tuple[tuple[str, str], ...]


def told(viewer: Person, events: Iterable[Event]) -> list[Told]:
    """Lines for `viewer`, in the same order."""
    lines = list(events)
    known = actors(viewer, [name for line in lines for name in (line.actor, line.about) if name])
    names = dict(Organisation.objects.values_list("slug", "name"))
    return [
        Told(
            line,
            datetime.fromisoformat(line.at),
            text(f"events.act.{line.kind}"),
            known[line.actor],
            names.get(line.organisation, line.organisation),
            _about(viewer, line, known),
            _details(line),
        )
        for line in lines
    ]


def _about(viewer: Person, line: Event, known: dict[str, Actor]) -> About | None:
    if not line.about or line.about == line.actor:
        return None
    if PERSON.fullmatch(line.about):
        return About(known[line.about].name, known[line.about].address)
    kind, _, number = line.about.partition(":")
    if kind not in ABOUT:
        return About(line.about)
    page = ABOUT[kind]
    address = reverse(page[0], args=[number]) if page and policy.can(viewer, page[1]) else ""
    return About(text(f"events.about.{kind}", number=number), address)


def _details(line: Event) -> tuple[tuple[str, str], ...]:
    parts = {"act": line.kind, "at": line.at, "actor": line.actor, "organisation": line.organisation}
    parts |= {"about": line.about} | {name: _text(value) for name, value in sorted(line.details.items())}
    return tuple((name, value) for name, value in (parts | {"hash": line.hash}).items() if value)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
