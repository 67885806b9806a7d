"""A studio with a vault of invented people's cases, agreements in force and a budget, for tests of the release desk."""

from __future__ import annotations

import base64
import shutil
from datetime import date, timedelta
from pathlib import Path

from tests.support.sealed_run import harmonised, sealed
from tests.support.studio_people import make_person
from tests.support.vaults import KEY, STEWARD, WHEN
from tests.unit.hub.studio.things import release_values

from ctdc.foundation.clock import now
from ctdc.foundation.hashing import hash_bytes
from ctdc.hub.studio.agreements.models import CLAUSES, Agreement, Purpose
from ctdc.hub.studio.desk import acts, plans
from ctdc.hub.studio.desk.models import Publication, ReleasePlan
from ctdc.hub.studio.jobs import worker
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.roles import Role
from ctdc.release.manifest import read_manifest
from ctdc.vault import vault as vaults

CONTRIBUTOR = "sim-hotline"
CASES = 300


def clear_place() -> None:
    """Take away what an earlier test left in the studio's folder."""
    place = plans.place()
    for folder in (place.vault, place.releases, place.site, place.work):
        shutil.rmtree(folder, ignore_errors=True)
    for path in (place.ledger, place.latest, place.answers):
        path.unlink(missing_ok=True)


def fill_vault(cases: Path) -> str:
    """A vault with one delivery; its key is where the worker looks for it. Returns the delivery's manifest hash."""
    place = plans.place()
    key = place.folder / "vault.key"
    key.write_text(base64.b64encode(KEY.key).decode(), encoding="ascii")
    key.chmod(0o600)
    vault = vaults.create(place.vault, (KEY,), 1, STEWARD, WHEN)
    return sealed(vault, CONTRIBUTOR, cases)


def cases_file(folder: Path) -> Path:
    """Harmonised cases of invented people."""
    return harmonised(folder, CASES, (CONTRIBUTOR,))[CONTRIBUTOR]


def agree(organisation: Organisation, by: Person, *purposes: Purpose, until: date | None = None) -> Agreement:
    """An agreement in force, as if its signed copy had been handed in."""
    today = now().date()
    return Agreement.objects.create(
        organisation=organisation,
        title="Sharing",
        **dict.fromkeys(CLAUSES, "Text"),
        purposes=[one.value for one in purposes],
        valid_from=today - timedelta(days=1),
        valid_until=until or today + timedelta(days=300),
        state="in_force",
        signed=hash_bytes(b"paper"),
        made_by=by,
    )


def planned(everybody: dict[str, Person], manifest: str, **more: object) -> ReleasePlan:
    """A draft by the steward of a release from the vault's delivery."""
    delivery = {"organisation": CONTRIBUTOR, "delivery": "2025", "manifest": manifest}
    return acts.draft(everybody["steward"], release_values(deliveries=[delivery], simulated=True, **more), True)


def do_jobs() -> Job | None:
    """Do what waits, as the worker does. Returns the last job."""
    last = None
    while job := worker.take("test"):
        worker.do(job)
        job.refresh_from_db()
        last = job
    return last


def note_published(folder: Path) -> None:
    """Note that the release in a folder was published by the studio: what merely lies there is shown to nobody."""
    hub = Organisation.objects.filter(is_hub=True).first()
    hub = hub or Organisation.objects.create(slug="hub", name="Hub", is_hub=True)
    by = Person.objects.filter(organisation=hub).first() or make_person(hub, Role.STEWARD, name="publisher")
    identifier, known = read_manifest(folder)[0], {"state": "published", "folder": folder.name}
    release = ReleasePlan.objects.create(made_by=by, identifier=identifier, **known, **release_values())
    Publication.objects.create(release=release, identifier=identifier, folder=folder.name, by=by)
