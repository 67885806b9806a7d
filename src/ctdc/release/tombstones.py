"""What remains of a release that was withdrawn: its name and hash, when it went and why, and nothing of its data.

Promise: a tombstone stands in a file beside the releases, so that whoever serves or mirrors them reads it without any
database; a reason is one of a closed list, which every reader can be told in their language, and words in languages may
stand beside it. A tombstone is never taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.clock import moment_of, timestamp
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, write_text
from ctdc.release.listed import read_listed
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.standard.languages import LANGUAGES

NAME = "withdrawn.json"
FORMAT = "ctdc-withdrawn/1"
OTHER = "other"
REASONS = ("error", "protection", "request", "agreement", "replaced", OTHER)


@dataclass(frozen=True)
class Tombstone:
    """A release that is no longer there. id, folder, created, titles: its own; words: more about why, by language.

    Raises UserError (``release.withdrawn``) for a reason or a language that is not known.
    """

    id: str
    folder: str
    created: datetime
    titles: Mapping[str, str]
    withdrawn: datetime
    reason: str
    words: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.reason not in REASONS or set(self.words) - set(LANGUAGES):
            raise _wrong("a reason or a language that is not known", self.folder)
        if "/" in self.folder or self.folder.startswith("."):
            raise _wrong("a folder that cannot be", self.folder)

    def sentences(self, language: str) -> tuple[str, ...]:
        """Why, for a reader: the reason, and the words in their language where there are some."""
        own = self.words.get(language)
        return (RELEASE_TEXTS.text(language, f"withdrawn.{self.reason}"), *((own,) if own else ()))

    def as_dict(self) -> dict[str, Any]:
        """The tombstone as a JSON object."""
        return {
            "id": self.id,
            "folder": self.folder,
            "created": timestamp(self.created),
            "titles": dict(self.titles),
            "withdrawn": timestamp(self.withdrawn),
            "reason": self.reason,
            "words": dict(self.words),
        }


def _wrong(what: str, where: str) -> UserError:
    return UserError("release.withdrawn", f"The list of withdrawn releases has {what}.", where=where)


def _read_one(raw: Mapping[str, Any]) -> Tombstone:
    return Tombstone(
        id=str(raw["id"]),
        folder=str(raw["folder"]),
        created=moment_of(raw["created"]),
        titles={str(language): str(title) for language, title in raw["titles"].items()},
        withdrawn=moment_of(raw["withdrawn"]),
        reason=str(raw["reason"]),
        words={str(language): str(text) for language, text in raw["words"].items()},
    )


def read_tombstones(path: Path) -> tuple[Tombstone, ...]:
    """The tombstones in a file, newest withdrawal first; none where there is no file.

    Raises UserError (``release.withdrawn``) for another file.
    """
    return _read(path, _read_one)


def read_tombstones_of_another(path: Path) -> tuple[Tombstone, ...]:
    """The tombstones of another hub, as `read_tombstones`, whatever languages and reasons it has.

    That a release is withdrawn counts, and not whether this hub can say why: words in a language that is not here are
    left out, and a reason that is not known is ``other``. Raises UserError (``release.withdrawn``) for another file.
    """
    return _read(path, lambda raw: _read_one(_understood(raw)))


def _understood(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A tombstone of another hub with what this hub can tell of it."""
    titles, words, reason = raw.get("titles"), raw.get("words"), raw.get("reason")
    said = words if isinstance(words, dict) else {}
    return {
        **raw,
        "titles": titles if isinstance(titles, dict) else {},
        "reason": reason if reason in REASONS else OTHER,
        "words": {language: text for language, text in said.items() if language in LANGUAGES},
    }


def _read(path: Path, one: Callable[[Mapping[str, Any]], Tombstone]) -> tuple[Tombstone, ...]:
    found = read_listed(path, FORMAT, one, _wrong)
    return tuple(sorted(found, key=lambda one: (one.withdrawn, one.folder), reverse=True))


def tombstones_json(tombstones: Sequence[Tombstone]) -> str:
    """The text of such a file."""
    return as_json({"format": FORMAT, "releases": [one.as_dict() for one in tombstones]})


def bury(path: Path, tombstone: Tombstone) -> None:
    """Add a tombstone to a file; one of the same release stays as it is."""
    there = read_tombstones(path)
    if tombstone.id not in {one.id for one in there}:
        write_text(path, tombstones_json([tombstone, *there]))
