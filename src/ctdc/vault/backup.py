"""Copies of the vault, and the way back from them.

Promise: a backup is as sealed as the vault, holds no key that opens it, and is whole or not there. What comes back is
verified, byte for byte, before it gets its name. People and deliveries that were forgotten after the backup was made do
not come back: restoring asks for the newest copy of the access log and forgets again all that it says. Without such a
copy it refuses, unless somebody states that there is none.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.chain import Line
from ctdc.foundation.clock import timestamp
from ctdc.foundation.documents import parse_json
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import as_json, atomic_folder, sync_folder
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.vault import accesslog, keyring
from ctdc.vault.access import Access
from ctdc.vault.accesslog import Head
from ctdc.vault.erase import destroy_delivery, finish_open_acts, forget
from ctdc.vault.sealing import write_private
from ctdc.vault.sources import KeySource
from ctdc.vault.vault import DELIVERIES, LOCK, STAGING, Vault, open_vault
from ctdc.vault.verify import Verified, stored_deliveries, verify

LIST = "backup.json"
VERSION = 1


@dataclass(frozen=True)
class Restored:
    """What came back. lost: deliveries that were stored after the backup was made and are in no copy."""

    vault: Vault
    lines: int
    lost: tuple[str, ...]
    verified: Verified


def backup(vault: Vault, target: Path, access: Access, when: datetime, progress: Progress | None = None) -> Head:
    """Copy the vault into a new folder. Returns the signed head that the copy's log ends with.

    Raises UserError (``vault.sealed``, ``vault.log_broken``, ``vault.inside``, ``files.exists``).
    """
    vault.needs_keys()
    vault.check_outside(target)
    progress = progress or Silent()
    with vault.exclusive():
        finish_open_acts(vault, access, when)
        accesslog.read(vault.log)
        vault.record("backup", access, when)
        with atomic_folder(target, private=True) as fresh:
            _copy(vault.folder, fresh, progress)
            (fresh / LIST).write_text(as_json(_listing(fresh, vault, when)), encoding="utf-8")
            (fresh / LIST).chmod(0o600)
        return accesslog.read_head(vault.folder / accesslog.HEAD_NAME)


def _sources(folder: Path) -> list[Path]:
    """Relative paths of what a backup holds: deliveries, log, head and keyring, and nothing that lies beside them."""
    sealed = (path for path in (folder / DELIVERIES).rglob("*") if not path.name.startswith("."))
    beside = (folder / name for name in (accesslog.NAME, accesslog.HEAD_NAME, keyring.NAME))
    return sorted(path.relative_to(folder) for path in (*sealed, *beside) if path.is_file())


def _listed(folder: Path) -> set[str]:
    """What lies in a backup but for its list, locks, and what was just being sealed."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    apart = (LOCK, f"{accesslog.NAME}.lock", LIST)
    return {
        name.as_posix()
        for name in names
        if name.parts[0] != STAGING and name.as_posix() not in apart and not name.name.startswith(".")
    }


def _copy(source: Path, target: Path, progress: Progress) -> None:
    names = _sources(source)
    progress.start("Copying", float(sum((source / name).stat().st_size for name in names)))
    for name in names:
        (target / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
        (target / name).chmod(0o600)
        sync_folder(target / name)  # the same call does it for a file
        progress.advance(float((target / name).stat().st_size))
    for folder in (path for path in target.rglob("*") if path.is_dir()):
        folder.chmod(0o700)  # mkdir gives its mode to the last folder only
        sync_folder(folder)
    progress.finish()


def _listing(folder: Path, vault: Vault, when: datetime) -> dict[str, object]:
    files = {name.as_posix(): hash_file(folder / name) for name in _sources(folder)}
    return {"version": VERSION, "vault": vault.keyring.vault, "made": timestamp(when), "files": files}


def check_backup(folder: Path) -> dict[str, str]:
    """The files of a backup and their hashes, compared with what is there. Raises UserError (``vault.backup``)."""
    try:
        files = _parse_listing(parse_json((folder / LIST).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UserError("vault.backup", "This is no backup of a vault.", where=str(folder)) from None
    there = _listed(folder)
    wrong = sorted(there ^ set(files)) or [name for name in sorted(files) if hash_file(folder / name) != files[name]]
    if wrong:
        raise UserError(
            "vault.backup",
            f"The backup has been changed or is not whole ({len(wrong):,} files).",
            where=wrong[0],
            do="Use another backup.",
        )
    return files


def _parse_listing(raw: dict[str, Any]) -> dict[str, str]:
    """Raises ValueError, KeyError, TypeError, AttributeError."""
    if raw["version"] != VERSION:
        raise ValueError
    return {str(name): str(value) for name, value in raw["files"].items()}


def _newest_log(backup_lines: tuple[Line, ...], log: Path | None) -> tuple[Line, ...]:
    """The lines of the newest log, which must go on from the backup's. Raises Refused (``vault.older_log``)."""
    if log is None:
        return backup_lines
    accesslog.check_exists(log)
    lines = accesslog.read(log)
    if lines[: len(backup_lines)] != backup_lines:
        raise Refused(
            "vault.older_log",
            "This log does not go on from the log of the backup: it is older, or of another vault.",
            where=str(log),
            do="Find the newest copy of the access log.",
        )
    return lines


def restore(
    source: Path,
    target: Path,
    sources: Sequence[KeySource],
    access: Access,
    when: datetime,
    *,
    log: Path | None = None,
    no_newer_log: bool = False,
    witness: Head | None = None,
    progress: Progress | None = None,
) -> Restored:
    """Bring a backup back as a new vault at `target`, verified with its keys.

    log: the newest copy of the access log (of the vault that was lost, or one that was exported); witness: a head kept
    outside, which the log must hold. sources: the keys of the time of the backup. Raises UserError (``vault.backup``),
    Refused (``vault.older_log``, ``vault.no_log``, ``vault.unsound``).
    """
    if log is None and not no_newer_log:
        raise Refused(
            "vault.no_log",
            "People may have withdrawn since the backup was made; only a newer access log can tell.",
            do="Name its newest copy with --log. If there is none, say so with --no-newer-log.",
        )
    progress = progress or Silent()
    check_backup(source)
    lines = _newest_log(accesslog.read(source / accesslog.NAME), log)
    with atomic_folder(target, private=True) as fresh:
        _copy(source, fresh, progress)
        if log is not None:
            write_private(fresh / accesslog.NAME, "".join(line.text() + "\n" for line in lines).encode())
        for name in (DELIVERIES, STAGING):
            (fresh / name).mkdir(mode=0o700, exist_ok=True)
        vault = open_vault(fresh, sources)
        vault.record("restore", access, when)
        lost = _forget_again(vault, lines, access, when)
        verified = verify(vault, progress, witness)
        _accept_lost(verified, lost)
        if not verified.sound:
            raise _unsound(verified)
    return Restored(replace(vault, folder=target), len(lines), lost, verified)


def _forget_again(vault: Vault, lines: tuple[Line, ...], access: Access, when: datetime) -> tuple[str, ...]:
    """Apply every withdrawal and removal of the log; returns deliveries that the log has and the backup has not."""
    erasures = accesslog.erasures(lines)
    for organisation, delivery in erasures.deliveries:
        destroy_delivery(vault.path(organisation, delivery))
    for organisation, subjects in erasures.people.items():
        forget(vault, organisation, subjects)
    there = {(path.parent.name, path.name) for path in vault.delivery_folders()}
    lost = sorted(set(stored_deliveries(lines, erasures)) - there)
    finish_open_acts(vault, access, when)
    return tuple("/".join(name) for name in lost)


def _accept_lost(verified: Verified, lost: tuple[str, ...]) -> None:
    """What no copy has is told apart, and is no fault of the copy."""
    verified.problems = [
        problem
        for problem in verified.problems
        if not (problem.code == "vault.missing_delivery" and problem.where in lost)
    ]


def _unsound(verified: Verified) -> Refused:
    first = verified.problems[0]
    return Refused(
        "vault.unsound",
        f"What came back is not sound ({len(verified.problems):,} problems). Nothing was restored. {first.what}",
        where=first.where,
        do="Use another backup, and treat it as an incident.",
    )


def _check_same(source: Path, vault: Vault) -> None:
    if keyring.load(source).fingerprint() != vault.keyring.fingerprint():
        raise Refused(
            "vault.other_vault", "This is a backup of another vault.", where=str(source), do="Name the vault it is of."
        )


def drill(
    source: Path,
    sources: Sequence[KeySource],
    access: Access,
    when: datetime,
    *,
    log: Path | None = None,
    witness: Head | None = None,
    vault: Vault | None = None,
    progress: Progress | None = None,
) -> Restored:
    """Restore a backup into a temporary folder beside it, verify every byte, and remove it again.

    vault: the one that the backup is of, whose log then says that everything was opened; the copy's log goes with it.
    Raises what `restore` does, and Refused (``vault.other_vault``) for a backup of another vault.
    """
    if vault is not None:
        _check_same(source, vault)
        vault.record("restore", access, when)
    with tempfile.TemporaryDirectory(prefix=".drill.", dir=source.parent) as folder:
        return restore(
            source,
            Path(folder) / "vault",
            sources,
            access,
            when,
            log=log,
            no_newer_log=log is None,
            witness=witness,
            progress=progress,
        )
