"""A studio in a folder of its own, with people, a vault, an agreement, a budget and a release that is to be made.

``python -m tests.support.desk_studio FOLDER CASES [STATE]`` makes it; a test then runs its worker, and kills it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support import ready_database

from ctdc.hub.studio import place, starting

NAMES = ("steward", "reviewer", "reviewer", "administrator", "auditor", "contributor")


def make(folder: Path, cases: Path, state: str = "running") -> None:
    """The studio; state: how far its one release is, ``draft`` or ``running`` (asked for, and waiting for a worker)."""
    place.create(folder, address="http://localhost:8800", hub="Test hub", sender="studio@example.org")
    settings = folder / place.SETTINGS
    settings.write_text(settings.read_text().replace("vault_keys = []", 'vault_keys = ["file:vault.key"]'))
    starting.make_ready(folder)
    ready_database.fill_new()
    starting.update_database()
    from tests.unit.hub.studio import conftest, desks

    from ctdc.hub.studio.agreements.models import Purpose
    from ctdc.hub.studio.desk import acts
    from ctdc.hub.studio.desk.models import ReleasePlan
    from ctdc.hub.studio.people.models import Organisation
    from ctdc.hub.studio.people.roles import Role

    hub = Organisation.objects.create(slug="hub", name="Test hub", is_hub=True)
    shelter = Organisation.objects.create(slug=desks.CONTRIBUTOR, name="Simulated hotline")
    people = {}
    for number, name in enumerate(NAMES):
        home = shelter if name == "contributor" else hub
        key = name if name not in people else f"{name}{number}"
        people[key] = conftest.make_person(home, Role(name), name=f"{name.title()} {number}")
    desks.agree(shelter, people["administrator"], Purpose.PROCESS, Purpose.RELEASE)
    acts.set_budget(people["administrator"], "people", 9.0, 1e-6, False, new_population=True)
    release = desks.planned(people, desks.fill_vault(cases))
    if state == "running":
        acts.fix(people["steward"], release)
        ReleasePlan.objects.filter(pk=release.pk).update(state="tried")  # what a trial leaves, which takes its time
        acts.ask_run(people["steward"], release)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
