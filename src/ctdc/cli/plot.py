"""A plot of lines on logarithmic axes, in plain characters: legible in any terminal of 80 columns, and in a log.

Promise: a function of numbers to text; nothing of the terminal is asked or changed. Each line is drawn with a mark of
its own, and ``*`` where two lines meet, so that no colour is needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 80, 16
MARGIN = 9  # columns for the numbers of the vertical axis
SEVERAL = "*"
Points = Sequence[tuple[float, float]]


def ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten from `low` to `high`, both above 0; the ends themselves where there are none."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    found = [step * 10.0**power for power in range(first, last + 1) for step in (1, 2, 5)]
    return [one for one in found if low * 0.999 <= one <= high * 1.001] or [low, high]


def between(points: Points, x: float) -> float:
    """The value at `x` of the line through `points` (ascending), straight on logarithmic axes."""
    after = next((number for number, (at, _) in enumerate(points) if at >= x), len(points) - 1)
    (x0, y0), (x1, y1) = points[max(0, after - 1)], points[max(1, after)] if len(points) > 1 else points[0]
    if x1 == x0:
        return y1
    part = math.log(x / x0) / math.log(x1 / x0)
    return float(y0 * (y1 / y0) ** part)


def _place(value: float, low: float, high: float, steps: int) -> int:
    part = math.log(value / low) / math.log(high / low) if high > low else 0.5
    return min(steps - 1, max(0, round(part * (steps - 1))))


def _label(value: float) -> str:
    return f"{value:,.0f}" if 100 <= value < 1e6 else f"{value:.3g}"


def text_plot(lines: Mapping[str, Points], x_name: str, y_name: str) -> str:
    """`lines`: mark of one character to its points, x ascending and the same span for all, values above 0."""
    columns = WIDTH - MARGIN - 2
    values = [y for points in lines.values() for _, y in points]
    low, high = min(values), max(values)
    left, right = (end(x for points in lines.values() for x, _ in points) for end in (min, max))
    grid = [[" "] * columns for _ in range(HEIGHT)]
    for mark, points in lines.items():
        for column in range(columns):
            x = left * (right / left) ** (column / (columns - 1))
            row = HEIGHT - 1 - _place(between(points, x), low, high, HEIGHT)
            grid[row][column] = mark if grid[row][column] in (" ", mark) else SEVERAL
    numbers = {HEIGHT - 1 - _place(tick, low, high, HEIGHT): _label(tick) for tick in ticks(low, high)}
    rows = [f"{numbers.get(row, ''):>{MARGIN}} |{''.join(line)}".rstrip() for row, line in enumerate(grid)]
    return "\n".join([y_name, *rows, *_axis(left, right, columns), f"{x_name:>{WIDTH - 1}}"])


def _axis(left: float, right: float, columns: int) -> tuple[str, str]:
    """The horizontal axis and its numbers, as many as find room."""
    axis, numbers = ["-"] * columns, [" "] * (columns + 8)
    free = 0
    for tick in ticks(left, right):
        column, text = _place(tick, left, right, columns), _label(tick)
        if column >= free:
            axis[column] = "+"
            numbers[column : column + len(text)] = text
            free = column + len(text) + 2
    return " " * MARGIN + " +" + "".join(axis), (" " * (MARGIN + 2) + "".join(numbers)).rstrip()[:WIDTH]
