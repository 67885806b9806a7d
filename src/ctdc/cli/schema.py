"""``ctdc schema``: drafts of schemas for tables that are not the standard's."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ctdc.cli.common import delimiter_option, emit, json_option
from ctdc.foundation.files import write_text
from ctdc.table.infer import draft_declaration

WARNING = (
    "This schema was taken from the records themselves. A list of codes that depends on who is in the data can give "
    "a person away, and it is OUTSIDE the privacy guarantee; so are bands that follow the smallest and largest value. "
    "Before you use it, replace each list by the codes that your code book allows, whether or not they occur, and each "
    "band by one that you would have chosen without the data."
)


@click.group()
def command() -> None:
    """Schemas of tables that are not the standard's."""


@command.command(epilog="Example: ctdc schema infer table.csv --out schema.json")
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File to write; printed when left out.")
@click.option("--max-codes", type=int, default=300, show_default=True, help="Refuse columns with more values.")
@click.option("--subject-id", default="", help="Column that says whose row it is; it is no variable.")
@delimiter_option
@json_option
def infer(table: Path, out: Path | None, max_codes: int, subject_id: str, delimiter: str, as_json: bool) -> None:
    """Draft a Table Schema from the values in TABLE (csv or parquet).

    Cells with ; or | are taken for several codes, dates and many different numbers are put into bands. A draft only:
    a domain that is inferred from sensitive records is outside the privacy guarantee.
    """
    document = draft_declaration(table, max_codes, subject_id, delimiter) | {"description": WARNING}
    text = json.dumps(document, ensure_ascii=False, indent=1)
    click.echo(click.style("Warning: ", fg="yellow", bold=True) + WARNING, err=True)
    if out is None:
        click.echo(text)
        return
    write_text(out, text + "\n")
    emit({"schema": str(out), "fields": len(document["fields"])}, as_json, f"Draft written to {out}. Edit it first.")
