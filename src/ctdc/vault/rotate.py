"""A new key for the vault, without rewriting what is sealed.

Promise: after it, nothing in the vault opens with the old key, and copies from before (backups, what a disk kept of
things that were overwritten) open with the old key alone: destroying that makes them unreadable. Killed at any moment,
the vault opens with the old key or the new, and the same call goes on where it was. 1.4 kB are written per delivery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ctdc.foundation.progress import Progress, Silent
from ctdc.vault import keyring
from ctdc.vault.access import Access
from ctdc.vault.accesslog import scan
from ctdc.vault.delivery import KEY, open_key, read_manifest, root_of, write_key
from ctdc.vault.erase import finish_open_acts
from ctdc.vault.sealing import destroy
from ctdc.vault.sources import KeySource
from ctdc.vault.vault import Vault


def rotate(
    vault: Vault,
    sources: Sequence[KeySource],
    quorum: int,
    access: Access,
    when: datetime,
    progress: Progress | None = None,
) -> Vault:
    """Lock the vault with `sources` and move every delivery to a new root; returns the vault as it is then.

    A rotation that was killed is finished: the vault is then opened with the new sources. Raises UserError
    (``vault.sealed``).
    """
    vault.needs_keys()
    with vault.exclusive():
        finish_open_acts(vault, access, when)
        vault = _reload(vault)
        _destroy_parts(vault)
        if len(vault.keyring.roots) == 1:
            vault = _begin(vault, sources, quorum, access, when)
        _move(vault, progress or Silent())
        return _end(vault, sources, quorum, access, when)


def _reload(vault: Vault) -> Vault:
    """The vault with the keyring as it is on the disk now that the lock is held."""
    ring = keyring.load(vault.folder)
    if ring.sealed != vault.keyring.sealed:
        raise keyring.changed(vault.folder)
    return vault


def _destroy_parts(vault: Vault) -> None:
    """Destroy what a process that was killed while it wrote a keyring or a delivery's key left beside it.

    In such a part older roots may stand under the new key. The vault is locked: nobody is writing one now.
    """
    for folder, name in [(vault.folder, keyring.NAME), *((one, KEY) for one in vault.delivery_folders())]:
        for path in folder.glob(f".{name}.*.part"):
            destroy(path)


def _save(vault: Vault, keys: keyring.Keys, sources: Sequence[KeySource], quorum: int) -> Vault:
    ring = keyring.lock(vault.keyring.vault, keys, sources, quorum)
    keyring.unlock(ring, sources)  # a source that wraps and cannot unwrap would lose everything
    keyring.save(vault.folder, ring)
    return replace(vault, keyring=ring, keys=keys)


def _begin(vault: Vault, sources: Sequence[KeySource], quorum: int, access: Access, when: datetime) -> Vault:
    """From here on new deliveries are sealed to the new root, and the vault opens with the new sources alone."""
    keys = keyring.with_new_root(vault.needs_keys())
    vault.record("rotate", access, when, root=list(keys.roots)[-1])
    return _save(vault, keys, sources, quorum)


def _move(vault: Vault, progress: Progress) -> None:
    folders = vault.delivery_folders()
    progress.start("Sealing the deliveries' keys to the new root", float(len(folders)))
    current = vault.keyring.current
    for folder in folders:
        if root_of(folder) != current:
            manifest = read_manifest(folder, vault.keyring.vault)
            key = open_key(folder, vault.needs_keys().roots, manifest)
            write_key(folder, current, vault.keyring.roots[current], manifest, key)
        progress.advance()
    progress.finish()


def _end(vault: Vault, sources: Sequence[KeySource], quorum: int, access: Access, when: datetime) -> Vault:
    vault = _save(vault, keyring.with_last_root(vault.needs_keys()), sources, quorum)
    for line in scan(vault.log).open_acts:
        if line.event["kind"] == "rotate":
            vault.record("rotated", access, when, of=line.sequence)
    return vault
