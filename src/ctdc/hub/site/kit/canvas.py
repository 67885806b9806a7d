"""Drawing a chart's picture from top to bottom: text, bars with their whiskers, lines, in the language's direction.

Promise: a bar's length is its value's part of the axis, which starts at zero; whiskers end where the interval ends;
what is drawn is text in XML, escaped, and has no style sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from textwrap import wrap

from ctdc.hub.site.kit import colours
from ctdc.hub.site.kit.value import Chart, Quantity, Row

WIDTH = 760.0
MARGIN = 20.0
INNER = WIDTH - 2 * MARGIN
BAR = 14.0
TITLE_LETTERS, LABEL_LETTERS, NOTE_LETTERS = 66, 62, 112  # that surely fit into a line
FONTS = "system-ui, 'Segoe UI', 'Noto Sans', 'Noto Naskh Arabic', Arial, sans-serif"
LINE = "#767676"  # 4.5 : 1 against white, 4.6 : 1 against black
WHISKER, HALO = "#13262b", "#ffffff"
FEW, UNKNOWN = "*", "?"  # signs in the place of a number; the fonts of pictures have both


@dataclass
class Canvas:
    """Collects elements from top to bottom. Positions across are counted from where the language begins."""

    chart: Chart
    y: float = MARGIN
    parts: list[str] = field(default_factory=list)
    mirrored: bool = False

    def text(
        self,
        x: float,
        text: str,
        size: float = 14,
        anchor: str = "start",
        weight: str = "400",
        colour: str = "CanvasText",
    ) -> None:
        """Text whose line stands at the present height. Its anchor follows the language's direction."""
        place = f'x="{n(self.across(x))}" y="{n(self.y)}" font-size="{n(size)}" font-weight="{weight}"'
        flow = f'fill="{colour}" text-anchor="{anchor}" direction="{self.chart.direction}"'
        self.parts.append(f"<text {place} {flow}>{safe(text)}</text>")

    def lines(self, text: str, letters: int, size: float, weight: str = "400") -> None:
        """Text from the margin in as many lines as it needs."""
        for line in wrap(text, letters) or [""]:
            self.y += size * 1.4
            self.text(MARGIN, line, size, weight=weight)

    def across(self, x: float) -> float:
        """Where a position, counted from the beginning of the line, is on the picture."""
        return WIDTH - x if self.mirrored else x

    def lines_within(self, x: float, text: str, width: float, size: float, weight: str = "400") -> None:
        """Text from `x` in as many lines as it needs in a column of some width."""
        for part in wrap(text, letters_in(width, size)) or [""]:
            self.y += size * 1.35
            self.text(x, part, size, weight=weight)

    def bar(self, quantity: Quantity, start: float, span: float, height: float = BAR) -> None:
        """A bar from `start` to as far as its part of `span`, and its whisker; a negative span grows backwards."""
        ends = [self.across(start + span * self.chart.part(v)) for v in (quantity.value, quantity.low, quantity.high)]
        here, middle = self.across(start), self.y + height / 2
        left, width = min(here, ends[0]), abs(ends[0] - here)
        place = f'x="{n(left)}" y="{n(self.y)}" width="{n(width)}" height="{n(height)}"'
        self.parts.append(f'<rect class="bar" {place} fill="{colours.fill()}"/>')
        self.parts += whisker((ends[1], middle), (ends[2], middle))

    def line(self, x: float, top: float, bottom: float) -> None:
        """An upright line, where bars begin."""
        at = n(self.across(x))
        self.parts.append(line((at, n(top)), (at, n(bottom)), LINE, 1))


def letters_in(width: float, size: float) -> int:
    """How many letters of a size surely fit into a width: letters are half as wide as they are high, or a bit more."""
    return max(4, int(width / (0.56 * size)))


def said(chart: Chart, row: Row) -> str:
    """A row's number with its interval as text, or what the page says in its place, such as too few to say."""
    quantity = chart.drawn(row)
    if quantity is None:
        return instead_of(chart, row)
    number = f"{quantity.text} ({quantity.interval})"
    return f"{number} · {row.recorded}" if row.recorded else number


def instead_of(chart: Chart, row: Row) -> str:
    """What is said in the place of a number that is not drawn."""
    return row.instead or chart.text("kit.few")


def star(row: Row) -> str:
    """What stands where there is room for a sign only: one for too few to say, another where a share is not known."""
    return FEW if row.few else UNKNOWN


def stars(chart: Chart) -> Iterator[str]:
    """What each of these signs in a chart stands for."""
    lacking = [row for row in chart.rows if chart.drawn(row) is None]
    yield from dict.fromkeys(f"{star(row)} {instead_of(chart, row)}" for row in lacking)


def left_to_right(x: float, y: float, text: str, anchor: str, size: float = 12) -> str:
    """Text that stands where it stands in every language: years and the numbers of an axis beside them."""
    place = f'x="{n(x)}" y="{n(y)}" font-size="{n(size)}" text-anchor="{anchor}"'
    return f'<text {place} fill="CanvasText" direction="ltr">{safe(text)}</text>'


def whisker(start: tuple[float, float], end: tuple[float, float]) -> Iterator[str]:
    """The interval, light below dark, so that it shows on the bar, on paper and on black; with a stop at each end."""
    (x1, y1), (x2, y2) = start, end
    yield line((n(x1), n(y1)), (n(x2), n(y2)), HALO, 4)
    yield line((n(x1), n(y1)), (n(x2), n(y2)), WHISKER, 1.5, "whisker")
    across, along = (3, 0) if x1 == x2 and y1 != y2 else (0, 3)
    for x, y in (start, end):
        yield line((n(x - across), n(y - along)), (n(x + across), n(y + along)), WHISKER, 1.5)


def line(start: tuple[str, str], end: tuple[str, str], colour: str, width: float, name: str = "") -> str:
    """A straight line between two points, which are given as attributes."""
    named = f'class="{name}" ' if name else ""
    place = f'x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}"'
    return f'<line {named}{place} stroke="{colour}" stroke-width="{n(width)}"/>'


def n(value: float) -> str:
    """A length with at most four decimals, as an attribute."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def safe(text: str) -> str:
    """Text for XML: markup escaped, and what XML cannot hold at all replaced."""
    return escape("".join(letter if letter.isprintable() or letter in _KEPT else "\ufffd" for letter in text))


# Marks that order text of both directions, and spaces that do not break: XML holds them, Python calls them unprintable.
_KEPT = frozenset("\u2066\u2069\u2060\u00a0\u202f\u200f\u200e\u200b\u200c\u200d\t\n ")
