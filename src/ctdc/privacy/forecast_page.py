"""The page that shows how exact counts would be: one file, five languages, no script, no request.

Promise: made from a forecast alone, so it discloses nothing; every name is escaped; the plot's numbers are all in the
tables beside it, so nobody needs to see it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctdc.privacy.planning import RELATIVE_ERROR, SHARES, Forecast, Outlook
from ctdc.privacy.report import LANGUAGES, Writer, page_templates

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 36, 16, 48  # margins
DASHES = ("", "8 4", "2 4", "10 4 2 4")  # of lengths 1 to 4, so that lines differ without colour
LEAST_GAP = 14  # between the names of two lines, in units of the picture


@dataclass(frozen=True)
class Tick:
    """A number on an axis, its decimals, and where it stands."""

    value: float
    digits: int
    at: float


@dataclass(frozen=True)
class Curve:
    """A line of the plot: points as SVG wants them, dashes, and the height at which its name stands."""

    length: int
    points: str
    dashes: str
    end: float


@dataclass(frozen=True)
class Plot:
    """Median standard error against epsilon, on logarithmic axes."""

    curves: tuple[Curve, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def scale(value: float, low: float, high: float, start: float, stop: float) -> float:
    """Where `value` stands on a logarithmic axis from `low` at `start` to `high` at `stop`."""
    part = math.log(value / low) / math.log(high / low) if high > low else 0.5
    return round(start + part * (stop - start), 1)


def ticks(low: float, high: float, start: float, stop: float) -> tuple[Tick, ...]:
    """1, 2 and 5 times powers of ten within the axis, or its ends where there are none."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    inside = [value for value in values if low <= value <= high]
    spare = 0 if inside else 1
    inside = inside or [low, high]
    # 1e-9, because the logarithm of a power of ten may come out a little below the whole number.
    digits = [max(0, spare - math.floor(math.log10(value) + 1e-9)) for value in inside]
    return tuple(
        Tick(value, places, scale(value, low, high, start, stop)) for value, places in zip(inside, digits, strict=True)
    )


def apart(heights: Sequence[float]) -> list[float]:
    """`heights` moved down where they would touch: places for the names at the ends of lines."""
    placed: dict[int, float] = {}
    free = -math.inf
    for number in sorted(range(len(heights)), key=lambda one: heights[one]):
        placed[number] = max(heights[number], free)
        free = placed[number] + LEAST_GAP
    return [placed[number] for number in range(len(heights))]


def plot_of(curve: Sequence[Forecast]) -> Plot:
    """The plot of at least one forecast, epsilons ascending. Lengths from 1."""
    lengths = [line.length for line in curve[0].lines if line.length]
    medians = {length: [one.line(length).median for one in curve] for length in lengths}
    every = [value for values in medians.values() for value in values]
    x_ends = curve[0].epsilon, curve[-1].epsilon
    # A little room, so that no line runs along the frame.
    y_ends = min(every) / 1.1, max(every) * 1.1
    across = LEFT, WIDTH - RIGHT
    up = HEIGHT - BOTTOM, TOP
    points = {
        length: [
            (scale(one.epsilon, *x_ends, *across), scale(value, *y_ends, *up))
            for one, value in zip(curve, medians[length], strict=True)
        ]
        for length in lengths
    }
    ends = apart([points[length][-1][1] for length in lengths])
    curves = [
        Curve(length, " ".join(f"{x},{y}" for x, y in points[length]), DASHES[length - 1], end)
        for length, end in zip(lengths, ends, strict=True)
    ]
    return Plot(tuple(curves), ticks(*x_ends, *across), ticks(*y_ends, *up))


def forecast_html(outlook: Outlook) -> str:
    """The whole page, self-contained HTML."""
    workload = outlook.workload
    context = {
        "o": outlook,
        "languages": LANGUAGES,
        "writers": [Writer(language, "forecast") for language in LANGUAGES],
        "plot": plot_of(outlook.curve),
        "frame": {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
        "longer": [line for line in outlook.chosen[0].lines if line.length > workload.length],
        "weighted": workload.scheme != "balanced" or bool(workload.weights),
        "shares": SHARES,
        "exact": RELATIVE_ERROR,
    }
    return page_templates().get_template("forecast.html.j2").render(context)
