"""``ctdc collaborative``: what is served here, and whether it is whole."""

from __future__ import annotations

import click

from ctdc.cli.common import emit, json_option
from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import UserError
from ctdc.hub.collaborative import Checked, check
from ctdc.release.texts import Catalogue, rooms


@click.group()
def command() -> None:
    """The collaborative that is served here: its field, languages and parts."""


@command.command()
@json_option
def show(as_json: bool) -> None:
    """Say which collaborative is served, and where its parts lie."""
    one = current()
    parts = {name: None if (place := one.part(name)) is None else str(place) for name in one.places}
    lines = [
        f"{one.names[one.default_language]} ({one.id}), in {', '.join(one.languages)}",
        f"Folder: {one.folder}",
        "",
    ]
    lines += [f"  {name:<13} {place or 'none'}" for name, place in parts.items()]
    document = {"id": one.id, "folder": str(one.folder), "languages": list(one.languages), "parts": parts}
    emit(document, as_json, "\n".join(lines))


@command.command(name="check")
@json_option
def check_command(as_json: bool) -> None:
    """Read every part of the collaborative as it will be used, and say what is wrong, where, and what to do.

    Exit code 3 if anything is.
    """
    found = list(check(current()))
    wrong = [error for one in found for error in one.faults]
    document = {
        "parts": {one.part: one.found for one in found},
        "faults": [{"part": one.part, **error.detail.as_dict()} for one in found for error in one.faults],
    }
    emit(document, as_json, "\n".join(_lines(found, len(wrong))))
    if wrong:
        raise click.exceptions.Exit(UserError.exit_code)


def _lines(found: list[Checked], wrong: int) -> list[str]:
    lines = []
    for one in found:
        lines.append(f"{'wrong' if one.faults else 'right':<6} {one.part:<13} {one.found}")
        for error in one.faults:
            first, *rest = error.detail.lines()
            lines += [f"       {first}", *(f"         {line}" for line in rest)]
    lines += ["", f"{wrong} faults." if wrong else "Everything fits together. Next: ctdc run plan.toml"]
    return lines


@command.command()
@click.argument("room", required=False)
@json_option
def texts(room: str | None, as_json: bool) -> None:
    """List the texts that a collaborative can put its own words in the place of: of one ROOM, or how many of each."""
    language = current().default_language
    if room is None:
        counted = {name: len(Catalogue(folder).messages(language)) for name, folder in rooms().items()}
        emit(counted, as_json, "\n".join(f"{number:>5}  {name}" for name, number in counted.items()))
        return
    if room not in rooms():
        raise UserError("collaborative.room", f"There is no room {room!r}.", allowed=", ".join(rooms()))
    messages = dict(Catalogue(rooms()[room]).messages(language))
    emit(messages, as_json, "\n".join(f"{key}: {text}" for key, text in messages.items()))
