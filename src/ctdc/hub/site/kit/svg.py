"""A chart as a picture: an SVG that stands alone, made here, without a style sheet, a script or a font.

Promise: a bar's length is its value's part of the axis, which starts at zero; whiskers end where the interval ends;
every number is text. Arabic runs from the right, except that time runs from the left in every language. The picture
has no background of its own, only colours that stand out from black as well as from white, and text in the system's
colour (black, where a program knows none): so it can be read on paper, in forced colours, and under a policy that
allows no style in a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from textwrap import wrap

from ctdc.hub.site.charts import TICKS
from ctdc.hub.site.kit.tables import about_lines
from ctdc.hub.site.kit.value import Chart, Quantity, Row
from ctdc.release.numbers import number

WIDTH = 760.0
MARGIN = 20.0
INNER = WIDTH - 2 * MARGIN
SIDE = 280.0  # each side of a pyramid; the ages stand between them
BAR = 14.0
PLOT = 260.0
MOST_YEARS = 24  # more do not fit beside each other
EVERY = 5
TITLE_LETTERS, LABEL_LETTERS, NOTE_LETTERS = 66, 62, 112  # that surely fit into a line
FONTS = "system-ui, 'Segoe UI', 'Noto Sans', 'Noto Naskh Arabic', Arial, sans-serif"
FILL = "#2f808a"  # 4.6 : 1 against white, and against black
LATE = "#a7cbce"
LINE = "#767676"  # 4.5 : 1 against white, 4.6 : 1 against black
WHISKER, HALO = "#13262b", "#ffffff"


@dataclass
class _Canvas:
    """Collects elements from top to bottom. Positions across are counted from where the language begins."""

    chart: Chart
    y: float = MARGIN
    parts: list[str] = field(default_factory=list)
    mirrored: bool = False

    def text(self, x: float, text: str, size: float = 14, anchor: str = "start", weight: str = "400") -> None:
        """Text whose line stands at the present height. Its anchor follows the language's direction."""
        place = f'x="{_n(self.across(x))}" y="{_n(self.y)}" font-size="{_n(size)}" font-weight="{weight}"'
        flow = f'fill="CanvasText" text-anchor="{anchor}" direction="{self.chart.direction}"'
        self.parts.append(f"<text {place} {flow}>{_safe(text)}</text>")

    def lines(self, text: str, letters: int, size: float, weight: str = "400") -> None:
        """Text from the margin in as many lines as it needs."""
        for line in wrap(text, letters) or [""]:
            self.y += size * 1.4
            self.text(MARGIN, line, size, weight=weight)

    def across(self, x: float) -> float:
        """Where a position, counted from the beginning of the line, is on the picture."""
        return WIDTH - x if self.mirrored else x

    def bar(self, quantity: Quantity, start: float, span: float) -> None:
        """A bar from `start` to as far as its part of `span`, and its whisker; a negative span grows backwards."""
        ends = [self.across(start + span * self.chart.part(v)) for v in (quantity.value, quantity.low, quantity.high)]
        here, middle = self.across(start), self.y + BAR / 2
        left, width = min(here, ends[0]), abs(ends[0] - here)
        place = f'x="{_n(left)}" y="{_n(self.y)}" width="{_n(width)}" height="{_n(BAR)}"'
        self.parts.append(f'<rect class="bar" {place} fill="{FILL}"/>')
        self.parts += _whisker((ends[1], middle), (ends[2], middle))

    def line(self, x: float, top: float, bottom: float) -> None:
        """An upright line, where bars begin."""
        at = _n(self.across(x))
        self.parts.append(_line((at, _n(top)), (at, _n(bottom)), LINE, 1))


def to_svg(chart: Chart) -> bytes:
    """The chart as SVG in UTF-8, with a title and a description for those who hear it."""
    canvas = _Canvas(chart, mirrored=chart.direction == "rtl")
    canvas.lines(chart.title, TITLE_LETTERS, 21, "600")
    canvas.lines(_counted(chart), NOTE_LETTERS, 13)
    canvas.y += 14
    {"bars": _bars, "pyramid": _pyramid, "columns": _columns}[chart.kind](canvas)
    canvas.y += 10
    for text in _below(chart):
        canvas.lines(text, NOTE_LETTERS, 12.5)
    height = _n(canvas.y + MARGIN)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(WIDTH)} {height}" width="{_n(WIDTH)}" '
        f'height="{height}" role="img" aria-labelledby="title desc" direction="{chart.direction}" '
        f'xml:lang="{chart.language}" lang="{chart.language}" font-family="{FONTS}">'
    )
    described = f'<title id="title">{_safe(chart.title)}</title>\n<desc id="desc">{_safe(_described(chart))}</desc>'
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


def said(chart: Chart, row: Row) -> str:
    """A row's number with its interval as text, or that there are too few to say."""
    quantity = chart.drawn(row)
    return chart.text("kit.few") if quantity is None else f"{quantity.text} ({quantity.interval})"


def _bars(canvas: _Canvas) -> None:
    """A label with its number above each bar."""
    top = canvas.y
    for row in canvas.chart.rows:
        labels = wrap(row.label, LABEL_LETTERS) or [""]
        for line in labels:
            canvas.y += 18
            canvas.text(MARGIN + 4, line)
        canvas.text(WIDTH - MARGIN, said(canvas.chart, row), 13, "end")
        canvas.y += 6
        if (quantity := canvas.chart.drawn(row)) is not None:
            canvas.bar(quantity, MARGIN, INNER)
        canvas.y += BAR + 6
    canvas.line(MARGIN, top, canvas.y)


def _pyramid(canvas: _Canvas) -> None:
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


def _columns(canvas: _Canvas) -> None:
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
            canvas.parts.append(_left_to_right(middle, top + PLOT + 18, row.label, "middle"))
    canvas.y = top + PLOT + 24
    canvas.parts.append(_line((_n(MARGIN), _n(top + PLOT)), (_n(WIDTH - MARGIN), _n(top + PLOT)), LINE, 1.5))
    canvas.mirrored = chart.direction == "rtl"
    if any(row.few for row in chart.rows):
        canvas.lines(f"* {chart.text('kit.few')}", NOTE_LETTERS, 12.5)


def _grid(chart: Chart, top: float) -> Iterator[str]:
    for tick in range(1, TICKS + 1):
        height = top + PLOT * (1 - tick / TICKS)
        yield _line((_n(MARGIN), _n(height)), (_n(WIDTH - MARGIN), _n(height)), LINE, 0.5)
        yield _left_to_right(MARGIN, height - 4, number(chart.language, chart.axis * tick / TICKS), "start")


def _column(chart: Chart, row: Row, middle: float, width: float, top: float) -> Iterator[str]:
    quantity = chart.drawn(row)
    if quantity is None:
        yield _left_to_right(middle, top + PLOT - 4, "*", "middle")
        return
    end, low, high = (top + PLOT * (1 - chart.part(v)) for v in (quantity.value, quantity.low, quantity.high))
    paint = f'fill="{LATE}" stroke="{FILL}" stroke-dasharray="3 2"' if row.late else f'fill="{FILL}"'
    place = f'x="{_n(middle - width / 2)}" y="{_n(end)}" width="{_n(width)}" height="{_n(top + PLOT - end)}"'
    yield f'<rect class="bar" {place} {paint}><title>{_safe(f"{row.label}: {said(chart, row)}")}</title></rect>'
    yield from _whisker((middle, low), (middle, high))


def _left_to_right(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{_n(x)}" y="{_n(y)}" font-size="12" text-anchor="{anchor}"'
    return f'<text {place} fill="CanvasText" direction="ltr">{_safe(text)}</text>'


def _whisker(start: tuple[float, float], end: tuple[float, float]) -> Iterator[str]:
    """The interval, light below dark, so that it shows on the bar, on paper and on black; with a stop at each end."""
    (x1, y1), (x2, y2) = start, end
    yield _line((_n(x1), _n(y1)), (_n(x2), _n(y2)), HALO, 4)
    yield _line((_n(x1), _n(y1)), (_n(x2), _n(y2)), WHISKER, 1.5, "whisker")
    across, along = (3, 0) if x1 == x2 and y1 != y2 else (0, 3)
    for x, y in (start, end):
        yield _line((_n(x - across), _n(y - along)), (_n(x + across), _n(y + along)), WHISKER, 1.5)


def _line(start: tuple[str, str], end: tuple[str, str], colour: str, width: float, name: str = "") -> str:
    named = f'class="{name}" ' if name else ""
    place = f'x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}"'
    return f'<line {named}{place} stroke="{colour}" stroke-width="{_n(width)}"/>'


def _n(value: float) -> str:
    """A length with at most four decimals, as an attribute."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _safe(text: str) -> str:
    """Text for XML: markup escaped, and what XML cannot hold at all replaced."""
    return escape("".join(letter if letter.isprintable() or letter in _KEPT else "\ufffd" for letter in text))


# Marks that order text of both directions, and spaces that do not break: XML holds them, Python calls them unprintable.
_KEPT = frozenset("\u2066\u2069\u2060\u00a0\u202f\u200f\u200e\u200b\u200c\u200d\t\n ")
