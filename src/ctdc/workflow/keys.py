"""The secret under which a hub turns contributors' row ids into pseudonyms.

Promise: 32 bytes from the operating system, in a file that only its owner can read, never overwritten. Who has
the key and a contributor's ids can tell whose row is whose: keep it apart from the cases, and back it up, for
without it the same person's later deliveries look like somebody else's.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from ctdc.foundation.errors import UserError

KEY_BYTES = 32


def subject_key(path: Path) -> bytes:
    """The key in `path`, made on first use. Raises UserError (``key.size``, ``key.mode``) for what is no such key."""
    if not path.exists():
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """A new key, whole or not at all; when two runs make one at once, the first one's stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(KEY_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise UserError(
            "key.mode",
            "Other users of this machine may read the key of the pseudonyms.",
            where=str(path),
            allowed="a file that only its owner can read",
            do=f"chmod 600 {path}",
        )
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UserError(
            "key.size",
            "The file of the pseudonyms' key does not hold a key.",
            where=str(path),
            allowed=f"{KEY_BYTES} bytes as {2 * KEY_BYTES} hexadecimal digits",
            do="Restore it from a backup. Only if no case was ever harmonised with it, remove the file.",
        )
    return key


def fingerprint(key: bytes) -> str:
    """A name for the key that says nothing about it: equal for equal keys."""
    return hmac.new(key, b"ctdc fingerprint of the key of pseudonyms", "sha256").hexdigest()
