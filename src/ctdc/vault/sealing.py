"""Sealing and opening: AES-256-GCM and hybrid HPKE of the library `cryptography`, and nothing of our own.

Promise: whatever is opened is what was sealed, whole and in its place, or `damaged` is raised. A key that is made here
seals one stream or one record. Streams are cut in pieces that are numbered and whose last one is marked (the STREAM
construction: Hoang, Reyhanitabar, Rogaway, Vizar, CRYPTO 2015), so that a piece that was cut off, swapped, repeated or
added is noticed. Root keys are ML-KEM-768 with X25519 under HPKE (RFC 9180): whoever knows the public half can seal and
not open.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_file

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES
PIECE_BYTES = 1 << 20
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def damaged(where: str) -> UserError:
    """The error for what cannot be opened; it names the place and nothing that stands in it."""
    return UserError(
        "vault.damaged",
        "Something sealed has been changed, cut, moved, or was sealed under another key. Nothing of it was used.",
        where=where,
        do="Run `ctdc vault verify`, and restore from a backup what it names.",
    )


def new_key() -> bytes:
    """32 fresh random bytes."""
    return AESGCM.generate_key(bit_length=256)


def seal(data: bytes, key: bytes, context: bytes) -> bytes:
    """`data` under `key`, with a random nonce in front: 28 bytes longer. For keys and small things."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, context)


def unseal(blob: bytes, key: bytes, context: bytes, where: str) -> bytes:
    """What `seal` was given. Raises UserError (``vault.damaged``)."""
    try:
        return AESGCM(key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        raise damaged(where) from None


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([last])


def seal_stream(source: BinaryIO, target: BinaryIO, key: bytes, context: bytes) -> Iterator[int]:
    """Seal all of `source` into `target`; yields the number of bytes after each piece. `key` is used for this alone."""
    cipher, number = AESGCM(key), 0
    piece = source.read(PIECE_BYTES)
    while True:
        following = source.read(PIECE_BYTES) if len(piece) == PIECE_BYTES else b""
        target.write(cipher.encrypt(_nonce(number, last=not following), piece, context))
        yield len(piece)
        if not following:
            return
        piece, number = following, number + 1


def open_stream(source: BinaryIO, key: bytes, context: bytes, where: str) -> Iterator[bytes]:
    """The pieces of a sealed stream. Each is genuine; the whole is only when the iterator ends without an error.

    Raises UserError (``vault.damaged``).
    """
    cipher, number, size = AESGCM(key), 0, PIECE_BYTES + TAG_BYTES
    piece = source.read(size)
    while True:
        following = source.read(size) if len(piece) == size else b""
        try:
            yield cipher.decrypt(_nonce(number, last=not following), piece, context)
        except (InvalidTag, ValueError):
            raise damaged(where) from None
        if not following:
            return
        piece, number = following, number + 1


@dataclass(frozen=True)
class PublicRoot:
    """The half of a root key that seals. Bytes: 1,184 of ML-KEM-768, 32 of X25519."""

    mlkem: bytes
    x25519: bytes

    def as_dict(self) -> dict[str, str]:
        """The key as a JSON object."""
        return {"mlkem768": as_text(self.mlkem), "x25519": as_text(self.x25519)}

    @staticmethod
    def from_dict(raw: dict[str, str]) -> PublicRoot:
        """What `as_dict` gave. Raises ValueError and KeyError."""
        return PublicRoot(as_bytes(raw["mlkem768"]), as_bytes(raw["x25519"]))

    def seal(self, key: bytes, info: bytes) -> bytes:
        """`key` for the holder of the private half: 1,168 bytes for 32."""
        public = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(self.mlkem), X25519PublicKey.from_public_bytes(self.x25519)
        )
        return _SUITE.encrypt(key, public, info)


@dataclass(frozen=True, repr=False)
class PrivateRoot:
    """The half of a root key that opens. Bytes: a seed of 64 of ML-KEM-768, 32 of X25519."""

    mlkem: bytes
    x25519: bytes

    @staticmethod
    def generate() -> PrivateRoot:
        """A fresh root."""
        return PrivateRoot(
            MLKEM768PrivateKey.generate().private_bytes_raw(), X25519PrivateKey.generate().private_bytes_raw()
        )

    def as_dict(self) -> dict[str, str]:
        """The key as a JSON object. Secret."""
        return {"mlkem768": as_text(self.mlkem), "x25519": as_text(self.x25519)}

    @staticmethod
    def from_dict(raw: dict[str, str]) -> PrivateRoot:
        """What `as_dict` gave. Raises ValueError and KeyError."""
        return PrivateRoot(as_bytes(raw["mlkem768"]), as_bytes(raw["x25519"]))

    def public(self) -> PublicRoot:
        """The other half."""
        mlkem = MLKEM768PrivateKey.from_seed_bytes(self.mlkem).public_key()
        x25519 = X25519PrivateKey.from_private_bytes(self.x25519).public_key()
        return PublicRoot(mlkem.public_bytes_raw(), x25519.public_bytes_raw())

    def open(self, blob: bytes, info: bytes, where: str) -> bytes:
        """What `PublicRoot.seal` was given. Raises UserError (``vault.damaged``)."""
        private = MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(self.mlkem), X25519PrivateKey.from_private_bytes(self.x25519)
        )
        try:
            return _SUITE.decrypt(blob, private, info)
        except (InvalidTag, ValueError):
            raise damaged(where) from None


def as_text(data: bytes) -> str:
    """Bytes as base64, for JSON."""
    return base64.b64encode(data).decode()


def as_bytes(text: str) -> bytes:
    """What `as_text` was given. Raises ValueError for anything else."""
    return base64.b64decode(text, validate=True)


def erase_bytes(path: Path, offset: int, length: int) -> None:
    """Overwrite part of a file with zeros in place and wait until that is on the disk."""
    with path.open("r+b") as stream:
        stream.seek(offset)
        stream.write(bytes(length))
        stream.flush()
        os.fsync(stream.fileno())


def destroy(path: Path) -> None:
    """Overwrite a file with zeros, then remove it; nothing when there is none.

    A disk or file system that copies on writing may keep what stood there: that is what rotation is for.
    """
    if not path.exists():
        return
    erase_bytes(path, 0, path.stat().st_size)
    path.unlink()


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    with atomic_file(path, private=True) as temporary:
        temporary.write_bytes(data)


def replace_secret(path: Path, data: bytes) -> None:
    """Write `path` whole or not at all, then overwrite what stood there before with zeros."""
    old = os.open(path, os.O_RDWR) if path.exists() else None
    try:
        write_private(path, data)
        if old is not None:
            os.pwrite(old, bytes(os.fstat(old).st_size), 0)
            os.fsync(old)
    finally:
        if old is not None:
            os.close(old)
