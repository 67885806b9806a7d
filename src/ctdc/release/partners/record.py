"""What was taken over from other hubs, from whom and when: the file ``included.json`` beside the releases.

Promise: a line stays when its release goes, with the reason, so that an address that was cited still says what became
of it; a reason is one of a closed list that every reader can be told in their language. Two that write at once wait
for each other, so that no line is lost, least of all one that says that a release was withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.clock import moment_of, timestamp
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import alone, as_json, write_text
from ctdc.release.listed import read_listed
from ctdc.release.tombstones import REASONS as TOMBSTONE_REASONS
from ctdc.standard.languages import in_language

NAME = "included.json"
FORMAT = "ctdc-included/1"
RELEASES = "releases"
LOCK = ".lock"
# Why a release of another hub is not published any more: its hub withdrew it; its files are no longer those that were
# signed; its hub, or its hub's key, is no longer named here; this hub shows it no more.
WITHDRAWN, DAMAGED, UNTRUSTED, HIDDEN = "withdrawn", "damaged", "untrusted", "hidden"
GONE_REASONS = (WITHDRAWN, DAMAGED, UNTRUSTED, HIDDEN)


@dataclass(frozen=True)
class Gone:
    """Why a release is not published any more. when: the hub's withdrawal was noted, None for all other reasons, which
    are found anew each time; stated: reason of the hub's tombstone, or empty; words: what it says besides, by language.
    Raises UserError (``included.wrong``).
    """

    reason: str
    when: datetime | None = None
    stated: str = ""
    words: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        known = self.reason in GONE_REASONS and self.stated in ("", *TOMBSTONE_REASONS)
        if not known:
            raise _wrong("a reason that is not known", self.reason)

    def as_dict(self) -> dict[str, Any]:
        """The reason as a JSON object."""
        return {
            "reason": self.reason,
            "when": None if self.when is None else timestamp(self.when),
            "stated": self.stated,
            "words": dict(self.words or {}),
        }


@dataclass(frozen=True)
class Included:
    """A release of another hub. hub: its id here; names: what it is called, by language; address: of its site.

    id, folder, titles, publisher, created: the release's own; key: fingerprint of the key that signed it;
    manifest_sha256: what the signature vouches for; source: where it was taken from, an address or empty for a file or
    folder of this machine; included: when; gone: None while it is published.
    """

    hub: str
    names: Mapping[str, str]
    address: str
    id: str
    folder: str
    titles: Mapping[str, str]
    publisher: str
    created: datetime
    key: str
    manifest_sha256: str
    source: str
    included: datetime
    gone: Gone | None = None

    def __post_init__(self) -> None:
        if "/" in self.folder or self.folder.startswith(".") or "/" in self.hub or self.hub.startswith("."):
            raise _wrong("a folder that cannot be", self.folder)
        if not self.names:
            raise _wrong("a hub without a name", self.hub)

    def place(self, partners: Path) -> Path:
        """Its folder below the folder of what was taken over."""
        return partners / RELEASES / self.hub / self.folder

    def title(self, language: str) -> str:
        """What the release is called."""
        return in_language(self.titles, language) if self.titles else self.folder

    def name(self, language: str) -> str:
        """What the hub is called."""
        return in_language(self.names, language)

    def as_dict(self) -> dict[str, Any]:
        """The line as a JSON object."""
        return {
            "hub": self.hub,
            "names": dict(self.names),
            "address": self.address,
            "id": self.id,
            "folder": self.folder,
            "titles": dict(self.titles),
            "publisher": self.publisher,
            "created": timestamp(self.created),
            "key": self.key,
            "manifest_sha256": self.manifest_sha256,
            "source": self.source,
            "included": timestamp(self.included),
            "gone": None if self.gone is None else self.gone.as_dict(),
        }


def read_included(path: Path) -> tuple[Included, ...]:
    """The lines of such a file, in their order; none where there is no file. Raises UserError (``included.wrong``)."""
    return read_listed(path, FORMAT, _one, _wrong)


def included_json(lines: Sequence[Included]) -> str:
    """The text of such a file."""
    return as_json({"format": FORMAT, "releases": [one.as_dict() for one in lines]})


def note(partners: Path, line: Included) -> Included:
    """Write a line, in the place of an older one of the same release of the same hub. Returns the line that stands.

    What is gone stays as it is noted, whoever writes later.
    """
    path = partners / NAME
    with alone(partners / LOCK):  # one that writes at a time
        lines = {(one.hub, one.id): one for one in read_included(path)}
        before = lines.get((line.hub, line.id))
        stands = line if before is None or before.gone is None else before
        lines[line.hub, line.id] = stands
        write_text(path, included_json(sorted(lines.values(), key=lambda one: (one.hub, one.created, one.folder))))
    return stands


def gone(line: Included, reason: Gone) -> Included:
    """The line of a release that is not published any more; the first reason stays."""
    return line if line.gone is not None else replace(line, gone=reason)


def _one(raw: Mapping[str, Any]) -> Included:
    return Included(
        hub=str(raw["hub"]),
        names=_texts(raw["names"]),
        address=str(raw["address"]),
        id=str(raw["id"]),
        folder=str(raw["folder"]),
        titles=_texts(raw["titles"]),
        publisher=str(raw["publisher"]),
        created=moment_of(raw["created"]),
        key=str(raw["key"]),
        manifest_sha256=str(raw["manifest_sha256"]),
        source=str(raw["source"]),
        included=moment_of(raw["included"]),
        gone=None if raw["gone"] is None else _gone(raw["gone"]),
    )


def _gone(raw: Mapping[str, Any]) -> Gone:
    when = None if raw["when"] is None else moment_of(raw["when"])
    return Gone(str(raw["reason"]), when, str(raw["stated"]), _texts(raw["words"]))


def _texts(raw: Mapping[str, Any]) -> dict[str, str]:
    return {str(language): str(text) for language, text in raw.items()}


def _wrong(what: str, where: str) -> UserError:
    return UserError("included.wrong", f"The list of what was taken over has {what}.", where=where)
