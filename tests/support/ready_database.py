"""A studio's database as it is before anybody uses it, made once and then copied: migrations take twenty seconds.

``python -m tests.support.ready_database OUT`` makes it, as a studio does when it starts. What a copy is for is brought
up to date as ever, which finds nothing left to do. Databases that were there before are never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ctdc.foundation.files import alone, atomic_file
from ctdc.standard.languages import AUTONYMS, DEFAULT, LANGUAGES

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "tests"
OF_ANOTHER = ("CTDC_STUDIO", "DJANGO_")  # in the environment: whatever studio this process is
# Of the studio's modules, those that make tables or put something into them.
FILLING = ("models.py", "roles.py", "setting_up.py", "settings.py", "starting.py")


def fill_new() -> None:
    """From now on in this process, an SQLite database that Django opens and that is empty gets what a new one has."""
    from django.db.backends.signals import connection_created

    connection_created.connect(_fill)


def _fill(connection: Any, **_: object) -> None:
    if connection.vendor == "sqlite" and not connection.connection.execute("select 1 from sqlite_master").fetchone():
        with contextlib.closing(sqlite3.connect(_ready())) as ready:
            ready.backup(connection.connection)


def _ready() -> Path:
    """The file; made if these libraries and migrations have none yet."""
    path = KEPT / f"studio-{_of_what()}.sqlite3"
    KEPT.mkdir(parents=True, exist_ok=True)
    with alone(KEPT / "studio.lock"):
        if not path.exists():
            for older in KEPT.glob("studio-*.sqlite3"):
                older.unlink(missing_ok=True)
            around = {name: one for name, one in os.environ.items() if not name.startswith(OF_ANOTHER)}
            command = [sys.executable, "-m", "tests.support.ready_database", str(path)]
            subprocess.run(command, check=True, cwd=ROOT, env=around)
    return path


def _of_what() -> str:
    """A hash of what decides what a new database looks like."""
    found = hashlib.sha256((ROOT / "requirements-dev.lock").read_bytes() + sys.version.encode())
    for path in sorted((ROOT / "src" / "ctdc" / "hub" / "studio").rglob("*.py")):
        if path.parent.name == "migrations" or path.name in FILLING:
            found.update(path.read_bytes())
    found.update(repr((LANGUAGES, AUTONYMS, DEFAULT)).encode())
    return found.hexdigest()[:16]


def _make(out: Path) -> None:
    from ctdc.hub.studio import place, starting

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "studio"
        place.create(folder, address="http://localhost:8800", hub="Test hub", sender="studio@example.org")
        starting.make_ready(folder)
        starting.update_database()
        with contextlib.closing(sqlite3.connect(folder / "studio.sqlite3")) as made, atomic_file(out) as whole:
            made.execute("vacuum into ?", [str(whole)])


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
