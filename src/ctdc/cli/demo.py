"""``ctdc demo``: a whole collaborative of invented people, from nothing to a site on this machine.

It needs nothing but what is installed with the program: no network, no other program, no file.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.cli.run import PLAN_OPTIONS, Terminal, plan_of_options
from ctdc.hub.server import run as serve
from ctdc.hub.server import site_and_service
from ctdc.hub.site.documentation import shipped
from ctdc.hub.site.export import export_site
from ctdc.hub.site.serve import bind
from ctdc.workflow.config import DEMO_CASES, DEMO_SEED
from ctdc.workflow.run import run

PORT = 8765
HOST = "127.0.0.1"


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default="demo",
    help="Folder for everything. What is finished there already is not made again.",
)
@click.option("--cases", type=click.IntRange(1), default=DEMO_CASES, show_default=True, help="People to invent.")
@click.option("--length", type=click.IntRange(1, 4), help="Longest combinations that are measured. Default: 3.")
@click.option("--port", type=click.IntRange(1, 65_535), default=PORT, show_default=True, help="Port to show it on.")
@click.option("--no-serve", is_flag=True, help="End when the site is built.")
@json_option
def command(out: Path, cases: int, length: int | None, port: int, no_serve: bool, as_json: bool) -> None:
    """Invent five organisations' case files, go the whole way to a release, and show its site on this machine.

    Everybody is invented. The same command again finds what is finished, and shows it at once.
    """
    with ExitStack() as closing:
        # The port comes first: it is quick, and making all of it for a port that is taken is not.
        listener = None if no_serve else closing.enter_context(bind(HOST, port))
        result = run(plan_of_options(_options(out, cases, length)), Terminal(as_json))
        with progress_bars(quiet=as_json) as progress:
            site = export_site([result.latest.resolve()], out / "site", progress=progress, documentation=shipped())
        emit(result.as_dict() | {"site": str(site.out)}, as_json, _summary(site.out, listener is None))
        if listener is not None:
            click.echo(f"Open http://{HOST}:{port}/en/   (Ctrl+C stops)", err=as_json)
            serve(site_and_service(site.out), listener)


def _options(out: Path, cases: int, length: int | None) -> dict[str, Any]:
    """What 'ctdc run --demo' would have been given."""
    given = {"target": None, "demo": True, "cases": cases, "simulation_seed": DEMO_SEED, "out": out, "length": length}
    return dict.fromkeys(PLAN_OPTIONS) | given


def _summary(site: Path, ended: bool) -> str:
    look = f"Look at it:  ctdc serve {site}" if ended else ""
    return "\n".join(filter(None, ("", f"Everybody on this site is invented. It is in {site}.", look)))
