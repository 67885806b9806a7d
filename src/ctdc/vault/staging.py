"""Folders in which deliveries are sealed before they get their place.

Promise: a folder here has a lock that is held as long as somebody seals in it. What a killed process left is destroyed
by the next act, keys first: from some moment on the delivery's key lies in such a folder, sealed to the root, and
nobody who forgets people looks there.
"""

from __future__ import annotations

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ctdc.vault.sealing import destroy
from ctdc.vault.vault import STAGING, Vault


@contextmanager
def staging(vault: Vault) -> Iterator[Path]:
    """A folder to seal in, which is removed at the end unless it has got another name."""
    clear_abandoned(vault)
    folder = vault.folder / STAGING / secrets.token_hex(8)
    with _held(folder.with_suffix(".lock")):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".lock").unlink(missing_ok=True)


@contextmanager
def _held(lock: Path) -> Iterator[TextIO]:
    """The lock. Whoever clears up may have taken it away between its making and its locking: then once more."""
    while True:
        with lock.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if lock.exists():
                yield stream
                return


def clear_abandoned(vault: Vault) -> None:
    """Destroy what killed processes left. Where somebody is at work, nothing is touched."""
    parent = vault.folder / STAGING
    for folder in parent.glob("*"):
        if folder.is_dir() and not folder.with_suffix(".lock").exists():  # a lock is there before its folder
            _destroy(folder)
    for lock in parent.glob("*.lock"):
        _clear_if_abandoned(lock)


def _clear_if_abandoned(lock: Path) -> None:
    try:
        with lock.open("r+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _destroy(lock.with_suffix(""))
            lock.unlink(missing_ok=True)
    except OSError:  # somebody is at work there, or has just ended
        return


def _destroy(folder: Path) -> None:
    for path in folder.glob("*.key*"):
        destroy(path)
    shutil.rmtree(folder, ignore_errors=True)
