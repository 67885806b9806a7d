"""``ctdc usage``: totals of use where nginx answers, without anything about who reads."""

from __future__ import annotations

from pathlib import Path

import click

from ctdc.cli.common import emit, json_option
from ctdc.foundation.errors import UserError
from ctdc.hub.usage.lines import add_lines, nginx_maps


@click.group()
def command() -> None:
    """Count how much the site is used, where nginx answers for its pages."""


@command.command("nginx")
def nginx_command() -> None:
    """Print what nginx needs to write a day, a kind of page, a language and a status, and nothing about who reads."""
    click.echo(nginx_maps(), nl=False)


@command.command("add")
@click.argument("log", metavar="LOG", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--into",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of totals, the one of 'ctdc serve --usage'.",
)
@json_option
def add_command(log: Path, folder: Path, as_json: bool) -> None:
    """Add the lines that nginx wrote into LOG to the totals, and empty LOG."""
    try:
        added = add_lines(log, folder)
    except OSError as error:
        raise UserError("usage.write", f"The lines cannot be counted: {error.strerror}.", where=str(log)) from None
    more = f" Left out, being something else: {added.other:,}." if added.other else ""
    emit({"counted": added.counted, "other": added.other}, as_json, f"Lines counted: {added.counted:,}.{more}")
