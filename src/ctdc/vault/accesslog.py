"""The access log: a line before every read and write of what is sealed, chained and with signed heads.

Promise: a line is on the disk before the access that it tells of; when it cannot be written the access does not happen.
Lines hold ids, keyed ids and counts rounded up to tens: no value of a case. The list of events is closed. Verification
names the first bad line. A head (place and hash of a line, signed with Ed25519) that is kept by an outside witness
shows also that lines are missing at the end, or that the whole log was written anew.

Withdrawals and removals are lines too, and are what the vault goes by: it finds them here when it finishes what a power
cut interrupted, and when an older backup is restored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ctdc.foundation import chain
from ctdc.foundation.chain import Line
from ctdc.foundation.clock import timestamp
from ctdc.foundation.documents import parse_json
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json
from ctdc.foundation.hashing import canonical_json
from ctdc.vault.access import Access
from ctdc.vault.sealing import as_bytes, as_text, write_private

NAME = "access.jsonl"
HEAD_NAME = "head.json"
VERSION = 1
# Event -> what it says beside when, who and why. `of` is the sequence of the line that began the act.
EVENTS: dict[str, tuple[str, ...]] = {
    "init": (),
    "put": ("organisation", "delivery", "manifest", "up_to", "accepted"),
    "stored": ("of",),
    "dropped": ("of",),
    "list": (),
    "read": ("organisation", "delivery", "part", "up_to"),
    "withdraw": ("organisation", "subject"),
    "withdrawn": ("of", "up_to"),
    "remove": ("organisation", "delivery", "because"),
    "removed": ("of",),
    "rotate": ("root",),
    "rotated": ("of",),
    "backup": (),
    "restore": (),
    "verify": (),
}
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_WHOLE = {"of", "up_to"}


def fault(event: Any) -> str:
    """What is wrong with an event as a clause of a sentence; empty when it is sound."""
    if not isinstance(event, dict) or event.get("version") != VERSION or event.get("kind") not in EVENTS:
        return "it is no event that this version of ctdc knows"
    fields = EVENTS[event["kind"]]
    texts = ("at", "actor", "purpose", *(name for name in fields if name not in _WHOLE))
    whole = [name for name in fields if name in _WHOLE]
    sound = (
        set(event) == {"kind", "version", "at", "actor", "purpose", *fields}
        and all(isinstance(event[name], str) for name in texts)
        and all(type(event[name]) is int and event[name] >= 0 for name in whole)
        and _MOMENT.fullmatch(event["at"]) is not None
    )
    return "" if sound else f"what it says is not what an event {event['kind']!r} can say"


def _broken(path: Path, damage: chain.Broken) -> UserError:
    place = f"line {damage.number}" if damage.number else "its last line"
    return UserError(
        "vault.log_broken",
        f"The access log has been damaged or changed: {damage.why}.",
        where=f"{path}, {place}",
        allowed="lines exactly as they were written",
        do="Treat it as an incident: find out who had access. Restore the log from its newest copy.",
    )


def read(path: Path) -> tuple[Line, ...]:
    """All lines, verified. Raises UserError (``vault.log_broken``)."""
    try:
        return chain.read(path, fault)
    except chain.Broken as damage:
        raise _broken(path, damage) from None


def check_exists(path: Path) -> None:
    """Raise UserError (``vault.log_broken``) when there is no log: a vault is made with one."""
    if not path.is_file():
        raise _broken(path, chain.Broken(0, "it is missing"))


def check_end(path: Path, head_path: Path, vault: str, public_key: bytes) -> None:
    """Raise UserError (``vault.log_broken``, ``vault.head``) unless the log goes on from its last signed head.

    Otherwise who has the key would sign a log as whole from which lines were cut. Every vault's log has a head from its
    first line on: with the head away, nobody could tell. Lines behind the head, of those who have no key, must follow.
    """
    check_exists(path)
    texts = chain.complete(path.read_bytes()).splitlines()
    if not head_path.exists():
        raise _broken(path, chain.Broken(0, "its signed head is missing"))
    head = read_head(head_path)
    if not is_genuine(head, vault, public_key):
        raise _broken(path, chain.Broken(0, "its head was not signed by this vault's log key"))
    if not 0 < head.sequence <= len(texts):
        raise _broken(path, chain.Broken(0, "lines that were signed are missing at its end"))
    try:
        _check_follows(texts, head)
    except chain.Broken as damage:
        raise _broken(path, damage) from None


def _check_follows(texts: list[bytes], head: Head) -> None:
    """Raise chain.Broken unless the signed line is in its place, and all behind it follow from it."""
    line = chain.parse(texts[head.sequence - 1], head.sequence, fault)
    if line != Line(head.sequence, line.previous, line.event, head.hash):
        raise chain.Broken(head.sequence, "it is not the line that was signed; lines may be missing at its end")
    for number, text in enumerate(texts[head.sequence :], start=head.sequence + 1):
        following = chain.parse(text, number, fault)
        if following != Line.after(line, following.event):
            raise chain.Broken(number, "its hash or its place in the chain is wrong")
        line = following


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """One writer at a time, from the look at the log's end to the signed head.

    Raises UserError (``vault.log_refused``) when something cannot be written: then nothing may be read or written.
    """
    check_exists(path)
    try:
        with chain.locked(path):
            yield
    except OSError as error:
        raise UserError(
            "vault.log_refused",
            f"The access log cannot be written ({error.strerror}), so the access was refused.",
            where=str(path),
            do="Make room on the disk, or repair the permissions.",
        ) from None


def record(path: Path, kind: str, access: Access, when: datetime, **details: str | int) -> Line:
    """Append one line and wait until it is on the disk. The caller is `writing`. Raises UserError, OSError."""
    event = {
        "kind": kind,
        "version": VERSION,
        "at": timestamp(when),
        "actor": access.actor,
        "purpose": access.purpose.strip(),
        **details,
    }
    if wrong := fault(event):
        raise ValueError(wrong)
    try:
        line = Line.after(chain.last(path), event)
    except chain.Broken as damage:
        raise _broken(path, damage) from None
    chain.append(path, line)
    return line


@dataclass(frozen=True)
class Head:
    """A line's place and hash, signed with the vault's log key. What an outside witness keeps."""

    vault: str
    sequence: int
    hash: str
    signature: str

    def as_dict(self) -> dict[str, Any]:
        """The head as a JSON object."""
        return {"vault": self.vault, "sequence": self.sequence, "hash": self.hash, "signature": self.signature}


def _signed_bytes(vault: str, sequence: int, line_hash: str) -> bytes:
    return canonical_json(["ctdc access log head", VERSION, vault, sequence, line_hash])


def sign(vault: str, line: Line, key: Ed25519PrivateKey) -> Head:
    """The head that ends with `line`."""
    return Head(vault, line.sequence, line.hash, as_text(key.sign(_signed_bytes(vault, line.sequence, line.hash))))


def write_head(path: Path, head: Head) -> None:
    """Write a head, whole or not at all."""
    write_private(path, as_json(head.as_dict()).encode())


def read_head(path: Path) -> Head:
    """A head from its file. Raises UserError (``vault.head``)."""
    try:
        raw = parse_json(path.read_bytes())
        return Head(str(raw["vault"]), int(raw["sequence"]), str(raw["hash"]), str(raw["signature"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError("vault.head", "This is no signed head of an access log.", where=str(path)) from None


def is_genuine(head: Head, vault: str, public_key: bytes) -> bool:
    """Whether the vault's log key signed `head`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            as_bytes(head.signature), _signed_bytes(head.vault, head.sequence, head.hash)
        )
    except (InvalidSignature, ValueError):
        return False
    return head.vault == vault


def holds(lines: tuple[Line, ...], head: Head) -> bool:
    """Whether the log has the line that `head` names."""
    return 0 < head.sequence <= len(lines) and lines[head.sequence - 1].hash == head.hash


@dataclass
class Erasures:
    """What the log says must be gone. `open_acts`: lines of acts that were begun and not ended, oldest first."""

    people: dict[str, set[str]] = field(default_factory=dict)
    deliveries: set[tuple[str, str]] = field(default_factory=set)
    open_acts: list[Line] = field(default_factory=list)

    def of(self, organisation: str) -> set[str]:
        """Keyed ids of the people of one organisation who have withdrawn."""
        return self.people.get(organisation, set())


_BEGINS = ("withdraw", "remove", "put", "rotate")
_ENDS = ("withdrawn", "removed", "stored", "dropped", "rotated")


def erasures(lines: Iterable[Line]) -> Erasures:
    """The withdrawals and removals among `lines`, and every act without an end."""
    found, begun = Erasures(), dict[int, Line]()
    for line in lines:
        event = line.event
        if event["kind"] == "withdraw":
            found.people.setdefault(event["organisation"], set()).add(event["subject"])
        elif event["kind"] == "remove":
            found.deliveries.add((event["organisation"], event["delivery"]))
        if event["kind"] in _BEGINS:
            begun[line.sequence] = line
        elif event["kind"] in _ENDS:
            begun.pop(event["of"], None)
    found.open_acts = list(begun.values())
    return found


_WANTED = tuple(f'"kind": "{kind}"'.encode() for kind in (*_BEGINS, *_ENDS))


def scan(path: Path) -> Erasures:
    """`erasures` of a log that is not verified now: only the lines that matter are parsed, so that it is quick."""
    lines = []
    check_exists(path)
    for number, text in enumerate(chain.complete(path.read_bytes()).splitlines(), start=1):
        if any(wanted in text for wanted in _WANTED):
            try:
                lines.append(chain.parse(text, number, fault))
            except chain.Broken as damage:
                raise _broken(path, damage) from None
    return erasures(lines)
