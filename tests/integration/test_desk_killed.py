"""A worker that is killed while it makes a release: another one goes on where it was, and nothing opened is left."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.quick import QUICK
from tests.support.sealed_run import harmonised

from ctdc.privacy import ledger
from ctdc.release.verify import verify
from ctdc.vault import accesslog

pytestmark = [pytest.mark.slow, pytest.mark.heavy]
MOST_SECONDS = 240.0
ROOT = Path(__file__).parents[2]


def wait_for(what: Callable[[], bool], worker: subprocess.Popen[bytes]) -> None:
    """Until `what` holds; fails when the worker has ended, or nothing comes of it."""
    end = time.monotonic() + MOST_SECONDS
    while not what():
        assert worker.poll() is None, "the worker has ended"
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.02)


def asked(studio: Path, question: str) -> list[tuple[object, ...]]:
    """Rows of the studio's database."""
    with sqlite3.connect(studio / "studio.sqlite3", timeout=20) as database:
        return database.execute(question).fetchall()


def worker_of(studio: Path) -> subprocess.Popen[bytes]:
    """A worker, as `ctdc studio serve` starts one."""
    return subprocess.Popen([*QUICK, "studio", "work", str(studio)])


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """A studio in which a release waits to be made."""
    cases = harmonised(tmp_path, 300, ("sim-hotline",))["sim-hotline"]
    command = [sys.executable, "-m", "tests.support.desk_studio", str(tmp_path / "studio"), str(cases)]
    around = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    subprocess.run(command, check=True, cwd=ROOT, env=around)
    return tmp_path / "studio"


def test_a_killed_run_goes_on_and_pays_once(studio: Path) -> None:
    work = studio / "work" / "desk" / "1" / "run" / "work"
    first = worker_of(studio)
    try:
        wait_for(lambda: bool(list(work.glob("combine-*/stage.json"))), first)
        first.send_signal(signal.SIGKILL)
        first.wait()
    finally:
        first.kill()
    assert list(work.glob("open-*")), "a killed process cannot clear up"
    assert asked(studio, "select state from ctdc_jobs_job where kind = 'desk.run'") == [("running",)]
    reads = len([line for line in accesslog.read(studio / "vault" / "access.jsonl") if line.event["kind"] == "read"])
    with sqlite3.connect(studio / "studio.sqlite3", timeout=20) as database:  # half a minute later
        database.execute("update ctdc_jobs_job set lease = '2000-01-01 00:00:00'")
    second = worker_of(studio)
    try:
        wait_for(lambda: asked(studio, "select state from ctdc_desk_releaseplan") == [("made",)], second)
        wait_for(
            lambda: asked(studio, "select attempts, state from ctdc_jobs_job where kind = 'desk.run'") == [(2, "done")],
            second,
        )
    finally:
        second.terminate()
        second.wait()
    assert {path.name.split("-")[0] for path in work.iterdir() if path.is_dir()} == {"measure", "protect", "release"}
    assert verify((studio / "work" / "desk" / "1" / "run" / "latest").resolve()).ok
    charges = [line for line in ledger.read(studio / "ledger.jsonl") if line.event["kind"] == "charge"]
    assert len(charges) == 1
    log = [line for line in accesslog.read(studio / "vault" / "access.jsonl") if line.event["kind"] == "read"]
    assert len(log) == reads, "what was opened before the kill is not opened again"
