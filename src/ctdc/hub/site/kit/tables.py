"""A chart's numbers as CSV, JSON and XLSX, and the metadata that belong to them.

Promise: every number is the release's, in full; a number that is not shown is an empty cell, never a zero; no text
runs as a formula in a spreadsheet program; the same chart gives the same bytes. JSON keeps codes exactly; in a CSV,
which spreadsheet programs read as they like, a dangerous first character gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import xlsxwriter

from ctdc.foundation.clock import timestamp
from ctdc.foundation.files import as_json
from ctdc.foundation.hashing import hash_bytes
from ctdc.hub.site.kit.value import Chart, Quantity, Row

FORMAT = "ctdc-chart/1"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
BOM = "\ufeff"  # without it Excel reads a CSV in the machine's old code page
MAX_CELL = 32_767  # characters that a spreadsheet's cell holds
TEXTS = ("variable", "code", "second_variable", "second_code", "label", "series")
SHARES = ("share", "share_low95", "share_high95")
NUMBERS = (*SHARES, "count", "count_low95", "count_high95", "base", "base_low95", "base_high95")
MARKS = ("too_few", "late", "source", "base_source", "filter", "release")
COLUMNS = (*TEXTS, *NUMBERS, *MARKS)


def safe_cell(text: str) -> str:
    """`text` as a cell of a CSV that a spreadsheet program may open: never a formula."""
    return "'" + text if text.startswith(DANGEROUS) else text


def _texts(row: Row) -> tuple[str, ...]:
    """The texts of a row, in the order of `TEXTS`; a chart of one variable has no second one."""
    pairs = [part for pair in row.of for part in pair]
    return (*pairs, *[""] * (4 - len(pairs)), row.label, row.series)


def _ends(quantity: Quantity | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if quantity is None else (quantity.value, quantity.low, quantity.high)


def _numbers(row: Row) -> tuple[float | None, ...]:
    """The numbers of a row, in the order of `NUMBERS`."""
    return (*_ends(row.share), *_ends(row.count), *_ends(row.base))


def _source(count: Quantity | None) -> str:
    """What a number was counted in; empty where there is none."""
    return "" if count is None else count.source


def to_csv(chart: Chart) -> bytes:
    """The chart as CSV in UTF-8, columns `COLUMNS` in every language; the release's folder stands in every row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    chosen = "; ".join(f"{name}={'|'.join(codes)}" for name, codes in chart.filter)
    for row in chart.rows:
        numbers = ["" if value is None else repr(value) for value in _numbers(row)]
        marks = [str(row.few).lower(), str(row.late).lower(), _source(row.count), _source(row.base)]
        marks += [safe_cell(chosen), safe_cell(chart.source.release)]
        writer.writerow([*(safe_cell(text) for text in _texts(row)), *numbers, *marks])
    return (BOM + buffer.getvalue()).encode()


def _row(row: Row) -> dict[str, Any]:
    return {
        "of": [{"variable": variable, "code": code} for variable, code in row.of],
        "label": row.label,
        "series": row.series,
        "share": _quantity(row.share),
        "count": _quantity(row.count),
        "base": _quantity(row.base),
        "too_few": row.few,
        "late": row.late,
        "source": _source(row.count),
        "base_source": _source(row.base),
    }


def _quantity(quantity: Quantity | None) -> dict[str, float] | None:
    if quantity is None:
        return None
    return {"value": quantity.value, "low95": quantity.low, "high95": quantity.high}


def _head(chart: Chart) -> dict[str, Any]:
    """What JSON and metadata begin with: the chart, its release, how to cite it, and how people are protected."""
    source, privacy = chart.source, chart.privacy
    return {
        "format": FORMAT,
        "id": chart.id,
        "address": chart.address,
        "language": chart.language,
        "title": chart.title,
        "summary": list(chart.summary),
        "counted": chart.counted,
        "filter": {name: list(codes) for name, codes in chart.filter},
        "release": {
            "name": source.release,
            "id": source.identifier,
            "created": timestamp(source.created),
            "title": source.title,
            "publisher": source.publisher,
            "simulated": source.simulated,
            "terms": source.terms,
        },
        "citation": source.citation,
        "privacy": {
            "epsilon": privacy.epsilon,
            "delta": privacy.delta,
            "unit": privacy.unit,
            "neighbours": privacy.neighbours,
            "threshold": privacy.threshold,
            "statement": privacy.note,
            "interval": privacy.interval,
        },
    }


def to_json(chart: Chart) -> bytes:
    """The whole chart as JSON in UTF-8."""
    drawing = {"kind": chart.kind, "drawn": "share" if chart.unit == "share" else "count", "axis": chart.axis}
    rows = [_row(row) for row in chart.rows]
    return as_json({**_head(chart), **drawing, "notes": list(chart.notes), "rows": rows}).encode()


def to_metadata(chart: Chart, files: Mapping[str, bytes]) -> bytes:
    """Release, citation and privacy as JSON in UTF-8, and size and SHA-256 of each of `files` (name to content)."""
    described = [{"name": name, "bytes": len(data), "sha256": hash_bytes(data)} for name, data in files.items()]
    return as_json({**_head(chart), "notes": list(chart.notes), "columns": list(COLUMNS), "files": described}).encode()


def to_xlsx(chart: Chart) -> bytes:
    """The chart as a workbook: its numbers, and a second sheet that says what they are; in Arabic from the right."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        # Without a moment of its own a workbook carries that of its writing, and never has the same bytes twice.
        book.set_properties({"title": chart.title, "created": chart.source.created.replace(tzinfo=None)})
        _write_numbers(book, chart)
        _write_about(book, chart)
    return buffer.getvalue()


def _sheet(book: Any, chart: Chart, key: str) -> Any:
    sheet = book.add_worksheet(chart.text(key))
    if chart.direction == "rtl":
        sheet.right_to_left()
    return sheet


def _headings(chart: Chart) -> tuple[str, ...]:
    """What the columns of a workbook are called: `TEXTS`, `NUMBERS`, and a remark."""
    counted = chart.counted
    words = [chart.text(f"kit.{name}") for name in ("variable", "code", "second_variable", "second_code")]
    shares = [chart.text(f"kit.{name}") for name in ("share", "share_low", "share_high")]
    ends, bases = (
        [chart.text(f"kit.{name}", counted=called) for name in ("low", "high")]
        for called in (counted, chart.text("kit.base"))
    )
    return (
        *words,
        chart.category,
        chart.series or chart.text("kit.series"),
        *shares,
        counted,
        *ends,
        chart.text("kit.base"),
        *bases,
        chart.text("kit.remark"),
    )


def _write_numbers(book: Any, chart: Chart) -> None:
    sheet = _sheet(book, chart, "kit.sheet.data")
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = [book.add_format({"num_format": pattern}) for pattern in ("0.0%", "#,##0")]
    sheet.set_column(0, 3, 20)
    sheet.set_column(4, 4, 44)
    sheet.set_column(5, len(TEXTS) + len(NUMBERS), 18)
    sheet.freeze_panes(1, 0)
    for position, text in enumerate(_headings(chart)):
        sheet.write_string(0, position, text[:MAX_CELL], head)
    for line, row in enumerate(chart.rows, start=1):
        for position, text in enumerate(_texts(row)):
            sheet.write_string(line, position, text[:MAX_CELL])
        for position, value in enumerate(_numbers(row)):
            if value is not None:
                sheet.write_number(line, len(TEXTS) + position, value, formats[position >= len(SHARES)])
        lacking = chart.drawn(row) is None
        remarks = [row.instead or chart.text("kit.few")] * lacking + [chart.text("kit.late")] * row.late
        remarks += [row.recorded] * bool(row.recorded and not row.few)
        sheet.write_string(line, len(TEXTS) + len(NUMBERS), "; ".join(remarks))


def about_lines(chart: Chart) -> Iterator[str]:
    """What stands beside the numbers wherever they go: title, summary, notes, source, citation and privacy."""
    yield chart.title
    if chart.source.simulated:
        yield chart.text("kit.simulated")
    yield from dict.fromkeys((*chart.summary, *chart.notes))
    yield from (chart.privacy.interval, chart.source.line, chart.source.citation)
    if chart.source.terms:
        yield chart.text("kit.terms", terms=chart.source.terms)
    yield chart.privacy.note


def _write_about(book: Any, chart: Chart) -> None:
    sheet = _sheet(book, chart, "kit.sheet.about")
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 110)
    for line, text in enumerate(about_lines(chart)):
        sheet.write_string(line, 0, text[:MAX_CELL], wrapped)
