"""Small plots as SVG: lines on axes that may be logarithmic, and horizontal bars.

Promise: the same figures give the same bytes; a plot has a title and a description for those who do not see it, is
legible on a light and on a dark page, fetches nothing, and tells series apart by mark and dash as well as by colour
(Okabe and Ito's palette). Everything that is text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 72, 44, 92, 52
LEGEND_TOP = 46
CHARACTER = 7.2  # about the width of a character of the legend
BAR, BAR_GAP, GROUP_GAP = 18, 4, 14
BAR_LEFT, BAR_RIGHT, BAR_TOP = 250, 96, 52
COLOURS = 6
DASHES = ("", "7 4", "2 3", "9 3 2 3", "12 4", "4 2")
MARKS = ("circle", "square", "triangle", "diamond", "ring", "box")

STYLE = """<style>
svg { --ink: #1a1a1a; --soft: #5f6368; --grid: #dadce0; --paper: #ffffff; --c0: #0072b2; --c1: #d55e00; --c2: #00795a;
  --c3: #a8447f; --c4: #8a6d00; --c5: #3d3d3d; }
@media (prefers-color-scheme: dark) {
  svg { --ink: #f1f3f4; --soft: #b6bbc1; --grid: #43474c; --paper: #14171a; --c0: #56b4e9; --c1: #ff9a57; --c2: #2fd0a0;
    --c3: #ec9cc8; --c4: #f0e442; --c5: #d5d7da; } }
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }
.title { font-weight: 600; font-size: 15px; } .soft { fill: var(--soft); } .end { text-anchor: end; }
.middle { text-anchor: middle; } .paper { fill: var(--paper); } .grid { stroke: var(--grid); stroke-width: 1; }
.axis { stroke: var(--soft); stroke-width: 1; } .line { fill: none; stroke-width: 2; }
</style>"""


@dataclass(frozen=True)
class Series:
    """One line: its points as (x, y), and its style, so that one thing looks alike on all plots."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: int = 0


def plain(value: float) -> str:
    """A tick without an exponent: 0.00001, 10,000."""
    return f"{value:,.12f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Axis:
    """`ticks` are chosen when there are none; `show` writes a tick."""

    label: str
    logarithmic: bool = False
    ticks: tuple[float, ...] = ()
    show: Callable[[float], str] = plain


def _document(width: int, height: int, title: str, description: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="title description">'
    )
    names = f'<title id="title">{escape(title)}</title>\n<desc id="description">{escape(description)}</desc>'
    paper = f'<rect class="paper" width="{width}" height="{height}"/>'
    return "\n".join([head, names, STYLE, paper, _text(16, 28, title, "title"), *parts, "</svg>"]) + "\n"


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _polygon(points: Sequence[tuple[float, float]], paint: str) -> str:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{corners}" {paint}/>'


def _mark(x: float, y: float, place: int) -> str:
    """The mark of a series, some ten pixels wide; the last kinds are hollow."""
    kind, colour, r = MARKS[place % len(MARKS)], f"var(--c{place % COLOURS})", 4.5
    hollow = f'style="fill: var(--paper); stroke: {colour}; stroke-width: 2"'
    full = f'style="fill: {colour}"'
    if kind in {"circle", "ring"}:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" {full if kind == "circle" else hollow}/>'
    if kind == "triangle":
        return _polygon([(x, y - r - 1), (x + r + 1, y + r), (x - r - 1, y + r)], full)
    if kind == "diamond":
        return _polygon([(x, y - r - 1.5), (x + r + 1.5, y), (x, y + r + 1.5), (x - r - 1.5, y)], full)
    corners = [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
    return _polygon(corners, full if kind == "square" else hollow)


def ticks_of(low: float, high: float, logarithmic: bool) -> tuple[float, ...]:
    """Round values that enclose `low` to `high`: powers of ten (2 and 5 too where they are few) or even steps."""
    if logarithmic:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        factors = (1, 2, 5) if last - first <= 1 else (1,)
        every = [factor * 10.0**power for power in range(first, max(last, first + 1)) for factor in factors]
        return (*every, 10.0 ** max(last, first + 1))
    step = 10.0 ** math.floor(math.log10((high - low) / 5 or 1.0))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (factor * step) <= 6)
    return tuple(step * number for number in range(math.floor(low / step), math.ceil(high / step) + 1))


def _scale(ticks: Sequence[float], logarithmic: bool, start: float, end: float) -> Callable[[float], float]:
    """A value's place between the pixels `start` and `end`, which stand for the outer ticks."""
    warp = math.log10 if logarithmic else float
    low, high = warp(ticks[0]), warp(ticks[-1])
    return lambda value: start + (warp(value) - low) / (high - low) * (end - start)


def _legend(series: Sequence[Series]) -> list[str]:
    parts, x = [], 16.0
    for each in series:
        parts += [_stroke([(x, LEGEND_TOP), (x + 28, LEGEND_TOP)], each.style), _mark(x + 14, LEGEND_TOP, each.style)]
        parts.append(_text(x + 36, LEGEND_TOP + 4, each.name))
        x += 36 + CHARACTER * len(each.name) + 14
    return parts


def _stroke(points: Sequence[tuple[float, float]], place: int) -> str:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    paint = f"stroke: var(--c{place % COLOURS}); stroke-dasharray: {DASHES[place % len(DASHES)] or 'none'}"
    return f'<polyline class="line" points="{corners}" style="{paint}"/>'


def lines(title: str, description: str, series: Sequence[Series], across: Axis, up: Axis) -> str:
    """Series as lines with marks. Raises ValueError when there is no point, or one at or under 0 on a log axis."""
    xs = [x for each in series for x, _ in each.points]
    ys = [y for each in series for _, y in each.points]
    if not xs:
        raise ValueError(f"{title}: nothing to plot")
    x_ticks = across.ticks or ticks_of(min(xs), max(xs), across.logarithmic)
    y_ticks = up.ticks or ticks_of(min(ys), max(ys), up.logarithmic)
    to_x = _scale(x_ticks, across.logarithmic, LEFT + 12, WIDTH - RIGHT - 12)
    to_y = _scale(y_ticks, up.logarithmic, HEIGHT - BOTTOM, TOP)
    parts = _legend(series)
    for tick in y_ticks:
        parts += [_line(LEFT, to_y(tick), WIDTH - RIGHT, to_y(tick), "grid")]
        parts += [_text(LEFT - 8, to_y(tick) + 4, up.show(tick), "end soft")]
    parts.append(_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis"))
    for tick in x_ticks:
        parts.append(_text(to_x(tick), HEIGHT - BOTTOM + 20, across.show(tick), "middle soft"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, across.label, "middle"))
    parts.append(_text(16, TOP - 16, up.label, "soft"))
    for each in series:
        points = [(to_x(x), to_y(y)) for x, y in each.points]
        parts += [_stroke(points, each.style), *(_mark(x, y, each.style) for x, y in points)]
    return _document(WIDTH, HEIGHT, title, description, parts)


@dataclass(frozen=True)
class Bar:
    """One bar: where it belongs, its value (None: nothing to show), and what is written at its end."""

    label: str
    value: float | None
    written: str


def bars(title: str, description: str, groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Groups of horizontal bars on one logarithmic axis; each bar has its value written at its end."""
    values = [bar.value for _, group in groups for bar in group if bar.value is not None]
    if not values:
        raise ValueError(f"{title}: nothing to plot")
    ticks = ticks_of(min(values), max(values), logarithmic=True)
    to_x = _scale(ticks, True, BAR_LEFT, WIDTH - BAR_RIGHT)
    parts, y = [], float(BAR_TOP)
    for place, (heading, group) in enumerate(groups):
        parts.append(_text(16, y + 13, heading, "soft"))
        y += BAR + BAR_GAP
        for bar in group:
            parts.append(_text(BAR_LEFT - 10, y + 13, bar.label, "end"))
            width = to_x(bar.value) - BAR_LEFT if bar.value is not None else 0.0
            paint = f'style="fill: var(--c{place % COLOURS})"'
            parts.append(f'<rect x="{BAR_LEFT}" y="{y:.1f}" width="{max(width, 2):.1f}" height="{BAR}" {paint}/>')
            parts.append(_text(BAR_LEFT + max(width, 2) + 6, y + 13, bar.written))
            y += BAR + BAR_GAP
        y += GROUP_GAP
    grid = [_line(to_x(tick), BAR_TOP, to_x(tick), y, "grid") for tick in ticks]
    numbers = [_text(to_x(tick), y + 18, plain(tick), "middle soft") for tick in ticks]
    return _document(WIDTH, round(y) + 30, title, description, [*grid, *numbers, *parts])
