"""Writing that is whole or not at all.

Promise: a reader never sees a half-written file or folder under its final name; after a crash at any
point the final name holds the old content, the new content, or nothing.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError

# Of renameat2(2): "relative to the working folder", and "swap the two names in one step".
AT_FDCWD = -100
RENAME_EXCHANGE = 2


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut (POSIX keeps names in the folder, not in the file)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """While nobody else holds the file `lock`, which is made for its owner; whoever holds it is waited for.

    The lock is the kernel's: it ends with its process, so that a killed one leaves none behind.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def atomic_file(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes `path`'s place, on failure it is removed.

    private: for raw cases, readable by their owner only.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        # mkstemp makes files private; what we publish takes the mode that the user's umask gives new files.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o600 if private else 0o666 & ~umask)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, as UTF-8 with Unix line ends."""
    write_bytes(path, text.encode("utf-8"))


def as_json(value: Any) -> str:
    """A value as the text of a JSON file that a person may open."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def check_new_folder(path: Path) -> None:
    """Raise UserError (``files.exists``) if there is anything at `path`: folders are never overwritten."""
    if path.exists():
        raise UserError(
            "files.exists", f"The folder {path} exists already.", do="Choose another folder, or remove this one."
        )


@contextmanager
def atomic_folder(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path` that becomes `path` on success.

    private: only its owner may ever enter it, and nothing in it is for others either. Raises UserError
    (``files.exists``) if `path` exists: folders made this way are never overwritten.
    """
    check_new_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield temporary
        if private:
            for entry in temporary.rglob("*"):
                if not entry.is_symlink():
                    entry.chmod(entry.stat().st_mode & 0o700)
        temporary.chmod(0o700 if private else 0o755)
        temporary.rename(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path` that takes the place of `path` on success.

    What stood there before stays until the new folder is whole, and is removed after it: on Linux the two swap names in
    one step, elsewhere `path` is missing for the moment between two renames. A link is followed.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        put_in_place(temporary, path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def put_in_place(new: Path, path: Path) -> None:
    """Give a folder `new` the name `path`; afterwards nothing, or what was at `path`, is at `new`."""
    if not path.exists():
        new.rename(path)
    elif not _exchange(new, path):
        aside = new.with_suffix(".old")
        path.rename(aside)
        try:
            new.rename(path)
        except OSError:
            aside.rename(path)
            raise
        aside.rename(new)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system or the file system cannot."""
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(swap(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)
