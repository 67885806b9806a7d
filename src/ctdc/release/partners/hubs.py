"""Which other hubs an administrator trusts: the file ``partners.toml``, written before anything of theirs is taken.

Promise: a hub is trusted for one key, named by its fingerprint, and for nothing else; the file is closed (a key that is
not known is an error). A name is there in every language of the site when a release is taken over; a language that the
site has later does not stop it from being built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ctdc.foundation.documents import BadDocument, parse_toml
from ctdc.foundation.errors import UserError
from ctdc.release.certificate.keys import read_public_key
from ctdc.standard.languages import LANGUAGES, in_language

PARTNERS = "partners.toml"
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MOST_ID = 40
MOST_NAME = 200
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
MEMBERS = {"names", "address", "key", "hidden"}
EXAMPLE = '[hub.north] with names.en = "North Hub" (and ar, fr, de, es), address = "https://...", key = "FINGERPRINT"'


@dataclass(frozen=True)
class Hub:
    """Another hub. names: by language, at least one; address: of its site, https, without a slash at its end.

    key: fingerprint of the key that its releases are signed with; hidden: folders of its releases that are not shown.
    """

    id: str
    names: Mapping[str, str]
    address: str
    key: str
    hidden: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What it is called in messages of the command line."""
        return in_language(self.names, "en")


def read_hubs(folder: Path) -> Mapping[str, Hub]:
    """The hubs in ``partners.toml`` of a folder, by id. Raises UserError (``partners.*``)."""
    path = folder / PARTNERS
    if not path.is_file():
        raise UserError(
            "partners.none",
            "There is no list of the hubs that are trusted.",
            where=str(path),
            allowed=EXAMPLE,
            do="Write it before anything is taken over: see docs/how-to/include-a-release.md.",
        )
    try:
        document = parse_toml(path.read_bytes())
    except BadDocument as error:
        raise UserError("partners.not_toml", f"{PARTNERS} is not TOML: {error}.", where=str(path)) from None
    listed = document.get("hub")
    if set(document) != {"hub"} or not isinstance(listed, dict):
        raise _wrong(path, "It has something else than hubs.")
    return {name: _hub(name, raw, path) for name, raw in listed.items()}


def the_hub(hubs: Mapping[str, Hub], name: str) -> Hub:
    """The hub of this id. Raises UserError (``partners.unknown``)."""
    if name not in hubs:
        raise UserError(
            "partners.unknown",
            f"No hub is called {name!r}.",
            allowed=", ".join(hubs) or "none is named yet",
            do=f"Name it in {PARTNERS}, with the fingerprint that the hub itself told you.",
        )
    return hubs[name]


def _hub(name: str, raw: Any, path: Path) -> Hub:
    where = f"{path}: hub.{name}"
    if not ID.fullmatch(name) or len(name) > MOST_ID:
        raise _wrong(where, f"{name!r} cannot be the id of a hub.", "lower-case letters, digits, single hyphens")
    if not isinstance(raw, dict) or set(raw) - MEMBERS or MEMBERS - {"hidden"} - set(raw):
        raise _wrong(where, "It lacks something, or has something that is not known.", ", ".join(sorted(MEMBERS)))
    return Hub(
        id=name,
        names=_names(raw["names"], where),
        address=_address(raw["address"], where),
        key=_key(raw["key"], path.parent, where),
        hidden=_hidden(raw.get("hidden", []), where),
    )


def check_names(hub: Hub, folder: Path) -> None:
    """Raise UserError (``partners.wrong``) unless the hub has a name in exactly the languages of the site."""
    if set(hub.names) != set(LANGUAGES):
        raise _no_names(f"{folder / PARTNERS}: hub.{hub.id}")


def _names(raw: Any, where: str) -> Mapping[str, str]:
    """The names that there are: where one lacks in a language, another stands in (`in_language`)."""
    right = isinstance(raw, dict) and len(raw) > 0
    if not right or not all(isinstance(text, str) and 0 < len(text.strip()) <= MOST_NAME for text in raw.values()):
        raise _no_names(where)
    order = [*LANGUAGES, *raw]  # those of the site first, as it lists them
    return {language: raw[language].strip() for language in dict.fromkeys(order) if language in raw}


def _no_names(where: str) -> UserError:
    return _wrong(where, "A hub has a name in each language of the site.", f"names.{', names.'.join(LANGUAGES)}")


def _address(raw: Any, where: str) -> str:
    parts = urlsplit(raw) if isinstance(raw, str) else None
    if parts is None or parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise _wrong(where, "This is not the address of a hub's site.", "https://data.example.org")
    return str(raw).rstrip("/")


def _key(raw: Any, folder: Path, where: str) -> str:
    """A fingerprint, or that of the public key in a file beside the list."""
    if isinstance(raw, str) and FINGERPRINT.fullmatch(raw):
        return raw
    if not isinstance(raw, str) or not raw.strip():
        raise _wrong(where, "This is not a key.", "a fingerprint (64 hexadecimal digits), or a file with a public key")
    return read_public_key(folder / raw).id


def _hidden(raw: Any, where: str) -> frozenset[str]:
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        raise _wrong(where, "What is hidden is a list of names of releases.", 'hidden = ["global-2026-0123456789ab"]')
    return frozenset(raw)


def _wrong(where: object, what: str, allowed: str = EXAMPLE) -> UserError:
    return UserError("partners.wrong", what, where=str(where), allowed=allowed)
