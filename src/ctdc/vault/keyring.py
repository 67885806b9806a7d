"""The keys of a vault: public halves in the open, private ones sealed under what the key sources wrap.

Promise: the private halves are readable only with the sources (all of one, or as many as the quorum says of several:
with two of three, no custodian opens the vault alone). What stands in the open is signed with the log key, whose hash
is the vault's fingerprint, and bound to what is sealed: whoever knows the fingerprint, or opens the keyring, notices a
replaced public key. Several roots stand here only while a rotation is under way; the last is the one that seals.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ctdc.foundation.documents import parse_json
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json
from ctdc.foundation.hashing import canonical_json, hash_value
from ctdc.vault.sealing import (
    PrivateRoot,
    PublicRoot,
    as_bytes,
    as_text,
    damaged,
    new_key,
    replace_secret,
    seal,
    unseal,
)
from ctdc.vault.sources import KeySource

VERSION = 1
NAME = "keyring.json"
MAX_SOURCES = 5


@dataclass(frozen=True)
class Keyring:
    """What stands in ``keyring.json``. roots: id to public half, oldest first; log_key: Ed25519 public key."""

    vault: str
    roots: dict[str, PublicRoot]
    log_key: bytes
    locks: tuple[dict[str, Any], ...]
    sealed: bytes
    signature: bytes

    @property
    def current(self) -> str:
        """Id of the root that new deliveries are sealed to."""
        return list(self.roots)[-1]

    def _open_part(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "vault": self.vault,
            "roots": [[name, root.as_dict()] for name, root in self.roots.items()],
            "log_key": as_text(self.log_key),
        }

    def context(self) -> bytes:
        """What binds the sealed part to the open one."""
        return canonical_json(self._open_part())

    def as_dict(self) -> dict[str, Any]:
        """The file's content."""
        return self._open_part() | {
            "locks": list(self.locks),
            "sealed": as_text(self.sealed),
            "signature": as_text(self.signature),
        }

    def fingerprint(self) -> str:
        """Hash of the vault's id and log key, which stay the same: for comparing by voice or on paper.

        The log key signs the roots, so whoever knows the fingerprint knows that a root is this vault's.
        """
        return hash_value([self.vault, as_text(self.log_key)])


@dataclass(frozen=True, repr=False)
class Keys:
    """The private halves, in memory while a vault is open."""

    roots: dict[str, PrivateRoot]
    log: Ed25519PrivateKey


def _root_id(root: PublicRoot) -> str:
    return hash_value(root.as_dict())[:16]


def make_keys() -> Keys:
    """Fresh keys for a new vault."""
    root = PrivateRoot.generate()
    return Keys({_root_id(root.public()): root}, Ed25519PrivateKey.generate())


def with_new_root(keys: Keys) -> Keys:
    """The same keys and one more root, which seals from now on."""
    root = PrivateRoot.generate()
    return Keys(keys.roots | {_root_id(root.public()): root}, keys.log)


def with_last_root(keys: Keys) -> Keys:
    """The same keys without the roots that are no longer used."""
    name, root = list(keys.roots.items())[-1]
    return Keys({name: root}, keys.log)


def lock(vault: str, keys: Keys, sources: Sequence[KeySource], quorum: int) -> Keyring:
    """`keys` as a keyring that any `quorum` of the sources open together.

    Raises UserError (``vault.quorum``) when the numbers make no sense.
    """
    if not sources:
        raise UserError("vault.key", "A vault needs a key.", do="Name where it is with --key.")
    if not 1 <= quorum <= len(sources) <= MAX_SOURCES:
        raise UserError("vault.quorum", "So many sources cannot be asked for.", allowed="from 1 to the number of keys")
    inner = new_key()
    locks = tuple(
        {"needs": quorum, "wrapped": as_text(_wrap_all(inner, chosen))} for chosen in combinations(sources, quorum)
    )
    public = {name: root.public() for name, root in keys.roots.items()}
    open_part = Keyring(vault, public, keys.log.public_key().public_bytes_raw(), locks, b"", b"")
    secret = canonical_json(
        {"roots": [[name, root.as_dict()] for name, root in keys.roots.items()], "log": as_text(_log_bytes(keys))}
    )
    sealed = seal(secret, inner, open_part.context())
    return replace(open_part, sealed=sealed, signature=keys.log.sign(open_part.context()))


def _log_bytes(keys: Keys) -> bytes:
    return keys.log.private_bytes_raw()


def _wrap_all(secret: bytes, sources: Sequence[KeySource]) -> bytes:
    for source in sources:
        secret = source.wrap(secret)
    return secret


def _unwrap_all(wrapped: bytes, sources: Sequence[KeySource]) -> bytes:
    for source in reversed(sources):
        wrapped = source.unwrap(wrapped)
    return wrapped


def unlock(keyring: Keyring, sources: Sequence[KeySource]) -> Keys:
    """The keys, if the sources are the right ones, in any order.

    Raises UserError (``vault.key``; ``vault.damaged`` when what is sealed and what stands in the open differ).
    """
    complaint: UserError | None = None
    for entry in keyring.locks:
        for chosen in permutations(sources, entry["needs"]):
            try:
                inner = _unwrap_all(as_bytes(entry["wrapped"]), chosen)
            except UserError as error:
                complaint = error if error.detail.code == "vault.key" else complaint
                continue
            return _checked(_parse_keys(unseal(keyring.sealed, inner, keyring.context(), NAME)), keyring)
    if complaint:
        raise complaint
    needs = keyring.locks[0]["needs"] if keyring.locks else 1
    raise UserError(
        "vault.key",
        "The vault does not open with this key." if needs == 1 else "The vault does not open with these keys.",
        allowed=f"{needs} of the keys that it was locked with" if needs > 1 else "the key that it was locked with",
        do="Name the right source with --key (several times for several custodians).",
    )


def _parse_keys(secret: bytes) -> Keys:
    raw = json.loads(secret)
    roots = {name: PrivateRoot.from_dict(value) for name, value in raw["roots"]}
    return Keys(roots, Ed25519PrivateKey.from_private_bytes(as_bytes(raw["log"])))


def _checked(keys: Keys, keyring: Keyring) -> Keys:
    """`keys` if they are the private halves of what stands in the open. Raises UserError (``vault.damaged``)."""
    public = {name: root.public() for name, root in keys.roots.items()}
    if (
        list(public.items()) != list(keyring.roots.items())
        or keys.log.public_key().public_bytes_raw() != keyring.log_key
    ):
        raise damaged(NAME)
    return keys


def load(folder: Path) -> Keyring:
    """The keyring of the vault in `folder`. Raises UserError (``vault.missing``, ``vault.keyring``)."""
    path = folder / NAME
    if not path.is_file():
        raise UserError(
            "vault.missing", "There is no vault here.", where=str(folder), do="`ctdc vault init` makes one."
        )
    try:
        return _parse(parse_json(path.read_bytes()))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature):
        raise UserError(
            "vault.keyring",
            "The keyring of the vault has been damaged, or is of another version of ctdc.",
            where=str(path),
            do="Restore it from a backup: without it nothing in the vault can be read.",
        ) from None


def _parse(raw: dict[str, Any]) -> Keyring:
    """A keyring from its file's content. Raises ValueError, KeyError, TypeError, AttributeError, InvalidSignature."""
    roots = {str(name): PublicRoot.from_dict(value) for name, value in raw["roots"]}
    locks = tuple(_parse_lock(entry) for entry in raw["locks"])
    if raw["version"] != VERSION or not roots:
        raise ValueError
    log_key, sealed, signature = (as_bytes(raw[name]) for name in ("log_key", "sealed", "signature"))
    keyring = Keyring(str(raw["vault"]), roots, log_key, locks, sealed, signature)
    Ed25519PublicKey.from_public_bytes(log_key).verify(signature, keyring.context())
    return keyring


def _parse_lock(raw: dict[str, Any]) -> dict[str, Any]:
    """One lock. Raises ValueError, KeyError, TypeError."""
    needs = int(raw["needs"])
    if not 1 <= needs <= MAX_SOURCES:
        # With none needed, what is "wrapped" would be the inner key itself: a stranger's keyring would open with any.
        raise ValueError
    return {"needs": needs, "wrapped": str(raw["wrapped"])}


def save(folder: Path, keyring: Keyring) -> None:
    """Put `keyring` in place of what stands there, whole or not at all."""
    replace_secret(folder / NAME, as_json(keyring.as_dict()).encode())


def changed(folder: Path) -> UserError:
    """The error for a keyring that another process replaced in the meantime."""
    return UserError(
        "vault.keyring_changed",
        "Somebody else has changed the keys of the vault in the meantime.",
        where=str(folder / NAME),
        do="Open the vault anew.",
    )
