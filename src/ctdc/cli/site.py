"""``ctdc site``: the public site of one or several releases."""

from __future__ import annotations

from pathlib import Path

import click

from ctdc.cli.common import emit, json_option, progress_bars
from ctdc.hub.site.documentation import shipped
from ctdc.hub.site.export import Export, export_site

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def command() -> None:
    """Build the public site of one or several releases."""


def _summary(result: Export) -> str:
    count = len(result.releases)
    taken = [f"Of other hubs: {len(result.included)} shown apart."] if result.included else []
    taken += [f"Not published any more: {folder} ({reason})." for folder, reason in result.gone]
    return "\n".join(
        (
            f"The site of {count} release{'s' * (count != 1)} is in {result.out}: {result.pages} pages, "
            f"{result.rendered} of them rendered anew.",
            *taken,
            f"Look at it:  ctdc serve {result.out}",
        )
    )


@command.command("build")
@click.argument("releases", metavar="RELEASE...", nargs=-1, type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Folder of the site; one that is there is replaced when done.")
@click.option("--url", default="", help="Where it will be published, such as https://data.example.org.")
@click.option(
    "--answers",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File of what readers said and what was done, which 'ctdc feedback answer' writes.",
)
@click.option(
    "--withdrawn",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File of releases that were withdrawn (withdrawn.json), each of which gets a page that says when and why.",
)
@click.option(
    "--content",
    type=FOLDER,
    help="Folder of what editors wrote: 'stories', 'about' or both, in the place of those that are shipped.",
)
@click.option(
    "--partners",
    type=FOLDER,
    help="Folder of releases that were taken over from other hubs ('ctdc release include'), which stand apart.",
)
@json_option
def build_command(
    releases: tuple[Path, ...],
    out: Path,
    url: str,
    answers: Path | None,
    withdrawn: Path | None,
    content: Path | None,
    partners: Path | None,
    as_json: bool,
) -> None:
    """Make static pages of the folders RELEASE..., the newest of them at the front, in five languages.

    Every release is verified first; one that does not verify is not shown. Give all releases each time: one that is
    left out leaves the site. Pages that would come out the same are taken over from the site that is there, and that
    site stays until the new one is whole.
    """
    with progress_bars(quiet=as_json) as progress:
        result = export_site(releases, out, url, progress, answers, withdrawn, content, shipped(), partners)
    emit(result.as_dict(), as_json, _summary(result))
