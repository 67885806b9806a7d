"""``ctdc serve``: show a release as a web page on this machine."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from ctdc.cli.common import progress_bars
from ctdc.foundation.errors import UserError
from ctdc.hub.server import run, site_and_service
from ctdc.hub.site.build import MARKER, build_site
from ctdc.hub.site.documentation import shipped
from ctdc.hub.site.serve import bind
from ctdc.hub.usage.counting import Counting, Usage
from ctdc.release.manifest import MANIFEST
from ctdc.release.verify import require_verified


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535), help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--feedback",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder in which readers' messages are kept; without it none are taken.",
)
@click.option(
    "--usage",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for totals of each day by kind of page, with nothing about who reads; without it nothing is counted.",
)
def command(folder: Path, port: int, host: str, feedback: Path | None, usage: Path | None) -> None:
    """Show the release, or the built pages, in DIR as a web site on this machine.

    The counts service answers beside the pages, below /api/v1/. A release is verified first; one that does not verify
    is not shown.
    """
    if not (folder / MANIFEST).is_file() and not (folder / MARKER).is_file():
        raise UserError(
            "serve.not_a_release",
            f"{folder} is neither a release nor built pages.",
            do="Give a folder that 'ctdc release build' made; 'ctdc release list STORE' shows them.",
        )
    # The port comes first: it is quick, and verifying and rendering for nothing is not.
    _check_apart(folder, feedback, "--feedback")
    _check_apart(folder, usage, "--usage")
    with (
        bind(host, port) as listener,
        tempfile.TemporaryDirectory(prefix="ctdc-site-") as temporary,
        ExitStack() as counting,
    ):
        pages = folder
        if (folder / MANIFEST).is_file():
            with progress_bars() as progress:
                require_verified(folder, progress)
                pages = build_site(folder, Path(temporary) / "site", progress, documentation=shipped())
        shown = f"[{host}]" if ":" in host else host
        app = site_and_service(pages, feedback)
        if usage is not None:
            app = Counting(app, counting.enter_context(Usage(usage)))
        click.echo(f"Open http://{shown}:{port}/en/   (Ctrl+C stops; counts for programs: /api/v1/releases)")
        run(app, listener)


def _check_apart(folder: Path, private: Path | None, option: str) -> None:
    """Raises UserError (``serve.feedback_place``, ``serve.usage_place``) for what would lie among what all can read."""
    if private is not None and private.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"serve.{option.removeprefix('--')}_place",
            f"{private} is inside {folder}, which everybody can read.",
            where=option,
            do="Choose a folder elsewhere.",
        )
