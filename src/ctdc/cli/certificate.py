"""``ctdc certificate``: the publisher's keys, and the certificate of a release: sign it, check it, read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.foundation.errors import UserError
from ctdc.release.certificate.check import NONE, UNSIGNED
from ctdc.release.certificate.file import certify, read_certificate
from ctdc.release.certificate.keys import PUBLIC_END, make_key, read_public_key, read_signing_key
from ctdc.release.certificate.words import certificate_sections
from ctdc.release.document import Section
from ctdc.release.manifest import CERTIFICATE, read_manifest
from ctdc.release.verify import require_verified, verify
from ctdc.standard.languages import DEFAULT, LANGUAGES
from ctdc.workflow.evidence import evidence_for

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
Function = TypeVar("Function", bound=Callable[..., Any])

signing_key_option = click.option(
    "--signing-key", type=FILE, help="Sign the certificate with this key ('ctdc certificate key')."
)


def evidence_options(function: Function) -> Function:
    """The options of what a certificate says from beside the release."""
    for option in (
        click.option("--twin", type=FILE, help="Errors on a simulated twin, for the certificate (ctdc-twin/1, JSON)."),
        click.option("--audit", type=FILE, help="JSON report of 'ctdc attack audit', for the certificate."),
        click.option("--ledger", type=FILE, help="The ledger that was charged: what was spent before and after."),
    ):
        function = option(function)
    return function


def signed_sentence(signed: str) -> str:
    """Who signed a release that verifies, as a sentence. signed: see `VerifyReport.signed`."""
    if signed == NONE:
        return "It has no certificate: it is from before there were any."
    if signed == UNSIGNED:
        return "Its certificate is not signed: nobody vouches for it."
    return f"Its certificate is signed with the key {signed}."


def verify_and_say(folder: Path, public_key: Path | None, as_json: bool) -> int:
    """Verify a release, print what was found, and return the exit code."""
    key = None if public_key is None else read_public_key(public_key)
    with progress_bars(quiet=as_json) as progress:
        report = verify(folder, progress, key)
    lines = []
    for check in report.checks:
        lines.append(f"{'ok   ' if not check.problems else 'WRONG'}  {check.name}")
        lines.extend(f"         {problem.where}: {problem.what}" for problem in check.problems)
    if report.ok:
        whose = ", the one that you gave" if key else ""
        compared = "" if key or report.signed in (NONE, UNSIGNED) else " Whose key that is, --public-key would tell."
        said = [f"The release verifies. {signed_sentence(report.signed)[:-1]}{whose}.{compared}"]
    else:
        said = [f"{len(report.problems)} problems: do not use this copy."]
    emit(report.as_dict(), as_json, "\n".join([*lines, "", *said, f"id {report.id}"]))
    return 0 if report.ok else 4


@click.group()
def command() -> None:
    """Sign releases, and check who signed one: keys, signatures, and what a certificate says."""


@command.command("key")
@click.option("--out", type=FILE, required=True, help="File for the secret key; the public one gets the end .pub.")
@json_option
def key_command(out: Path, as_json: bool) -> None:
    """Make a publisher's key: a secret one to sign with, and a public one to give to everybody.

    Keep the secret key where its backup is too, and out of every folder that is published. Make the fingerprint known
    where readers already trust you.
    """
    public = make_key(out)
    shown = out.with_name(out.name + PUBLIC_END)
    text = f"Secret key: {out} (only you can read it)\nPublic key: {shown}\nFingerprint: {public.id}"
    emit({"secret": str(out), "public": str(shown), "fingerprint": public.id}, as_json, text)


@command.command("sign")
@click.argument("release", type=FOLDER)
@click.option("--signing-key", type=FILE, required=True, help="The secret key that 'ctdc certificate key' made.")
@evidence_options
@click.option("--again", is_flag=True, help="Replace a signature that is there, because more is known now.")
@json_option
def sign_command(
    release: Path,
    signing_key: Path,
    ledger: Path | None,
    audit: Path | None,
    twin: Path | None,
    again: bool,
    as_json: bool,
) -> None:
    """Sign the certificate of RELEASE, which is verified first. Nothing else in the folder changes.

    A ledger, an audit and a twin that are given are stated. What its certificate stated before stays only if the same
    key has signed it: give again what nobody had signed.
    """
    key = read_signing_key(signing_key)
    with progress_bars(quiet=as_json) as progress:
        require_verified(release, progress)
    certificate = certify(release, evidence_for(release, ledger, audit, twin), key, again=again)
    _, manifest = read_manifest(release)
    signature = certificate.signature
    shown = "" if signature is None else signature.key.id
    text = f"{release / CERTIFICATE} is signed with the key {shown}."
    emit({"certificate": str(release / CERTIFICATE), "id": manifest.id, "key": shown}, as_json, text)


@command.command("verify")
@click.argument("release", type=FOLDER)
@click.option("--public-key", type=FILE, required=True, help="The publisher's key, from a place that you trust.")
@json_option
def verify_command(release: Path, public_key: Path, as_json: bool) -> int:
    """Check that RELEASE is whole and that its certificate is signed with the publisher's key. Exit code 4 if not.

    The signature covers the certificate, the certificate the manifest, and the manifest every file.
    """
    return verify_and_say(release, public_key, as_json)


def _lines(section: Section) -> list[str]:
    """A section as plain text."""
    lines = [section.heading, *section.paragraphs, *(f"* {bullet}" for bullet in section.bullets)]
    if section.table:
        lines += ["  ".join(section.table.headers), *("  ".join(row) for row in section.table.rows)]
    return [*lines, ""]


@command.command("show")
@click.argument("release", type=FOLDER)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default=DEFAULT, show_default=True, help="Language of the words."
)
@json_option
def show_command(release: Path, language: str, as_json: bool) -> None:
    """Say in plain words what the certificate of RELEASE states. Nothing is verified."""
    certificate = read_certificate(release)
    if certificate is None:
        raise UserError(
            "certificate.missing",
            "This release has no certificate.",
            where=str(release),
            do="Sign it: ctdc certificate sign RELEASE --signing-key FILE",
        )
    sections = certificate_sections(language, certificate)
    text = "\n".join(line for section in sections for line in _lines(section))
    emit(dict(certificate.content), as_json, text.rstrip())
