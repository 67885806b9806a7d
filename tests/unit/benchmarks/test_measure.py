"""The observer sees the cost of every process that a command starts."""

from __future__ import annotations

import sys

import pytest
from benchmarks.measure import run_measured

# A child takes 100 MB and half a second of CPU, then its parent ends.
CHILD = (
    "import time; held = bytearray(100_000_000); end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
)
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


@pytest.mark.slow
def test_children_are_counted(tmp_path):
    cost = run_measured([sys.executable, "-c", PARENT], limit_seconds=60, log=tmp_path / "log.txt")
    assert cost.status == "done"
    assert cost.cpu_seconds >= 0.5
    assert cost.peak_bytes >= 100_000_000


@pytest.mark.slow
def test_a_command_over_its_limit_is_stopped_with_its_children(tmp_path):
    forever = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    cost = run_measured([sys.executable, "-c", forever], limit_seconds=1, log=tmp_path / "log.txt")
    assert cost.status == "stopped"
    assert cost.cpu_seconds > 0.2
    assert cost.wall_seconds < 30


@pytest.mark.slow
def test_a_failure_is_told_with_its_output(tmp_path):
    command = [sys.executable, "-c", "print('why'); raise SystemExit(7)"]
    cost = run_measured(command, limit_seconds=60, log=tmp_path / "log.txt")
    assert (cost.status, cost.exit_code) == ("failed", 7)
    assert (tmp_path / "log.txt").read_text() == "why\n"


@pytest.mark.slow
def test_memory_of_the_observer_is_not_counted(tmp_path):
    held = bytearray(300_000_000)
    cost = run_measured([sys.executable, "-S", "-c", "pass"], limit_seconds=60, log=tmp_path / "log.txt")
    assert cost.peak_bytes < len(held)
