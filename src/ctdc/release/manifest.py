"""The manifest: what is in a release, byte for byte, and the name that follows from it.

Promise: a release's id is the SHA-256 of everything that its manifest says, files' hashes included, so that no file,
number or description can change without the id changing; the folder's name carries the id's first digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.clock import moment_of, timestamp
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_value
from ctdc.release.info import ReleaseInfo, info_from_dict
from ctdc.release.protected import read_json

OLDEST_FORMAT = "ctdc-release/1"  # of releases from before there were certificates
FORMAT = "ctdc-release/2"
MANIFEST = "manifest.json"
CERTIFICATE = "certificate.json"  # beside the manifest and outside it, because it names the manifest's hash
ID_DIGITS = 12
PRIVACY_SUMMARY = ("unit", "neighbours", "rho", "epsilon", "delta", "mu", "length", "threshold")


@dataclass(frozen=True)
class FileEntry:
    """One file. path: relative, with forward slashes; bytes: its size; rows: of a table, None for other files."""

    path: str
    sha256: str
    bytes: int
    rows: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The entry as a JSON object."""
        entry: dict[str, Any] = {"path": self.path, "sha256": self.sha256, "bytes": self.bytes}
        return entry if self.rows is None else {**entry, "rows": self.rows}


@dataclass(frozen=True)
class Manifest:
    """Everything that identifies a release.

    created: in UTC; code: name of a program to its version; schema: hash of the schema's content, the profile and
    the standard's version; privacy: the parameters of `PRIVACY_SUMMARY` and the protected total; previous: id and
    folder of the release before, or None; files: sorted by path, without the manifest itself; linked: of linked tables
    what they are called, which columns link them, and how many linked rows there are, None for one table; format: of
    the folder, `OLDEST_FORMAT` for a release that need not have a certificate.
    """

    info: ReleaseInfo
    created: datetime
    code: Mapping[str, str]
    schema: Mapping[str, Any]
    privacy: Mapping[str, Any]
    previous: Mapping[str, str] | None
    rows: int
    files: tuple[FileEntry, ...]
    linked: Mapping[str, Any] | None = None
    format: str = FORMAT

    def content(self) -> dict[str, Any]:
        """All that the id is computed from."""
        linked = {} if self.linked is None else {"linked": dict(self.linked)}
        return {
            "format": self.format,
            "info": self.info.as_dict(),
            "created": timestamp(self.created),
            "code": dict(self.code),
            "schema": dict(self.schema),
            "privacy": dict(self.privacy),
            "previous": None if self.previous is None else dict(self.previous),
            "rows": self.rows,
            **linked,
            "files": [entry.as_dict() for entry in self.files],
        }

    @property
    def id(self) -> str:
        """The content's SHA-256, 64 hexadecimal digits."""
        return hash_value(self.content())

    @property
    def folder(self) -> str:
        """The folder's name: the release's name and the first digits of its id."""
        return f"{self.info.name}-{self.id[:ID_DIGITS]}"

    def to_json(self) -> str:
        """The text of ``manifest.json``."""
        return json.dumps({"id": self.id, **self.content()}, ensure_ascii=False, indent=2) + "\n"

    def entry(self, path: str) -> FileEntry | None:
        """The entry of a file, None if it is not listed."""
        return next((entry for entry in self.files if entry.path == path), None)


def read_manifest(release: Path) -> tuple[str, Manifest]:
    """The id that a release's manifest claims, and the manifest.

    Raises UserError (``release.not_a_release``, ``release.manifest``) for anything that is not a manifest.
    """
    path = release / MANIFEST
    if not path.is_file():
        raise UserError(
            "release.not_a_release",
            f"{release} is not a release: it has no {MANIFEST}.",
            do="Give the folder that 'ctdc release build' made.",
        )
    document = read_json(path)
    try:
        if document["format"] not in (FORMAT, OLDEST_FORMAT):
            raise UserError(
                "release.manifest",
                f"This manifest has the format {document['format']!r}.",
                where=str(path),
                allowed=f"{FORMAT} or {OLDEST_FORMAT}",
                do="A newer version of ctdc may read it.",
            )
        return str(document["id"]), _from_dict(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError("release.manifest", f"The manifest lacks or misstates {error}.", where=str(path)) from None


def _from_dict(document: Mapping[str, Any]) -> Manifest:
    files = tuple(
        FileEntry(str(entry["path"]), str(entry["sha256"]), int(entry["bytes"]), entry.get("rows"))
        for entry in document["files"]
    )
    return Manifest(
        info=info_from_dict(document["info"]),
        created=moment_of(document["created"]),
        code=dict(document["code"]),
        schema=dict(document["schema"]),
        privacy=dict(document["privacy"]),
        previous=None if document["previous"] is None else dict(document["previous"]),
        rows=int(document["rows"]),
        files=files,
        linked=None if document.get("linked") is None else dict(document["linked"]),
        format=str(document["format"]),
    )
