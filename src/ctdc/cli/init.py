"""``ctdc init``: a new collaborative, for any field or country."""

from __future__ import annotations

from pathlib import Path

import click

from ctdc.cli.common import emit, json_option
from ctdc.workflow.new_collaborative import SOURCES, make_collaborative


@click.command()
@click.argument("name", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Choice(list(SOURCES)),
    default="example",
    show_default=True,
    help="What it begins as: the example (accidents at work, invented), or counter-trafficking.",
)
@click.option(
    "--language", "languages", multiple=True, help="Languages, the default first. [default: all it begins with]"
)
@json_option
def command(name: Path, source: str, languages: tuple[str, ...], as_json: bool) -> None:
    """Make the folder NAME: a collaborative of your own, by configuration.

    It holds a standard, mappings, texts, pages, stories, colours, agreement templates and a recipe for invented cases,
    and runs as it is. Change its files one by one; 'ctdc collaborative check' says what does not fit together.
    """
    made = make_collaborative(name, source, languages)
    text = "\n".join(
        (
            f"Made {made.folder}, in {', '.join(made.languages)}. Everything in it may be changed.",
            "",
            f"  cd {name}",
            "  ctdc collaborative check",
            "  ctdc run plan.toml",
            "  ctdc serve first/latest",
        )
    )
    emit({"folder": str(made.folder), "id": made.id, "languages": list(made.languages)}, as_json, text)
