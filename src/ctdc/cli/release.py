"""``ctdc release``: build, verify and list releases."""

from __future__ import annotations

from pathlib import Path

import click

from ctdc.cli.certificate import (
    evidence_options,
    signed_sentence,
    signing_key_option,
    verify_and_say,
)
from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.cli.include import include_command, included_command, renew_command
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.errors import UserError
from ctdc.release.build import build
from ctdc.release.certificate.check import state
from ctdc.release.certificate.keys import read_signing_key
from ctdc.release.info import ReleaseInfo
from ctdc.release.linked import TableNames
from ctdc.release.manifest import Manifest, read_manifest
from ctdc.release.store import list_releases
from ctdc.workflow.evidence import evidence_for

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def command() -> None:
    """Build, verify and list releases: the immutable folders that are published."""


for _command in (include_command, renew_command, included_command):
    command.add_command(_command)


def _titles(pairs: tuple[str, ...]) -> dict[str, str]:
    titles = {}
    for pair in pairs:
        language, equals, title = pair.partition("=")
        if not equals or not title:
            raise UserError("release.title", f"{pair!r} is not a title.", allowed="--title en='A title', per language")
        titles[language.strip()] = title.strip()
    return titles


@command.command("build")
@click.argument("protected", type=FOLDER)
@click.option("--store", type=FOLDER, required=True, help="Folder of releases; the new one is made in it.")
@click.option("--name", required=True, help="Start of the release's folder name, such as global-2026.")
@click.option("--profile", help="Profile of the standard whose labels the code book carries, such as synthetic-2024.")
@click.option("--previous", type=FOLDER, help="The release before this one, for the list of changes.")
@click.option("--simulated", is_flag=True, help="The people were invented; every page will say so.")
@click.option("--title", "titles", multiple=True, help="Title in one language: en='A title'. Repeat for others.")
@click.option("--edition", default="", help="Your own edition label, such as 2026.1.")
@click.option("--publisher", default="", help="Who publishes; the collaborative when not given.")
@click.option("--terms", default="", help="Licence, or address of the terms of use.")
@click.option("--source", "sources", multiple=True, help="A contributor, as it wishes to be named. Repeat for others.")
@click.option("--url", default="", help="Address at which the release will be published.")
@click.option("--contact", default="", help="Where faults in the data are reported.")
@click.option(
    "--tables",
    nargs=2,
    metavar="MAIN LINKED",
    help="What the files of linked tables are called, such as households members. Default: the profile's names.",
)
@signing_key_option
@evidence_options
@json_option
def build_command(
    protected: Path,
    store: Path,
    name: str,
    profile: str | None,
    previous: Path | None,
    simulated: bool,
    titles: tuple[str, ...],
    edition: str,
    publisher: str,
    terms: str,
    sources: tuple[str, ...],
    url: str,
    contact: str,
    tables: tuple[str, str] | None,
    signing_key: Path | None,
    ledger: Path | None,
    audit: Path | None,
    twin: Path | None,
    as_json: bool,
) -> None:
    """Make a release of the folder PROTECTED that 'ctdc protect' wrote."""
    key = None if signing_key is None else read_signing_key(signing_key, store)
    info = ReleaseInfo(
        name=name,
        simulated=simulated,
        profile=profile,
        titles=_titles(titles),
        publisher=publisher,
        version=edition,
        terms=terms,
        sources=sources,
        url=url,
        contact=contact,
        tables=TableNames(*tables) if tables else None,
    )
    evidence = evidence_for(protected, ledger, audit, twin) if any((ledger, audit, twin)) else None
    with progress_bars(quiet=as_json) as progress:
        folder = build(protected, store, info, previous, now(), progress, evidence, key)
    _, manifest = read_manifest(folder)
    signed = state(folder)
    facts = {"id": manifest.id, "rows": manifest.rows, "files": len(manifest.files), "signed": signed}
    lines = [f"Release {folder}: {manifest.rows:,} records, {len(manifest.files)} files.", signed_sentence(signed)]
    emit({"folder": str(folder), **facts}, as_json, "\n".join(lines))


@command.command("verify")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option(
    "--public-key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The publisher's key: the certificate must be signed with it.",
)
@json_option
def verify_command(folder: Path, public_key: Path | None, as_json: bool) -> int:
    """Check that the release in DIR is whole, unchanged and consistent. Exit code 4 if it is not."""
    return verify_and_say(folder, public_key, as_json)


def _line(folder: Path, manifest: Manifest) -> str:
    facts = [f"{manifest.rows:,} records", f"epsilon {manifest.privacy['epsilon']:g}"]
    if manifest.info.simulated:
        facts.append("simulated")
    return f"{timestamp(manifest.created)}  {folder.name}  {', '.join(facts)}"


@command.command("list")
@click.argument("store", metavar="STORE", type=FOLDER)
@json_option
def list_command(store: Path, as_json: bool) -> None:
    """List the releases in the folder STORE, oldest first. Nothing is verified."""
    releases = list_releases(store)
    result = [
        {
            "folder": str(folder),
            "id": manifest.id,
            "created": timestamp(manifest.created),
            "rows": manifest.rows,
            "epsilon": manifest.privacy["epsilon"],
            "delta": manifest.privacy["delta"],
            "simulated": manifest.info.simulated,
        }
        for folder, manifest in releases
    ]
    lines = [_line(folder, manifest) for folder, manifest in releases]
    emit({"releases": result}, as_json, "\n".join(lines) or "No releases yet.")
