"""The keys of second steps as they lie in the database: sealed, so that a stolen copy of it shows no codes.

Promise: AES-256-GCM under a key derived from the studio's secret (HKDF-SHA256), a fresh nonce each time, and what is
sealed for this purpose opens for no other. Without the studio's secret people set up their second step anew.
"""

from __future__ import annotations

import base64
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from ctdc.foundation.errors import UserError

_PURPOSE = b"ctdc studio: keys of second steps, version 1"
NOT_OPENED = "studio.sealed"
_NONCE = 12  # bytes, as GCM wants


@cache
def _cipher(secret: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode()))


def seal(text: str) -> str:
    """`text` as it may lie in the database."""
    nonce = os.urandom(_NONCE)
    sealed = _cipher(settings.SECRET_KEY).encrypt(nonce, text.encode(), _PURPOSE)
    return base64.b64encode(nonce + sealed).decode("ascii")


def open_sealed(sealed: str) -> str:
    """What was sealed. Raises UserError (``studio.sealed``) when it was changed, or the studio's secret is another."""
    try:
        data = base64.b64decode(sealed, validate=True)
        return _cipher(settings.SECRET_KEY).decrypt(data[:_NONCE], data[_NONCE:], _PURPOSE).decode()
    except (ValueError, InvalidTag):
        raise UserError(
            NOT_OPENED,
            "A second step in the database cannot be opened with this studio's secret key.",
            do="Bring back the secret.key that belongs to this database, or remove the person's second step.",
        ) from None
