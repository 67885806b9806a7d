"""Writes docs/reference/cli.md from the commands themselves; a test compares the two, so that it cannot drift.

Run as ``python -m ctdc.cli.reference FILE`` ('make docs').
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ctdc.cli.main import COMMANDS, ctdc
from ctdc.foundation.files import write_text

HEAD = """# Command line reference

<!-- Written by 'make docs' from the commands' own help; do not edit. -->

Every command has `--help`. Results go to standard output, progress and errors to standard error, and with `--json`
the result, or the error, is one JSON object on standard output.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a fault of the software, with its traceback: please report it |
| 2 | the command line itself is wrong |
| 3 | an input is wrong; the message says which, what is allowed and what to do |
| 4 | a rule of the collaborative says no (budget exceeded, release not verified, delivery held back) |
| 130 | stopped by you; nothing is left half written |
"""


def walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below and including `command`, with the words that call it, in the order of the help."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from walk(below, (*path, name))


def documented() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of ``ctdc`` but the top, with the words that call it."""
    context = click.Context(ctdc)
    for name in COMMANDS:
        command = ctdc.get_command(context, name)
        if command is not None:
            yield from walk(command, ("ctdc", name))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _default(option: click.Parameter) -> str:
    """The default as people should read it; none for flags that are off and for what is computed."""
    value = option.default
    shown = isinstance(value, str | int | float) and value is not False and value != ""
    return f" Default: `{value}`." if shown else ""


def _parameter(parameter: click.Parameter) -> str:
    """One row of the table of arguments and options."""
    if isinstance(parameter, click.Option):
        names = ", ".join((*parameter.opts, *parameter.secondary_opts))
        hint = "" if parameter.is_flag else f" {_metavar(parameter)}"
        required = " Required." if parameter.required else ""
        return f"| `{_cell(names + hint)}` | {_cell((parameter.help or '') + required + _default(parameter))} |"
    optional = "" if parameter.required else " Optional."
    return f"| `{_cell(_metavar(parameter))}` | Argument.{optional} |"


def _metavar(parameter: click.Parameter) -> str:
    if parameter.metavar:
        return parameter.metavar
    if isinstance(parameter.type, click.Choice):
        return "|".join(str(choice) for choice in parameter.type.choices)
    if isinstance(parameter, click.Argument):
        return (parameter.name or "").upper()
    return parameter.type.name.upper().removesuffix(" RANGE")


def _section(path: tuple[str, ...], command: click.Command) -> str:
    level = "#" * len(path)
    lines = [f"{level} {' '.join(path)}", "", inspect.cleandoc(command.help or ""), ""]
    parameters = [one for one in command.params if not getattr(one, "hidden", False)]
    if parameters:
        lines += [
            "| argument or option | meaning |",
            "|---|---|",
            *(_parameter(parameter) for parameter in parameters),
            "",
        ]
    return "\n".join(lines)


def reference() -> str:
    """The whole page."""
    return HEAD + "\n" + "\n".join(_section(path, command) for path, command in documented())


def main(path: str) -> None:
    """Write the page to `path`."""
    write_text(Path(path), reference().rstrip() + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
