"""The report on a delivery as a page for the people who made it, in five languages.

Promise: one file without scripts, styles from elsewhere or requests; every text of a source is escaped; tables have
captions and headers; Arabic runs from right to left and source texts are isolated from their surroundings.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ctdc.foundation.files import as_json, write_text
from ctdc.intake.delivery import DeliveryReport
from ctdc.intake.export import can_annotate, write_annotated, write_draft, write_row_errors
from ctdc.intake.mapping import Mapping
from ctdc.intake.readers.header import column_letter
from ctdc.intake.rules import BLOCKING
from ctdc.intake.words import DATA, hint_of, label_of, texts
from ctdc.standard import load
from ctdc.standard.languages import AUTONYMS, LANGUAGES, direction

MAX_SHOWN_ERRORS = 500
MAX_SHOWN_VALUES = 2_000


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(DATA), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def render(report: DeliveryReport, language: str) -> str:
    """The report as an HTML page. Raises KeyError for a language that the project does not have."""
    return render_page(report.as_dict(), language)


def render_page(shown: MappingType[str, Any], language: str, *, in_studio: bool = False) -> str:
    """A report as `DeliveryReport.as_dict` gives it, as an HTML page. Raises KeyError as `render` does.

    in_studio: whether its reader works there, and has a page where others have files of the mapping.
    """
    return _environment().get_template("report.html").render(_context(shown, language, in_studio))


def render_body(shown: MappingType[str, Any], language: str, *, in_studio: bool = False) -> str:
    """The same without its frame, for a page that has one: verdict, receipt and all sections from level 2 on."""
    return _environment().get_template("report_body.html").render(_context(shown, language, in_studio))


def _context(shown: MappingType[str, Any], language: str, in_studio: bool = False) -> dict[str, Any]:
    words = texts()[language]
    standard = load()

    def number(value: int) -> str:
        return str(format_decimal(value, locale=language))

    def do(code: str) -> str:
        own = f"do.{code}.studio"
        return words[own] if in_studio and own in words else words[f"do.{code}"]

    return {
        "r": shown,
        "t": words,
        "language": language,
        "direction": direction(language),
        "languages": [(code, AUTONYMS[code]) for code in LANGUAGES],
        "number": number,
        "letter": lambda position: column_letter(position - 1),
        "label": lambda variable: label_of(variable, language),
        "hint": lambda text: hint_of(text, language),
        "do": do,
        "reason": lambda name: standard.missing_reasons[name].labels[language] if name else "",
        "profile": lambda name: standard.profiles[name].title[language],
        "zip_becomes": lambda line: list(zip(line["targets"], line["becomes"], strict=False)),
        "values": shown["values"][:MAX_SHOWN_VALUES],
        "blocking": BLOCKING,
        "errors": shown["row_errors"][:MAX_SHOWN_ERRORS],
    }


def write_report(report: DeliveryReport, mapping: Mapping, sources: Path, folder: Path) -> list[Path]:
    """Write the whole report to `folder`: json, a page per language, row errors, drafted rows, an annotated copy.

    The annotated copy holds the delivery itself and belongs to the contributor: keep it where the delivery is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "report.json", *(folder / f"report.{language}.html" for language in LANGUAGES)]
    write_text(written[0], as_json(report.as_dict()))
    for language, path in zip(LANGUAGES, written[1:], strict=True):
        write_text(path, render(report, language))
    if report.issues:
        written.append(folder / "row-errors.csv")
        write_row_errors(report, written[-1])
    if report.quarantined:
        written.append(folder / "values-to-add.csv")
        write_draft(report, written[-1])
    if report.has_marks and can_annotate(report, mapping):
        written.append(folder / "annotated-copy.xlsx")
        write_annotated(report, mapping, sources, written[-1])
    return written
