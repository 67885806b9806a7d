"""Where a studio lives: one folder with its settings, its database, its vault and what it publishes.

Promise: `studio.toml` is closed: a key that is not known is an error; secrets are never in it, but named by where they
are (a file that only the owner reads, a variable of the environment). Paths are relative to the folder. Nothing here
knows Django, so that a command can speak about a studio without starting one.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ctdc.foundation.documents import BadDocument, parse_toml
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_file, atomic_folder
from ctdc.release.tombstones import NAME as TOMBSTONES

SETTINGS = "studio.toml"
SECRET = "secret.key"  # noqa: S105  a file's name
VARIABLE = "CTDC_STUDIO"
PUBLIC_SERVICE = "CTDC_STUDIO_PUBLIC_SERVICE"
SITE_BESIDE = "CTDC_STUDIO_SITE_BESIDE"  # to the process of the pages: the port of the public site shown beside it
LOOPBACK = ("localhost", "127.0.0.1")  # this machine alone
_TEMPLATE = """\
# The settings of this studio. Secrets are not here: they lie in files that only their owner can read, or in the
# environment.

# The address under which people reach it. Passkeys are bound to its host, so choose it before people sign in.
address = "{address}"

# Who runs this hub, as people read it, and where e-mail of the studio comes from.
hub = "{hub}"
sender = "{sender}"

# "sqlite" keeps the database in this folder. For PostgreSQL write "environment", and set CTDC_STUDIO_DATABASE to
# postgresql://USER:PASSWORD@HOST/NAME.
database = "{database}"

# "folder" writes e-mails as files into this folder's mail/; "environment" sends them through CTDC_STUDIO_MAIL_HOST,
# _PORT, _USER and _PASSWORD.
mail = "folder"

# The vault, and where the keys are that open it: file:PATH, env:NAME or command:PROGRAM ARGUMENT (see docs/how-to).
# Only the worker needs them.
vault = "vault"
vault_keys = []
# The key of the pseudonyms: whoever has it can tell which person a keyed id belongs to.
subject_key = "subject.key"

# What is published: verified releases, and the site that is made of them.
releases = "releases"
site = "site"
# The file with the key that signs what is published ('ctdc certificate key'), outside of this folder; "" signs nothing.
signing_key = ""
# Messages of readers, as 'ctdc serve --feedback' keeps them.
feedback = "feedback"
# Totals of use, as 'ctdc serve --usage' keeps them.
usage = "usage"
# Where the public site can be reached: https://HOST, or an address of this machine; "" where it cannot yet. It stands
# in the site's pages, and is looked at every quarter of an hour.
public_address = ""

# The workbench, where people protect a table of their own: how many can have one in memory at once, and how many
# megabytes of memory all of them together may take.
workbench_rooms = 4
workbench_megabytes = 1000
"""
_OF_A_DEMONSTRATION = """
# Every case and every account here is invented. It was made so, and cannot become a studio for real work.
demonstration = true
"""
VAULT_KEY = "vault.key"  # of a demonstration; that of a real hub lies elsewhere


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    hub: str = Field(min_length=1, max_length=200)
    sender: str = Field(min_length=3, max_length=200)
    database: Annotated[str, Field(pattern="^(sqlite|environment)$")] = "sqlite"
    mail: Annotated[str, Field(pattern="^(folder|environment)$")] = "folder"
    vault: str = "vault"
    vault_keys: tuple[str, ...] = ()
    vault_quorum: int = Field(default=1, ge=1, le=2)
    subject_key: str = "subject.key"
    releases: str = "releases"
    site: str = "site"
    feedback: str = "feedback"
    signing_key: str = ""
    usage: str = "usage"
    public_address: str = ""
    workbench_rooms: int = Field(default=4, ge=1, le=1_000)
    workbench_megabytes: int = Field(default=1_000, ge=1, le=1_000_000)
    demonstration: bool = False


@dataclass(frozen=True)
class Place:
    """A studio's folder and what its settings say. address: of the studio, without a slash at its end."""

    folder: Path
    settings: _Settings

    @property
    def address(self) -> str:
        """The address under which people reach the studio."""
        return self.settings.address.rstrip("/")

    @property
    def host(self) -> str:
        """The name of the machine in that address; passkeys are bound to it."""
        return urlsplit(self.address).hostname or ""

    @property
    def is_secure(self) -> bool:
        """Whether people reach it by https. Only this machine's own addresses may do without."""
        return urlsplit(self.address).scheme == "https"

    @property
    def vault(self) -> Path:
        """The folder of the vault."""
        return self.folder / self.settings.vault

    @property
    def subject_key(self) -> Path:
        """The file with the key of the pseudonyms."""
        return self.folder / self.settings.subject_key

    @property
    def releases(self) -> Path:
        """The folder of published releases."""
        return self.folder / self.settings.releases

    @property
    def site(self) -> Path:
        """The folder of the public site."""
        return self.folder / self.settings.site

    @property
    def latest(self) -> Path:
        """The link to the newest release that is published."""
        return self.folder / "latest"

    @property
    def withdrawn(self) -> Path:
        """The file that says which releases were withdrawn."""
        return self.releases / TOMBSTONES

    @property
    def ledger(self) -> Path:
        """The one privacy ledger of all people in the vault."""
        return self.folder / "ledger.jsonl"

    @property
    def accounts(self) -> Path:
        """The private folder of what people's runs at the workbench were charged: a ledger for each person."""
        return self.folder / "workbench"

    @property
    def signing_key(self) -> Path | None:
        """The file with the key that signs what is published."""
        return self.folder / self.settings.signing_key if self.settings.signing_key else None

    @property
    def partners(self) -> Path:
        """The folder of releases that were taken over from other hubs, with the list of those that are trusted."""
        return self.folder / "partners"

    @property
    def content(self) -> Path:
        """The folder of what editors have published, of which the site is built; there once something was."""
        return self.folder / "content"

    @property
    def feedback(self) -> Path:
        """The folder of readers' messages."""
        return self.folder / self.settings.feedback

    @property
    def answers(self) -> Path:
        """The file of what readers said and what was done, for 'ctdc site build --answers'."""
        return self.folder / "you-said.yaml"

    @property
    def usage(self) -> Path:
        """The folder of totals of use."""
        return self.folder / self.settings.usage

    @property
    def public_address(self) -> str:
        """Where the public site can be reached, without a slash at its end; "" where that is not said."""
        return self.settings.public_address.rstrip("/")

    @property
    def public_service(self) -> str:
        """Where this process asks whether the public site answers: `public_address`, or what the environment says for a
        process that has no way there. "" where there is no public address. Raises UserError (``studio.settings``).
        """
        asked = os.environ.get(PUBLIC_SERVICE, "").rstrip("/") or self.public_address
        if asked and (urlsplit(asked).scheme not in ("http", "https") or not urlsplit(asked).hostname):
            raise UserError("studio.settings", "This is no address.", where=PUBLIC_SERVICE, allowed="http://HOST:PORT")
        return asked if self.public_address else ""

    @property
    def work(self) -> Path:
        """The private folder in which long work keeps what it has finished."""
        return self.folder / "work"

    @property
    def mail(self) -> Path:
        """Where e-mails are written as files, when no server sends them."""
        return self.folder / "mail"

    def secret(self) -> str:
        """The key that signs sessions. Raises UserError (``studio.secret``) when others could read it."""
        path = self.folder / SECRET
        if not path.is_file():
            raise UserError("studio.secret", "The key that signs sessions is missing.", where=str(path))
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UserError(
                "studio.secret",
                "Others on this machine can read the key that signs sessions.",
                where=str(path),
                do=f"chmod 600 {path}, and make a new one if somebody may have read it.",
            )
        return path.read_text(encoding="ascii").strip()


def create(
    folder: Path, *, address: str, hub: str, sender: str, database: str = "sqlite", demonstration: bool = False
) -> Place:
    """A new studio in a new folder that only its owner can enter. Raises UserError (``files.exists``, ``studio.*``).

    demonstration: it is for trying things out, now and for ever (`ctdc.hub.studio.demonstration`).
    """
    text = _TEMPLATE.format(address=_quoted(address), hub=_quoted(hub), sender=_quoted(sender), database=database)
    if demonstration:
        text = text.replace("vault_keys = []", f'vault_keys = ["file:{VAULT_KEY}"]') + _OF_A_DEMONSTRATION
    _parse(text.encode(), SETTINGS)
    with atomic_folder(folder, private=True) as fresh:
        (fresh / SETTINGS).write_text(text, encoding="utf-8")
        with atomic_file(fresh / SECRET, private=True) as path:
            path.write_text(secrets.token_urlsafe(64) + "\n", encoding="ascii")
        (fresh / "static").mkdir()
    return read(folder)


def read(folder: Path) -> Place:
    """The studio in `folder`. Raises UserError (``studio.missing``, ``studio.settings``)."""
    path = folder / SETTINGS
    if not path.is_file():
        raise UserError(
            "studio.missing",
            "There is no studio here.",
            where=str(folder),
            do="Make one: ctdc studio init FOLDER.",
        )
    return Place(folder.resolve(), _parse(path.read_bytes(), str(path)))


def from_environment() -> Place:
    """The studio that `CTDC_STUDIO` names. Raises UserError (``studio.missing``)."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        raise UserError("studio.missing", f"{VARIABLE} is not set.", do="Set it to the folder of the studio.")
    return read(Path(named))


def check_host(found: Place, host: str) -> None:
    """Raise UserError (``studio.demonstration``) for a demonstration that is to listen at more than this machine."""
    if found.settings.demonstration and host not in LOOPBACK:
        raise UserError(
            "studio.demonstration",
            "A demonstration is shown to this machine alone.",
            where="--host",
            allowed=", ".join(LOOPBACK),
        )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _parse(data: bytes, where: str) -> _Settings:
    try:
        settings = _Settings.model_validate(parse_toml(data))
    except BadDocument as error:
        raise UserError("studio.settings", f"The settings cannot be read: {error}", where=where) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError("studio.settings", f"{place}: {first['msg']}.", where=where) from None
    _check_address(settings.address, f"{where}, address")
    if settings.public_address:
        _check_address(settings.public_address, f"{where}, public_address")
    if settings.demonstration:
        _check_demonstration(settings, where)
    return settings


# What every demonstration has as it was made: it reaches this machine and its own folder, and nothing else.
_FIXED = (
    *("database", "mail", "vault", "vault_quorum", "subject_key", "signing_key"),
    *("releases", "site", "feedback", "usage"),
)


def _check_demonstration(settings: _Settings, where: str) -> None:
    changed = [name for name in _FIXED if getattr(settings, name) != _Settings.model_fields[name].default]
    if settings.vault_keys != (f"file:{VAULT_KEY}",):
        changed.append("vault_keys")
    for name in ("address", "public_address"):
        text = getattr(settings, name)
        if text and urlsplit(text).hostname not in LOOPBACK:
            changed.append(name)
    if changed:
        raise UserError(
            "studio.demonstration",
            "A demonstration stays on this machine and in its own folder.",
            where=f"{where}, {', '.join(changed)}",
            do="Set it back. For real work make a new studio: ctdc studio init.",
        )


def _check_address(text: str, where: str) -> None:
    address = urlsplit(text)
    if not address.hostname or address.path.strip("/") or not _may_be_plain(address.scheme, address.hostname):
        raise UserError(
            "studio.settings",
            "The address must be safe from listeners.",
            where=where,
            allowed="https://HOST, or http://localhost:PORT on this machine alone",
        )


def _may_be_plain(scheme: str, host: str) -> bool:
    return scheme == "https" or (scheme == "http" and host in LOOPBACK)
