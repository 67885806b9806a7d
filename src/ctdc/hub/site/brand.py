"""The colours and the mark of a collaborative: read, checked, and written as style and as pictures.

Promise: a colour is ``#rrggbb`` and nothing else, so no style can be smuggled in; text stands out from what is behind
it by 4.5 to 1 and bars by 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11), in light and in dark, or the brand is refused. A mark is
made of paths and simple shapes alone: scripts, links, styles and pictures from elsewhere are refused, not cleaned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from ctdc.foundation.collaborative import current, fault
from ctdc.foundation.documents import BadDocument, parse_toml

COLOUR = re.compile(r"#[0-9a-f]{6}")
THEMES = ("light", "dark")
# What a collaborative may choose, and what the software has: as in site.css.
USUAL: Mapping[str, Mapping[str, str]] = {
    "light": {
        **{"paper": "#f7f5ef", "card": "#ffffff", "ink": "#13262b", "muted": "#47585c", "line": "#dcd9ce"},
        **{"deep": "#0d3a42", "deeper": "#0a2e35", "on-deep": "#f2f7f6", "on-deep-muted": "#b9d2d3"},
        **{"link": "#0b5a66", "bar": "#2f808a", "bar-late": "#a7cbce", "mark": "#e2b04a", "on-shade": "#ffffff"},
        **{"shade-0": "#eef6f6", "shade-1": "#d3e7e8", "shade-2": "#a9d0d3"},
        **{"shade-3": "#2a717b", "shade-4": "#175661", "shade-5": "#0d3a42"},
    },
    "dark": {
        **{"paper": "#0e181b", "card": "#142225", "ink": "#e9f0ee", "muted": "#a9babb", "line": "#2b3d41"},
        **{"deep": "#0a272d", "deeper": "#071c21", "on-deep": "#eaf3f2", "on-deep-muted": "#a6c3c5"},
        **{"link": "#8ad4da", "bar": "#5aaeb6", "bar-late": "#2f636a", "mark": "#e2b04a", "on-shade": "#0b1518"},
        **{"shade-0": "#10282d", "shade-1": "#12363d", "shade-2": "#154a53"},
        **{"shade-3": "#7fc0c6", "shade-4": "#a6d6da", "shade-5": "#d3ecee"},
    },
}
TEXT, SHAPE = 4.5, 3.0
SHADES = 6  # of maps and tables, from few to many
PALE = 3  # of them, behind the ink of the page; text on the others is `on-shade`
STEP = 1.15  # contrast of neighbouring shades: they are told apart without colour
WHITE, BLACK = "#ffffff", "#000000"  # what may be behind a chart that was downloaded
# (in front, behind, least contrast)
PAIRS = (
    *((text, behind, TEXT) for text in ("ink", "muted", "link") for behind in ("paper", "card")),
    *((text, behind, TEXT) for text in ("on-deep", "on-deep-muted") for behind in ("deep", "deeper")),
    *(("ink", f"shade-{step}", TEXT) for step in range(PALE)),
    *(("on-shade", f"shade-{step}", TEXT) for step in range(PALE, SHADES)),
    ("bar", "card", SHAPE),
    ("mark", "deep", SHAPE),
)
MOST_BYTES = 20_000
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = frozenset({"svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon", "title"})
ATTRIBUTES = frozenset(
    {
        *("viewBox", "d", "cx", "cy", "r", "rx", "ry", "x", "y", "x1", "y1", "x2", "y2", "width", "height", "points"),
        *("transform", "fill", "stroke", "stroke-width", "fill-rule", "stroke-linecap", "stroke-linejoin", "opacity"),
    }
)
VALUE = re.compile(r"[A-Za-z0-9#.,()\s%+-]*")


@dataclass(frozen=True)
class Brand:
    """Colours by name, for light and dark screens, where they differ from the usual ones; mark: shapes of the logo in
    a square, as SVG, or nothing; view: its viewBox.
    """

    light: Mapping[str, str] = field(default_factory=dict)
    dark: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    view: str = "0 0 48 48"

    def style(self) -> str:
        """What follows the site's own style sheet; nothing where no colour differs."""
        if not self.light and not self.dark:
            return ""
        # What is chosen for light screens alone would stay on dark ones, where nobody has looked at it.
        kept = {name: USUAL["dark"][name] for name in self.light}
        light, dark = (
            " ".join(f"--{name}: {value};" for name, value in one.items())
            for one in (self.light, kept | dict(self.dark))
        )
        return f"\n:root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"

    def colour(self, name: str) -> str:
        """A colour on light screens."""
        return self.light.get(name) or USUAL["light"][name]

    def icon(self) -> str:
        """The picture that browsers show beside the title."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{self.view}"><rect width="100%" height="100%" '
            f'fill="{self.colour("deep")}"/><g fill="{self.colour("on-deep")}">{self.mark}</g></svg>\n'
        )


@cache
def brand() -> Brand:
    """The brand of the collaborative that is served. Raises UserError (``collaborative.broken``)."""
    folder = current().part("brand")
    return Brand() if folder is None else read_brand(folder)


def read_brand(folder: Path) -> Brand:
    """The brand in a folder: ``colours.toml`` and ``logo.svg``, each of which may be missing."""
    light, dark = _colours(folder / "colours.toml")
    mark, view = _mark(folder / "logo.svg")
    return Brand(light, dark, mark, view)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _colours(path: Path) -> tuple[Mapping[str, str], Mapping[str, str]]:
    if not path.is_file():
        return {}, {}
    try:
        given = parse_toml(path.read_bytes())
    except BadDocument as error:
        raise fault(f"This is not TOML: {error}.", path) from None
    if unknown := sorted(set(given) - set(THEMES)):
        raise fault(f"There is no table {unknown[0]!r}.", path, ", ".join(THEMES))
    for theme in THEMES:
        _check_colours(path, theme, given.get(theme, {}))
    return given.get("light", {}), given.get("dark", {})


def _check_colours(path: Path, theme: str, given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if name not in USUAL[theme]:
            raise fault(f"[{theme}] has an unknown colour {name!r}.", path, ", ".join(USUAL[theme]))
        if not isinstance(value, str) or not COLOUR.fullmatch(value):
            raise fault(f"[{theme}] {name}: this is no colour.", path, "#rrggbb in lower case: #0d3a42")
    colours = {**USUAL[theme], **given}
    for front, behind, least in PAIRS:
        ratio = contrast(colours[front], colours[behind])
        if ratio < least and {front, behind} & set(given):
            what = f"[{theme}] {front} on {behind}: the contrast is {ratio:.2f} to 1."
            raise fault(what, path, f"at least {least} to 1", "Make one of the two darker or lighter.")
    if theme == "light" and min(contrast(colours["bar"], behind) for behind in (WHITE, BLACK)) < SHAPE:
        what = "[light] bar: a chart that was downloaded would not be seen on white, or not on black."
        raise fault(what, path, f"at least {SHAPE} to 1 on {WHITE} and on {BLACK}", "Make it darker or lighter.")
    allowed = f"each {'darker' if theme == 'light' else 'lighter'} than the one before, by {STEP} to 1"
    for one, two in pairwise(f"shade-{step}" for step in range(SHADES)):
        is_darker = _luminance(colours[two]) < _luminance(colours[one])
        if is_darker != (theme == "light") or contrast(colours[one], colours[two]) < STEP:
            what = f"[{theme}] {two} is too near to {one}, or on its wrong side."
            raise fault(what, path, allowed, "Make one of the two darker or lighter.")


def _mark(path: Path) -> tuple[str, str]:
    if not path.is_file():
        return "", Brand.view
    data = path.read_bytes()
    if len(data) > MOST_BYTES or b"<!" in data or b"<?" in data.lstrip()[5:]:
        raise fault(
            "The logo is too large, or declares more than shapes.", path, f"at most {MOST_BYTES:,} bytes of SVG"
        )
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - no document type gets this far, so nothing can expand
    except ElementTree.ParseError as error:
        raise fault(f"The logo is not SVG: {error}.", path) from None
    if root.tag != f"{SVG}svg" or not root.get("viewBox"):
        raise fault(
            "The logo is no SVG with a viewBox.", path, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">'
        )
    for node in root.iter():
        _check_node(path, node)
    ElementTree.register_namespace("", SVG.strip("{}"))
    shapes = "".join(ElementTree.tostring(child, encoding="unicode").strip() for child in root)
    return shapes.replace(' xmlns="http://www.w3.org/2000/svg"', ""), str(root.get("viewBox"))


def _check_node(path: Path, node: ElementTree.Element) -> None:
    name = str(node.tag).removeprefix(SVG)
    if name not in SHAPES:
        raise fault(f"The logo has an element {name!r}.", path, ", ".join(sorted(SHAPES)), "Draw it with shapes alone.")
    for attribute, value in node.attrib.items():
        if attribute not in ATTRIBUTES or not VALUE.fullmatch(value) or "url" in value.lower():
            raise fault(
                f"The logo has an attribute {attribute!r} that is not allowed.", path, ", ".join(sorted(ATTRIBUTES))
            )
