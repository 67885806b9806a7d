"""The keys of a publisher: one that signs and stays with its owner, and one that everybody may have.

Promise: Ed25519 (RFC 8032), whose signatures are the same every time, so that a release built twice is the same twice.
The secret key is in a file of its own that only its owner can read, is never overwritten, and stands in no message,
no representation and no release. A key is named by the SHA-256 of its public part as other programs store it (DER,
SubjectPublicKeyInfo), so that anybody can compute the name.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import write_bytes
from ctdc.foundation.hashing import hash_bytes
from ctdc.release.manifest import MANIFEST

PUBLIC_END = ".pub"
PRIVATE_MARK = b"PRIVATE KEY"
MOST_BYTES = 16_384  # a key file has some hundred


@dataclass(frozen=True)
class PublicKey:
    """A key that signatures are checked with."""

    raw: bytes

    def __post_init__(self) -> None:
        Ed25519PublicKey.from_public_bytes(self.raw)  # raises ValueError for what is no key

    @property
    def id(self) -> str:
        """The fingerprint: SHA-256 of the key as DER, 64 hexadecimal digits."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return hash_bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def pem(self) -> bytes:
        """The key as a file that other programs read too."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether the owner of this key signed the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A key that signs; its representation does not show it."""

    _key: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """What others check with."""
        return PublicKey(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, message: bytes) -> bytes:
        """64 bytes, the same for the same message."""
        return self._key.sign(message)


def make_key(path: Path) -> PublicKey:
    """Make a key in `path` (mode 0600), and its public part beside it in ``PATH.pub``.

    Raises UserError (``certificate.key_exists``) if there is a file at either place: who loses a key can no longer sign
    as the same publisher; and (``certificate.key_place``) inside a release, which is published.
    """
    public_path = path.with_name(path.name + PUBLIC_END)
    _check_outside_releases(path)
    for taken in (path, public_path):
        if taken.exists():
            raise UserError(
                "certificate.key_exists",
                f"{taken} exists already, and a key is never overwritten.",
                do="Choose another name with --out. Keep the old key: earlier releases were signed with it.",
            )
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        stream.flush()
        os.fsync(stream.fileno())
    public = SigningKey(key).public
    write_bytes(public_path, public.pem())
    return public


def read_signing_key(path: Path, *published: Path) -> SigningKey:
    """The key in a file. published: folders whose content is published.

    Raises UserError for a key that others can read (``certificate.key_open``), that lies in a release or in such a
    folder (``certificate.key_place``), or that is not such a key (``certificate.key``).
    """
    _check_outside_releases(path, *published)
    content = _content(path)
    if path.stat().st_mode & 0o077:
        raise UserError(
            "certificate.key_open",
            "The signing key can be read by other users of this machine.",
            where=str(path),
            allowed="a file that only its owner can read (mode 0600)",
            do=f"chmod 600 {path}. If others may have read it, make a new key and tell readers.",
        )
    try:
        key = load_pem_private_key(content, None)
    except TypeError:
        raise UserError(
            "certificate.key",
            "The signing key is locked with a password.",
            where=str(path),
            do=f"Unlock a copy: openssl pkey -in {path.name} -out unlocked.pem; chmod 600 unlocked.pem.",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key(path, "signing") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "signing")
    return SigningKey(key)


def read_public_key(path: Path) -> PublicKey:
    """The public key in a file. Raises UserError (``certificate.key``, ``certificate.key_secret``)."""
    content = _content(path)
    if PRIVATE_MARK in content:
        raise UserError(
            "certificate.key_secret",
            "This is the secret key, which nobody but its owner should have.",
            where=str(path),
            allowed=f"the public key, which 'ctdc certificate key' writes beside it with the end {PUBLIC_END}",
            do="Give the public key. If somebody sent you the secret one, tell them that it is no longer a secret.",
        )
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key(path, "public") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "public")
    return PublicKey(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def decoded(text: str) -> bytes:
    """The bytes of a text in base64, which has one spelling only. Raises ValueError for any other."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if encoded(found) != text:
        raise ValueError("not the usual spelling of base64")
    return found


def encoded(content: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(content).decode("ascii")


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise UserError("certificate.key_missing", "There is no key file here.", where=str(path), do="Check the path.")
    with path.open("rb") as stream:
        return stream.read(MOST_BYTES)


def _no_key(path: Path, kind: str) -> UserError:
    return UserError(
        "certificate.key",
        f"This file does not hold a {kind} key.",
        where=str(path),
        allowed="an Ed25519 key as PEM",
        do="Make one with 'ctdc certificate key --out FILE'.",
    )


def _check_outside_releases(path: Path, *published: Path) -> None:
    parents, known = path.resolve().parents, {folder.resolve() for folder in published}
    if known & set(parents) or any((folder / MANIFEST).is_file() for folder in parents):
        raise UserError(
            "certificate.key_place",
            "The signing key would lie inside a release, or among releases, which are published.",
            where=str(path),
            do="Keep it in a folder of its own that is backed up and never published.",
        )
