"""Putting deliveries into the vault, listing them and reading them.

Promise: a delivery is stored whole or not at all, also when the process is killed; nothing unsealed is ever written
below the vault's folder. A line of the log is on the disk before anything is stored or opened. What one organisation
delivered is found under its own name only: to all others it does not exist. What was read is used when all of it was
genuine, never half.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.clock import timestamp
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import atomic_folder, sync_folder
from ctdc.foundation.hashing import canonical_json, hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.vault import keyring, promotion, records
from ctdc.vault.access import Access, check_delivery, rounded
from ctdc.vault.accesslog import scan
from ctdc.vault.delivery import (
    FILE,
    KEY,
    MANIFEST,
    TABLE,
    Identity,
    Manifest,
    Part,
    open_key,
    read_manifest,
    write_key,
)
from ctdc.vault.erase import finish_open_acts, manifests, settle
from ctdc.vault.sealing import damaged, new_key, open_stream, seal, seal_stream, unseal
from ctdc.vault.staging import staging
from ctdc.vault.vault import Vault

SUBJECT = "_subject"


@dataclass(frozen=True)
class Deposit:
    """What is to be put into the vault.

    files: as the organisation sent them; tables: name to parquet file with a keyed id in `subject_column`;
    schema: what the tables follow, an id or a hash; leave_out_withdrawn: store the others when people who have
    withdrawn are among the rows (the files are then not stored, since they hold them too); allowed: the only columns
    that tables may have, None for any; accepted: columns that look like identifiers, and that a person has looked at;
    codes: column to the public codes that its cells are made of, which are no identifiers however many are in one.
    """

    organisation: str
    delivery: str
    files: Sequence[Path] = ()
    tables: Mapping[str, Path] = field(default_factory=dict)
    schema: str = ""
    retain_until: date | None = None
    subject_column: str = SUBJECT
    leave_out_withdrawn: bool = False
    allowed: Collection[str] | None = None
    accepted: frozenset[str] = frozenset()
    codes: Mapping[str, Collection[str]] = field(default_factory=dict)

    def identity(self, vault: str) -> Identity:
        """What is bound to everything that is sealed for it."""
        until = self.retain_until.isoformat() if self.retain_until else ""
        return Identity(vault, self.organisation, self.delivery, self.schema, until)


def put(vault: Vault, deposit: Deposit, access: Access, when: datetime, progress: Progress | None = None) -> Manifest:
    """Seal a deposit and store it. The key of the vault is not needed.

    Raises UserError (``vault.exists``, ``vault.empty``, and what `records.open_table` raises), Refused
    (``vault.withdrawn``, ``vault.over``, ``vault.identifiers``).
    """
    final = vault.path(deposit.organisation, deposit.delivery)
    _check_deposit(vault, deposit, final, when)
    tables = {name: records.open_table(path, deposit.subject_column) for name, path in deposit.tables.items()}
    for name, table in tables.items():
        passed = deposit.accepted | {deposit.subject_column}
        promotion.check(table, name, passed, deposit.allowed, deposit.codes)
    with staging(vault) as folder:
        withdrawn = scan(vault.log).of(deposit.organisation)
        found = sum(records.withdrawn_rows(table, deposit.subject_column, withdrawn) for table in tables.values())
        _check_withdrawn(found, deposit)
        files = () if found else tuple(deposit.files)
        key = new_key()
        sealed = _seal_all(vault, folder, key, deposit, files, tables, when, withdrawn, progress or Silent())
        with vault.exclusive():
            finish_open_acts(vault, access, when)
            ring = keyring.load(vault.folder)  # as it is now: a rotation may have gone by in the meantime
            if ring.fingerprint() != vault.keyring.fingerprint():
                raise keyring.changed(vault.folder)
            write_key(folder, ring.current, ring.roots[ring.current], sealed, key)
            _store(vault, folder, final, sealed, deposit, withdrawn, access, when)
    return sealed


def _check_deposit(vault: Vault, deposit: Deposit, final: Path, when: datetime) -> None:
    if not deposit.files and not deposit.tables:
        raise UserError("vault.empty", "There is nothing to put into the vault.", do="Name a file or a table.")
    for name in deposit.tables:
        check_delivery(name)
    if final.exists() or (deposit.organisation, deposit.delivery) in scan(vault.log).deliveries:
        raise _exists(deposit)
    if deposit.identity("").is_over(when.date()):
        raise Refused("vault.over", "The time for which this may be kept is over already.", do="Check --retain-until.")


def _exists(deposit: Deposit) -> UserError:
    return UserError(
        "vault.exists",
        "There is, or was, a delivery of this name. Names are used once, so that the log stays true.",
        where=f"{deposit.organisation}/{deposit.delivery}",
        do="Choose another name.",
    )


def _check_withdrawn(rows: int, deposit: Deposit) -> None:
    if rows and not deposit.leave_out_withdrawn:
        raise Refused(
            "vault.withdrawn",
            f"People who have withdrawn are in this delivery ({rows:,} {'row' if rows == 1 else 'rows'}).",
            where=f"{deposit.organisation}/{deposit.delivery}",
            do="Ask the organisation to take them out. Or use --leave-out-withdrawn: without their rows and the files.",
        )


def _seal_all(
    vault: Vault,
    folder: Path,
    key: bytes,
    deposit: Deposit,
    files: Sequence[Path],
    tables: Mapping[str, pq.ParquetFile],
    when: datetime,
    withdrawn: set[str],
    progress: Progress,
) -> Manifest:
    identity = deposit.identity(vault.keyring.vault)
    parts = [_seal_file(folder, f"{FILE}-{at}", path, key, identity, progress) for at, path in enumerate(files, 1)]
    for at, (name, table) in enumerate(tables.items(), 1):
        stem = folder / f"{TABLE}-{at}"
        records.seal_table(
            table,
            stem,
            name=name,
            subject_column=deposit.subject_column,
            key=key,
            context=identity.context(stem.name),
            leave_out=withdrawn,
            progress=progress,
        )
        parts.append(_part(stem, TABLE))
    manifest = Manifest(identity, timestamp(when), tuple(parts))
    _write(folder / MANIFEST, manifest.as_bytes())
    for path in folder.iterdir():
        path.chmod(0o600)
    return manifest


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _part(stem: Path, kind: str) -> Part:
    sealed = stem.with_suffix(".sealed")
    rows, subjects = 0, ""
    if kind == TABLE:
        table = records.entries(stem.with_suffix(".keys"))
        rows, subjects = len(table), records.subjects_hash(table)
    head = hash_file(stem.with_suffix(".head"))
    return Part(stem.name, kind, sealed.stat().st_size, hash_file(sealed), head, rows, subjects)


def _seal_file(folder: Path, name: str, path: Path, key: bytes, identity: Identity, progress: Progress) -> Part:
    """Seal a file as it is. Its name is sealed too: people write names of people into names of files."""
    own, context, stem = new_key(), identity.context(name), folder / name
    progress.start("Sealing a file", float(path.stat().st_size))
    with path.open("rb") as source, stem.with_suffix(".sealed").open("xb") as target:
        for done in seal_stream(source, target, own, context):
            progress.advance(float(done))
        target.flush()
        os.fsync(target.fileno())
    _write(stem.with_suffix(".key"), seal(own, key, context + b"key"))
    _write(stem.with_suffix(".head"), seal(canonical_json({"name": path.name}), key, context + b"head"))
    progress.finish()
    return _part(stem, FILE)


def _store(
    vault: Vault,
    folder: Path,
    final: Path,
    manifest: Manifest,
    deposit: Deposit,
    known: set[str],
    access: Access,
    when: datetime,
) -> None:
    """Write the line, then give the folder its name. Whoever withdrew while it was being sealed stays out."""
    erasures = scan(vault.log)
    late = erasures.of(deposit.organisation) - known
    if any(records.rows_of(records.entries(folder / f"{part.name}.keys"), late) for part in manifest.of_kind(TABLE)):
        raise Refused("vault.withdrawn", "Somebody withdrew while this was being sealed.", do="Put it again.")
    if final.exists() or (deposit.organisation, deposit.delivery) in erasures.deliveries:
        raise _exists(deposit)
    begun = vault.record(
        "put",
        access,
        when,
        organisation=deposit.organisation,
        delivery=deposit.delivery,
        manifest=manifest.hash(),
        up_to=rounded(manifest.rows),
        accepted=",".join(sorted(deposit.accepted)),
    )
    sync_folder(folder)
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.rename(final)
    sync_folder(final.parent)
    sync_folder(final.parent.parent)
    vault.record("stored", access, when, of=begun.sequence)


def deliveries(vault: Vault, access: Access, when: datetime, organisation: str | None = None) -> tuple[Manifest, ...]:
    """Manifests of all deliveries, or of one organisation's, but for damaged ones (`manifests`). Logged."""
    settle(vault, access, when)
    vault.record("list", access, when)
    with vault.shared():
        return manifests(vault, organisation)[0]


def _missing(organisation: str, delivery: str) -> UserError:
    return UserError(
        "vault.no_delivery",
        "This organisation has no such delivery in the vault.",
        where=f"{organisation}/{delivery}",
        do="`ctdc vault list` names what is there.",
    )


def manifest_of(vault: Vault, organisation: str, delivery: str) -> Manifest:
    """The manifest of one delivery. Raises UserError (``vault.no_delivery``): the same for what is somebody else's."""
    folder = vault.path(organisation, delivery)
    if not (folder / KEY).exists():
        raise _missing(organisation, delivery)
    return read_manifest(folder, vault.keyring.vault)


def table_names(vault: Vault, manifest: Manifest) -> dict[str, Part]:
    """Name of each table, opened with the key, to its part."""
    folder, identity = vault.path(manifest.identity.organisation, manifest.identity.delivery), manifest.identity
    key = open_key(folder, vault.needs_keys().roots, manifest)
    return {
        records.read_head(folder / part.name, key, identity.context(part.name)).name: part
        for part in manifest.of_kind(TABLE)
    }


def read_table(vault: Vault, organisation: str, delivery: str, name: str, access: Access, when: datetime) -> pa.Table:
    """The rows of a table but those of people who have withdrawn, in memory. Logged before anything is opened.

    Raises UserError (``vault.no_delivery``, ``vault.no_table``, ``vault.damaged``, ``vault.sealed``).
    """
    vault.needs_keys()
    settle(vault, access, when)
    with vault.shared():
        manifest = manifest_of(vault, organisation, delivery)
        _log_read(vault, manifest, f"{TABLE}s", access, when)
        names = table_names(vault, manifest)
        if name not in names:
            raise UserError("vault.no_table", "The delivery has no such table.", where=f"{organisation}/{delivery}")
        schema, batches = _open_table(vault, manifest, names[name])
        return pa.Table.from_batches(list(batches), schema=schema)


def _log_read(vault: Vault, manifest: Manifest, part: str, access: Access, when: datetime) -> None:
    vault.record(
        "read",
        access,
        when,
        organisation=manifest.identity.organisation,
        delivery=manifest.identity.delivery,
        part=part,
        up_to=rounded(manifest.rows),
    )


def _open_table(vault: Vault, manifest: Manifest, part: Part) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    identity = manifest.identity
    folder = vault.path(identity.organisation, identity.delivery)
    key = open_key(folder, vault.needs_keys().roots, manifest)
    context = identity.context(part.name)
    head = records.read_head(folder / part.name, key, context)
    withdrawn = scan(vault.log).of(identity.organisation)
    return head.schema, records.read_table(folder / part.name, head, key=key, context=context, withdrawn=withdrawn)


def get(
    vault: Vault,
    organisation: str,
    delivery: str,
    target: Path,
    access: Access,
    when: datetime,
    progress: Progress | None = None,
) -> list[Path]:
    """Open a whole delivery into a new folder that only its owner can enter; it appears when all was genuine.

    Raises UserError (``vault.no_delivery``, ``vault.damaged``, ``vault.sealed``, ``vault.inside``, ``files.exists``).
    """
    vault.needs_keys()
    vault.check_outside(target)
    progress = progress or Silent()
    settle(vault, access, when)
    with vault.shared():
        manifest = manifest_of(vault, organisation, delivery)
        with atomic_folder(target, private=True) as fresh:
            _log_read(vault, manifest, "all", access, when)
            for part in manifest.of_kind(FILE):
                _get_file(vault, manifest, part, fresh, progress)
            for part in manifest.of_kind(TABLE):
                _get_table(vault, manifest, part, fresh, progress)
            for path in fresh.rglob("*"):
                path.chmod(0o700 if path.is_dir() else 0o600)
    return sorted(path for path in target.rglob("*") if path.is_file())


def open_file(vault: Vault, manifest: Manifest, part: Part) -> tuple[str, Iterator[bytes]] | None:
    """Name and pieces of a sealed file; None when it was destroyed because somebody in it withdrew."""
    identity = manifest.identity
    folder = vault.path(identity.organisation, identity.delivery)
    key, context, stem = open_key(folder, vault.needs_keys().roots, manifest), identity.context(part.name), part.name
    if is_forgotten(vault, manifest):  # the log counts, and not what lies there: a file may come back from a copy
        return None
    if not (folder / f"{stem}.key").exists():
        raise damaged(f"{identity.organisation}/{identity.delivery}/{stem}.key")
    head = unseal((folder / f"{stem}.head").read_bytes(), key, context + b"head", f"{stem}.head")
    own = unseal((folder / f"{stem}.key").read_bytes(), key, context + b"key", f"{stem}.key")
    return json.loads(head)["name"], _pieces(folder / f"{stem}.sealed", own, context)


def _pieces(path: Path, key: bytes, context: bytes) -> Iterator[bytes]:
    try:
        with path.open("rb") as source:
            yield from open_stream(source, key, context, path.name)
    except FileNotFoundError:
        raise damaged(path.name) from None


def is_forgotten(vault: Vault, manifest: Manifest) -> bool:
    """Whether somebody in the delivery's tables has withdrawn, so that its files had to go."""
    folder = vault.path(manifest.identity.organisation, manifest.identity.delivery)
    gone = scan(vault.log).of(manifest.identity.organisation)
    return any(records.rows_of(records.entries(folder / f"{part.name}.keys"), gone) for part in manifest.of_kind(TABLE))


def _get_file(vault: Vault, manifest: Manifest, part: Part, target: Path, progress: Progress) -> None:
    opened = open_file(vault, manifest, part)
    if opened is None:
        return
    name, pieces = opened
    progress.start("Opening a file", float(part.bytes))
    folder = target / part.name  # apart from one another: two files may have one name
    folder.mkdir(mode=0o700)
    with (folder / Path(name).name).open("xb") as stream:
        for piece in pieces:
            stream.write(piece)
            progress.advance(float(len(piece)))
    progress.finish()


def _get_table(vault: Vault, manifest: Manifest, part: Part, target: Path, progress: Progress) -> None:
    name = next(name for name, one in table_names(vault, manifest).items() if one == part)
    schema, batches = _open_table(vault, manifest, part)
    progress.start(f"Opening {name}", float(part.rows))
    with pq.ParquetWriter(target / f"{name}.parquet", schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            progress.advance(float(batch.num_rows))
    progress.finish()
