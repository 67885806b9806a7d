"""The studio that `benchmarks.studio` measures: its organisations, its people and where each of them is signed in.

Promise: everything is made through the studio's own acts, so that it is what a studio would hold; everybody and every
case is invented. Runs in a process of its own, since a process is one studio:
``python -m benchmarks.studio_crowd STUDIO PEOPLE OUT``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ctdc.foundation.clock import now
from ctdc.foundation.files import atomic_file
from ctdc.foundation.progress import Silent
from ctdc.simulate.write import write_deliveries

if TYPE_CHECKING:
    from ctdc.hub.studio.people.models import Organisation, Person

SOURCE = "sim-hotline"
ORGANISATIONS = 10
# People of the hub, by role; the rest of the crowd delivers.
HUB = {"steward": 8, "reviewer": 4, "editor": 6, "translator": 3, "administrator": 2, "auditor": 2}


@dataclass(frozen=True)
class Member:
    """One of the crowd: cookie of a session; token with which a contributor's program delivers, "" for others."""

    role: str
    organisation: str
    cookie: str
    token: str


def invented_file(folder: Path, cases: int, seed: int) -> Path:
    """A delivery of the invented hotline."""
    made = write_deliveries(folder, cases, seed, 0.0, Silent())
    source = next(one.source for one in made.deliveries if one.mapping == SOURCE)
    return source if source.is_file() else next(path for path in sorted(source.iterdir()) if path.suffix == ".csv")


def settle(folder: Path, people: int, out: Path) -> None:
    """Fill the studio in `folder` with so many people, and write who they are, as JSON, to the private file `out`."""
    from ctdc.hub.studio import starting

    place = starting.make_ready(folder)
    from ctdc.hub.studio.people.acts import make_organisation
    from ctdc.hub.studio.people.models import Organisation

    give_a_vault(place.vault, folder / "vault.key")
    hub = Organisation.objects.get(is_hub=True)
    staff = {role: [_person(hub, role, number) for number in range(count)] for role, count in HUB.items()}
    by = staff["administrator"][0]
    homes = [make_organisation(by, f"shelter-{n}", f"Shelter number {n}") for n in range(ORGANISATIONS)]
    for home in homes:
        agree(by, home)
        approve_mapping(staff["steward"][0], staff["reviewer"][0], home)
    away = max(0, people - sum(HUB.values()))
    contributors = [_person(homes[n % ORGANISATIONS], "contributor", n) for n in range(away)]
    crowd = [member(one, role) for role, some in staff.items() for one in some]
    crowd += [member(one, "contributor") for one in contributors]
    with atomic_file(out, private=True) as path:
        path.write_text(json.dumps([asdict(one) for one in crowd[-people:]]), encoding="utf-8")


def give_a_vault(vault: Path, key: Path) -> None:
    """Make a vault, and the file with its key."""
    from ctdc.vault import sources
    from ctdc.vault.access import Access
    from ctdc.vault.vault import create

    sources.make_key_file(key)
    create(vault, [sources.from_file(key)], 1, Access("benchmark", "benchmark"), now())


def _person(organisation: Organisation, role: str, number: int) -> Person:
    from tests.support.studio_people import make_person

    return make_person(organisation, role, name=f"{role.title()} {number}")


def agree(by: Person, organisation: Organisation) -> None:
    """An agreement in force since yesterday, for every purpose."""
    from ctdc.hub.studio.agreements import acts
    from ctdc.hub.studio.agreements.templates import prefilled

    values = prefilled(organisation, by.organisation, "en", now().date() - timedelta(days=1))
    agreement = acts.draft(by, organisation, values)
    acts.attach_signed(by, agreement, "signed.pdf", b"%PDF-1.4 invented")
    agreement.refresh_from_db()
    acts.put_into_force(by, agreement, agreement.signed)


def approve_mapping(steward: Person, reviewer: Person, organisation: Organisation) -> None:
    """An approved mapping of the invented hotline's files."""
    from ctdc.hub.studio.mappings import acts
    from ctdc.hub.studio.mappings.files import shipped

    structure, values = shipped(SOURCE)
    structure = structure.replace(f"contributor: {SOURCE}", f"contributor: {organisation.slug}")
    acts.approve(reviewer, acts.propose(steward, organisation, structure, values))


def member(person: Person, role: str) -> Member:
    """Somebody who has signed in with both steps. The session is made here: signing in has limits for one address."""
    from django.conf import settings
    from tests.support.studio_people import client_of

    from ctdc.hub.studio.people.acts import make_token

    secret = make_token(person, "program", 1)[1] if role == "contributor" else ""
    cookie = client_of(person).cookies[settings.SESSION_COOKIE_NAME].value
    return Member(role, person.organisation.slug, cookie, secret)


if __name__ == "__main__":
    settle(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
