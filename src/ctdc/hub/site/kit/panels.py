"""Pictures of charts with two questions: a table of cells, the same bars many times, the same line many times.

Promise: all cells, bars and lines of a picture have one scale, which starts at zero; what is below the reporting
threshold is a star and a word, never a zero, and a line has a gap there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from textwrap import wrap

from ctdc.hub.site.brand import SHADES
from ctdc.hub.site.kit import colours
from ctdc.hub.site.kit.canvas import (
    INNER,
    LINE,
    MARGIN,
    NOTE_LETTERS,
    WIDTH,
    Canvas,
    left_to_right,
    letters_in,
    line,
    n,
    safe,
    said,
    star,
    stars,
)
from ctdc.hub.site.kit.value import Chart, Quantity, Row
from ctdc.release.numbers import number, percent

HEAD = 165.0  # width of the labels of a table's rows
MOST_COLUMNS = 9  # more do not fit beside each other with their intervals
PANELS = 2  # side by side
GAP = 36.0
PANEL = (INNER - GAP * (PANELS - 1)) / PANELS
PLOT = 120.0  # height of a panel's lines
MOST_YEARS = 5  # named below a panel


def draw_table(canvas: Canvas) -> None:
    """A cross table: each cell its number and interval, on a shade that stands for it or above a bar."""
    rows = _grouped(canvas.chart)
    columns = [row.series for row in rows[0]] if rows else []
    if len(columns) > MOST_COLUMNS and len(rows) <= MOST_COLUMNS:
        labels = [line[0].label for line in rows]
        _table(canvas, columns, labels, list(zip(*rows, strict=True)))
    elif len(columns) > MOST_COLUMNS:
        draw_multiples(canvas)
    else:
        _table(canvas, [line[0].label for line in rows], columns, rows)


def _grouped(chart: Chart) -> list[tuple[Row, ...]]:
    return [tuple(rows) for _, rows in groupby(chart.rows, key=lambda row: row.label)]


def _table(canvas: Canvas, labels: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Row]]) -> None:
    width = (INNER - HEAD) / max(1, len(columns))
    top = canvas.y
    for position, name in enumerate(columns):
        canvas.y = top
        canvas.lines_within(MARGIN + HEAD + position * width + 3, name, width - 6, 11.5, "600")
    canvas.y = (
        top + 11.5 * 1.35 * max((len(wrap(name, letters_in(width - 6, 11.5))) for name in columns), default=0) + 8
    )
    for label, cells in zip(labels, rows, strict=True):
        _table_row(canvas, label, cells, width)
    for text in stars(canvas.chart):
        canvas.y += 4
        canvas.lines(text, NOTE_LETTERS, 12.5)


def _table_row(canvas: Canvas, label: str, cells: Sequence[Row], width: float) -> None:
    start, lines = canvas.y, wrap(label, letters_in(HEAD - 8, 12.5)) or [""]
    height = max(42.0, 17.0 * len(lines) + 8)
    canvas.parts.append(line((n(MARGIN), n(start)), (n(WIDTH - MARGIN), n(start)), LINE, 0.5))
    canvas.lines_within(MARGIN, label, HEAD - 8, 12.5)
    for position, row in enumerate(cells):
        canvas.y = start
        _cell(canvas, row, MARGIN + HEAD + position * width, width, height)
    canvas.y = start + height


def _cell(canvas: Canvas, row: Row, x: float, width: float, height: float) -> None:
    quantity, top, heat = canvas.chart.drawn(row), canvas.y, canvas.chart.kind == "heat"
    colour = "CanvasText"
    if heat and quantity is not None:
        step = min(SHADES - 1, int(canvas.chart.part(quantity.value) * SHADES))
        colour = colours.on_shade(step)
        left = min(canvas.across(x), canvas.across(x + width))
        place = f'x="{n(left)}" y="{n(top + 0.5)}" width="{n(width)}" height="{n(height - 1)}"'
        canvas.parts.append(f'<rect class="cell" {place} fill="{colours.shade(step)}"/>')
    canvas.y = top + (18 if heat else 14)
    canvas.text(x + 4, star(row) if quantity is None else quantity.text, 12.5, weight="600", colour=colour)
    if quantity is None:
        return
    canvas.y += 13
    canvas.text(x + 4, quantity.interval, 9.5 if width > 70 else 8.5, colour=colour)
    if not heat:
        canvas.y += 4
        canvas.bar(quantity, x + 4, width - 12, 6)


def draw_multiples(canvas: Canvas) -> None:
    """A panel for each label, in each of them the same bars."""
    for pair in _pairs(_grouped(canvas.chart)):
        top = bottom = canvas.y
        for position, rows in enumerate(pair):
            canvas.y = top
            _bars_panel(canvas, rows, MARGIN + position * (PANEL + GAP))
            bottom = max(bottom, canvas.y)
        canvas.y = bottom + 14


def _pairs(panels: Sequence[tuple[Row, ...]]) -> Iterator[Sequence[tuple[Row, ...]]]:
    for start in range(0, len(panels), PANELS):
        yield panels[start : start + PANELS]


def _bars_panel(canvas: Canvas, rows: Sequence[Row], x: float) -> None:
    canvas.lines_within(x, rows[0].label, PANEL, 14, "600")
    canvas.y += 4
    top = canvas.y
    for row in rows:
        canvas.lines_within(x + 4, row.series, PANEL * 0.58, 12)
        canvas.text(x + PANEL, said(canvas.chart, row), 11.5, "end")
        canvas.y += 5
        if (quantity := canvas.chart.drawn(row)) is not None:
            canvas.bar(quantity, x, PANEL, 9)
        canvas.y += 12
    canvas.line(x, top, canvas.y)


def draw_lines(canvas: Canvas) -> None:
    """A panel for each series: its line over the years, the band of its intervals; years run from the left always."""
    by_year = _grouped(canvas.chart)
    series = [tuple(rows) for rows in zip(*by_year, strict=True)]
    for pair in _pairs(series):
        top = canvas.y
        longest = max(len(wrap(rows[0].series, letters_in(PANEL, 14))) for rows in pair)
        for position, rows in enumerate(pair):
            canvas.y = top
            x = MARGIN + position * (PANEL + GAP)
            canvas.lines_within(x, rows[0].series, PANEL, 14, "600")
            left = min(canvas.across(x), canvas.across(x + PANEL))
            canvas.parts += line_plot(canvas.chart, rows, left, top + longest * 19 + 16)
        canvas.y = top + longest * 19 + 16 + PLOT + 34
    for text in stars(canvas.chart):
        canvas.lines(text, NOTE_LETTERS, 12.5)


def line_plot(chart: Chart, rows: Sequence[Row], left: float, top: float) -> Iterator[str]:
    """The line of some rows, one for each year, with its band, in a plot of `PANEL` by `PLOT`."""
    start, width = left + 34, PANEL - 44
    step = width / max(1, len(rows) - 1)
    for part in (0.0, 0.5, 1.0):
        height = top + PLOT * (1 - part)
        yield line((n(start), n(height)), (n(start + width), n(height)), LINE, 1 if part == 0 else 0.5)
        yield left_to_right(start - 5, height + 4, axis_text(chart, part), "end", 10)
    for run in runs([chart.drawn(row) for row in rows]):
        points = [(start + step * at, quantity) for at, quantity in run]
        yield _band(chart, points, top)
        yield from _line(chart, points, top, [rows[at] for at, _ in run])
    for at, row in enumerate(rows):
        if chart.drawn(row) is None:
            sign = left_to_right(start + step * at, top + PLOT - 3, star(row), "middle", 11)
            yield f'<g role="listitem" aria-label="{safe(_told(chart, row))}">{sign}</g>'
        if named(at, len(rows)):
            yield left_to_right(start + step * at, top + PLOT + 16, row.of[0][1], "middle", 10)


def axis_text(chart: Chart, part: float) -> str:
    """What a part of the axis stands for."""
    value = chart.axis * part
    return percent(chart.language, value, 0) if chart.unit == "share" else number(chart.language, value)


def named(at: int, years: int) -> bool:
    """Whether a year is named below a plot: the last, and others as far apart as lets them be read."""
    every = max(1, -(-(years - 1) // (MOST_YEARS - 1)))
    return (years - 1 - at) % every == 0


def runs(values: Sequence[Quantity | None]) -> Iterator[list[tuple[int, Quantity]]]:
    """Stretches of values without a gap, each value with its position."""
    for shown, group in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        if shown:
            yield [(at, value) for at, value in group if value is not None]


def _height(chart: Chart, value: float, top: float) -> str:
    return n(top + PLOT * (1 - chart.part(value)))


def _band(chart: Chart, points: Sequence[tuple[float, Quantity]], top: float) -> str:
    upper = [f"{n(x)},{_height(chart, quantity.high, top)}" for x, quantity in points]
    lower = [f"{n(x)},{_height(chart, quantity.low, top)}" for x, quantity in reversed(points)]
    colour = colours.late()
    return f'<polygon class="band" points="{" ".join([*upper, *lower])}" fill="{colour}" stroke="{colour}"/>'


def _line(chart: Chart, points: Sequence[tuple[float, Quantity]], top: float, rows: Sequence[Row]) -> Iterator[str]:
    """The line, broken up where years are incomplete, and a point for each year, hollow where it is incomplete."""
    places = [(n(x), _height(chart, quantity.value, top)) for x, quantity in points]
    for at, (start, end) in enumerate(pairwise(places)):
        dashed = ' stroke-dasharray="3 3"' if rows[at + 1].late else ""
        ends = f'x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}"'
        yield f'<line class="value" {ends} stroke="{colours.fill()}" stroke-width="2"{dashed}/>'
    for (x, y), row in zip(places, rows, strict=True):
        inside, told = "#ffffff" if row.late else colours.fill(), safe(_told(chart, row))
        paint = f'class="point{" late" if row.late else ""}" fill="{inside}" stroke="{colours.fill()}"'
        named_as = f'role="listitem" aria-label="{told}"'
        yield f'<circle {paint} cx="{x}" cy="{y}" r="2.5" {named_as}><title>{told}</title></circle>'


def _told(chart: Chart, row: Row) -> str:
    return f"{row.label}: {said(chart, row)}"
