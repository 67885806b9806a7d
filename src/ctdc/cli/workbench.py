"""``ctdc workbench``: protect one table in the browser, without code."""

from __future__ import annotations

import os
from pathlib import Path

import click
import uvicorn

from ctdc.hub.workbench.application import workbench
from ctdc.hub.workbench.door import new_token
from ctdc.hub.workbench.here import listening, new_host
from ctdc.hub.workbench.project import held, open_project
from ctdc.hub.workbench.runs import tidy

MEGABYTE = 1_000_000


@click.command(epilog="Example: ctdc workbench my-table")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", default=8790, show_default=True, type=click.IntRange(1, 65_535), help="Port to listen on.")
@click.option(
    "--most-megabytes", default=2_000, show_default=True, type=click.IntRange(1, 1_000_000), help="Size of a file."
)
def command(folder: Path, port: int, most_megabytes: int) -> None:
    """Open the workbench on the project in FOLDER, which is made if it is missing.

    For one sensitive table and no code: give a file, say what its columns are, see the risk today, plan epsilon, run,
    compare, explore, and download what may be published. It listens on this machine only, and only the browser that
    opens the printed address gets in. Everything stays in FOLDER, for your eyes only.
    """
    os.umask(0o077)
    project = open_project(folder)
    with held(project), listening(port) as listeners:
        tidy(project)
        token, host = new_token(), new_host()
        app, explorers = workbench(project, token, host, port, most_megabytes * MEGABYTE)
        click.echo(f"Open http://{host}:{port}/?key={token}   (Ctrl+C stops; a run that is going on goes on)")
        config = uvicorn.Config(app, log_level="critical", access_log=False, server_header=False)
        try:
            uvicorn.Server(config).run(sockets=listeners)
        finally:
            explorers.close()
