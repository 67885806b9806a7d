"""A chart as a picture: an SVG that stands alone, made here, without a style sheet, a script or a font.

Promise: a bar's length is its value's part of the axis, which starts at zero; whiskers end where the interval ends;
every number is text. Arabic runs from the right, except that time runs from the left in every language. The picture
has no background of its own, only colours that stand out from black as well as from white, and text in the system's
colour (black, where a program knows none): so it can be read on paper, in forced colours, and under a policy that
allows no style in a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from textwrap import wrap

from ctdc.hub.site.charts import TICKS
from ctdc.hub.site.kit import colours
from ctdc.hub.site.kit.atlas import draw_map
from ctdc.hub.site.kit.canvas import (
    BAR,
    FONTS,
    INNER,
    LABEL_LETTERS,
    LINE,
    MARGIN,
    NOTE_LETTERS,
    TITLE_LETTERS,
    WIDTH,
    Canvas,
    left_to_right,
    line,
    n,
    safe,
    said,
    star,
    stars,
    whisker,
)
from ctdc.hub.site.kit.flows import draw_flows
from ctdc.hub.site.kit.panels import draw_lines, draw_multiples, draw_table
from ctdc.hub.site.kit.tables import about_lines
from ctdc.hub.site.kit.value import Chart, Kind, Row
from ctdc.release.numbers import number

SIDE = 280.0  # each side of a pyramid; the ages stand between them
PLOT = 260.0
MOST_YEARS = 24  # more do not fit beside each other
EVERY = 5


def to_svg(chart: Chart) -> bytes:
    """The chart as SVG in UTF-8, with a title and a description for those who hear it."""
    canvas = Canvas(chart, mirrored=chart.direction == "rtl")
    canvas.lines(chart.title, TITLE_LETTERS, 21, "600")
    canvas.lines(_counted(chart), NOTE_LETTERS, 13)
    canvas.y += 14
    _DRAW[chart.kind](canvas)
    canvas.y += 10
    for text in _below(chart):
        canvas.lines(text, NOTE_LETTERS, 12.5)
    height = n(canvas.y + MARGIN)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n(WIDTH)} {height}" width="{n(WIDTH)}" '
        f'height="{height}" role="img" aria-labelledby="title desc" direction="{chart.direction}" '
        f'xml:lang="{chart.language}" lang="{chart.language}" font-family="{FONTS}">'
    )
    described = f'<title id="title">{safe(chart.title)}</title>\n<desc id="desc">{safe(_described(chart))}</desc>'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, described, *canvas.parts, "</svg>", ""]).encode()


def _counted(chart: Chart) -> str:
    drawn = f"{chart.text('kit.share')} · {chart.counted}" if chart.unit == "share" else chart.counted
    return f"{drawn} · {chart.text('kit.simulated')}" if chart.source.simulated else drawn


def _below(chart: Chart) -> Iterable[str]:
    """Notes, what the interval means, source and protection."""
    return (*chart.notes, chart.privacy.interval, chart.source.line, chart.privacy.note)


def _described(chart: Chart) -> str:
    """All that the picture says, number by number."""
    return " ".join([*list(about_lines(chart))[1:], *(f"{row.name}: {said(chart, row)}." for row in chart.rows)])


def _bars(canvas: Canvas) -> None:
    """A label with its number above each bar."""
    top = canvas.y
    for row in canvas.chart.rows:
        labels = wrap(row.label, LABEL_LETTERS) or [""]
        for part in labels:
            canvas.y += 18
            canvas.text(MARGIN + 4, part)
        canvas.text(WIDTH - MARGIN, said(canvas.chart, row), 13, "end")
        canvas.y += 6
        if (quantity := canvas.chart.drawn(row)) is not None:
            canvas.bar(quantity, MARGIN, INNER)
        canvas.y += BAR + 6
    canvas.line(MARGIN, top, canvas.y)


def _pyramid(canvas: Canvas) -> None:
    """The first two series face each other across the labels; others stand as text below them."""
    chart = canvas.chart
    ages = [list(rows) for _, rows in groupby(chart.rows, key=lambda row: row.label)]
    first, second = MARGIN + SIDE, WIDTH - MARGIN - SIDE
    canvas.y += 16
    for row, place, anchor in zip(ages[0][:2] if ages else (), (first, second), ("end", "start"), strict=False):
        canvas.text(place, row.series, 14, anchor, "600")
    top = canvas.y + 6
    for rows in ages:
        canvas.y += 22
        canvas.text(WIDTH / 2, rows[0].label, 14, "middle", "600")
        for row, place, anchor in zip(rows[:2], (first - 6, second + 6), ("end", "start"), strict=True):
            canvas.text(place, said(chart, row), 13, anchor)
        canvas.y += 6
        for row, place, span in zip(rows[:2], (first, second), (-SIDE, SIDE), strict=True):
            if (quantity := chart.drawn(row)) is not None:
                canvas.bar(quantity, place, span)
        canvas.y += BAR
        for row in rows[2:]:
            canvas.y += 17
            canvas.text(WIDTH / 2, f"{row.series}: {said(chart, row)}", 12, "middle")
    for place in (first, second):
        canvas.line(place, top, canvas.y)


def _columns(canvas: Canvas) -> None:
    """Upright bars, from the left in every language."""
    canvas.mirrored = False
    canvas.y += 16
    top, chart = canvas.y, canvas.chart
    canvas.parts += _grid(chart, top)
    step = INNER / max(1, len(chart.rows))
    for position, row in enumerate(chart.rows):
        middle = MARGIN + step * (position + 0.5)
        canvas.parts += _column(chart, row, middle, step * 0.72, top)
        if len(chart.rows) <= MOST_YEARS or (len(chart.rows) - 1 - position) % EVERY == 0:
            canvas.parts.append(left_to_right(middle, top + PLOT + 18, row.label, "middle"))
    canvas.y = top + PLOT + 24
    canvas.parts.append(line((n(MARGIN), n(top + PLOT)), (n(WIDTH - MARGIN), n(top + PLOT)), LINE, 1.5))
    canvas.mirrored = chart.direction == "rtl"
    for text in stars(chart):
        canvas.lines(text, NOTE_LETTERS, 12.5)


def _grid(chart: Chart, top: float) -> Iterator[str]:
    for tick in range(1, TICKS + 1):
        height = top + PLOT * (1 - tick / TICKS)
        yield line((n(MARGIN), n(height)), (n(WIDTH - MARGIN), n(height)), LINE, 0.5)
        yield left_to_right(MARGIN, height - 4, number(chart.language, chart.axis * tick / TICKS), "start")


def _column(chart: Chart, row: Row, middle: float, width: float, top: float) -> Iterator[str]:
    quantity = chart.drawn(row)
    if quantity is None:
        yield left_to_right(middle, top + PLOT - 4, star(row), "middle")
        return
    end, low, high = (top + PLOT * (1 - chart.part(v)) for v in (quantity.value, quantity.low, quantity.high))
    fill, late = colours.fill(), colours.late()
    paint = f'fill="{late}" stroke="{fill}" stroke-dasharray="3 2"' if row.late else f'fill="{fill}"'
    place = f'x="{n(middle - width / 2)}" y="{n(end)}" width="{n(width)}" height="{n(top + PLOT - end)}"'
    yield f'<rect class="bar" {place} {paint}><title>{safe(f"{row.label}: {said(chart, row)}")}</title></rect>'
    yield from whisker((middle, low), (middle, high))


_DRAW: Mapping[Kind, Callable[[Canvas], None]] = {
    "bars": _bars,
    "pyramid": _pyramid,
    "columns": _columns,
    "cross": draw_table,
    "heat": draw_table,
    "multiples": draw_multiples,
    "lines": draw_lines,
    "map": draw_map,
    "flows": draw_flows,
}
