"""The workbench of a studio whose process is stopped, or killed while it reads a table."""

import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from tests.support.processes import free_port, surroundings
from tests.support.quick import QUICK

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench import SECRET, rows, write_csv

pytestmark = pytest.mark.heavy
SUPPORT = Path(__file__).parents[1] / "support"
CTDC = (*QUICK, "studio")
OWN = {"sec-fetch-site": "same-origin"}


def done(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, env=surroundings()).stdout


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, port: int) -> Path:
    """A studio that nobody has started yet."""
    made = tmp_path_factory.mktemp("studio") / "studio"
    known = ["--address", f"http://localhost:{port}", "--hub", "Test hub", "--sender", "hub@example.org"]
    done(*CTDC, "init", str(made), *known, "--administrator", "ada@example.org", "--name", "Ada Admin")
    return made


@pytest.fixture(scope="module")
def key(folder: Path) -> str:
    """The key of a steward's session."""
    return str(json.loads(done(sys.executable, str(SUPPORT / "sitting.py"), str(folder)))["steward"])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The studio, until it has ended."""
    command = [*CTDC, "serve", str(folder), "--port", str(port), "--no-worker"]
    with subprocess.Popen(command, env=surroundings(), stdout=subprocess.DEVNULL) as process:
        try:
            _wait(process, port)
            yield process
        finally:
            process.kill()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the studio ended before it answered")
        try:
            httpx.get(f"http://localhost:{port}/account/login/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the studio did not answer within a minute")


def in_memory(folder: Path) -> list[Path]:
    named = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return [one for one in Path(f"/dev/shm/ctdc-{named}").glob("*") if one.is_dir()]


def kinds(folder: Path) -> list[tuple[str, str]]:
    """The events of the workbench and their details."""
    with sqlite3.connect(folder / "studio.sqlite3") as database:
        found = database.execute("SELECT kind, details FROM ctdc_events_event ORDER BY sequence").fetchall()
    return [(kind, details) for kind, details in found if kind.startswith("workbench.")]


def entered(port: int, key: str) -> httpx.Client:
    """A client of the steward, who has opened the workbench."""
    client = httpx.Client(base_url=f"http://localhost:{port}", cookies={"session": key}, headers=OWN, timeout=60)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/workbench/").text)
    assert token is not None
    answer = client.post("/workbench/open/", data={"csrfmiddlewaretoken": token[1]})
    assert (answer.status_code, answer.headers["location"]) == (302, "/workbench/en/")
    return client


def is_alive(number: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{number}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_studio_that_is_killed_leaves_no_table_and_no_work(folder: Path, port: int, key: str, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "visits.csv", rows(150_000))
    with serving(folder, port) as process, closing(entered(port, key)) as client:
        with table.open("rb") as stream:
            answer = client.post("/workbench/en/file/", files={"file": ("visits.csv", stream)})
        assert answer.status_code == 303
        (room,) = in_memory(folder)
        reader = int((room / "input" / "pid").read_text())
        os.kill(reader, signal.SIGSTOP)  # it is at work for as long as this test needs
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert [one for one in room.rglob("original.csv") if SECRET in one.read_text()]
        os.kill(reader, signal.SIGCONT)
        until = time.monotonic() + 10
        while is_alive(reader) and time.monotonic() < until:
            time.sleep(0.05)
        assert not is_alive(reader)
    with serving(folder, port) as process:
        assert in_memory(folder) == []
        with closing(entered(port, key)) as client:
            assert "visits.csv" not in client.get("/workbench/en/file/").text
            (room,) = in_memory(folder)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert in_memory(folder) == []
    stopped = ("workbench.closed", '{"because": "stopped"}')
    assert kinds(folder) == [("workbench.opened", "{}"), ("workbench.opened", "{}"), stopped]
