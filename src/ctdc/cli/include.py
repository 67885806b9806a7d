"""``ctdc release include``, ``renew`` and ``included``: releases of other hubs, taken over, looked at again, listed."""

from __future__ import annotations

from pathlib import Path

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.errors import Refused, UserError
from ctdc.release.certificate.keys import read_public_key
from ctdc.release.partners.asked import asked
from ctdc.release.partners.copies import look_again, withdraw
from ctdc.release.partners.fetch import MOST_BYTES, Limits
from ctdc.release.partners.hubs import read_hubs, the_hub
from ctdc.release.partners.include import include
from ctdc.release.partners.record import Included
from ctdc.release.partners.sources import source_at
from ctdc.release.tombstones import read_tombstones_of_another

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
SAID = {
    "withdrawn": "withdrawn by its hub",
    "damaged": "no longer what its hub signed",
    "untrusted": "its hub or its key is no longer named",
    "hidden": "hidden here",
}
partners_option = click.option(
    "--partners", type=FOLDER, required=True, help="Folder with partners.toml; what is taken over is kept in it."
)


@click.command("include")
@click.argument("source", metavar="FOLDER|ARCHIVE|ADDRESS")
@click.option("--as", "hub_id", required=True, help="The hub that published it, as partners.toml names it.")
@partners_option
@click.option("--key", type=FILE, help="The hub's public key, to be compared with the one that partners.toml names.")
@click.option(
    "--most-bytes",
    type=click.IntRange(1),
    default=MOST_BYTES,
    show_default=True,
    help="How large the release may be, all of its files together.",
)
@json_option
def include_command(source: str, hub_id: str, partners: Path, key: Path | None, most_bytes: int, as_json: bool) -> None:
    """Take a release of another hub over, from a folder, a zip or tar archive, or its https address.

    Its hub has to be named in partners.toml beforehand. The release is refused unless its certificate is signed with
    that hub's key and every file and number verifies; then it appears whole. This is the one command that fetches it:
    'ctdc site build --partners' shows what was taken over and asks nobody.
    """
    hub = the_hub(read_hubs(partners), hub_id)
    if key is not None and read_public_key(key).id != hub.key:
        raise Refused(
            "include.key",
            f"This key is {read_public_key(key).id}, and partners.toml names {hub.key} for {hub.id}.",
            where=str(key),
            do="Find out from the hub itself which one is theirs; change partners.toml only then.",
        )
    with progress_bars(quiet=as_json) as progress, source_at(source) as found:
        line = include(found, partners, hub, now(), Limits(most_bytes), progress)
    text = (
        f"{line.place(partners)}: published by {line.publisher}, signed by {hub.name} with the key {line.key}.\n"
        f"Show it:  ctdc site build RELEASE... --out DIR --partners {partners}"
    )
    emit(line.as_dict(), as_json, text)


@click.command("renew")
@partners_option
@click.option("--as", "hub_id", help="Only this hub; all that are named when not given.")
@click.option(
    "--withdrawn", type=FILE, help="The hub's withdrawn.json as a file, in place of asking its site; with --as."
)
@json_option
def renew_command(partners: Path, hub_id: str | None, withdrawn: Path | None, as_json: bool) -> int:
    """Ask the other hubs which of their releases they have withdrawn, and verify every copy again.

    What was withdrawn is removed and published no more; what no longer verifies, or is of a hub that is no longer
    named, is published no more either, and comes back when it is mended. Exit code 4 when anything is gone.
    """
    if withdrawn is not None and hub_id is None:
        raise click.UsageError("Say with --as whose withdrawn releases these are.")
    hubs = read_hubs(partners)
    wanted = [the_hub(hubs, hub_id)] if hub_id else list(hubs.values())
    unanswered = {}
    for hub in wanted:
        try:
            stones = read_tombstones_of_another(withdrawn) if withdrawn else asked(hub, partners)
            withdraw(partners, hub, stones, now())
        except Refused:
            raise
        except UserError as error:
            if withdrawn is not None:
                raise
            unanswered[hub.id] = error.detail.what
    with progress_bars(quiet=as_json) as progress:
        lines = look_again(partners, progress)
    said = [_line(line) for line in lines]
    said += [
        f"{name} was not heard: {what} What was taken over from it stays as it is." for name, what in unanswered.items()
    ]
    result = {"releases": [line.as_dict() for line in lines], "unanswered": unanswered}
    emit(result, as_json, "\n".join(said) or "Nothing was taken over yet.")
    return 4 if unanswered or any(line.gone for line in lines) else 0


@click.command("included")
@partners_option
@json_option
def included_command(partners: Path, as_json: bool) -> None:
    """List the releases of other hubs that were taken over, each verified again. Asks nobody and changes nothing."""
    with progress_bars(quiet=as_json) as progress:
        lines = look_again(partners, progress)
    said = "\n".join(map(_line, lines))
    emit({"releases": [line.as_dict() for line in lines]}, as_json, said or "Nothing was taken over yet.")


def _line(line: Included) -> str:
    state = "verified" if line.gone is None else f"NOT PUBLISHED: {SAID[line.gone.reason]}"
    return f"{timestamp(line.included)}  {line.hub}  {line.folder}  {state}"
