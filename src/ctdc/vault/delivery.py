"""What a sealed delivery is: who it belongs to, its parts, and where they lie.

Promise: identity (vault, organisation, delivery, schema, end of retention) is bound to every byte that is sealed: a
part that is moved to another delivery or organisation, or whose retention is changed, does not open. The manifest
never changes; its hash stands in the access log.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import canonical_json, hash_bytes
from ctdc.vault.sealing import PrivateRoot, PublicRoot, as_bytes, as_text, damaged, replace_secret, write_private

VERSION = 1
MANIFEST = "delivery.json"
KEY = "delivery.key"
FILE, TABLE = "file", "table"


@dataclass(frozen=True)
class Identity:
    """Whose delivery this is. retain_until: ISO date of the last day on which it may be kept; empty for no end."""

    vault: str
    organisation: str
    delivery: str
    schema: str
    retain_until: str

    def context(self, part: str) -> bytes:
        """32 bytes that bind what is sealed to this delivery and to a part of it."""
        return hashlib.sha256(canonical_json(["ctdc vault", VERSION, asdict(self), part])).digest()

    def is_over(self, today: date) -> bool:
        """Whether the time for which it may be kept has passed."""
        return bool(self.retain_until) and date.fromisoformat(self.retain_until) < today


@dataclass(frozen=True)
class Part:
    """A sealed file or table. rows: of a table; sealed: SHA-256 of its ``.sealed`` file; head: of its ``.head``."""

    name: str
    kind: str
    bytes: int
    sealed: str
    head: str
    rows: int = 0
    subjects: str = ""


@dataclass(frozen=True)
class Manifest:
    """What stands in ``delivery.json``: nothing that a person delivered, but for the number of rows and bytes."""

    identity: Identity
    stored: str
    parts: tuple[Part, ...]

    def as_bytes(self) -> bytes:
        """The file's content."""
        raw = {"version": VERSION, "stored": self.stored, "identity": asdict(self.identity)}
        return canonical_json(raw | {"parts": [asdict(part) for part in self.parts]})

    def hash(self) -> str:
        """What the access log says of this delivery."""
        return hash_bytes(self.as_bytes())

    @property
    def rows(self) -> int:
        """Rows in all tables, those of people who have withdrawn included."""
        return sum(part.rows for part in self.parts)

    def of_kind(self, kind: str) -> tuple[Part, ...]:
        """The parts that are files, or tables."""
        return tuple(part for part in self.parts if part.kind == kind)


def read_manifest(folder: Path, vault: str) -> Manifest:
    """The manifest of the delivery in ``.../organisation/delivery``. Raises UserError (``vault.damaged``)."""
    where = f"{folder.parent.name}/{folder.name}/{MANIFEST}"
    try:
        raw = json.loads((folder / MANIFEST).read_bytes())
        identity = Identity(**raw["identity"])
        manifest = Manifest(identity, raw["stored"], tuple(Part(**part) for part in raw["parts"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise damaged(where) from None
    if (identity.vault, identity.organisation, identity.delivery) != (vault, folder.parent.name, folder.name):
        raise damaged(where)
    return manifest


def write_key(folder: Path, root_id: str, root: PublicRoot, identity: Identity, key: bytes) -> None:
    """Seal the delivery's key to a root, in place of where it stood."""
    blob = root.seal(key, identity.context("delivery key"))
    data = canonical_json({"root": root_id, "sealed": as_text(blob)})
    (replace_secret if (folder / KEY).exists() else write_private)(folder / KEY, data)


def root_of(folder: Path) -> str:
    """Id of the root that the delivery's key is sealed to. Raises UserError (``vault.damaged``)."""
    return _key_file(folder)[0]


def _key_file(folder: Path) -> tuple[str, bytes]:
    try:
        raw = json.loads((folder / KEY).read_bytes())
        return str(raw["root"]), as_bytes(raw["sealed"])
    except (OSError, ValueError, KeyError, TypeError):
        raise damaged(f"{folder.parent.name}/{folder.name}/{KEY}") from None


def open_key(folder: Path, roots: dict[str, PrivateRoot], identity: Identity) -> bytes:
    """The delivery's key. Raises UserError (``vault.damaged``, ``vault.other_root``)."""
    root_id, blob = _key_file(folder)
    where = f"{folder.parent.name}/{folder.name}/{KEY}"
    if root_id not in roots:
        raise UserError(
            "vault.other_root",
            "This delivery is sealed to a root that the open keys do not have. Was the key of the vault rotated?",
            where=where,
            do="Open the vault anew. If that does not help, run `ctdc vault verify`.",
        )
    return roots[root_id].open(blob, identity.context("delivery key"), where)
