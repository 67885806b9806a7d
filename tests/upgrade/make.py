"""Makes what a version leaves for the tests of the next ones: ``python -m tests.upgrade.make VERSION``.

A small studio of invented people, made by the code of that version and nothing else: people of every role, an
agreement, a sealed delivery, a release that was planned, made, evaluated, approved by two others and published, content
of editors, a chained log, a ledger, and work that waits. Its keys were made for this and protect nobody.
"""

from __future__ import annotations

import sqlite3
import sys
import tarfile
import tempfile
import tomllib
from contextlib import closing
from pathlib import Path

from tests.support import desk_studio
from tests.support.sealed_run import harmonised

from ctdc.foundation.files import as_json, write_text
from ctdc.foundation.hashing import hash_file

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STUDIOS = ROOT / "src" / "ctdc" / "hub" / "studio"
CASES = 120
ARCHIVE, MIGRATIONS = "studio.tar.xz", "migrations.json"
# What is made anew at any time, or belongs to the process that made it.
LEFT_OUT = frozenset({"site", "work", "mail", "site.lock", "static"})
WHY = "I have read the report and the ledger."


def migrations() -> dict[str, str]:
    """The hash of every migration of our own, by its path."""
    found = sorted(STUDIOS.glob("*/migrations/0*.py"))
    return {path.relative_to(ROOT).as_posix(): hash_file(path) for path in found}


def make_studio(folder: Path, scratch: Path) -> None:
    """The studio in a new `folder`, with one release published and one job that waits."""
    desk_studio.make(folder, harmonised(scratch, CASES, ("sim-hotline",))["sim-hotline"])
    from django.db import connections
    from django.utils import translation

    from ctdc.hub.site.about.place import CONTENT as ABOUT
    from ctdc.hub.site.stories.source import CONTENT as STORIES
    from ctdc.hub.studio.desk import acts, checklist, rules
    from ctdc.hub.studio.desk.models import ReleasePlan
    from ctdc.hub.studio.editors.acts import import_content
    from ctdc.hub.studio.events.acts import ask_verification
    from ctdc.hub.studio.people.models import Person
    from ctdc.hub.studio.people.roles import Role

    def of(role: Role) -> list[Person]:
        return list(Person.objects.filter(grants__role=role).order_by("pk"))

    def worked() -> ReleasePlan:
        _work_off()
        return ReleasePlan.objects.get()

    with translation.override("en"):
        (steward,), (auditor,) = of(Role.STEWARD), of(Role.AUDITOR)
        import_content(STORIES, ABOUT)
        acts.ask_evaluation(steward, worked())
        release = worked()
        acts.submit(steward, release)
        for reviewer in of(Role.REVIEWER):
            content = rules.content_hash(release)
            acts.vote(reviewer, release, True, WHY, dict.fromkeys(checklist.POINTS, True), content)
        acts.ask_publication(steward, worked())
        worked()
        ask_verification(auditor)  # and there is no worker that takes it
    connections.close_all()


def _work_off() -> None:
    """Do what waits. Raises RuntimeError if it cannot be done."""
    from ctdc.hub.studio.jobs import worker

    while job := worker.take("made for the tests of upgrades"):
        worker.do(job)
        job.refresh_from_db()
        if job.state != "done":
            raise RuntimeError(f"{job.kind}: {job.problem}")


def pack(folder: Path, archive: Path) -> None:
    """The studio as an archive; the database as one file, with nothing beside it."""
    with closing(sqlite3.connect(folder / "studio.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("DELETE FROM ctdc_cache")
        database.commit()
        database.execute("VACUUM")
    with tarfile.open(archive, "w:xz", preset=9) as packed:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if name.parts[0] not in LEFT_OUT and not name.name.endswith(("-wal", "-shm")):
                packed.add(path, name.as_posix(), recursive=False, filter=_nobody)


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry that belongs to nobody."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def main(version: str) -> None:
    """Make the folder of `version`, which has to be the version of this code. Raises ValueError."""
    here = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if version != here:
        raise ValueError(f"this is version {here}")
    target = HERE / version
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ctdc-upgrade-") as scratch:
        studio = Path(scratch) / "studio"
        make_studio(studio, Path(scratch))
        pack(studio, target / ARCHIVE)
    write_text(target / MIGRATIONS, as_json(migrations()))


if __name__ == "__main__":
    main(sys.argv[1])
