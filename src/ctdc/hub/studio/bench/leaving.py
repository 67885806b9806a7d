"""Leaving the workbench: how a room ends, whoever ends it.

Promise: whoever signs out, rests too long, may no longer come in, or closes the workbench has no table here any more,
and what was charged is in the log. A room is removed first and noted then: it goes also when the database does not
answer, when a ledger is damaged, and whatever is wrong with another person's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from threading import Event as Told
from threading import Lock
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_out
from django.db import DatabaseError, InterfaceError, connections
from django.dispatch import receiver

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.bench import acts
from ctdc.hub.studio.bench.accounts import unnoted
from ctdc.hub.studio.bench.rooms import ROOMS
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act

EVERY = 15.0  # seconds between two looks at all rooms
LOG = logging.getLogger(__name__)
_NOTING = Lock()  # a charge is noted by whoever sees it first


def note_charges(person: Person) -> None:
    """Note in the log the charges that it does not name yet. Raises UserError (``ledger.broken``)."""
    with _NOTING:
        for line in unnoted(person):
            acts.note_charged(person, line)


def leave(person: Person, because: str) -> bool:
    """End the room of a person, if they have one; whether they had. because: as `acts.note_closed` takes it."""
    ended = _end(person.pk)
    if ended:
        _note(person, because)
    return ended


def _end(number: int) -> bool:
    """End the room of the person of this number; whether they had one. No database is asked."""
    room = ROOMS.take(number)
    if room is None:
        return False
    try:
        room.close()
    except (UserError, OSError) as fault:
        LOG.warning("work at the workbench could not be ended: %s", type(fault).__name__)
    return True


def _note(person: Person, because: str) -> None:
    try:
        note_charges(person)
    except (UserError, OSError) as damage:  # whoever opens the workbench next is told; signing out has to work
        LOG.warning("what was charged could not be noted: %s", type(damage).__name__)
    acts.note_closed(person, because)


@receiver(user_logged_out)
def _signed_out(user: Person | None, **_: Any) -> None:
    if user is not None:
        leave(user, "signed out")


def look() -> None:
    """Look at all rooms: end what is over, and note what was charged in the others."""
    for number in ROOMS.people():
        _tried(partial(_look_at, number))


def _look_at(number: int) -> None:
    room = ROOMS.of(number)
    if room is not None and room.is_over():  # the clock says so, and no database has to
        _end(number)
        _note(_person(number), "rested")
        return
    person = _person(number)
    if _is_shut_out(person):
        leave(person, "shut out")
    else:
        note_charges(person)


def _person(number: int) -> Person:
    return Person.objects.select_related("organisation").get(pk=number)


def _is_shut_out(person: Person) -> bool:
    """Whether somebody may no longer come in."""
    sessions = UserSession.objects.filter(user_id=person.pk)
    return not (policy.can(person, Act.USE_WORKBENCH) and any(one.exists() for one in sessions))


def watch(over: Told) -> None:
    """Look at all rooms again and again, until told that it is over."""
    while not over.wait(EVERY):
        look()
        connections.close_all()


def leave_all() -> None:
    """End all rooms: the process ends."""
    ended = [number for number in ROOMS.people() if _end(number)]
    for number in ended:
        _tried(partial(_note_stopped, number))
    connections.close_all()


def _note_stopped(number: int) -> None:
    _note(_person(number), "stopped")


def _tried(act: Callable[[], None]) -> None:
    """Do it; a database that does not answer, or a damaged ledger, ends neither the rooms nor the looking."""
    try:
        act()
    except (DatabaseError, InterfaceError, UserError, OSError) as error:
        LOG.warning("the workbench could not be looked after: %s", type(error).__name__)
