"""Forgetting: one person, a whole delivery, or what may no longer be kept.

Promise: the line of the log comes first, and is what counts: from then on the person's rows are not read, and cannot be
put again. Then the keys are overwritten where they stand. What a power cut interrupts is finished before the next act,
and so is what damage to a delivery stands in the way of: a withdrawal ends when every delivery could be looked at.
A file as it was delivered cannot forget one row of its own, so all of it goes when somebody in it withdraws; the
others' rows stay.

What overwriting cannot reach (copies that a disk keeps, backups) becomes unreadable when the key is rotated and the old
one destroyed (`ctdc.vault.rotate`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ctdc.foundation.chain import Line
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import sync_folder
from ctdc.foundation.progress import Progress, Silent
from ctdc.vault import records
from ctdc.vault.access import Access, check_subject, rounded
from ctdc.vault.accesslog import scan
from ctdc.vault.delivery import FILE, KEY, TABLE, Manifest, read_manifest
from ctdc.vault.sealing import destroy
from ctdc.vault.staging import clear_abandoned
from ctdc.vault.vault import Vault


@dataclass
class Forgotten:
    """What a withdrawal did. unknown: deliveries without a (whole) table, where nobody can tell who is in them.

    ended: whether no delivery was unknown because it is damaged; otherwise the next act looks again.
    """

    rows: int = 0
    deliveries: int = 0
    files: int = 0
    unknown: tuple[str, ...] = ()
    ended: bool = True


def withdraw(vault: Vault, organisation: str, subject: str, access: Access, when: datetime) -> Forgotten:
    """Forget one person of one organisation, now and in all that is put later. The vault's key is not needed.

    subject: the keyed id. Raises UserError (``vault.subject``). Doing it twice is allowed.
    """
    check_subject(subject)
    vault.path(organisation, "x")  # checks the name
    with vault.exclusive():
        finish_open_acts(vault, access, when)
        line = vault.record("withdraw", access, when, organisation=organisation, subject=subject)
        return _finish_withdrawal(vault, line, access, when)


def _finish_withdrawal(vault: Vault, line: Line, access: Access, when: datetime) -> Forgotten:
    done = forget(vault, line.event["organisation"], {line.event["subject"]})
    if done.ended:
        vault.record("withdrawn", access, when, of=line.sequence, up_to=rounded(done.rows))
    return done


def forget(vault: Vault, organisation: str, subjects: set[str]) -> Forgotten:
    """Destroy the keys of people's rows in all deliveries of an organisation, and the files that held them.

    Damage to one delivery, or to one of its tables, does not stand in the way of forgetting what is in the others.
    """
    found, unknown = Forgotten(), []
    for folder in vault.delivery_folders(organisation):
        rows, whole = _forget_in(vault, folder, subjects)
        if rows:
            found.rows += rows
            found.deliveries += 1
            found.files += _destroy_files(folder)
        if not whole:
            found.ended = False
        if not whole or not list(folder.glob(f"{TABLE}-*.keys")):
            unknown.append(folder.name)
    found.unknown = tuple(unknown)
    return found


def _forget_in(vault: Vault, folder: Path, subjects: set[str]) -> tuple[int, bool]:
    """Rows that were found and destroyed, and whether every row of the delivery could be looked at."""
    rows, whole = 0, True
    try:
        tables = {part.name: part.subjects for part in read_manifest(folder, vault.keyring.vault).of_kind(TABLE)}
    except UserError:
        tables, whole = {}, False
    for name in sorted({*tables, *(path.stem for path in folder.glob(f"{TABLE}-*.keys"))}):
        try:
            table = records.entries(folder / f"{name}.keys")
        except UserError:
            whole = False
            continue
        whole = whole and records.subjects_hash(table) == tables.get(name)
        there = records.rows_of(table, subjects)
        if there:
            records.destroy_keys(folder / f"{name}.keys", there)
        rows += len(there)
    return rows, whole


def _destroy_files(folder: Path) -> int:
    there = sorted({path.stem for path in folder.glob(f"{FILE}-*") if not path.name.startswith(".")})
    for name in there:
        destroy(folder / f"{name}.key")
        destroy(folder / f"{name}.head")
        (folder / f"{name}.sealed").unlink(missing_ok=True)
    sync_folder(folder)
    return len(there)


def remove(
    vault: Vault, organisation: str, delivery: str, access: Access, when: datetime, because: str = "withdrawn"
) -> None:
    """Forget a whole delivery. Raises UserError (``vault.no_delivery``)."""
    folder = vault.path(organisation, delivery)
    with vault.exclusive():
        finish_open_acts(vault, access, when)
        if not folder.exists():
            raise UserError(
                "vault.no_delivery",
                "This organisation has no such delivery in the vault.",
                where=f"{organisation}/{delivery}",
                do="`ctdc vault list` names what is there.",
            )
        _remove(vault, organisation, delivery, access, when, because)


def _remove(vault: Vault, organisation: str, delivery: str, access: Access, when: datetime, because: str) -> None:
    line = vault.record("remove", access, when, organisation=organisation, delivery=delivery, because=because)
    _finish_removal(vault, line, access, when)


def _finish_removal(vault: Vault, line: Line, access: Access, when: datetime) -> None:
    destroy_delivery(vault.path(line.event["organisation"], line.event["delivery"]))
    vault.record("removed", access, when, of=line.sequence)


def destroy_delivery(folder: Path) -> None:
    """Destroy a delivery's key, then all of it; nothing when it is gone already."""
    if not folder.exists():
        return
    destroy(folder / KEY)
    for path in folder.glob("*.key*"):
        destroy(path)
    shutil.rmtree(folder)
    sync_folder(folder.parent)


def manifests(vault: Vault, organisation: str | None = None) -> tuple[tuple[Manifest, ...], tuple[str, ...]]:
    """The manifests that can be read, and the names (organisation/delivery) of the deliveries whose cannot."""
    found: list[Manifest] = []
    damaged: list[str] = []
    for folder in vault.delivery_folders(organisation):
        try:
            manifest = read_manifest(folder, vault.keyring.vault)
            manifest.identity.is_over(date.min)  # an end of retention that is no day is damage too
        except (UserError, ValueError, TypeError):
            damaged.append(f"{folder.parent.name}/{folder.name}")
        else:
            found.append(manifest)
    return tuple(found), tuple(damaged)


def due(vault: Vault, today: date) -> tuple[Manifest, ...]:
    """The deliveries whose time is over, oldest first. Of damaged ones (`manifests`) nobody can tell."""
    over = [manifest for manifest in manifests(vault)[0] if manifest.identity.is_over(today)]
    return tuple(sorted(over, key=lambda manifest: manifest.identity.retain_until))


def expire(vault: Vault, access: Access, when: datetime, progress: Progress | None = None) -> tuple[Manifest, ...]:
    """Forget every delivery whose time is over on the day of `when` (UTC), but for damaged ones (`manifests`)."""
    progress = progress or Silent()
    with vault.exclusive():
        finish_open_acts(vault, access, when)
        over = due(vault, when.date())
        progress.start("Removing what may no longer be kept", float(len(over)))
        for manifest in over:
            _remove(vault, manifest.identity.organisation, manifest.identity.delivery, access, when, "expired")
            progress.advance()
        progress.finish()
    return over


def settle(vault: Vault, access: Access, when: datetime) -> None:
    """Finish what a killed process left undone, before anybody reads. The caller holds no lock."""
    clear_abandoned(vault)
    if any(line.event["kind"] != "rotate" for line in scan(vault.log).open_acts):
        with vault.exclusive():
            finish_open_acts(vault, access, when)


def finish_open_acts(vault: Vault, access: Access, when: datetime) -> None:
    """End what a killed process began. The caller holds the vault's lock, so nobody is at it now.

    A delivery whose line was written and that never got its name was not stored: its line is ended as dropped.
    """
    clear_abandoned(vault)
    for line in scan(vault.log).open_acts:
        if line.event["kind"] == "withdraw":
            _finish_withdrawal(vault, line, access, when)
        elif line.event["kind"] == "remove":
            _finish_removal(vault, line, access, when)
        elif line.event["kind"] == "put":
            there = vault.path(line.event["organisation"], line.event["delivery"]).exists()
            vault.record("stored" if there else "dropped", access, when, of=line.sequence)
