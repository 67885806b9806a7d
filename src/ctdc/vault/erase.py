"""Forgetting: one person, a whole delivery, or what may no longer be kept.

Promise: the line of the log comes first, and is what counts: from then on the person's rows are not read, and cannot be
put again. Then the keys are overwritten where they stand. What a power cut interrupts is finished before the next act.
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
from ctdc.vault.vault import Vault


@dataclass
class Forgotten:
    """What a withdrawal did. unknown: deliveries without a (whole) table, where nobody can tell who is in them."""

    rows: int = 0
    deliveries: int = 0
    files: int = 0
    unknown: tuple[str, ...] = ()


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
    vault.record("withdrawn", access, when, of=line.sequence, up_to=rounded(done.rows))
    return done


def forget(vault: Vault, organisation: str, subjects: set[str]) -> Forgotten:
    """Destroy the keys of people's rows in all deliveries of an organisation, and the files that held them.

    No manifest is read: a damaged delivery must not stand in the way of forgetting what is in the others.
    """
    found, unknown = Forgotten(), []
    for folder in vault.delivery_folders(organisation):
        tables = sorted(folder.glob(f"{TABLE}-*.keys"))
        try:
            rows = sum(_forget_rows(path, subjects) for path in tables)
        except UserError:  # damaged: nobody can tell who is in it
            unknown.append(folder.name)
            continue
        if rows:
            found.rows += rows
            found.deliveries += 1
            found.files += _destroy_files(folder)
        if not tables:
            unknown.append(folder.name)
    found.unknown = tuple(unknown)
    return found


def _forget_rows(path: Path, subjects: set[str]) -> int:
    rows = records.rows_of(records.entries(path), subjects)
    if rows:
        records.destroy_keys(path, rows)
    return len(rows)


def _destroy_files(folder: Path) -> int:
    there = [path.stem for path in sorted(folder.glob(f"{FILE}-*.sealed"))]
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


def due(vault: Vault, today: date) -> tuple[Manifest, ...]:
    """The deliveries whose time is over, oldest first."""
    found = (read_manifest(folder, vault.keyring.vault) for folder in vault.delivery_folders())
    over = [manifest for manifest in found if manifest.identity.is_over(today)]
    return tuple(sorted(over, key=lambda manifest: manifest.identity.retain_until))


def expire(vault: Vault, access: Access, when: datetime, progress: Progress | None = None) -> tuple[Manifest, ...]:
    """Forget every delivery whose time is over on the day of `when` (UTC)."""
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
    if any(line.event["kind"] != "rotate" for line in scan(vault.log).open_acts):
        with vault.exclusive():
            finish_open_acts(vault, access, when)


def finish_open_acts(vault: Vault, access: Access, when: datetime) -> None:
    """End what a killed process began. The caller holds the vault's lock, so nobody is at it now.

    A delivery whose line was written and that never got its name was not stored: its line is ended as dropped.
    """
    for line in scan(vault.log).open_acts:
        if line.event["kind"] == "withdraw":
            _finish_withdrawal(vault, line, access, when)
        elif line.event["kind"] == "remove":
            _finish_removal(vault, line, access, when)
        elif line.event["kind"] == "put":
            there = vault.path(line.event["organisation"], line.event["delivery"]).exists()
            vault.record("stored" if there else "dropped", access, when, of=line.sequence)
