"""What is done in a demonstration alone, when it is made.

Promise: both refuse in a studio that is none.
"""

from __future__ import annotations

from pathlib import Path

from ctdc.foundation.errors import Refused
from ctdc.hub.studio.demonstration import rules
from ctdc.hub.studio.desk.models import Publication, ReleasePlan
from ctdc.hub.studio.desk.states import State
from ctdc.hub.studio.events.models import Event
from ctdc.hub.studio.events.record import performs, record, unattended
from ctdc.hub.studio.people.models import Person
from ctdc.release.manifest import read_manifest
from ctdc.standard.languages import LANGUAGES


@performs(rules.FIRST)
@unattended
def declare() -> None:
    """Write the first line of the log, which says what this studio is. Raises Refused for a log that has begun."""
    if not rules.is_demonstration() or Event.objects.exists():
        raise Refused("studio.demonstration", "A studio is a demonstration from its making, or never.")
    record(rules.FIRST, "command line")


@performs("release.adopted")
@unattended
def adopt(by: Person, made: Path, population: str) -> ReleasePlan:
    """Note a release that was made on the command line, of invented people, as this studio's first one.

    by: the steward; made: its folder; population: whose losses the ledger has for it. Raises Refused in a studio that
    is no demonstration, and for a release that does not say that it is simulated.
    """
    identifier, manifest = read_manifest(made)
    if not (rules.is_demonstration() and manifest.info.simulated):
        raise Refused("demonstration.release", "Only a demonstration adopts a release, and only a simulated one.")
    privacy = manifest.privacy
    release = ReleasePlan.objects.create(
        name=manifest.info.name,
        titles={language: manifest.info.title(language) for language in LANGUAGES},
        profile=str(manifest.schema["profile"]),
        population=population,
        epsilon=float(privacy["epsilon"]),
        delta=float(privacy["delta"]),
        people=max(1, manifest.rows),
        simulated=True,
        state=State.PUBLISHED.value,
        made_by=by,
        folder=manifest.folder,
        identifier=identifier,
    )
    release.hands.add(by)
    Publication.objects.create(release=release, identifier=identifier, folder=manifest.folder, by=by)
    record("release.adopted", "command line", about=release.log_name, release=identifier)
    return release
