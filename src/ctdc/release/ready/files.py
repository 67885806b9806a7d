"""The ready tables as files: csv and workbook with labels in each language, Parquet with those of all.

Promise: the same tables give the same bytes; a code is a text in every format, so that a spreadsheet neither turns it
into a date nor runs it as a formula; numbers are numbers.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import xlsxwriter

from ctdc.release.metadata.facts import DATA, ReleaseFacts
from ctdc.release.ready.columns import COLUMNS, READY
from ctdc.release.ready.tables import Spec, specs
from ctdc.release.texts import Catalogue
from ctdc.release.vocabulary import Vocabulary
from ctdc.standard.languages import LANGUAGES, direction

PARQUET = f"{DATA}{READY}.parquet"
READY_TEXTS = Catalogue(Path(__file__).parent / "texts")
MOST_SHEET_NAME = 31


def csv_path(language: str) -> str:
    """Where the csv of a language stands in a release."""
    return f"{DATA}{READY}.{language}.csv"


def xlsx_path(language: str) -> str:
    """Where the workbook of a language stands in a release."""
    return f"{DATA}{READY}.{language}.xlsx"


def title(language: str, spec: Spec, vocabulary: Vocabulary) -> str:
    """What a table is called."""
    labels = {words.name: words.labels[language] for words in vocabulary.variables}
    labels |= {group.id: group.labels[language] for group in vocabulary.groups}
    what = labels[spec.group] if spec.group else None
    names = [labels[name] for name in spec.names]
    if what is None:
        what = names[0] if len(names) == 1 else READY_TEXTS.text(language, "ready.both", one=names[0], other=names[1])
    if not spec.among:
        return what
    among = labels[spec.among_group or spec.among[0]]
    return READY_TEXTS.text(language, "ready.by", what=what, among=among)


def labelled(tables: pl.DataFrame, vocabulary: Vocabulary, length: int, language: str) -> pl.DataFrame:
    """The tables with what everything is called in a language, each label beside its code."""
    titles = {spec.id: title(language, spec, vocabulary) for spec in specs(vocabulary, length)}
    variables = {words.name: words.labels[language] for words in vocabulary.variables}
    codes = {
        f"{words.name}\t{code.code}": code.labels[language] for words in vocabulary.variables for code in words.codes
    }
    columns: list[pl.Expr] = []
    for name in COLUMNS:
        columns.append(pl.col(name))
        if name == "table":
            columns.append(_replaced(pl.col(name), titles).alias("table_label"))
        elif name in ("among_variable", "variable", "variable_2"):
            columns.append(_replaced(pl.col(name), variables).alias(f"{name}_label"))
        elif name in ("among_code", "code", "code_2"):
            variable = name.replace("code", "variable")
            both = pl.concat_str([variable, name], separator="\t")
            columns.append(_replaced(both, codes).alias(f"{name}_label"))
    return tables.select(columns)


def _replaced(column: pl.Expr, texts: Mapping[str, str]) -> pl.Expr:
    return column.replace_strict(texts, default=None, return_dtype=pl.String)


def ready_files(tables: pl.DataFrame, facts: ReleaseFacts, length: int) -> dict[str, tuple[bytes, int]]:
    """The content and number of rows of each file, by its path in the release."""
    vocabulary = facts.vocabulary
    found: dict[str, tuple[bytes, int]] = {}
    every = tables
    for language in LANGUAGES:
        frame = labelled(tables, vocabulary, length, language)
        found[csv_path(language)] = (_csv(frame), frame.height)
        found[xlsx_path(language)] = (_xlsx(frame, facts, language), frame.height)
        own = [pl.Series(f"{name}_{language}", frame[name]) for name in frame.columns if name.endswith("_label")]
        every = every.with_columns(own)
    buffer = io.BytesIO()
    every.write_parquet(buffer, statistics=False)
    found[PARQUET] = (buffer.getvalue(), every.height)
    return found


def _csv(frame: pl.DataFrame) -> bytes:
    """The table as UTF-8. A text that a spreadsheet would run as a formula begins with a quote."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = [
        pl.when(pl.col(name).str.contains(r"^[=+\-@\t\r]")).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name in texts
    ]
    return frame.with_columns(safe).write_csv().encode()


def _xlsx(frame: pl.DataFrame, facts: ReleaseFacts, language: str) -> bytes:
    """A workbook: what the tables are and how to read them, and all of them on one sheet with a filter."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as book:
        book.set_properties(
            {"title": facts.info.title(language), "company": facts.info.publisher, "created": facts.created}
        )
        bold = book.add_format({"bold": True})
        about = book.add_worksheet(_text(language, "sheet.about")[:MOST_SHEET_NAME])
        sheet = book.add_worksheet(_text(language, "sheet.tables")[:MOST_SHEET_NAME])
        if direction(language) == "rtl":
            about.right_to_left()
            sheet.right_to_left()
        for row, line in enumerate(_about(frame, facts, language)):
            about.write_row(row, 0, line, bold if row == 0 else None)
        about.set_column(0, 1, 60)
        for column, name in enumerate(frame.columns):
            sheet.write_string(0, column, _text(language, f"column.{name}"), bold)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, frame.height, frame.width - 1)
        for place, cells in enumerate(frame.iter_rows(), 1):
            for column, value in enumerate(cells):
                if isinstance(value, bool):
                    sheet.write_boolean(place, column, value)
                elif isinstance(value, float):
                    sheet.write_number(place, column, value)
                elif value is not None:
                    sheet.write_string(place, column, value)
    return stream.getvalue()


def _about(frame: pl.DataFrame, facts: ReleaseFacts, language: str) -> Iterator[tuple[str, ...]]:
    yield (facts.info.title(language),)
    yield (facts.abstract(language),)
    for key in ("read.row", "read.share", "read.interval", "read.few", "read.source", "read.add"):
        yield (_text(language, key),)
    yield (facts.citation(language),)
    yield ("",)
    named = frame.select("table", "table_label").unique(maintain_order=True)
    yield from named.iter_rows()


def _text(language: str, key: str) -> str:
    return READY_TEXTS.text(language, f"ready.{key}")
