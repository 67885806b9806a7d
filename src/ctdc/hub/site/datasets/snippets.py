"""Lines with which people open a release's records in the program that they know.

Promise: the lines name files that the release has, by their address where the site knows its own; nothing in them
turns a code into a number or a date.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctdc.hub.site.datasets.files import record_tables
from ctdc.hub.site.view import SiteRelease


@dataclass(frozen=True)
class Snippet:
    """Lines of one program. id: the end of a text key."""

    id: str
    code: str


def snippets(view: SiteRelease) -> tuple[Snippet, ...]:
    """Python, R and Stata."""
    paths = {entry.path for entry in view.manifest.files}
    name = record_tables(view)[0]
    csv, parquet, workbook = (_address(view, f"data/{name}.{end}") for end in ("csv", "parquet", "xlsx"))
    python = [
        "import pandas as pd",
        f'records = pd.read_parquet("{parquet}")',
        "",
        "import polars as pl",
        f'records = pl.read_parquet("{parquet}")',
    ]
    r = [
        f'records <- read.csv("{csv}", colClasses = "character", na.strings = "")',
        "",
        '# or, with install.packages("nanoparquet")',
        *_fetched(parquet, f"{name}.parquet", 'download.file({0}, {1}, mode = "wb")'),
        f'records <- nanoparquet::read_parquet("{name}.parquet")',
    ]
    stata = [f'import delimited "{csv}", varnames(1) case(preserve) stringcols(_all) encoding("utf-8") clear']
    if f"data/{name}.xlsx" in paths:
        stata += [
            "",
            "* or from the Excel workbook",
            *_fetched(workbook, f"{name}.xlsx", "copy {0} {1}, replace"),
            f'import excel "{name}.xlsx", sheet("{name[:31]}") firstrow allstring clear',
        ]
    return tuple(Snippet(key, "\n".join(lines)) for key, lines in (("python", python), ("r", r), ("stata", stata)))


def load_snippet(view: SiteRelease) -> str:
    """The line that opens a whole downloaded release."""
    return f'import ctdc\nrelease = ctdc.load("{view.manifest.folder}")\nprint(release.estimate())'


def _fetched(address: str, name: str, form: str) -> list[str]:
    """The line that fetches a file first, for programs that open only what is on the disk."""
    return [] if address == name else [form.format(f'"{address}"', f'"{name}"')]


def _address(view: SiteRelease, path: str) -> str:
    """Where a file is; its name alone where the site does not know its own address."""
    if not view.place.origin:
        return path.rpartition("/")[2]
    return f"{view.place.origin}{view.place.files}{view.manifest.folder}/{path}"
