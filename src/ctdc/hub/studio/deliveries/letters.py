"""A short secret for the worker: sealed to the vault's root, read once, then destroyed.

Promise: between the form and the worker it lies where nobody without the key of the vault can read it; neither the
database nor the log has it. A letter that was read is gone.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings

from ctdc.foundation.errors import UserError
from ctdc.vault.inbox import destroy_pieces, open_pieces, seal_piece
from ctdc.vault.vault import Vault, open_vault

LONGEST = 200  # characters
_BYTES = 4 * LONGEST


def _folder(letter: str) -> Path:
    return Path(settings.STUDIO.folder) / "letters" / letter


def seal(content: str) -> str:
    """The name of a fresh letter. Raises UserError (``vault.missing``)."""
    letter = secrets.token_hex(16)
    data = content.encode().ljust(_BYTES, b"\0")  # all letters have one length
    seal_piece(_folder(letter), open_vault(settings.STUDIO.vault).keyring, letter, 0, data)
    return letter


def read(vault: Vault, letter: str) -> str:
    """What a letter says. Raises UserError (``vault.damaged``, ``vault.sealed``)."""
    roots = vault.needs_keys().roots
    pieces = open_pieces(_folder(letter), vault.keyring.vault, roots, letter, _BYTES)
    return b"".join(pieces).rstrip(b"\0").decode()


def is_there(letter: str) -> bool:
    """Whether it was not read and destroyed yet. Raises UserError (``withdrawal.letter``) for a name that cannot be."""
    if not letter.isalnum():
        raise UserError("withdrawal.letter", "This is no letter.")
    return _folder(letter).is_dir()


def there() -> list[str]:
    """The letters that were not read and destroyed yet."""
    parent = _folder("none").parent
    return sorted(path.name for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else []


def destroy(letter: str) -> None:
    """Overwrite it and take it away."""
    destroy_pieces(_folder(letter))
