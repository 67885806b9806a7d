"""A vault that is open: its folder, its keys as far as they are known, its locks and its log.

Promise: one process at a time changes what is stored; readers share. Whoever opens the vault without a key can put
deliveries into it, withdraw and remove, and read none. Every act leaves its line in the log before it happens; with a
key each line is the end of a signed head.
"""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import atomic_folder
from ctdc.vault import accesslog, keyring
from ctdc.vault.access import Access, check_delivery, check_organisation
from ctdc.vault.keyring import Keyring, Keys
from ctdc.vault.sealing import write_private
from ctdc.vault.sources import KeySource

DELIVERIES = "deliveries"
STAGING = "staging"
LOCK = "lock"


@dataclass(frozen=True)
class Vault:
    """An open vault. keys: None when it was opened without a source."""

    folder: Path
    keyring: Keyring
    keys: Keys | None = None

    @property
    def log(self) -> Path:
        """The access log."""
        return self.folder / accesslog.NAME

    def path(self, organisation: str, delivery: str) -> Path:
        """Where a delivery lies, if it does. Raises UserError for names that cannot be."""
        return self.folder / DELIVERIES / check_organisation(organisation) / check_delivery(delivery)

    def check_outside(self, target: Path) -> None:
        """Raise UserError (``vault.inside``) for a place within the vault, where nothing else may be written."""
        if target.resolve().is_relative_to(self.folder.resolve()):
            raise UserError(
                "vault.inside",
                "This place is inside the vault, which holds what is sealed and nothing else.",
                where=str(target),
                do="Name a folder outside the vault.",
            )

    def delivery_folders(self, organisation: str | None = None) -> list[Path]:
        """The folders of all deliveries, or of one organisation's, in order."""
        pattern = f"{check_organisation(organisation) if organisation else '*'}/*"
        return sorted(path for path in (self.folder / DELIVERIES).glob(pattern) if not path.name.startswith("."))

    def record(self, kind: str, access: Access, when: datetime, **details: str | int) -> Line:
        """Write a line of the log, and the head that ends with it where the key is known.

        Both under one lock, so that a head never goes back behind another. Raises UserError (``vault.log_broken``,
        ``vault.head``, ``vault.log_refused``).
        """
        head_path = self.folder / accesslog.HEAD_NAME
        with accesslog.writing(self.log):
            if kind != "init":
                accesslog.check_end(self.log, head_path, self.keyring.vault, self.keyring.log_key)
            line = accesslog.record(self.log, kind, access, when, **details)
            if self.keys:
                accesslog.write_head(head_path, accesslog.sign(self.keyring.vault, line, self.keys.log))
        return line

    def needs_keys(self) -> Keys:
        """The keys. Raises UserError (``vault.sealed``) when the vault was opened without."""
        if self.keys is None:
            raise UserError("vault.sealed", "This needs the key of the vault.", do="Name where it is with --key.")
        return self.keys

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        with (self.folder / LOCK).open("w") as stream:
            fcntl.flock(stream, kind)
            yield

    def shared(self) -> AbstractContextManager[None]:
        """Held while something is read."""
        return self._locked(fcntl.LOCK_SH)

    def exclusive(self) -> AbstractContextManager[None]:
        """Held while something is changed."""
        return self._locked(fcntl.LOCK_EX)


def create(folder: Path, sources: Sequence[KeySource], quorum: int, access: Access, when: datetime) -> Vault:
    """A new vault in a new folder that only its owner can enter. Raises UserError (``files.exists``)."""
    keys = keyring.make_keys()
    ring = keyring.lock(secrets.token_hex(16), keys, sources, quorum)
    with atomic_folder(folder, private=True) as fresh:
        (fresh / DELIVERIES).mkdir(mode=0o700)
        (fresh / STAGING).mkdir(mode=0o700)
        write_private(fresh / accesslog.NAME, b"")
        keyring.save(fresh, ring)
        Vault(fresh, ring, keys).record("init", access, when)
    return Vault(folder, ring, keys)


def open_vault(folder: Path, sources: Sequence[KeySource] = (), fingerprint: str = "") -> Vault:
    """The vault in `folder`; without sources nothing in it can be read.

    fingerprint: what the vault's must be, where it is known. Raises UserError (``vault.missing``, ``vault.keyring``,
    ``vault.key``), Refused (``vault.fingerprint``).
    """
    ring = keyring.load(folder)
    if fingerprint and fingerprint != ring.fingerprint():
        raise Refused(
            "vault.fingerprint",
            "This is not the vault that you know: its fingerprint is another one.",
            where=str(folder),
            do="Put nothing into it. Ask who has changed it.",
        )
    return Vault(folder, ring, keyring.unlock(ring, sources) if sources else None)
