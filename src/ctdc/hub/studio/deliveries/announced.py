"""What a sender says that they will send: names, lengths and hashes, looked at before anything is taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.web.texts import text

MOST_FILES = 50
LARGEST_FILE = 4_000_000_000  # bytes
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Announced:
    """A file that will come. sha256: of its content. Raises UserError (``delivery.announced``)."""

    name: str
    length: int
    sha256: str

    def __post_init__(self) -> None:
        fine = 0 < len(self.name) <= 200 and self.name.isprintable() and not self.name.startswith((".", "~$"))
        if not fine or "/" in self.name or "\\" in self.name:
            raise _wrong("name", self.name[:60])
        if not 0 < self.length <= LARGEST_FILE:
            raise _wrong("size", self.name)
        if not _HASH.fullmatch(self.sha256):
            raise _wrong("hash", self.name)


def check_files(files: Sequence[Announced]) -> tuple[Announced, ...]:
    """The files, if they can be one delivery. Raises UserError (``delivery.announced``)."""
    if not 0 < len(files) <= MOST_FILES:
        raise _wrong("number", "")
    if len({one.name.casefold() for one in files}) < len(files):
        raise _wrong("twice", "")
    return tuple(files)


def read_announced(document: Any) -> tuple[Announced, ...]:
    """The files that a program announces: ``{"files": [{"name", "length", "sha256"}]}``.

    Raises UserError (``delivery.announced``).
    """
    try:
        files = [Announced(str(one["name"]), int(one["length"]), str(one["sha256"])) for one in document["files"]]
    except (TypeError, KeyError, ValueError):
        raise _wrong("form", "") from None
    return check_files(files)


def _wrong(kind: str, where: str) -> UserError:
    what = text(f"deliveries.announced.{kind}", most=MOST_FILES)
    return UserError("delivery.announced", what, where=where, allowed=text("deliveries.announced.allowed"))
