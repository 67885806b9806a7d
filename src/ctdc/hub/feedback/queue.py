"""Messages in a folder, one file each, until somebody reads and answers them.

Promise: a file appears whole or not at all, is readable by its owner only, and says in its name, its text and its time
nothing about the hour at which it came (its name is random, its time is midnight); the folder never grows beyond
`MOST_MESSAGES`. When a file was made is still known to the file system itself, and so to whoever administers it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, atomic_file
from ctdc.hub.feedback.message import FORMAT, ID, Message

MOST_MESSAGES = 5000


class QueueFull(Exception):
    """There is no room for another message."""


class Queue:
    """The messages in `folder`, which is made if it is missing. most: how many it may hold."""

    def __init__(self, folder: Path, most: int = MOST_MESSAGES) -> None:
        self.folder, self._most = folder, most
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def new_id(self) -> str:
        """An id that tells nothing."""
        return secrets.token_hex(8)

    def add(self, message: Message) -> None:
        """Keep a message. Raises QueueFull."""
        if sum(1 for _ in self.folder.glob("*.json")) >= self._most:
            raise QueueFull
        self._write(message)

    def read(self, identifier: str) -> Message:
        """One message. Raises UserError (``feedback.unknown``, ``feedback.file``)."""
        path = self.folder / f"{identifier}.json"
        if not ID.fullmatch(identifier) or not path.is_file():
            raise UserError(
                "feedback.unknown",
                "There is no message with this id.",
                where=str(self.folder),
                do="'ctdc feedback list' shows them.",
            )
        return _read(path)

    def messages(self) -> Iterator[Message]:
        """All messages, by day and then by their random id."""
        found = [_read(path) for path in self.folder.glob("*.json")]
        yield from sorted(found, key=lambda message: (message.day, message.id))

    def readable(self) -> tuple[list[Message], list[str]]:
        """All messages that can be read, as `messages` gives them, and the names of the files that are none."""
        found, damaged = [], []
        for path in sorted(self.folder.glob("*.json")):
            try:
                found.append(_read(path))
            except UserError:
                damaged.append(path.name)
        return sorted(found, key=lambda message: (message.day, message.id)), damaged

    def forget_contact(self, identifier: str) -> None:
        """Remove how its writer can be reached. Raises UserError as `read` does."""
        message = self.read(identifier)
        if message.contact:
            self._write(replace(message, contact=""))

    def remove(self, identifier: str) -> None:
        """Take a message away for good. Raises UserError as `read` does."""
        message = self.read(identifier)
        (self.folder / f"{message.id}.json").unlink(missing_ok=True)
        self._quiet(message)

    def mark_answered(self, identifier: str, day: str) -> Message:
        """Note that a message was answered in public. Who wrote it is no longer needed: the contact is removed."""
        message = replace(self.read(identifier), answered=day, contact="")
        self._write(message)
        return message

    def _write(self, message: Message) -> None:
        path = self.folder / f"{message.id}.json"
        with atomic_file(path, private=True) as temporary:
            temporary.write_text(as_json(message.as_dict()), encoding="utf-8")
            os.utime(temporary, (_midnight(message), _midnight(message)))
        self._quiet(message)

    def _quiet(self, message: Message) -> None:
        """The folder's time says no hour either."""
        os.utime(self.folder, (_midnight(message), _midnight(message)))


def _midnight(message: Message) -> float:
    return datetime.fromisoformat(message.day).replace(tzinfo=UTC).timestamp()


def _read(path: Path) -> Message:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        known = document.pop("format") == FORMAT and document["id"] == path.stem
        message = Message(**{name: str(value) for name, value in document.items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        known = False
    if not known:
        raise UserError("feedback.file", "This file is not a message.", where=str(path), do="Move it away.")
    return message
