"""``ctdc vault``: seal deliveries, read them with a reason, forget people, rotate keys, back up and check.

Promise: thin over `ctdc.vault`. A key is named by its source and never given itself; an id that an organisation uses
for a person is asked for at the terminal and never stands in the command line, where other users and the shell's
history see it.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Collection
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.foundation import clock
from ctdc.foundation.errors import Refused, UserError
from ctdc.intake.cases import MISSING_SUFFIX, PROVENANCE, read_metadata
from ctdc.intake.subject import Subjects, read_key
from ctdc.intake.text import tidy
from ctdc.standard import load
from ctdc.vault import accesslog, erase, sources
from ctdc.vault.access import Access
from ctdc.vault.accesslog import Head
from ctdc.vault.backup import backup, restore
from ctdc.vault.backup import drill as drill_backup
from ctdc.vault.delivery import FILE, TABLE, Manifest
from ctdc.vault.rotate import rotate
from ctdc.vault.sealing import write_private
from ctdc.vault.sources import KeySource
from ctdc.vault.store import SUBJECT, Deposit, deliveries, get, put
from ctdc.vault.vault import Vault, create, open_vault
from ctdc.vault.verify import Verified, verify

KEY_VARIABLE = "CTDC_VAULT_KEY"
PRINT_VARIABLE = "CTDC_VAULT_FINGERPRINT"
EXIT_UNSOUND = 4
Function = TypeVar("Function", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE_PATH = click.Path(path_type=Path, exists=True, dir_okay=False)
vault_argument = click.argument("folder", metavar="VAULT", type=FOLDER)
organisation_argument = click.argument("organisation")


def access_options(function: Function) -> Function:
    """--actor and --purpose."""
    function = click.option("--purpose", required=True, help="What for. Stands in the access log.")(function)
    return click.option(
        "--actor", default=getpass.getuser, show_default="your user name", help="Who. Stands in the access log."
    )(function)


def key_option(function: Function) -> Function:
    """--key, once or once for each custodian."""
    return click.option(
        "--key",
        "keys",
        multiple=True,
        metavar="SOURCE",
        help=f"Where the key is: file:PATH, env:NAME or command:PROGRAM; several times for several custodians. "
        f"[default: what the environment variable {KEY_VARIABLE} names]",
    )(function)


def sources_of(keys: tuple[str, ...]) -> list[KeySource]:
    """The named sources, or the one that the environment names."""
    named = keys or tuple(filter(None, (os.environ.get(KEY_VARIABLE),)))
    return [sources.parse(text) for text in named]


def _with_key(folder: Path, keys: tuple[str, ...]) -> Vault:
    vault = open_vault(folder, sources_of(keys))
    vault.needs_keys()
    return vault


@click.group()
def command() -> None:
    """The sealed store of deliveries and cases: every access is logged with who and why."""


@command.command("new-key")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def new_key(path: Path, as_json: bool) -> None:
    """Write a fresh key to a new file at PATH, which only you can read."""
    sources.make_key_file(path)
    emit({"key": str(path)}, as_json, f"New key: {path}. Keep a copy in another place, and never beside the vault.")


@command.command()
@vault_argument
@key_option
@click.option("--quorum", type=click.IntRange(min=1), help="How many of the keys open it together. [default: all]")
@access_options
@json_option
def init(folder: Path, keys: tuple[str, ...], quorum: int | None, actor: str, purpose: str, as_json: bool) -> None:
    """Make a new vault in the new folder VAULT."""
    found = sources_of(keys)
    vault = create(folder, found, quorum or len(found), Access(actor, purpose), clock.now())
    mark = vault.keyring.fingerprint()
    text = f"New vault: {folder}\nFingerprint: {mark}\nWithout its key nothing comes out of it again."
    emit({"vault": vault.keyring.vault, "folder": str(folder), "fingerprint": mark}, as_json, text)


def _tables(paths: tuple[Path, ...]) -> dict[str, Path]:
    tables: dict[str, Path] = {}
    for path in paths:
        if path.stem.lower() in tables:
            raise UserError("vault.table", "Two tables have one name.", where=str(path), do="Rename one of the files.")
        tables[path.stem.lower()] = path
    return tables


def _held_back(table: str) -> Refused:
    return Refused(
        "vault.quarantine",
        "These cases hold values that nobody has explained yet.",
        where=table,
        do="Complete the mapping and harmonise again.",
    )


def _unmarked(table: str) -> Refused:
    return Refused(
        "vault.unmarked",
        "This table does not say whether all of its values have been explained.",
        where=table,
        allowed="a table with the mark that harmonising gives it",
        do="Harmonise the delivery ('ctdc intake harmonise'), and put what comes out of it.",
    )


def _of_no_standard(table: str) -> Refused:
    return Refused(
        "vault.columns",
        "This table does not say of which standard it is: nobody knows which columns it may have.",
        where=table,
        allowed="harmonised cases, or a table whose columns are listed",
        do="Harmonise the delivery ('ctdc intake harmonise'), or name its columns in a file: --only-columns FILE",
    )


def _schema_and_columns(tables: dict[str, Path], only: Path | None) -> tuple[str, Collection[str] | None]:
    """What harmonised cases say of themselves: their standard, and the columns that they may have.

    only: a file with the columns that they may have instead, one a line.
    Raises Refused (``vault.quarantine``, ``vault.unmarked``, ``vault.columns``) for cases that hold something that
    nobody has explained yet, and for tables that do not say whether they do, or of which standard they are.
    """
    listed = only.read_text(encoding="utf-8").split("\n") if only else None
    found = {name: read_metadata(path) for name, path in tables.items()}
    for name, metadata in found.items():
        if (mark := metadata.get("ctdc.promotable")) != "yes":
            raise _held_back(name) if mark else _unmarked(name)
    standards = {name: metadata.get("ctdc.standard", "") for name, metadata in found.items()}
    without = [name for name, version in standards.items() if not version]
    if without and listed is None:
        raise _of_no_standard(without[0])
    schema = f"standard {' '.join(sorted(set(standards.values())))}" if standards and not without else ""
    if not found or listed is not None:
        return schema, listed
    standard = load()
    names = {*standard.variables, *(name for entity in standard.entities.values() for name in entity.variables)}
    return schema, {*names, *(name + MISSING_SUFFIX for name in names), *PROVENANCE}


@command.command("put")
@vault_argument
@organisation_argument
@click.argument("delivery")
@click.option("--file", "files", multiple=True, type=FILE_PATH, help="A file as the organisation sent it.")
@click.option("--table", "tables", multiple=True, type=FILE_PATH, help="Parquet file, a keyed id in each row.")
@click.option("--subject-column", default=SUBJECT, show_default=True, help="The column with the keyed id.")
@click.option("--retain-until", type=click.DateTime(["%Y-%m-%d"]), help="Last day on which it may be kept.")
@click.option("--leave-out-withdrawn", is_flag=True, help="Store the others, and no file, if somebody has withdrawn.")
@click.option("--accept", "accepted", multiple=True, metavar="COLUMN", help="A column you have looked at yourself.")
@click.option("--fingerprint", envvar=PRINT_VARIABLE, help="Put nothing into a vault with another fingerprint.")
@click.option("--only-columns", type=FILE_PATH, help="File with the names of allowed columns, one a line.")
@access_options
@json_option
def put_command(
    folder: Path,
    organisation: str,
    delivery: str,
    files: tuple[Path, ...],
    tables: tuple[Path, ...],
    subject_column: str,
    retain_until: datetime | None,
    leave_out_withdrawn: bool,
    accepted: tuple[str, ...],
    fingerprint: str | None,
    only_columns: Path | None,
    actor: str,
    purpose: str,
    as_json: bool,
) -> None:
    """Seal files and tables of ORGANISATION as DELIVERY. The key is not needed: whoever delivers cannot read back.

    Tables are scanned for direct identifiers first. Harmonised cases may have the standard's columns only; of another
    table, say with --only-columns which it may have.
    """
    named = _tables(tables)
    schema, columns = _schema_and_columns(named, only_columns)
    deposit = Deposit(
        organisation,
        delivery,
        files,
        named,
        schema,
        retain_until.date() if retain_until else None,
        subject_column,
        leave_out_withdrawn,
        columns,
        frozenset(accepted),
    )
    with progress_bars(quiet=as_json) as progress:
        vault = open_vault(folder, fingerprint=fingerprint or "")
        manifest = put(vault, deposit, Access(actor, purpose), clock.now(), progress)
    emit(_as_dict(manifest), as_json, f"Sealed: {_line(manifest)}")


def _as_dict(manifest: Manifest) -> dict[str, Any]:
    identity = manifest.identity
    return {
        "organisation": identity.organisation,
        "delivery": identity.delivery,
        "schema": identity.schema,
        "stored": manifest.stored,
        "retain_until": identity.retain_until,
        "files": len(manifest.of_kind(FILE)),
        "tables": len(manifest.of_kind(TABLE)),
        "rows": manifest.rows,
    }


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _line(manifest: Manifest) -> str:
    identity = manifest.identity
    parts = (
        f"{identity.organisation}/{identity.delivery}",
        _counted(len(manifest.of_kind(FILE)), "file"),
        f"{_counted(len(manifest.of_kind(TABLE)), 'table')} with {_counted(manifest.rows, 'row')}",
        f"stored {manifest.stored[:10]}",
        f"may be kept until {identity.retain_until}" if identity.retain_until else "no end of retention",
    )
    return ", ".join(parts)


@command.command("list")
@vault_argument
@click.option("--organisation", help="Deliveries of one organisation only.")
@access_options
@json_option
@click.pass_context
def list_command(
    context: click.Context, folder: Path, organisation: str | None, actor: str, purpose: str, as_json: bool
) -> None:
    """Show what is in the vault, without opening it. Rows of people who have withdrawn are counted still.

    Exit code 4 when a delivery is damaged.
    """
    vault = open_vault(folder)
    found = deliveries(vault, Access(actor, purpose), clock.now(), organisation)
    damaged = erase.manifests(vault, organisation)[1]
    text = "\n".join([*map(_line, found), *map(_damaged, damaged)]) or "There are no deliveries."
    emit({"deliveries": [_as_dict(manifest) for manifest in found], "damaged": list(damaged)}, as_json, text)
    context.exit(EXIT_UNSOUND if damaged else 0)


def _damaged(name: str) -> str:
    return f"Damaged, so that nobody can tell what is in it, nor until when it may be kept: {name}"


@command.command("get")
@vault_argument
@organisation_argument
@click.argument("delivery")
@click.option("--out", required=True, type=FOLDER, help="A new folder, outside the vault, that only you can enter.")
@key_option
@access_options
@json_option
def get_command(
    folder: Path,
    organisation: str,
    delivery: str,
    out: Path,
    keys: tuple[str, ...],
    actor: str,
    purpose: str,
    as_json: bool,
) -> None:
    """Open DELIVERY of ORGANISATION into a folder. What is there is no longer sealed: remove it when you are done."""
    with progress_bars(quiet=as_json) as progress:
        vault = _with_key(folder, keys)
        written = get(vault, organisation, delivery, out, Access(actor, purpose), clock.now(), progress)
    text = "\n".join(f"Opened: {path}" for path in written) or "Nothing is left of this delivery."
    emit({"written": [str(path) for path in written]}, as_json, text)


def _keyed_id(organisation: str, subject: str | None, subject_key: Path | None, contributor: str | None) -> str:
    if (subject is None) == (subject_key is None):
        raise click.UsageError("Give --subject, or --subject-key to be asked for the organisation's own id.")
    if subject is not None:
        return subject
    key = read_key(subject_key or Path())
    raw = click.prompt("The organisation's own id of the person (it is not shown)", hide_input=True, err=True)
    return Subjects(key, contributor or organisation).hashes([tidy(raw)])[0]


@command.command()
@vault_argument
@organisation_argument
@click.option("--delivery", help="Forget this whole delivery.")
@click.option("--subject", help="Forget the person with this keyed id (32 hexadecimal digits).")
@click.option("--subject-key", type=FILE_PATH, help="Key of the keyed ids: you are asked for the organisation's id.")
@click.option("--contributor", help="Id of the organisation in its mapping. [default: ORGANISATION]")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@access_options
@json_option
def withdraw(
    folder: Path,
    organisation: str,
    delivery: str | None,
    subject: str | None,
    subject_key: Path | None,
    contributor: str | None,
    yes: bool,
    actor: str,
    purpose: str,
    as_json: bool,
) -> None:
    """Forget a person of ORGANISATION, or a whole delivery. This cannot be undone; the key is not needed.

    A person's rows are destroyed in all deliveries, as are the files that held them, and cannot be put again.
    """
    vault, access = open_vault(folder), Access(actor, purpose)
    if delivery is not None:
        if subject or subject_key:
            raise click.UsageError("Give --delivery or a person, not both.")
        _confirm(yes, f"Forget all of {organisation}/{delivery}?")
        erase.remove(vault, organisation, delivery, access, clock.now())
        emit({"removed": f"{organisation}/{delivery}"}, as_json, f"Forgotten: {organisation}/{delivery}")
        return
    keyed = _keyed_id(organisation, subject, subject_key, contributor)
    _confirm(yes, "Forget this person?")
    found = erase.withdraw(vault, organisation, keyed, access, clock.now())
    emit(
        {
            "rows": found.rows,
            "deliveries": found.deliveries,
            "files": found.files,
            "unknown": list(found.unknown),
            "ended": found.ended,
        },
        as_json,
        _forgotten(found),
    )


def _confirm(yes: bool, question: str) -> None:
    if not yes:
        click.confirm(f"{question} This cannot be undone.", abort=True, err=True)


def _forgotten(found: erase.Forgotten) -> str:
    lines = [
        f"Forgotten: {_counted(found.rows, 'row')} in {found.deliveries:,} "
        f"{'delivery' if found.deliveries == 1 else 'deliveries'}, and {_counted(found.files, 'file')} that held them."
        if found.rows
        else "No row of this person was found. It is noted, so that none can be put later. Was the id right?"
    ]
    if found.unknown:
        lines.append(
            "Nobody can tell whether the person is in these, which hold no whole table: " + ", ".join(found.unknown)
        )
    if not found.ended:
        lines.append(
            "Some of them are damaged. Mend them from a backup, or remove them: each act looks for the person again."
        )
    return "\n".join(lines)


@command.command()
@vault_argument
@click.option("--remove", is_flag=True, help="Forget them; without this they are only shown.")
@access_options
@json_option
@click.pass_context
def expire(context: click.Context, folder: Path, remove: bool, actor: str, purpose: str, as_json: bool) -> None:
    """Show deliveries that may no longer be kept today, or forget them. Exit code 4 when a delivery is damaged."""
    vault, access, now = open_vault(folder), Access(actor, purpose), clock.now()
    if remove:
        with progress_bars(quiet=as_json) as progress:
            found = erase.expire(vault, access, now, progress)
    else:
        vault.record("list", access, now)
        found = erase.due(vault, now.date())
    word = "Forgotten" if remove else "Over"
    damaged = erase.manifests(vault)[1]
    lines = [f"{word}: {_line(manifest)}" for manifest in found] or ["Nothing is over."]
    result = {"removed": remove, "deliveries": [_as_dict(manifest) for manifest in found], "damaged": list(damaged)}
    emit(result | {"next": _next_end(vault, now.date())}, as_json, "\n".join([*lines, *map(_damaged, damaged)]))
    context.exit(EXIT_UNSOUND if damaged else 0)


def _next_end(vault: Vault, today: date) -> str:
    """The next day after which something may no longer be kept, empty when there is none."""
    ends = (manifest.identity.retain_until for manifest in erase.due(vault, date.max))
    return min((end for end in ends if end >= today.isoformat()), default="")


@command.command("rotate")
@vault_argument
@key_option
@click.option("--new-key", "new_keys", multiple=True, required=True, metavar="SOURCE", help="As --key, from now on.")
@click.option("--quorum", type=click.IntRange(min=1), help="How many of the new keys open it. [default: all]")
@access_options
@json_option
def rotate_command(
    folder: Path,
    keys: tuple[str, ...],
    new_keys: tuple[str, ...],
    quorum: int | None,
    actor: str,
    purpose: str,
    as_json: bool,
) -> None:
    """Give the vault a new key, without rewriting what is sealed. The same call goes on where a killed one was.

    Older backups open with the old key alone. Destroy it when they are no longer needed: that makes them unreadable.
    """
    new = sources_of(new_keys)
    vault = _old_or_new(folder, keys, new)
    with progress_bars(quiet=as_json) as progress:
        vault = rotate(vault, new, quorum or len(new), Access(actor, purpose), clock.now(), progress)
    text = "The vault has a new key. Only older backups open with the old one."
    emit({"root": vault.keyring.current, "deliveries": len(vault.delivery_folders())}, as_json, text)


def _old_or_new(folder: Path, keys: tuple[str, ...], new: list[KeySource]) -> Vault:
    """The vault, which a rotation that was killed has locked with the new key already."""
    try:
        return _with_key(folder, keys)
    except UserError as error:
        if error.detail.code != "vault.key":
            raise
        try:
            return open_vault(folder, new)
        except UserError:
            raise error from None


@command.command("log")
@vault_argument
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many lines to show.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a copy of the whole log.")
@click.option("--head", type=click.Path(path_type=Path, dir_okay=False), help="Write the signed head, for a witness.")
@json_option
def log_command(folder: Path, last: int, out: Path | None, head: Path | None, as_json: bool) -> None:
    """Show the last lines of the access log, verified. Give its head to somebody outside every day.

    A newer copy of the log is what keeps people who have withdrawn from coming back out of a backup.
    """
    vault = open_vault(folder)
    lines = accesslog.read(vault.log)
    if out is not None:
        write_private(out, "".join(line.text() + "\n" for line in lines).encode())
    if head is not None:
        accesslog.write_head(head, accesslog.read_head(folder / accesslog.HEAD_NAME))
    shown = [{"line": line.sequence, **line.event} for line in lines[-last:]]
    emit({"lines": len(lines), "head": lines[-1].hash, "shown": shown}, as_json, "\n".join(map(_log_line, shown)))


def _log_line(event: dict[str, Any]) -> str:
    detail = {name: value for name, value in event.items() if name not in ("line", "at", "actor", "purpose", "kind")}
    detail = {name: value for name, value in detail.items() if name not in ("version", "manifest") and value != ""}
    words = " ".join(f"{name.replace('_', ' ')} {value}" for name, value in detail.items())
    return f"{event['line']:>6}  {event['at']}  {event['kind']:<9}  {event['actor']}: {event['purpose']}" + (
        f"  ({words})" if words else ""
    )


@command.command("backup")
@vault_argument
@click.argument("target", metavar="BACKUP", type=FOLDER)
@key_option
@access_options
@json_option
def backup_command(folder: Path, target: Path, keys: tuple[str, ...], actor: str, purpose: str, as_json: bool) -> None:
    """Copy the vault, as sealed as it is, into the new folder BACKUP."""
    with progress_bars(quiet=as_json) as progress:
        head = backup(_with_key(folder, keys), target, Access(actor, purpose), clock.now(), progress)
    text = f"Copied to {target}. Its log ends with line {head.sequence}.\nTry it: ctdc vault restore {target} --drill"
    emit({"backup": str(target), "head": head.as_dict()}, as_json, text)


@command.command("restore")
@click.argument("source", metavar="BACKUP", type=FOLDER)
@click.argument("target", metavar="VAULT", type=FOLDER, required=False)
@click.option("--log", "log", type=FILE_PATH, help="Newest copy of the access log: who withdrew since stays out.")
@click.option("--no-newer-log", is_flag=True, help="State that there is no newer copy of the log.")
@click.option("--witness", type=FILE_PATH, help="A head that was kept outside; the log must hold its line.")
@click.option("--drill", is_flag=True, help="Restore beside the backup, verify every byte, and remove it again.")
@click.option("--vault", "logged_in", type=FOLDER, help="With --drill: write a line into the log of this vault too.")
@key_option
@access_options
@json_option
def restore_command(
    source: Path,
    target: Path | None,
    log: Path | None,
    no_newer_log: bool,
    witness: Path | None,
    drill: bool,
    logged_in: Path | None,
    keys: tuple[str, ...],
    actor: str,
    purpose: str,
    as_json: bool,
) -> None:
    """Bring BACKUP back as the new folder VAULT, verified, without the people who have withdrawn since."""
    if drill == (target is not None):
        raise click.UsageError("Give the folder VAULT to restore to, or --drill.")
    if logged_in and not drill:
        raise click.UsageError("--vault goes with --drill.")
    access, now, head = Access(actor, purpose), clock.now(), _witness(witness)
    with progress_bars(quiet=as_json) as progress:
        if target is None:
            own = open_vault(logged_in) if logged_in else None
            done = drill_backup(
                source, sources_of(keys), access, now, log=log, witness=head, vault=own, progress=progress
            )
        else:
            done = restore(
                source,
                target,
                sources_of(keys),
                access,
                now,
                log=log,
                no_newer_log=no_newer_log,
                witness=head,
                progress=progress,
            )
    found = done.verified
    lines = [f"{'The backup can be restored' if drill else f'Restored to {target}'}. {_sound(found)}"]
    lines += [f"Stored after the backup was made, and lost: {name}" for name in done.lost]
    emit(_verified_dict(found) | {"lost": list(done.lost), "drill": drill}, as_json, "\n".join(lines))


def _witness(path: Path | None) -> Head | None:
    return accesslog.read_head(path) if path else None


def _sound(found: Verified) -> str:
    opened = "all opened" if found.opened else "not opened: no key was given"
    return (
        f"{_counted(found.lines, 'line')} in the log, {found.deliveries:,} "
        f"{'delivery' if found.deliveries == 1 else 'deliveries'}, {_counted(found.rows, 'row')}, {opened}; "
        f"{_counted(found.withdrawn, 'row')} forgotten."
    )


def _verified_dict(found: Verified) -> dict[str, Any]:
    return {
        "sound": found.sound,
        "lines": found.lines,
        "head": found.head,
        "unsigned": found.unsigned,
        "deliveries": found.deliveries,
        "rows": found.rows,
        "withdrawn": found.withdrawn,
        "opened": found.opened,
        "problems": [{"code": one.code, "where": one.where, "what": one.what} for one in found.problems],
    }


@command.command("verify")
@vault_argument
@click.option("--witness", type=FILE_PATH, help="A head that was kept outside; the log must hold its line.")
@key_option
@access_options
@json_option
@click.pass_context
def verify_command(
    context: click.Context,
    folder: Path,
    witness: Path | None,
    keys: tuple[str, ...],
    actor: str,
    purpose: str,
    as_json: bool,
) -> None:
    """Check the log and every delivery; with the key, open every byte. Exit code 4 when something is wrong."""
    vault = open_vault(folder, sources_of(keys))
    vault = _logged(vault, Access(actor, purpose))
    with progress_bars(quiet=as_json) as progress:
        found = verify(vault, progress, _witness(witness))
    problems = [f"  {one.code}  {one.where}: {one.what}" for one in found.problems]
    text = "\n".join([f"{_counted(len(problems), 'problem')}:", *problems]) if problems else f"Sound. {_sound(found)}"
    emit(_verified_dict(found), as_json, text)
    context.exit(0 if found.sound else EXIT_UNSOUND)


def _logged(vault: Vault, access: Access) -> Vault:
    """The vault, after the line that says so; without its keys when the log is broken: then nothing is opened."""
    try:
        erase.settle(vault, access, clock.now())
        vault.record("verify", access, clock.now())
    except UserError as error:
        if error.detail.code not in ("vault.log_broken", "vault.head"):
            raise
        return Vault(vault.folder, vault.keyring)
    return vault
