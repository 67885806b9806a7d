"""A process ends with the one that started it."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ctdc.foundation import parents

CHILD = (
    "from ctdc.foundation.parents import end_with; import os, sys, time; end_with(os.getppid(), lambda: os._exit(0));"
)
CHILD += "print(os.getpid(), flush=True); time.sleep(60)"
STARTER = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {CHILD!r}]); time.sleep(60)"


def test_nothing_ends_while_the_parent_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parents, "EVERY", 0.005)
    ended = threading.Event()
    parents.end_with(os.getppid(), ended.set)
    assert not ended.wait(0.05)
    parents.end_with(os.getpid(), ended.set)  # who is nobody's parent here
    assert ended.wait(5)


@pytest.mark.slow
def test_the_end_of_a_killed_parent_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        child = int(starter.stdout.readline())
        starter.kill()
    until = time.monotonic() + 20
    while _lives(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _lives(child)


def _lives(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
