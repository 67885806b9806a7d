"""A chart as a PNG: its SVG drawn in light colours, 1,200 pixels wide, with fonts that are in this package.

Promise: no font of the system is used, so the same chart gives the same bytes wherever it is made with the same
version of resvg; all that the SVG says stands in the picture too.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

import resvg_py

from ctdc.hub.site.kit.svg import to_svg
from ctdc.hub.site.kit.value import Chart

PIXELS = 1200
MOST_KEPT = 512  # pictures of a site; drawing one takes a tenth of a second, and a site is often built anew
PAPER, INK = "#ffffff", "#13262b"
FAMILY = "CTDC Picture"
FROM_RIGHT, TO_HERE = "\u2067", "\u2069"
_FROM_RIGHT = re.compile(r'text-anchor="(start|middle|end)" direction="rtl">([^<]*)<')
_SWAPPED = {"start": "end", "middle": "middle", "end": "start"}


def to_png(chart: Chart, *, keep: bool = True) -> bytes:
    """The picture. keep: for the next time that it is made, as when a site is built anew.

    The program that draws it takes each line as running from the left, unless a mark says otherwise.
    """
    text = _FROM_RIGHT.sub(_anchored, to_svg(chart).decode()).replace('"CanvasText"', f'"{INK}"')
    return (_kept if keep else _drawn)(text, PIXELS)


@lru_cache(MOST_KEPT)
def _kept(text: str, width: int) -> bytes:
    return _drawn(text, width)


def _drawn(text: str, width: int) -> bytes:
    drawn = resvg_py.svg_to_bytes(
        svg_string=text,
        background=PAPER,
        width=width,
        skip_system_fonts=True,
        font_files=list(_fonts()),
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )
    return bytes(drawn)


def _anchored(found: re.Match[str]) -> str:
    return f'text-anchor="{_SWAPPED[found[1]]}">{FROM_RIGHT}{found[2]}{TO_HERE}<'


@cache
def _fonts() -> tuple[str, ...]:
    return tuple(str(path) for path in sorted((Path(__file__).parent / "fonts").glob("*.ttf")))
