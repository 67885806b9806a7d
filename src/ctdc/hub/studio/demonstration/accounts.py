"""The accounts of a demonstration: who can sign in, with which words, and the codes that an app would show.

Promise: passphrases and keys are made at random with each demonstration, and lie in its folder for its owner only. Both
steps of signing in are taken as in any other studio; all that is different is that no telephone is needed.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, atomic_file

NAME = "accounts.json"
PERIOD = 30  # seconds that an app shows a code
DIGITS = 6
SECRET_BYTES = 20
# Short words that are easily told apart. A passphrase of a demonstration keeps nobody out who can read its pages.
WORDS = (
    *("amber", "anchor", "apple", "arrow", "autumn", "basket", "beacon", "birch", "bridge", "candle", "canyon"),
    *("carrot", "cedar", "cherry", "clover", "copper", "coral", "cotton", "desert", "dolphin", "ember", "falcon"),
    *("feather", "forest", "garden", "ginger", "harbor", "hazel", "honey", "island", "jasmine", "kettle", "lantern"),
    *("lemon", "lilac", "maple", "marble", "meadow", "mirror", "morning", "olive", "orchid", "paper", "pebble"),
    *("pepper", "piano", "planet", "pocket", "quartz", "rabbit", "ribbon", "river", "saffron", "shadow", "silver"),
    *("sparrow", "spring", "summer", "thunder", "timber", "tulip", "valley", "velvet", "violet"),
)
LENGTH = 4  # words


@dataclass(frozen=True)
class Account:
    """Somebody who does not exist. who: a short name for commands; secret: of their app, in base 32."""

    who: str
    name: str
    email: str
    organisation: str
    roles: tuple[str, ...]
    language: str
    passphrase: str
    secret: str

    def code(self, moment: float) -> str:
        """What their app would show (RFC 6238). moment: seconds since 1970."""
        counter = struct.pack(">Q", int(moment) // PERIOD)
        digest = hmac.digest(base64.b32decode(self.secret), counter, "sha1")
        at = digest[-1] & 0x0F
        number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
        return f"{number % 10**DIGITS:0{DIGITS}}"


def new_passphrase() -> str:
    """Four random words."""
    return " ".join(secrets.choice(WORDS) for _ in range(LENGTH))


def new_secret() -> str:
    """A random key of an app."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def write(folder: Path, accounts: Sequence[Account]) -> None:
    """Keep the accounts of the demonstration in `folder`."""
    with atomic_file(folder / NAME, private=True) as path:
        path.write_text(as_json([asdict(one) for one in accounts]), encoding="utf-8")


def read(folder: Path) -> tuple[Account, ...]:
    """The accounts of the demonstration in `folder`. Raises UserError (``demonstration.accounts``)."""
    try:
        listed = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(
            "demonstration.accounts",
            "This studio has no accounts that anybody may use.",
            where=str(folder / NAME),
            do="Only a demonstration has: make one with 'ctdc studio demo'.",
        ) from None
    return tuple(Account(**one | {"roles": tuple(one["roles"])}) for one in listed)


def find(accounts: Sequence[Account], who: str) -> Account:
    """The account called `who`. Raises UserError (``demonstration.nobody``)."""
    for account in accounts:
        if who in (account.who, account.email):
            return account
    raise UserError(
        "demonstration.nobody", f"There is no account {who!r}.", allowed=", ".join(one.who for one in accounts)
    )
