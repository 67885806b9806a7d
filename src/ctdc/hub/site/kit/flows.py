"""Corridors as bands from where people are citizens to where they were exploited.

Promise: a band is as thick as its number of people is large, and its pale edge as its interval reaches; every band says
its number. In a language that is read from the right the bands run from the right, as its words do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ctdc.hub.site.charts import DRAWN_CORRIDORS
from ctdc.hub.site.kit import colours
from ctdc.hub.site.kit.canvas import MARGIN, WIDTH, Canvas, n, safe, said
from ctdc.hub.site.kit.value import Chart, Quantity, Row

THICKEST = 54.0
SLOT = 26.0  # the least room that a band's number needs
BETWEEN = 12.0  # nodes
NODE = 8.0
SIDE = 165.0  # room for names


@dataclass(frozen=True)
class Band:
    """A corridor with the middles of its ends."""

    row: Row
    quantity: Quantity
    start: float
    end: float


def draw_flows(canvas: Canvas) -> None:
    """The bands with the largest numbers; the names of both ends beside them."""
    top = canvas.y
    for part in flow_shapes(canvas, top):
        canvas.parts.append(part)
    canvas.y = top + flow_height(canvas.chart) + 8


def shown(chart: Chart) -> list[tuple[Row, Quantity]]:
    """What is drawn: the first rows that have a number."""
    return [(row, quantity) for row in chart.rows if (quantity := chart.drawn(row)) is not None][:DRAWN_CORRIDORS]


def flow_height(chart: Chart) -> float:
    """How high the picture of the bands is."""
    return max((_layout(chart, side)[1] for side in (0, 1)), default=0.0)


def _thickness(chart: Chart, value: float) -> float:
    most = max((quantity.high for _, quantity in shown(chart)), default=1.0)
    return THICKEST * max(0.0, value) / most


def _layout(chart: Chart, side: int) -> tuple[dict[int, float], float]:
    """The middle of each band at its beginning (side 0) or end (1), and the height of that side."""
    rows = shown(chart)
    codes = list(dict.fromkeys(row.of[side][1] for row, _ in rows))
    middles, y = dict[int, float](), 0.0
    for code in codes:
        for position, (row, quantity) in enumerate(rows):
            if row.of[side][1] == code:
                room = max(SLOT, _thickness(chart, quantity.high))
                middles[position] = y + room / 2
                y += room
        y += BETWEEN
    return middles, y


def bands(chart: Chart) -> list[Band]:
    """The bands with their places, from the top."""
    starts, ends = _layout(chart, 0)[0], _layout(chart, 1)[0]
    return [Band(row, quantity, starts[at], ends[at]) for at, (row, quantity) in enumerate(shown(chart))]


def flow_shapes(canvas: Canvas, top: float) -> Iterator[str]:
    """Bands, nodes, names and numbers."""
    chart, found = canvas.chart, bands(canvas.chart)
    for band in found:
        told = f"<title>{safe(f'{band.row.name}: {said(chart, band.row)}')}</title>"
        edge = f'class="edge" fill="{colours.late()}"'
        yield _band(canvas, band, top, _thickness(chart, band.quantity.high), edge, told)
        middle = f'class="band-middle" fill="{colours.fill()}" fill-opacity="0.55"'
        yield _band(canvas, band, top, _thickness(chart, band.quantity.value), middle, told)
    for side in (0, 1):
        yield from _nodes(canvas, found, side, top)
    for band in found:
        half = _thickness(chart, band.quantity.high) / 2
        # In the band if it is thick enough, else just above it.
        canvas.y = top + band.start + (4 if half > 8 else -half - 3)
        canvas.text(MARGIN + SIDE + NODE + 8, said(chart, band.row), 11.5, weight="600")


def _band(canvas: Canvas, band: Band, top: float, thick: float, paint: str, told: str) -> str:
    x1, x2 = canvas.across(MARGIN + SIDE + NODE), canvas.across(WIDTH - MARGIN - SIDE - NODE)
    middle, half = (x1 + x2) / 2, thick / 2
    a, b = top + band.start, top + band.end
    upper = f"M{n(x1)} {n(a - half)}C{n(middle)} {n(a - half)} {n(middle)} {n(b - half)} {n(x2)} {n(b - half)}"
    lower = f"L{n(x2)} {n(b + half)}C{n(middle)} {n(b + half)} {n(middle)} {n(a + half)} {n(x1)} {n(a + half)}Z"
    return f'<path {paint} d="{upper}{lower}">{told}</path>'


def _nodes(canvas: Canvas, found: Sequence[Band], side: int, top: float) -> Iterator[str]:
    chart = canvas.chart
    labels = {band.row.of[side][1]: band.row.series if side else band.row.label for band in found}
    for code, label in labels.items():
        own = [band for band in found if band.row.of[side][1] == code]
        places = [(band.end if side else band.start, _thickness(chart, band.quantity.high) / 2) for band in own]
        first = min(place - half for place, half in places)
        last = max(place + half for place, half in places)
        x = WIDTH - MARGIN - SIDE - NODE if side else MARGIN + SIDE
        left = min(canvas.across(x), canvas.across(x + NODE))
        place = f'x="{n(left)}" y="{n(top + first)}" width="{n(NODE)}" height="{n(max(2.0, last - first))}"'
        yield f'<rect class="node" {place} fill="{colours.fill()}"/>'
        canvas.y = top + (first + last) / 2 + 4
        canvas.text(x + NODE + 6 if side else x - 6, label, 12, "start" if side else "end")
