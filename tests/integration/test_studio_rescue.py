"""The command for a studio whose only administrator lost everything."""

import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from tests.support.processes import surroundings
from tests.support.quick import QUICK

pytestmark = pytest.mark.heavy
CTDC = (*QUICK, "studio")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CTDC, *arguments], capture_output=True, text=True, env=surroundings())


def test_whoever_runs_the_machine_lets_the_only_administrator_in_again(tmp_path: Path) -> None:
    studio = tmp_path / "studio"
    who = ("--administrator", "ada@example.org", "--name", "Ada Admin")
    made = run("init", str(studio), "--hub", "Hub", "--sender", "hub@example.org", *who)
    assert made.returncode == 0 and re.search(r"/people/join/\S{43}/", made.stdout)
    nobody = run("rescue", str(studio), "ada@example.org")  # who is invited has not joined
    assert nobody.returncode != 0 and "Nobody in this studio" in nobody.stderr and "Traceback" not in nobody.stderr
    with sqlite3.connect(studio / "studio.sqlite3") as database:
        columns = "password, is_superuser, email, name, language, is_active, joined, organisation_id"
        values = "'x', 0, 'ada@example.org', 'Ada', 'fr', 1, '2026-01-01', 1"
        database.execute(f"INSERT INTO ctdc_people_person ({columns}) VALUES ({values})")
        step = "'totp', '{\"secret\": \"x\"}', '2026-01-01', (SELECT id FROM ctdc_people_person)"
        database.execute(f"INSERT INTO mfa_authenticator (type, data, created_at, user_id) VALUES ({step})")
    done = run("rescue", str(studio), "ADA@example.org")
    assert done.returncode == 0 and "all sessions are over" in done.stdout
    with sqlite3.connect(studio / "studio.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM mfa_authenticator").fetchone() == (0,)
        last = database.execute("SELECT kind, actor FROM ctdc_events_event ORDER BY sequence DESC").fetchone()
    assert last == ("person.second_step_removed", "command line")
    assert "seconde étape" in next((studio / "mail").iterdir()).read_text(encoding="utf-8")
    assert "as they were written" in run("verify", str(studio)).stdout
