"""What each person's runs were charged: a ledger in the studio's folder, which outlives every room.

Promise: one account for all tables of a person, since two of them may tell of the same people. The log of the studio
names each charge by its hash (`leaving.note_charges`): a ledger that was cut, or written anew, lacks what the log
names, and nothing more is charged to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from ctdc.hub.studio.events.ledgers import hashes, read_named
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.people.models import Person
from ctdc.privacy import ledger

CHARGED = "workbench.charged"


def ledger_of(person: Person) -> Path:
    """The file of a person's account; its folder is for the studio alone."""
    path = _file(person.log_name)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return path


def _file(name: str) -> Path:
    folder: Path = settings.STUDIO.accounts
    return folder / f"{name}.jsonl"


def unnoted(person: Person) -> list[str]:
    """The hashes of the charges that the log does not name yet. Raises UserError (``ledger.broken``)."""
    charges = [line.hash for line in ledger.read(ledger_of(person)) if line.event["kind"] == "charge"]
    known = hashes(_charged(person.log_name)) if charges else set()
    return [one for one in charges if one not in known]


def check_account(person: Person) -> None:
    """Raise UserError (``ledger.broken``) for an account that lacks what the log says was charged."""
    read_named(ledger_of(person), _charged(person.log_name))


def check_accounts() -> int:
    """Check the account of everybody whose runs were charged: how many there are. Raises UserError as above."""
    names = Event.objects.filter(kind=CHARGED).order_by("about").values_list("about", flat=True).distinct()
    for name in names:
        read_named(_file(name), _charged(name))
    return len(names)


def _charged(name: str) -> Iterable[Event]:
    """The charges that the log tells of a person, whose name in the log this is."""
    return Event.objects.filter(kind=CHARGED, about=name)
