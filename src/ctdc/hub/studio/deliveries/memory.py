"""A folder for files that must not rest readable: in memory where the system has such a file system, always removed.

Promise: a folder is for its owner only, lies where nobody else could have prepared a place for it, and has a lock that
is held as long as it is used. What a killed worker left is removed when the next one is made. Where there is no file
system in memory, the folder lies in the studio's own and what was in it is overwritten at the end.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from django.conf import settings

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.web.texts import text
from ctdc.vault.sealing import destroy

MEMORY = Path("/dev/shm")  # noqa: S108  a file system in memory


def place_of(studio: Path) -> Path:
    """Where the private folders of the studio in the folder `studio` lie."""
    if not MEMORY.is_dir():
        return studio / "open"
    return MEMORY / f"ctdc-{hashlib.sha256(str(studio).encode()).hexdigest()[:16]}"


def _parent() -> Path:
    return place_of(Path(settings.STUDIO.folder))


@contextmanager
def private_folder() -> Iterator[Path]:
    """An empty folder that nobody else may enter, removed at the end.

    Raises UserError (``studio.memory``) when its place is somebody else's, or open to others.
    """
    parent = _parent()
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_own(parent)
    clear_abandoned()
    with _locked(parent) as folder:
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            _remove(folder)
            folder.with_suffix(".lock").unlink(missing_ok=True)


def _check_own(parent: Path) -> None:
    """Its name can be guessed, and all users may make folders in the memory of the system."""
    found = parent.lstat()
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700
    if not mine:
        raise UserError(
            "studio.memory",
            text("deliveries.refused.memory"),
            where=str(parent),
            do=text("deliveries.refused.memory.do"),
        )


@contextmanager
def _locked(parent: Path) -> Iterator[Path]:
    """A name for a folder, and its lock. Another process that clears up may be faster: then it is another name."""
    while True:
        folder = parent / secrets.token_hex(8)
        lock = folder.with_suffix(".lock")
        with lock.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if _is_still(lock, stream):
                yield folder
                return


def _is_still(path: Path, stream: IO[str]) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def clear_abandoned() -> None:
    """Remove what killed processes left; where somebody is at work, nothing is touched."""
    parent = _parent()
    for folder in parent.glob("*"):
        lock = folder.with_suffix(".lock")
        if folder.is_dir() and not lock.exists():  # a lock is there before its folder
            _remove(folder)
    for lock in parent.glob("*.lock"):
        try:
            with lock.open("r+") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(lock.with_suffix(""))
                lock.unlink(missing_ok=True)
        except OSError:  # in use, or gone in the meantime
            continue


def clear_up() -> None:
    """`clear_abandoned` for a process that starts; in a place that is not ours lies nothing of ours, and it stays."""
    parent = _parent()
    if not parent.is_dir():
        return
    with suppress(UserError):
        _check_own(parent)
        clear_abandoned()


def _remove(folder: Path) -> None:
    if not MEMORY.is_dir():
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                destroy(path)
    shutil.rmtree(folder, ignore_errors=True)
