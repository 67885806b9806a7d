"""The counts of a release for humanitarian data platforms: a CSV with the hashtags of HXL 1.1 under its header.

Promise: only counts that the release publishes, of combinations of at most two characteristics (the longer ones are
in the counts' own file), with their errors. A cell that is empty in a row is not part of that row's combination.
Source: https://hxlstandard.org/standard/1-1final/dictionary/
"""

from __future__ import annotations

import io
import re

import polars as pl

from ctdc.release.figures import ORIGIN, PLACE, YEAR
from ctdc.release.protected import ProtectedData
from ctdc.standard.presentation import presentation

HXL = "hxl.csv"
MOST_LENGTH = 2
NUMBERS = {
    "count": "#affected+ind+num",
    "standard_error": "#indicator+num+standard_error",
    "low95": "#affected+ind+low95+num",
    "high95": "#affected+high95+ind+num",
}
_ALPHA_3 = re.compile(r"[A-Z]{3}")


def hxl(data: ProtectedData) -> bytes:
    """The content of ``metadata/hxl.csv``, with a byte-order mark for spreadsheets."""
    rows = data.wide.filter(pl.col("length") <= MOST_LENGTH, ~pl.col("below_threshold"))
    frame = rows.select(*data.schema.names, *NUMBERS)
    tags = [hashtag(name, data.schema[name].codes) for name in data.schema.names]
    stream = io.StringIO()
    pl.DataFrame([[*tags, *NUMBERS.values()]], schema=frame.columns, orient="row").write_csv(stream)
    frame.write_csv(stream, include_header=False)
    return ("\ufeff" + stream.getvalue()).encode()


def hashtag(name: str, codes: tuple[str, ...]) -> str:
    """The hashtag of a variable: of years, of countries, else an indicator that carries the variable's name."""
    if name in YEAR:
        return "#date+year"
    part = {**dict.fromkeys(ORIGIN, "+origin"), **dict.fromkeys(PLACE, f"+{presentation().place_tag}")}.get(name, "")
    if part and all(_ALPHA_3.fullmatch(code) for code in codes):
        return f"#country+code{part}+v_iso3"
    if part:
        return f"#region+name{part}"
    return "#indicator+code+" + re.sub(r"[^a-z0-9_]", "_", name.lower())
