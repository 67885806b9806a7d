"""The map: countries shaded by how many people, small ones as circles, with a legend that needs no colour.

Promise: a shade says between which numbers a country's number lies; a country below the reporting threshold is hatched,
never pale; areas that belong to no code are grey. Circles have areas in proportion to their numbers, down to a dot that
can be seen, and the legend says where that begins. The map is never mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ctdc.hub.site.brand import SHADES
from ctdc.hub.site.kit import colours
from ctdc.hub.site.kit.canvas import INNER, LINE, MARGIN, WIDTH, Canvas, n, safe, said
from ctdc.hub.site.kit.geo import WIDTH as MAP_WIDTH
from ctdc.hub.site.kit.geo import Area, Geometry, geometry_for
from ctdc.hub.site.kit.value import Chart, Row
from ctdc.release.numbers import number, number_range

STEPS = (1, 3)  # of each power of ten: the ends of classes
SMALL = 60.0  # a shape of less area is under some four pixels across: its country gets a circle
LARGEST, SMALLEST = 28.0, 6.0  # radius of a circle: that of the small place with most people, and the least
MANY = 60  # areas, of which borders are fine lines
NAMED = 12  # countries that the picture names with their numbers
HATCH = "hatch"
NONE = "#c9c9c9"
BORDER = "#6b7f83"


@dataclass(frozen=True)
class Step:
    """A class of the legend. shade: as in `colours`; text: from which to which number."""

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
    used = [end for end in ends if first <= end <= max(values)][-SHADES:]
    lowest = math.floor(min(values)) if used[0] > min(values) else used[0]
    lows = [float(lowest), *used[1:]]
    shades = [SHADES - len(lows) + position for position in range(len(lows))]
    texts = [number_range(chart.language, low, high - 1) for low, high in pairwise(lows)]
    texts.append(chart.text("kit.map.more", low=number(chart.language, lows[-1])))
    return tuple(Step(*step) for step in zip(shades, lows, texts, strict=True))


def shade_of(steps: Sequence[Step], value: float) -> int:
    """The shade of a value."""
    return max((step.shade for step in steps if round(value) >= step.low), default=steps[0].shade)


def geometry_of(chart: Chart) -> Geometry:
    """The map that the chart's places are on. Raises ValueError where there is none."""
    found = geometry_for(row.of[0][1] for row in chart.rows)
    if found is None:
        raise ValueError(f"no map has the places of {chart.id}")
    return found


def map_height(chart: Chart, width: float) -> float:
    """How high a map of some width is."""
    return width * geometry_of(chart).height / MAP_WIDTH


def map_shapes(chart: Chart, hatch: str = HATCH) -> Iterator[str]:
    """Every area and circle, in the drawing's units. hatch: id of the pattern, unique in a page."""
    steps = classes(chart)
    rows = {row.of[0][1]: row for row in chart.rows}
    areas = geometry_of(chart).areas
    line = 1 if len(areas) > MANY else 4
    yield _pattern(hatch)
    for area in areas:
        if area.path:
            yield _shape(chart, area, rows.get(area.code), steps, hatch, line)
    small = small_places(chart)
    for place in small:
        yield _circle(chart, place, steps, small[0].people)


def _pattern(hatch: str) -> str:
    line = f'<path class="hatching" d="M-2 10L10 -2M6 18L18 6" stroke="{BORDER}" stroke-width="2.5"/>'
    return f'<pattern id="{hatch}" width="12" height="12" patternUnits="userSpaceOnUse">{line}</pattern>'


def _shape(chart: Chart, area: Area, row: Row | None, steps: Sequence[Step], hatch: str, line: int) -> str:
    quantity = None if row is None else chart.drawn(row)
    if quantity is not None:
        shade = shade_of(steps, quantity.value)
        paint = f'class="area shade-{shade}" fill="{colours.shade(shade)}"'
    elif row is not None:
        paint = f'class="area few" fill="url(#{hatch})"'
    else:
        paint = f'class="area none" fill="{NONE}"'
    told = "" if row is None else f"<title>{safe(f'{row.label}: {said(chart, row)}')}</title>"
    outline = f'stroke="{BORDER}" stroke-width="{line}" fill-rule="evenodd"'
    return f'<path {paint} {outline} d="{area.path}">{told}</path>'


@dataclass(frozen=True)
class Small:
    """A place that is too small for its shape to be seen, with its number of people."""

    area: Area
    row: Row
    people: float


def small_places(chart: Chart) -> list[Small]:
    """The places that are drawn as circles, the largest first, so that it hides none."""
    rows = {row.of[0][1]: row for row in chart.rows}
    found = [
        Small(area, row, quantity.value)
        for area in geometry_of(chart).areas
        if area.size < SMALL and (row := rows.get(area.code)) and (quantity := chart.drawn(row)) is not None
    ]
    return sorted(found, key=lambda place: (-place.people, place.area.code))


def circles_note(chart: Chart) -> str:
    """What circles stand for, and which number the largest and the smallest ones have; empty without any."""
    small = small_places(chart)
    if not small:
        return ""
    largest = max(0.0, small[0].people)
    note = chart.text("kit.map.small", largest=number(chart.language, largest))
    least = largest * (SMALLEST / LARGEST) ** 2
    if small[-1].people >= least:
        return note
    return f"{note} {chart.text('kit.map.smallest', least=number(chart.language, least))}"


def _circle(chart: Chart, place: Small, steps: Sequence[Step], largest: float) -> str:
    """largest: how many people the largest circle stands for."""
    shade, (x, y) = shade_of(steps, place.people), place.area.point
    radius = max(SMALLEST, LARGEST * math.sqrt(place.people / largest)) if place.people > 0 else SMALLEST
    where = f'cx="{n(round(x, 1))}" cy="{n(round(y, 1))}" r="{n(round(radius, 2))}"'
    paint = f'class="small shade-{shade}" fill="{colours.shade(shade)}" stroke="#13262b" stroke-width="3"'
    return f"<circle {where} {paint}><title>{safe(f'{place.row.label}: {said(chart, place.row)}')}</title></circle>"


def draw_map(canvas: Canvas) -> None:
    """Map, legend, and the countries with most people."""
    scale = INNER / MAP_WIDTH
    shapes = "".join(map_shapes(canvas.chart))
    canvas.parts.append(f'<g transform="translate({n(MARGIN)} {n(canvas.y)}) scale({n(scale)})">{shapes}</g>')
    canvas.y += map_height(canvas.chart, INNER) + 12
    _legend(canvas)
    _largest(canvas)


def legend(chart: Chart) -> list[tuple[str, str]]:
    """Entries of the legend: the class of a swatch, and its text."""
    entries = [(f"shade-{step.shade}", step.text) for step in classes(chart)]
    return [*entries, ("few", chart.text("kit.few")), ("none", chart.text("kit.map.none"))]


def _legend(canvas: Canvas) -> None:
    paints = {"few": f"url(#{HATCH})", "none": NONE}
    paints |= {f"shade-{at}": colour for at, colour in enumerate(colours.shades())}
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
    if note := circles_note(canvas.chart):
        canvas.lines(note, 112, 12.5)


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
