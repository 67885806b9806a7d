"""What an earlier version left is taken over: database, log, ledger, vault, releases, content, and work that waited."""

import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from tests.support.processes import surroundings
from tests.upgrade.make import ARCHIVE, MIGRATIONS, ROOT, migrations

from ctdc.hub.site.export import check_content
from ctdc.hub.site.stories.source import read_stories

HERE = Path(__file__).parent
VERSIONS = sorted(path.name for path in HERE.iterdir() if (path / MIGRATIONS).is_file())
MOST_SECONDS = 600.0  # a machine that does much else at the same time is no fault
MOST_BYTES = 1_000_000


def ctdc(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command, as whoever runs the machine gives it."""
    around = surroundings()
    command = [sys.executable, "-m", "ctdc.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=around, check=False)


def done(*arguments: object) -> str:
    """What a command prints that has to end well."""
    found = ctdc(*arguments)
    assert found.returncode == 0, (arguments, found.stdout, found.stderr)
    return found.stdout


def asked(studio: Path, question: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(studio / "studio.sqlite3", timeout=20) as database:
        return database.execute(question).fetchall()


def structure(studio: Path) -> set[tuple[object, ...]]:
    """Tables and indexes of a database, whatever order their columns came in."""
    names = asked(studio, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    found: set[tuple[object, ...]] = set()
    for (table,) in names:
        columns = asked(studio, f'SELECT name, type, "notnull", pk FROM pragma_table_info("{table}")')
        found |= {(table, *column) for column in columns}
        indexes = asked(studio, f'SELECT name, "unique" FROM pragma_index_list("{table}") WHERE origin = "c"')
        found |= {(table, "index", *index) for index in indexes}
    return found


def work_until_done(studio: Path) -> None:
    """A worker, until nothing waits."""
    worker = subprocess.Popen([sys.executable, "-m", "ctdc.cli.main", "studio", "work", str(studio)])
    try:
        end = time.monotonic() + MOST_SECONDS
        waiting = "SELECT count(*) FROM ctdc_jobs_job WHERE kind = 'events.verify' AND state IN ('waiting', 'running')"
        while asked(studio, waiting) != [(0,)]:
            assert worker.poll() is None, "the worker has ended"
            assert time.monotonic() < end, "nothing came of it"
            time.sleep(0.1)
    finally:
        worker.terminate()
        worker.wait(30)


@pytest.fixture(scope="module", params=VERSIONS)
def left(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studio that a version left, before anything of today has touched it."""
    folder = tmp_path_factory.mktemp("left") / "studio"
    with tarfile.open(HERE / request.param / ARCHIVE) as packed:
        packed.extractall(folder, filter="data")
    folder.chmod(0o700)
    for key in ("secret.key", "vault.key"):
        (folder / key).chmod(0o600)
    return folder


def test_there_is_a_version_to_come_from() -> None:
    assert VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_version_left_is_small(version: str) -> None:
    assert sum(path.stat().st_size for path in (HERE / version).iterdir()) < MOST_BYTES


@pytest.mark.parametrize("version", VERSIONS)
def test_a_released_migration_is_never_edited(version: str) -> None:
    released = json.loads((HERE / version / MIGRATIONS).read_text("utf-8"))
    assert released
    changed = {path for path, digest in released.items() if migrations().get(path) != digest}
    assert not changed, "undo this and write another migration: databases have run these as they were"


@pytest.mark.slow
def test_no_migration_is_missing(tmp_path: Path) -> None:
    code = "from django.core.management import call_command; import django; django.setup(); " + (
        "call_command('makemigrations', check=True, dry_run=True)"
    )
    around = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.studio_settings", "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=around, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.slow
@pytest.mark.heavy
def test_what_is_there_is_taken_over(left: Path, tmp_path: Path) -> None:
    before = {
        table: asked(left, f"SELECT count(*) FROM {table}")
        for table in ("ctdc_people_person", "ctdc_agreements_agreement", "ctdc_desk_vote", "wagtailcore_page")
    }
    assert all(count > 0 for ((count,),) in before.values())
    lines = asked(left, "SELECT count(*) FROM ctdc_events_event")[0][0]
    assert asked(left, "SELECT kind FROM ctdc_jobs_job WHERE state = 'waiting'").count(("events.verify",)) == 1

    work_until_done(left)  # brings the database up to date, and does what waited
    assert asked(left, "SELECT state FROM ctdc_jobs_job WHERE kind = 'events.verify'") == [("done",)]
    assert before == {table: asked(left, f"SELECT count(*) FROM {table}") for table in before}
    check_content(left / "content")  # what was brought in waited to be published, or was
    assert read_stories(left / "content" / "stories")[1], "the site can tell what editors wrote"
    said = done("studio", "verify", left)
    assert int(said.split()[1].replace(",", "")) >= lines

    fresh = tmp_path / "fresh"
    who = ("--administrator", "ada@example.org", "--name", "Ada Admin")
    done("studio", "init", fresh, "--hub", "Hub", "--sender", "hub@example.org", *who)
    assert structure(left) == structure(fresh), "a database that was brought up to date is one made today"


@pytest.mark.slow
@pytest.mark.heavy
def test_ledger_vault_and_releases_are_read(left: Path, tmp_path: Path) -> None:
    done("ledger", "verify", left / "ledger.jsonl")
    assert "people" in done("ledger", "show", left / "ledger.jsonl")
    act = ("--actor", "operator", "--purpose", "after the upgrade")
    key = f"file:{left / 'vault.key'}"
    assert "all opened" in done("vault", "verify", left / "vault", "--key", key, *act)
    opened = tmp_path / "opened"
    done("vault", "get", left / "vault", "sim-hotline", "2025", "--key", key, "--out", opened, *act)
    assert list(opened.rglob("*.parquet"))
    (release,) = [path for path in (left / "releases").iterdir() if path.is_dir()]
    assert "The release verifies" in done("release", "verify", release)
    done("site", "build", release, "--out", tmp_path / "site")
    assert (left / "latest").resolve() == release.resolve()
