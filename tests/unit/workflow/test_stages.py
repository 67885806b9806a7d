"""Stages: done once, found again, never half, and never paid twice without saying so."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.progress import Progress, Silent
from ctdc.workflow.stages import RECORD, Stage, Workspace


class Writer:
    """Stage work which counts how often it is called."""

    def __init__(self, text: str = "result", fail: bool = False) -> None:
        self.text, self.fail, self.calls = text, fail, 0

    def __call__(self, folder: Path, progress: Progress) -> None:
        self.calls += 1
        (folder / "deep").mkdir()
        (folder / "deep" / "out.txt").write_text(self.text)
        if self.fail:
            raise UserError("test.fails", "The stage fails after it has begun to write.")


def perform(workspace: Workspace, stage: Stage):
    with workspace.locked():
        return workspace.perform(stage, Silent())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_stage_is_done_once_and_found_again(tmp_path: Path) -> None:
    work = Writer()
    stage = Stage("harmonise", 1, {"file": "ab"}, work)
    first, second = perform(Workspace(tmp_path), stage), perform(Workspace(tmp_path), stage)
    assert work.calls == 1
    assert (first.reused, second.reused) == (False, True)
    assert first.content == second.content
    assert first.started == second.started
    assert first.folder.name == f"harmonise-{stage.key[:12]}"


@pytest.mark.parametrize(
    "other",
    [
        Stage("harmonise", 1, {"file": "changed"}, Writer()),
        Stage("harmonise", 2, {"file": "ab"}, Writer()),
        Stage("combine", 1, {"file": "ab"}, Writer()),
    ],
)
def test_name_version_and_inputs_each_make_another_stage(other: Stage) -> None:
    assert Stage("harmonise", 1, {"file": "ab"}, Writer()).key != other.key


def test_order_of_inputs_does_not_matter() -> None:
    assert Stage("a", 1, {"x": 1, "y": 2}, Writer()).key == Stage("a", 1, {"y": 2, "x": 1}, Writer()).key


def test_a_failing_stage_leaves_nothing_and_is_done_again(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fails"):
        perform(Workspace(tmp_path), Stage("derive", 1, {}, Writer(fail=True)))
    assert names(tmp_path) == [".lock"]
    assert not perform(Workspace(tmp_path), Stage("derive", 1, {}, Writer())).reused


@pytest.mark.parametrize("harm", ["change", "remove", "add", "record", "no record", "other record"])
def test_a_damaged_folder_is_never_used(tmp_path: Path, harm: str) -> None:
    work = Writer()
    stage = Stage("derive", 1, {}, work)
    folder = perform(Workspace(tmp_path), stage).folder
    output, record = folder / "deep" / "out.txt", folder / RECORD
    match harm:
        case "change":
            output.write_text("resulT")
        case "remove":
            output.unlink()
        case "add":
            (folder / "more.txt").write_text("")
        case "record":
            record.write_text(record.read_text()[:-20])
        case "no record":
            record.unlink()
        case "other record":
            record.write_text(json.dumps(json.loads(record.read_text()) | {"key": "0" * 64}))
    again = perform(Workspace(tmp_path), stage)
    assert work.calls == 2
    assert not again.reused
    assert output.read_text() == "result"


def test_a_damaged_paid_stage_is_refused_not_paid_again(tmp_path: Path) -> None:
    work = Writer()
    stage = Stage("protect", 1, {}, work, paid=True)
    folder = perform(Workspace(tmp_path), stage).folder
    (folder / "deep" / "out.txt").write_text("damaged")
    with pytest.raises(Refused, match=r"deep/out\.txt") as caught:
        perform(Workspace(tmp_path), stage)
    assert caught.value.detail.code == "run.paid_damaged"
    assert work.calls == 1
    assert folder.exists()


def test_interrupted_attempts_at_a_paid_stage_are_known(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    failing = Stage("protect", 1, {}, Writer(fail=True), paid=True)
    assert workspace.earlier_attempts(failing) == ()
    for attempts in (1, 2):
        with pytest.raises(UserError):
            perform(workspace, failing)
        assert len(workspace.earlier_attempts(failing)) == attempts
    stage = Stage("protect", 1, {}, Writer(), paid=True)
    perform(workspace, stage)
    assert workspace.earlier_attempts(stage) == ()


def test_the_record_holds_hashes_and_times_only(tmp_path: Path) -> None:
    outcome = perform(Workspace(tmp_path), Stage("derive", 3, {"cases": "ab"}, Writer("a person's value")))
    record = json.loads((outcome.folder / RECORD).read_text())
    assert set(record) == {"record", "stage", "version", "key", "inputs", "outputs", "started", "ended"}
    assert set(record["outputs"]) == {"deep/out.txt"}
    assert "a person's value" not in (outcome.folder / RECORD).read_text()


def test_a_workspace_is_private_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    perform(Workspace(folder), Stage("derive", 1, {}, Writer()))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_perform_wants_the_lock(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        Workspace(tmp_path).perform(Stage("derive", 1, {}, Writer()), Silent())


def test_two_runs_do_not_share_a_workspace(tmp_path: Path) -> None:
    second = Workspace(tmp_path)
    with (
        Workspace(tmp_path).locked(),
        pytest.raises(UserError, match=f"process {os.getpid()}") as caught,
        second.locked(),
    ):
        pass
    assert caught.value.detail.code == "run.locked"
    with Workspace(tmp_path).locked():
        pass


def test_a_run_killed_in_the_middle_blocks_nobody_and_leaves_nothing_half(tmp_path: Path) -> None:
    script = f"""
        import os, signal
        from pathlib import Path
        from ctdc.foundation.progress import Silent
        from ctdc.workflow.stages import Stage, Workspace

        def whole(folder, progress):
            (folder / "out.txt").write_text("done")

        def dies(folder, progress):
            (folder / "half.txt").write_text("secret")
            os.kill(os.getpid(), signal.SIGKILL)

        workspace = Workspace(Path({str(tmp_path)!r}))
        with workspace.locked():
            workspace.perform(Stage("first", 1, {{}}, whole), Silent())
            workspace.perform(Stage("second", 1, {{}}, dies, paid=True), Silent())
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert any(path.name.endswith(".part") for path in tmp_path.iterdir())

    first, second = Writer(), Writer()
    workspace = Workspace(tmp_path)
    assert perform(workspace, Stage("first", 1, {}, first)).reused
    assert len(workspace.earlier_attempts(Stage("second", 1, {}, second, paid=True))) == 1
    assert not perform(workspace, Stage("second", 1, {}, second, paid=True)).reused
    assert (first.calls, second.calls) == (0, 1)
    assert not any(path.name.endswith(".part") for path in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "Protect", "../up", "a b", "1st"])
def test_a_stage_name_is_a_safe_folder_name(name: str) -> None:
    with pytest.raises(ValueError, match="lower case"):
        Stage(name, 1, {}, Writer())
