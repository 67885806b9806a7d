"""What arrives is sealed before it rests, piece by piece, by a process that cannot open it.

Promise: each piece has a key of its own, sealed to the vault's root and bound to what the piece is of, where it begins
and how long it is: a piece that is changed, moved to another place or another delivery, or whose end is cut off, does
not open. Nothing is kept between two pieces, so that an upload goes on after any crash. What is destroyed here is
overwritten first, its key before all.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from ctdc.foundation.documents import BadDocument, parse_json
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import canonical_json
from ctdc.vault.keyring import Keyring
from ctdc.vault.sealing import (
    PrivateRoot,
    as_bytes,
    as_text,
    damaged,
    erase_bytes,
    new_key,
    seal,
    unseal,
    write_private,
)

MAX_PIECE = 4 << 20  # bytes
_HEAD = 4096  # bytes at the start of a piece in which its sealed key stands


def seal_piece(folder: Path, keyring: Keyring, what: str, offset: int, data: bytes) -> None:
    """Write one piece of `what`, in place of one that began at the same byte.

    what: names the upload and the file, the same for all of its pieces. Raises ValueError for a piece that is empty or
    longer than `MAX_PIECE`.
    """
    if not 0 < len(data) <= MAX_PIECE:
        raise ValueError(f"a piece has {len(data)} bytes")
    key, bound = new_key(), _context(keyring.vault, what, offset)
    root = keyring.current
    head = canonical_json({"root": root, "sealed": as_text(keyring.roots[root].seal(key, bound))})
    write_private(folder / _name(offset), head.ljust(_HEAD) + seal(data, key, bound))


def open_pieces(folder: Path, vault: str, roots: dict[str, PrivateRoot], what: str, length: int) -> Iterator[bytes]:
    """The pieces of `what` in order, `length` bytes in all.

    Raises UserError (``vault.damaged``; ``vault.other_root`` when the key of the vault was rotated since).
    """
    offset = 0
    while offset < length:
        data = _open(folder / _name(offset), roots, _context(vault, what, offset))
        yield data
        offset += len(data)
    if offset != length:
        raise damaged(_name(offset))


def destroy_pieces(folder: Path) -> None:
    """Destroy everything in a folder, keys first; nothing when it is gone already."""
    for path in sorted(folder.rglob("piece-*")):
        erase_bytes(path, 0, min(_HEAD, path.stat().st_size))
    shutil.rmtree(folder, ignore_errors=True)


def _name(offset: int) -> str:
    return f"piece-{offset:016d}"


def _context(vault: str, what: str, offset: int) -> bytes:
    return hashlib.sha256(canonical_json(["ctdc inbox", 1, vault, what, offset])).digest()


def _open(path: Path, roots: dict[str, PrivateRoot], bound: bytes) -> bytes:
    where = f"{path.parent.name}/{path.name}"
    try:
        blob = path.read_bytes()
        head = parse_json(blob[:_HEAD])
        root, sealed = str(head["root"]), as_bytes(head["sealed"])
    except (OSError, BadDocument, ValueError, KeyError, TypeError):
        raise damaged(where) from None
    if root not in roots:
        raise UserError(
            "vault.other_root",
            "This was sealed to a root that the vault no longer has: its key was rotated while it waited.",
            where=where,
            do="Deliver it again.",
        )
    return unseal(blob[_HEAD:], roots[root].open(sealed, bound, where), bound, where)
