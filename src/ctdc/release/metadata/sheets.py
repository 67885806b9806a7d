"""The records as tab-separated text and as an Excel workbook.

Promise: both hold the records of the other formats, cell by cell, every code as text (a spreadsheet neither turns a
code into a date nor runs it as a formula). The workbook's first sheet is the table; the second says what it is and
how it is cited, the third what the codes mean. The same records give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import polars as pl
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from ctdc.release.metadata.facts import METADATA_TEXTS, ReleaseFacts
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import VariableWords
from ctdc.standard.languages import AUTONYMS, LANGUAGES

EXCEL_ROWS = 1_048_576  # the most that a sheet can hold, its header included
_MOST_NAME = 31
Row = Sequence[str | int | None]


def tsv(records: pl.DataFrame) -> bytes:
    """The records with a header, tabs between cells, an empty text for what is not known."""
    return records.write_csv(separator="\t").encode()


def fits_excel(rows: int) -> bool:
    """Whether a table with so many rows fits on a sheet."""
    return rows < EXCEL_ROWS


def xlsx(facts: ReleaseFacts, name: str, records: pl.DataFrame, variables: Iterable[VariableWords]) -> bytes:
    """The workbook of a table that fits. name: of its sheet; records: texts and whole numbers, null for empty."""
    stream = io.BytesIO()
    # In memory row by row: a table of 200,000 rows takes seconds and few megabytes.
    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as book:
        book.set_properties({"title": facts.title, "company": facts.info.publisher, "created": facts.created})
        bold = book.add_format({"bold": True})
        for sheet_name, header, rows in (
            (name[:_MOST_NAME], records.columns, records.iter_rows()),
            ("about", None, _about(facts)),
            ("codes", _code_header(), _codes(variables)),
        ):
            sheet = book.add_worksheet(sheet_name)
            if header is not None:
                for column, title in enumerate(header):
                    sheet.write_string(0, column, title, bold)
                sheet.freeze_panes(1, 0)
            _write(sheet, rows, 0 if header is None else 1)
    return stream.getvalue()


def _write(sheet: Worksheet, rows: Iterable[Row], first: int) -> None:
    for place, row in enumerate(rows, first):
        for column, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(place, column, value)
            elif value is not None:
                sheet.write_string(place, column, value)


def _about(facts: ReleaseFacts) -> Iterable[Row]:
    """What the data are, in each language: title, abstract, what is distorted, terms, citation."""
    for language in LANGUAGES:
        yield (AUTONYMS[language],)
        yield (facts.info.title(language),)
        if facts.info.simulated:
            yield (RELEASE_TEXTS.text(language, "privacy.simulated"),)
        yield (facts.abstract(language),)
        yield from ((sentence,) for sentence in facts.distortions(language))
        yield (METADATA_TEXTS.text(language, "metadata.terms"), facts.info.terms or _no_terms(language))
        yield (facts.citation(language),)
        yield ()


def _no_terms(language: str) -> str:
    return METADATA_TEXTS.text(language, "metadata.terms.none")


def _code_header() -> list[str]:
    parts = [f"{part}_{language}" for part in ("variable", "code") for language in LANGUAGES]
    return ["variable", "code", *parts]


def _codes(variables: Iterable[VariableWords]) -> Iterable[Row]:
    for words in variables:
        for code in words.codes:
            names = [words.labels[language] for language in LANGUAGES]
            yield [words.name, code.code, *names, *(code.labels[language] for language in LANGUAGES)]
