"""The map: countries shaded by how many people, small ones as circles, with a legend that needs no colour.

Promise: a shade says between which numbers a country's number lies; a country below the reporting threshold is hatched,
never pale; areas that belong to no code are grey. The map is never mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ctdc.hub.site.kit.canvas import INNER, LINE, MARGIN, WIDTH, Canvas, n, safe, said
from ctdc.hub.site.kit.geo import WIDTH as MAP_WIDTH
from ctdc.hub.site.kit.geo import Area, read_geometry
from ctdc.hub.site.kit.panels import RAMP
from ctdc.hub.site.kit.value import Chart, Row
from ctdc.release.numbers import number, number_range

STEPS = (1, 3)  # of each power of ten: the ends of classes
SMALL = 60.0  # a shape of less area is under some four pixels across: its country gets a circle
LARGEST, SMALLEST = 42.0, 7.0  # radius of a circle
NAMED = 12  # countries that the picture names with their numbers
HATCH = "hatch"
NONE = "#c9c9c9"
BORDER = "#6b7f83"


@dataclass(frozen=True)
class Step:
    """A class of the legend. shade: which of `RAMP`; text: from which to which number."""

    shade: int
    low: float
    text: str


def classes(chart: Chart) -> tuple[Step, ...]:
    """The classes that the chart's numbers are in, the lowest first; the lowest of too many are one."""
    values = [quantity.value for row in chart.rows if (quantity := chart.drawn(row)) is not None]
    if not values:
        return ()
    ends = [float(step * 10**power) for power in range(12) for step in STEPS]
    first = max(end for end in ends if end <= max(1.0, min(values)))
    used = [end for end in ends if first <= end <= max(values)][-len(RAMP) :]
    lowest = math.floor(min(values)) if used[0] > min(values) else used[0]
    lows = [float(lowest), *used[1:]]
    shades = [len(RAMP) - len(lows) + position for position in range(len(lows))]
    texts = [number_range(chart.language, low, high - 1) for low, high in pairwise(lows)]
    texts.append(chart.text("kit.map.more", low=number(chart.language, lows[-1])))
    return tuple(Step(*step) for step in zip(shades, lows, texts, strict=True))


def shade_of(steps: Sequence[Step], value: float) -> int:
    """The shade of a value."""
    return max((step.shade for step in steps if round(value) >= step.low), default=steps[0].shade)


def map_height(width: float) -> float:
    """How high a map of some width is."""
    return width * read_geometry().height / MAP_WIDTH


def map_shapes(chart: Chart, hatch: str = HATCH) -> Iterator[str]:
    """Every area and circle, in the drawing's units. hatch: id of the pattern, unique in a page."""
    steps = classes(chart)
    rows = {row.of[0][1]: row for row in chart.rows}
    largest = max((q.value for row in chart.rows if (q := chart.drawn(row)) is not None), default=1.0)
    yield _pattern(hatch)
    for area in read_geometry().areas:
        if area.path:
            yield _shape(chart, area, rows.get(area.code), steps, hatch)
    for area in read_geometry().areas:
        row = rows.get(area.code)
        if area.size < SMALL and row is not None and not row.few:
            yield _circle(chart, area, row, steps, largest)


def _pattern(hatch: str) -> str:
    line = f'<path class="hatching" d="M-2 10L10 -2M6 18L18 6" stroke="{BORDER}" stroke-width="2.5"/>'
    return f'<pattern id="{hatch}" width="12" height="12" patternUnits="userSpaceOnUse">{line}</pattern>'


def _shape(chart: Chart, area: Area, row: Row | None, steps: Sequence[Step], hatch: str) -> str:
    quantity = None if row is None else chart.drawn(row)
    if quantity is not None:
        shade = shade_of(steps, quantity.value)
        paint = f'class="area shade-{shade}" fill="{RAMP[shade]}"'
    elif row is not None:
        paint = f'class="area few" fill="url(#{hatch})"'
    else:
        paint = f'class="area none" fill="{NONE}"'
    told = "" if row is None else f"<title>{safe(f'{row.label}: {said(chart, row)}')}</title>"
    outline = f'stroke="{BORDER}" stroke-width="1" fill-rule="evenodd"'
    return f'<path {paint} {outline} d="{area.path}">{told}</path>'


def _circle(chart: Chart, area: Area, row: Row, steps: Sequence[Step], largest: float) -> str:
    quantity = chart.drawn(row)
    value = 0.0 if quantity is None else max(0.0, quantity.value)
    shade, (x, y) = shade_of(steps, value), area.point
    radius = max(SMALLEST, LARGEST * math.sqrt(value / largest))
    place = f'cx="{n(round(x, 1))}" cy="{n(round(y, 1))}" r="{n(round(radius, 2))}"'
    paint = f'class="small shade-{shade}" fill="{RAMP[shade]}" stroke="#13262b" stroke-width="3"'
    return f"<circle {place} {paint}><title>{safe(f'{row.label}: {said(chart, row)}')}</title></circle>"


def draw_map(canvas: Canvas) -> None:
    """Map, legend, and the countries with most people."""
    scale = INNER / MAP_WIDTH
    shapes = "".join(map_shapes(canvas.chart))
    canvas.parts.append(f'<g transform="translate({n(MARGIN)} {n(canvas.y)}) scale({n(scale)})">{shapes}</g>')
    canvas.y += map_height(INNER) + 12
    _legend(canvas)
    _largest(canvas)


def legend(chart: Chart) -> list[tuple[str, str]]:
    """Entries of the legend: the class of a swatch, and its text."""
    entries = [(f"shade-{step.shade}", step.text) for step in classes(chart)]
    return [*entries, ("few", chart.text("kit.few")), ("none", chart.text("kit.map.none"))]


def _legend(canvas: Canvas) -> None:
    paints = {"few": f"url(#{HATCH})", "none": NONE} | {f"shade-{at}": colour for at, colour in enumerate(RAMP)}
    x = MARGIN
    for name, text in legend(canvas.chart):
        width = 34 + 7.2 * len(text)
        if x + width > WIDTH - MARGIN:
            x, canvas.y = MARGIN, canvas.y + 24
        left = min(canvas.across(x), canvas.across(x + 20))
        place = f'x="{n(left)}" y="{n(canvas.y)}" width="20" height="14"'
        canvas.parts.append(f'<rect class="key" {place} fill="{paints[name]}" stroke="{LINE}"/>')
        canvas.y += 12
        canvas.text(x + 26, text, 12)
        canvas.y -= 12
        x += width + 8
    canvas.y += 22
    canvas.lines(canvas.chart.text("kit.map.small"), 112, 12.5)


def _largest(canvas: Canvas) -> None:
    """The countries with most people in two columns, with their intervals."""
    rows = [row for row in canvas.chart.rows if not row.few][:NAMED]
    top, half = canvas.y + 10, (len(rows) + 1) // 2
    for position, row in enumerate(rows):
        canvas.y = top + 18 * (position % half + 1)
        x = MARGIN + (position // half) * (INNER / 2 + 10)
        canvas.text(x, row.label, 12)
        canvas.text(x + INNER / 2 - 20, said(canvas.chart, row), 12, "end")
    canvas.y = top + 18 * half + 6
