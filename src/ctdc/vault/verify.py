"""Is the vault what it says it is? Everything that can be checked, and all that is wrong in one list.

Promise: reads only (but for the line that says so). Without a key: the log, its signed head, that every delivery in the
log is there and as it was stored, that the keys of everybody who has withdrawn are gone and nobody else's. With the
key: that every byte opens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.vault import accesslog, records
from ctdc.vault.accesslog import Erasures, Head
from ctdc.vault.delivery import FILE, KEY, TABLE, Manifest, Part, open_key, read_manifest, root_of
from ctdc.vault.store import open_file
from ctdc.vault.vault import Vault


@dataclass(frozen=True)
class Problem:
    """Something that is wrong: a code, where, and what, in a sentence."""

    code: str
    where: str
    what: str


@dataclass
class Verified:
    """What was found. opened: whether everything was opened with the key; unsigned: lines behind the last head."""

    lines: int = 0
    head: str = ""
    unsigned: int = 0
    deliveries: int = 0
    withdrawn: int = 0
    rows: int = 0
    opened: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def add(self, code: str, where: str, what: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(code, where, what))


def verify(vault: Vault, progress: Progress | None = None, witness: Head | None = None) -> Verified:
    """Check the vault; with its keys, open all that is sealed.

    witness: a head that somebody outside kept. The caller has logged the access.
    """
    found = Verified(opened=vault.keys is not None)
    with vault.shared():
        lines = _check_log(vault, found, witness)
        if lines is not None:
            _check_deliveries(vault, found, lines, progress or Silent())
    return found


def _check_log(vault: Vault, found: Verified, witness: Head | None) -> tuple[Line, ...] | None:
    """The lines of the log, or None when it is broken."""
    try:
        accesslog.check_exists(vault.log)
        lines = accesslog.read(vault.log)
    except UserError as error:
        found.add(error.detail.code, error.detail.where, error.detail.what)
        return None
    found.lines, found.head = len(lines), lines[-1].hash if lines else ""
    _check_heads(vault, found, lines, witness)
    return lines


def _check_heads(vault: Vault, found: Verified, lines: tuple[Line, ...], witness: Head | None) -> None:
    path = vault.folder / accesslog.HEAD_NAME
    heads: list[tuple[str, Head]] = [("the witness's head", witness)] if witness else []
    try:
        own = accesslog.read_head(path)
        heads.append((path.name, own))
        found.unsigned = max(0, len(lines) - own.sequence)
    except UserError as error:
        found.add("vault.head", path.name, error.detail.what)
    for where, head in heads:
        if not accesslog.is_genuine(head, vault.keyring.vault, vault.keyring.log_key):
            found.add("vault.head", where, "It was not signed by this vault's log key.")
        elif not accesslog.holds(lines, head):
            what = "The log has not the line that was signed: lines are missing at its end, or it was written anew."
            found.add("vault.head", where, what)


def stored_deliveries(lines: tuple[Line, ...], erasures: Erasures) -> dict[tuple[str, str], str]:
    """Deliveries that must be there, with the hashes of their manifests."""
    stored: dict[tuple[str, str], str] = {}
    for line in lines:
        event = line.event
        if event["kind"] == "stored":
            put = lines[event["of"] - 1].event if 0 < event["of"] <= len(lines) else {"kind": ""}
            if put["kind"] == "put":
                stored[put["organisation"], put["delivery"]] = put["manifest"]
    return {name: manifest for name, manifest in stored.items() if name not in erasures.deliveries}


def _check_deliveries(vault: Vault, found: Verified, lines: tuple[Line, ...], progress: Progress) -> None:
    erasures = accesslog.erasures(lines)
    begun = {(line.event["organisation"], line.event["delivery"]) for line in erasures.open_acts if _is_put(line)}
    stored = stored_deliveries(lines, erasures)
    folders = {(path.parent.name, path.name): path for path in vault.delivery_folders()}
    for organisation, delivery in sorted(set(stored) - set(folders)):
        found.add("vault.missing_delivery", f"{organisation}/{delivery}", "The log has it, the vault has not.")
    progress.start("Verifying deliveries", float(len(folders)))
    for name, folder in folders.items():
        if name in stored:
            found.deliveries += 1
            _check_delivery(vault, found, folder, stored[name], erasures)
        elif name not in begun:
            what = "It should have been removed." if name in erasures.deliveries else "The log does not know it."
            found.add("vault.unlogged_delivery", "/".join(name), what)
        progress.advance()
    progress.finish()


def _is_put(line: Line) -> bool:
    return bool(line.event["kind"] == "put")


def _check_delivery(vault: Vault, found: Verified, folder: Path, manifest_hash: str, erasures: Erasures) -> None:
    name = f"{folder.parent.name}/{folder.name}"
    try:
        manifest = read_manifest(folder, vault.keyring.vault)
        if manifest.hash() != manifest_hash:
            found.add("vault.damaged", name, "Its manifest is not the one that the log names.")
            return
        if root_of(folder) not in vault.keyring.roots:
            found.add("vault.damaged", f"{name}/{KEY}", "It is sealed to a root that the vault does not have.")
        gone = erasures.of(folder.parent.name)
        forgotten = [_check_table(found, folder, part, gone) for part in manifest.of_kind(TABLE)]
        for part in manifest.of_kind(FILE):
            _check_file(found, folder, part, any(forgotten))
        if vault.keys:
            _open_all(vault, manifest, folder, gone)
    except UserError as error:
        found.add(error.detail.code, f"{name}: {error.detail.where}", error.detail.what)


def _same(folder: Path, part: Part) -> bool:
    hashes = [
        hash_file(path) if path.is_file() else ""
        for path in (folder / f"{part.name}.sealed", folder / f"{part.name}.head")
    ]
    return hashes == [part.sealed, part.head]


def _check_table(found: Verified, folder: Path, part: Part, gone: set[str]) -> bool:
    """Check one table without a key; returns whether somebody in it has withdrawn."""
    where = f"{folder.parent.name}/{folder.name}/{part.name}"
    if not _same(folder, part):
        found.add("vault.damaged", where, "It is not what was stored.")
    table = records.entries(folder / f"{part.name}.keys")
    if len(table) != part.rows or records.subjects_hash(table) != part.subjects:
        found.add("vault.damaged", f"{where}.keys", "It is not what was stored.")
        return False
    wanted, destroyed = set(records.rows_of(table, gone)), set(records.destroyed_rows(table))
    if wanted - destroyed:
        found.add("vault.not_forgotten", f"{where}.keys", "People who have withdrawn are still in it.")
    if destroyed - wanted:
        found.add("vault.damaged", f"{where}.keys", "Keys of people who have not withdrawn are gone.")
    found.withdrawn += len(wanted)
    found.rows += part.rows - len(wanted)
    return bool(wanted)


def _check_file(found: Verified, folder: Path, part: Part, forgotten: bool) -> None:
    where = f"{folder.parent.name}/{folder.name}/{part.name}"
    if forgotten and any((folder / f"{part.name}{ending}").exists() for ending in (".key", ".sealed", ".head")):
        found.add("vault.not_forgotten", where, "It holds people who have withdrawn and is still there.")
    if not forgotten and not _same(folder, part):
        found.add("vault.damaged", where, "It is not what was stored.")


def _open_all(vault: Vault, manifest: Manifest, folder: Path, gone: set[str]) -> None:
    """Open every byte and use none. Raises UserError (``vault.damaged``)."""
    identity = manifest.identity
    key = open_key(folder, vault.needs_keys().roots, identity)
    for part in manifest.of_kind(TABLE):
        context = identity.context(part.name)
        head = records.read_head(folder / part.name, key, context)
        for _ in records.read_table(folder / part.name, head, key=key, context=context, withdrawn=gone):
            pass
    for part in manifest.of_kind(FILE):
        opened = open_file(vault, manifest, part)
        for _ in opened[1] if opened else ():
            pass
