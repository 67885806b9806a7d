"""The vault's own log on screen: who opened or changed what of it, and what for.

Promise: no key is used and no case is opened. What is shown are names, moments, purposes and deliveries; keyed ids of
people, names of columns and hashes stay in the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.events.actors import Actor, actors
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.web.formats import whole
from ctdc.hub.studio.web.texts import text
from ctdc.vault.accesslog import EVENTS
from ctdc.vault.looking import Look, look
from ctdc.vault.vault import open_vault

ACTS = tuple(EVENTS)


@dataclass(frozen=True)
class Entry:
    """A line as it is shown. delivery: its id in the vault; up_to: rows, rounded up to tens; of: the line it ends."""

    line: int
    kind: str
    at: datetime
    actor: Actor
    purpose: str
    organisation: str
    delivery: str
    up_to: int | None
    of: int | None


def read(folder: Path) -> Look | None:
    """The log of the vault in `folder`, checked; None where no vault was made. Raises UserError (``vault.keyring``)."""
    try:
        return look(open_vault(folder))
    except UserError as error:
        if error.detail.code == "vault.missing":
            return None
        raise


def problems(found: Look) -> list[str]:
    """What is wrong with the log, in sentences, and what to do; nothing when it is whole."""
    if found.whole:
        return []
    broken = text("events.vault.broken", line=whole(found.broken)) if found.broken else text("events.vault.ends")
    return [broken, text("events.vault.broken.do")]


def chosen(found: Look, act: str) -> list[Line]:
    """The lines of one act, or all for what is none; newest first."""
    return [line for line in reversed(found.lines) if act not in EVENTS or line.event["kind"] == act]


def entries(viewer: Person, found: Look, lines: Sequence[Line]) -> list[Entry]:
    """Some of the lines for `viewer`, in the same order."""
    known = actors(viewer, [line.event["actor"] for line in lines])
    names = dict(Organisation.objects.values_list("slug", "name"))
    return [_entry(line, found.lines, known, names) for line in lines]


def _entry(line: Line, lines: Sequence[Line], known: dict[str, Actor], names: dict[str, str]) -> Entry:
    event = line.event
    began = _began(event.get("of"), lines)
    organisation = event.get("organisation", began.get("organisation", ""))
    return Entry(
        line.sequence,
        event["kind"],
        datetime.fromisoformat(event["at"]),
        known[event["actor"]],
        event["purpose"],
        names.get(organisation, organisation),
        event.get("delivery", began.get("delivery", "")),
        event.get("up_to"),
        event.get("of"),
    )


def _began(number: int | None, lines: Sequence[Line]) -> dict[str, str]:
    """The event that an act began with, whose end names its line."""
    return lines[number - 1].event if number and number <= len(lines) else {}
