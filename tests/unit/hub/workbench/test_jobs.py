"""Children that end well, fail, are stopped and are killed: what their folders say afterwards."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "support"))

from bench import waiting

from ctdc.foundation.errors import Cancelled
from ctdc.hub.workbench import child, jobs
from ctdc.hub.workbench.jobs import FileProgress, State, cancel, is_alive, start, state_of
from ctdc.hub.workbench.project import open_project

CHILD = """
import json, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
asked = json.loads((folder / "job.json").read_text())["asked"]
def write(name, value):
    (folder / "part").write_text(json.dumps(value))
    (folder / "part").rename(folder / name)
def stop(*_):
    write("error.json", {"code": "cancelled", "what": "Stopped."})
    sys.exit(1)
signal.signal(signal.SIGTERM, stop)
write("progress.json", {"task": "Working", "done": 1, "total": 4})
if asked["do"] == "sleep":
    (folder / "ready").touch()
    time.sleep(60)
if asked["do"] == "fail":
    write("error.json", {"code": "table.conflict", "what": "no"})
    sys.exit(1)
if asked["do"].startswith("work"):
    write("result.json", {"rows": 3})
if asked["do"] == "work and linger":
    time.sleep(1)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "tiny_child.py").write_text(CHILD)
    monkeypatch.setattr(jobs, "CHILD", "tiny_child")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "job"


def begin(folder: Path, do: str) -> None:
    start(folder, "run", folder.parent, {"do": do})
    while do == "sleep" and not (folder / "ready").exists():
        time.sleep(0.01)


def test_a_job_that_nobody_began_is_none(tmp_path):
    assert state_of(tmp_path / "nowhere") == State("none")


@pytest.mark.slow
def test_a_child_that_ends_well(folder):
    begin(folder, "work")
    state = waiting(folder)
    assert (state.state, state.result) == ("done", {"rows": 3})
    assert state.progress["task"] == "Working"


@pytest.mark.slow
def test_a_child_that_fails_says_why(folder):
    begin(folder, "fail")
    assert waiting(folder).error["code"] == "table.conflict"
    assert state_of(folder).state == "failed"


@pytest.mark.slow
def test_a_child_that_says_nothing_was_killed(folder):
    begin(folder, "say nothing")
    assert waiting(folder).state == "killed"


@pytest.mark.slow
def test_a_child_that_is_killed_is_seen_to_be(folder):
    begin(folder, "sleep")
    assert state_of(folder).running
    os.kill(json.loads((folder / "pid").read_text()), signal.SIGKILL)
    assert waiting(folder).state == "killed"


@pytest.mark.slow
def test_a_child_is_stopped_when_it_is_asked(folder):
    begin(folder, "sleep")
    cancel(folder)
    assert waiting(folder).state == "cancelled"


@pytest.mark.slow
def test_a_second_one_does_not_begin_beside_the_first(folder):
    begin(folder, "sleep")
    first = (folder / "pid").read_text()
    start(folder, "run", folder.parent, {"do": "work"})
    assert (folder / "pid").read_text() == first
    assert state_of(folder).asked == {"do": "sleep"}
    cancel(folder)
    assert waiting(folder).state == "cancelled"
    begin(folder, "work")
    assert waiting(folder).state == "done", "the end of the one before is forgotten"


@pytest.mark.slow
def test_one_that_has_said_how_it_ended_does_not_keep_the_next_from_beginning(folder):
    begin(folder, "work and linger")
    assert waiting(folder).state == "done"
    begin(folder, "fail")
    assert waiting(folder).state == "failed"


@pytest.mark.slow
def test_a_number_that_is_another_process_by_now_is_left_alone(folder, monkeypatch):
    begin(folder, "work")
    while is_alive(folder):
        time.sleep(0.01)
    (folder / "pid").write_text(str(os.getpid()))
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("somebody else was stopped"))
    cancel(folder)
    assert not is_alive(folder)


def test_progress_is_a_file_that_is_always_whole(tmp_path):
    progress = FileProgress(tmp_path)
    progress.start("Counting", 10)
    for _ in range(10):
        progress.advance()
        assert json.loads((tmp_path / "progress.json").read_text())["total"] == 10
    progress.finish()
    state = json.loads((tmp_path / "progress.json").read_text())
    assert (state["done"], state["finished"]) == (10, ["Counting"])


def ended(tmp_path, monkeypatch, work) -> dict[str, str]:
    import types

    module = types.ModuleType("task")
    module.work = work
    monkeypatch.setattr(child, "import_module", lambda name: module)
    open_project(tmp_path)
    (tmp_path / "job.json").write_text(json.dumps({"kind": "run", "project": str(tmp_path), "asked": {}}))
    kept = signal.getsignal(signal.SIGTERM)
    mask = os.umask(0o022)
    try:
        assert child.main(tmp_path) == 1
    finally:
        signal.signal(signal.SIGTERM, kept)
        os.umask(mask)
    return json.loads((tmp_path / "error.json").read_text())


def test_a_fault_of_ours_is_told_without_its_message(tmp_path, monkeypatch):
    def work(*_):
        raise ValueError("Quenby Marrow, born 1990")

    error = ended(tmp_path, monkeypatch, work)
    assert (error["code"], error["what"]) == ("fault", "ValueError")
    assert "test_jobs.py" in error["where"]
    assert "Quenby" not in json.dumps(error)


def test_a_full_disk_and_a_stop_are_told_as_such(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    def stop(*_):
        jobs.stopped()

    assert ended(tmp_path, monkeypatch, full)["code"] == "system"
    assert ended(tmp_path, monkeypatch, stop)["code"] == "cancelled"
    with pytest.raises(Cancelled):
        jobs.stopped()


def test_what_was_left_half_written_is_removed_unless_somebody_works(tmp_path, monkeypatch):
    below = tmp_path / "private"
    below.mkdir()
    left = [tmp_path / "incoming.part", tmp_path / ".table.parquet.x.part", below / ".table.parquet.y.part"]
    for path in left:
        path.touch()
    (tmp_path / ".pages.z.part").mkdir()
    (tmp_path / "result.json").touch()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "is_alive", lambda folder: True)
        jobs.sweep(tmp_path)
        assert all(path.exists() for path in left)
    jobs.sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["private", "result.json"]
    jobs.sweep(tmp_path / "nowhere")
