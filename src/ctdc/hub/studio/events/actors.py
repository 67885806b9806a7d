"""Who a line of a log tells of, in words: logs hold names that no change of a person's name or address touches.

Promise: names of people are shown to those who may see people; to everybody else their roles, and their name in the
log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.people.roles import Role
from ctdc.hub.studio.web.texts import text

PERSON = re.compile(r"person-(\d{1,9})")
# What acts without being a person, as logs call it: the vault's log takes no name with a space.
PROGRAMS = {"worker": "worker", "nobody": "nobody", "command line": "command", "command-line": "command"}


@dataclass(frozen=True)
class Actor:
    """name: of a person, or in the log; roles: in words, in the order of `Role`; address: of the person's page."""

    name: str
    roles: tuple[str, ...] = ()
    address: str = ""


def actors(viewer: Person, log_names: Iterable[str]) -> dict[str, Actor]:
    """For each name in a log what `viewer` is shown of it."""
    names = set(log_names)
    numbers = {int(found[1]) for name in names if (found := PERSON.fullmatch(name))}
    people = {one.log_name: one for one in Person.objects.filter(pk__in=numbers).prefetch_related("grants")}
    return {name: _person(viewer, people[name]) if name in people else _other(name) for name in names}


def _person(viewer: Person, person: Person) -> Actor:
    granted = {grant.role for grant in person.grants.all()}
    roles = tuple(text(f"people.role.{role}") for role in Role if role in granted)
    if policy.can(viewer, Act.SEE_PEOPLE):
        return Actor(person.name, roles, reverse("people:one", args=[person.pk]))
    return Actor(person.name if person.pk == viewer.pk else person.log_name, roles)


def _other(name: str) -> Actor:
    return Actor(text(f"events.by.{PROGRAMS[name]}") if name in PROGRAMS else name)
