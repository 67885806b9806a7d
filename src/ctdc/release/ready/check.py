"""Whether the ready tables of a release say what its counts and records say.

Promise: every number is computed again from the release's own files; a release that has no such tables, because it is
from before there were any, is not missed them. Labels are not compared: they stay good when a word is put better.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from ctdc.foundation.errors import UserError
from ctdc.release.checks import DIFFERENT_FILES, Problem, Problems
from ctdc.release.counting import open_counter
from ctdc.release.manifest import Manifest
from ctdc.release.ready.columns import COLUMNS, KEY, TEXTS, labelled_columns
from ctdc.release.ready.files import PARQUET, csv_path, xlsx_path
from ctdc.release.ready.tables import asked_again
from ctdc.standard.languages import LANGUAGES

TOLERANCE = 2e-2  # of the largest number of a row's kind: machines may round differently in the last written digit
SHARE_TOLERANCE = 2e-5


def ready_agree(folder: Path, manifest: Manifest) -> Problems:
    """What is wrong with the ready tables of the release in `folder`."""
    paths = {entry.path for entry in manifest.files}
    if PARQUET not in paths:
        return
    try:
        found = pl.read_parquet(folder / PARQUET, columns=list(COLUMNS))
    except (pl.exceptions.PolarsError, OSError):
        yield Problem("ready.unreadable", "The ready tables cannot be read.", PARQUET)
        return
    if not any(_same(found, _expected(folder, found, agree=agree)) for agree in (True, False)):
        yield Problem("ready.differs", "The ready tables are not those that follow from the release.", PARQUET)
    for language in LANGUAGES:
        for path, read in ((csv_path(language), _csv), (xlsx_path(language), _xlsx)):
            if path in paths and not _same(read(folder / path), found):
                yield Problem("ready.differs", DIFFERENT_FILES, path)


def _expected(folder: Path, found: pl.DataFrame, *, agree: bool) -> pl.DataFrame:
    """The tables again, by today's rule or by that of before, when parts and wholes did not agree."""
    try:
        return asked_again(open_counter(folder, agree=agree), found)
    except (LookupError, TypeError, ValueError, AttributeError, UserError):  # another code, or files of another form
        return pl.DataFrame()


def _csv(path: Path) -> pl.DataFrame:
    try:
        return _typed(pl.read_csv(path, infer_schema=False))
    except pl.exceptions.PolarsError:
        return pl.DataFrame()


def _xlsx(path: Path) -> pl.DataFrame:
    """The second sheet, whose headings are in a language and whose columns are in the order of all languages."""
    try:
        _, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(1).to_python()
        cells = [[_cell(cell) for cell in row] for row in rows]
        return _typed(pl.DataFrame(cells, schema=dict.fromkeys(labelled_columns(), pl.String), orient="row"))
    except (CalamineError, ValueError, pl.exceptions.PolarsError):  # not a workbook, or another one
        return pl.DataFrame()


def _cell(value: Any) -> str | None:
    if value == "":
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts as the columns of the tables; a text that was kept from being a formula without its sign."""
    texts = [pl.col(name).str.replace(r"^'([=+\-@\t\r])", "$1") for name in COLUMNS if name in TEXTS]
    numbers = [pl.col(name).cast(pl.Float64) for name in COLUMNS if name not in {*TEXTS, "too_few"}]
    return frame.with_columns(*texts, *numbers, pl.col("too_few") == "true").select(COLUMNS)


def _same(left: pl.DataFrame, right: pl.DataFrame) -> bool:
    if left.shape != right.shape or tuple(left.columns) != COLUMNS or left.dtypes != right.dtypes:
        return False
    exact = [*KEY, "source", "too_few", "denominator_source"]
    return left.select(exact).equals(right.select(exact)) and all(
        _close(left[name], right[name], SHARE_TOLERANCE if name.startswith("share") else TOLERANCE)
        for name in COLUMNS
        if name not in exact
    )


def _close(left: pl.Series, right: pl.Series, tolerance: float) -> bool:
    if not left.is_null().equals(right.is_null()):
        return False
    return bool(((left - right).abs().drop_nulls() <= tolerance).all())
