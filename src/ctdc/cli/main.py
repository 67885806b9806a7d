"""The ``ctdc`` command: finds the module of each subcommand and turns errors into messages and exit codes.

Promise: a subcommand's module is imported only when it is used, so ``ctdc --help`` is immediate; people see
what was wrong and what to do, never a traceback, unless the fault is ours. Exit codes: 0 done, 1 our fault,
2 the command line itself, 3 input, 4 refused by a rule, 130 cancelled.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

import click

from ctdc.foundation.collaborative import CHOSEN, current, find
from ctdc.foundation.errors import Cancelled, UserError

# Name -> (module, one line for --help). The module has a click command or group named `command`.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("ctdc.cli.demo", "Invented people, the whole way, and their site on this machine."),
    "init": ("ctdc.cli.init", "A new collaborative, for another field or country, by configuration."),
    "collaborative": ("ctdc.cli.collaborative", "Which collaborative is served here, and whether it is whole."),
    "run": ("ctdc.cli.run", "The whole way: deliveries to a verified release; resumes after a kill."),
    "simulate": ("ctdc.cli.simulate", "Invent case files of five contributors, for development and demonstration."),
    "intake": ("ctdc.cli.intake", "Check a contributor's file, or harmonise it to the standard."),
    "vault": ("ctdc.cli.vault", "Seal deliveries and cases, read them with a reason, forget people, back up."),
    "plan": ("ctdc.cli.plan", "How exact protected counts would be, before any budget is spent."),
    "protect": ("ctdc.cli.protect", "Replace case records by protected counts and synthetic records."),
    "anonymise": ("ctdc.cli.anonymise", "Make a table k-anonymous, to compare with; that is no guarantee."),
    "compare": ("ctdc.cli.compare", "Ways of making a table anonymous, side by side: losses, errors, attacks."),
    "schema": ("ctdc.cli.schema", "Schemas of tables that are not the standard's."),
    "ledger": ("ctdc.cli.ledger", "Show or verify what privacy budget has been spent."),
    "release": ("ctdc.cli.release", "Build, verify and list releases."),
    "certificate": ("ctdc.cli.certificate", "Sign releases, and check who signed one."),
    "site": ("ctdc.cli.site", "Build the public site of one or several releases."),
    "feedback": ("ctdc.cli.feedback", "Read and answer what readers sent through the site."),
    "usage": ("ctdc.cli.usage", "Totals of how much the site is used, where nginx answers for its pages."),
    "studio": ("ctdc.cli.studio", "The private side of a hub: deliveries, reviews, stories."),
    "workbench": ("ctdc.cli.workbench", "Protect one table in the browser, step by step, without code."),
    "serve": ("ctdc.cli.serve", "Show a release as a web page on this machine."),
    "evaluate": ("ctdc.cli.evaluate", "What a release is worth, against the true cases; never to be published."),
    "attack": ("ctdc.cli.attack", "Attacks on ourselves: does the engine keep what it claims?"),
    "standard": ("ctdc.cli.standard", "The variables, codes and labels of the standard."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module when it is called, and lists them without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]}.command is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of subcommands for --help, from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _serve(_: click.Context, __: click.Parameter, folder: Path | None) -> None:
    """Choose the collaborative before any module asks for it. The environment tells processes that are started, too."""
    if folder is None:
        return
    chosen = find(str(folder), Path.cwd())
    if "ctdc.standard.languages" in sys.modules and chosen != current().folder:
        raise UserError(
            "collaborative.settled",
            f"This process serves {current().folder} already.",
            do="Start a process of its own for each collaborative.",
        )
    os.environ[CHOSEN] = str(chosen)
    current.cache_clear()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ctdc", prog_name="ctdc")
@click.option(
    "--collaborative",
    type=click.Path(path_type=Path),
    callback=_serve,
    expose_value=False,
    is_eager=True,
    help="Folder of the collaborative to serve. Default: CTDC_COLLABORATIVE, or the one in this folder or above it.",
)
def ctdc() -> None:
    """The open Counter-Trafficking Data Collaborative.

    From contributors' case files to a protected, published release. Start with 'ctdc demo', or with
    'ctdc intake check FILE --mapping DIR', which stores and sends nothing.
    """


def _report(error: UserError, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"error": error.detail.as_dict()}, ensure_ascii=False))
    else:
        first, *rest = error.detail.lines()
        click.echo(click.style("Error: ", fg="red", bold=True) + first, err=True)
        for line in rest:
            click.echo("  " + line, err=True)
    return error.exit_code


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit the process."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        result = ctdc.main(arguments, prog_name="ctdc", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except UserError as error:
        code = _report(error, as_json="--json" in arguments)
    except OSError as error:
        named = str(error.filename or "")
        fault = UserError("system", f"The system refused: {error.strerror or error}.", where=named)
        code = _report(fault, as_json="--json" in arguments)
    except (KeyboardInterrupt, click.Abort):
        code = _report(Cancelled("cancelled", "Stopped by you. Nothing was left half written."), "--json" in arguments)
    sys.exit(code)


if __name__ == "__main__":
    main()
