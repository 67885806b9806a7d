"""Writing that is whole or not at all."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_file, atomic_folder, replacing_folder, write_bytes, write_text


class Interruption(Exception):
    """Something goes wrong in the middle of writing."""


def everything(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_text(path, "old\n")
    write_bytes(path, "ﺎ".encode())
    assert path.read_text(encoding="utf-8") == "ﺎ"
    assert everything(path.parent) == ["file.txt"]


def test_a_failure_keeps_the_old_content_and_leaves_no_part(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(Interruption), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise Interruption
    assert path.read_text() == "old"
    assert everything(tmp_path) == ["file.txt"]


def test_a_failure_before_the_first_content_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Interruption), atomic_file(tmp_path / "file.txt") as temporary:
        temporary.write_text("half")
        raise Interruption
    assert everything(tmp_path) == []


def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file.txt", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o640


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "release"
    with atomic_folder(path) as fresh:
        (fresh / "data.csv").write_text("x")
        assert not path.exists()
    assert everything(path) == ["data.csv"]
    assert everything(tmp_path) == ["release"]


def test_a_folder_that_fails_never_appears(tmp_path: Path) -> None:
    with pytest.raises(Interruption), atomic_folder(tmp_path / "release") as fresh:
        (fresh / "data.csv").write_text("x")
        raise Interruption
    assert everything(tmp_path) == []


def test_a_folder_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "release"
    with atomic_folder(path) as fresh:
        (fresh / "data.csv").write_text("first")
    with pytest.raises(UserError) as caught, atomic_folder(path):
        raise AssertionError("the body must not run")
    assert caught.value.detail.code == "files.exists"
    assert (path / "data.csv").read_text() == "first"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_killed_process_leaves_the_final_name_untouched(tmp_path: Path, kind: str) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        f"from ctdc.foundation.files import atomic_{kind}\n"
        f"with atomic_{kind}(Path(sys.argv[1])) as part:\n"
        "    (part / 'half' if part.is_dir() else part).write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path / "final")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "final").exists()
    assert all(name.endswith(".part") for name in everything(tmp_path))


def filled(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_folder_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    path = filled(tmp_path / "folder", "old")
    with replacing_folder(path) as temporary:
        (temporary / "new").write_text("new")
        assert everything(path) == ["old"], "the old one stays until the new one is whole"
    assert everything(path) == ["new"]
    assert everything(tmp_path) == ["folder"]


def test_a_folder_that_fails_leaves_the_other_one(tmp_path: Path) -> None:
    path = filled(tmp_path / "folder", "old")
    with pytest.raises(Interruption), replacing_folder(path) as temporary:
        (temporary / "new").write_text("half")
        raise Interruption
    assert everything(path) == ["old"]
    assert everything(tmp_path) == ["folder"]


def test_a_second_rename_that_fails_gives_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    path = filled(tmp_path / "folder", "old")
    with pytest.raises(OSError), replacing_folder(path) as temporary:
        temporary.rmdir()  # so that there is nothing to rename
        monkeypatch.setattr(Path, "chmod", lambda *_: None)
    assert everything(path) == ["old"]
    assert everything(tmp_path) == ["folder"]


def test_a_private_folder_and_all_in_it_are_their_owners_alone(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "halves", private=True) as fresh:
        (fresh / "deep").mkdir()
        for path in (fresh / "a", fresh / "deep" / "b"):
            path.write_text("x")
            path.chmod(0o644)
    for path in (tmp_path / "halves", *(tmp_path / "halves").rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
