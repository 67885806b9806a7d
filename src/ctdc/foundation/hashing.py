"""Content hashes: the names of stages, releases and ledger entries.

Promise: SHA-256 everywhere; the hash of a value is the hash of its canonical JSON (sorted keys, no spaces,
UTF-8, no NaN), so equal values have equal hashes on every machine and version of Python.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

CHUNK_BYTES = 1 << 20


def canonical_json(value: Any) -> bytes:
    """`value` as canonical JSON. Raises ValueError on NaN and infinities, TypeError on what JSON lacks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def hash_bytes(data: bytes) -> str:
    """SHA-256 of `data`, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def hash_value(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`."""
    return hash_bytes(canonical_json(value))


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces so that size does not matter."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def hash_tree(folder: Path) -> str:
    """SHA-256 over the sorted (relative path, file hash) pairs of every file under `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hash_value([[path.relative_to(folder).as_posix(), hash_file(path)] for path in files])


def content_hash(path: Path | None) -> str:
    """One hash of all files in a folder of content, or of one file; empty for None."""
    if path is None:
        return ""
    return hash_file(path) if path.is_file() else hash_tree(path)
