"""Entering and leaving the workbench, and what was charged in it, as the log tells it.

Promise: lines name people by their numbers and charges by their hashes; nothing of a table is in them.
"""

from __future__ import annotations

from ctdc.hub.studio.bench.accounts import CHARGED, check_account, ledger_of
from ctdc.hub.studio.bench.rooms import ROOMS
from ctdc.hub.studio.events.record import performs, record, unattended
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act


@performs("workbench.opened")
def enter(by: Person) -> None:
    """Make a room for somebody who has none. Raises Refused (``bench.full``, ``bench.memory``) and UserError.

    Somebody whose account lacks what the log names gets none (``ledger.broken``).
    """
    policy.check(by, Act.USE_WORKBENCH)
    check_account(by)
    record("workbench.opened", by, organisation=by.organisation, about=by.log_name)
    ROOMS.make(by.pk, ledger_of(by))  # last: what it raises undoes the line


@performs("workbench.closed")
@unattended
def note_closed(person: Person, because: str) -> None:
    """A room was emptied. because: ``closed``, ``signed out``, ``rested``, ``shut out`` or ``stopped``."""
    record("workbench.closed", person, organisation=person.organisation, about=person.log_name, because=because)


@performs(CHARGED)
@unattended
def note_charged(person: Person, line: str) -> None:
    """A run was charged. line: the hash of the line in the person's ledger."""
    record(CHARGED, person, organisation=person.organisation, about=person.log_name, line=line)
