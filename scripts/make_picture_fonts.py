"""Makes the fonts of pictures: Latin of Noto Sans and Arabic of Noto Naskh Arabic in one file for each weight.

    python scripts/make_picture_fonts.py NOTO_SANS_FILES SITE_FONTS OUT

NOTO_SANS_FILES: folder `files` of the npm package @fontsource/noto-sans 5.3; SITE_FONTS: `assets/fonts` of the site;
OUT: the folder to write. Needs fonttools and brotli (`pip install fonttools brotli`), which the project itself does
not. One file for both scripts, because the program that draws pictures looks for one font for a whole line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.merge import Merger
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

WEIGHTS = ((400, "400", "Regular"), (700, "600", "Bold"))  # weight, that of the Latin source, name
INVISIBLE = (0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069)
SPACES = (0x00A0, 0x2009, 0x202F)
FAMILY = "CTDC Picture"
EPOCH = 2082844800  # fonts count seconds from 1904; the same bytes at every making


def part(path: Path, out: Path, characters: list[int]) -> Path:
    """One script of a font as TrueType, without hints."""
    options = subset.Options(layout_features=["*"], hinting=False, notdef_outline=True)
    font = subset.load_font(str(path), options)
    chosen = subset.Subsetter(options)
    chosen.populate(unicodes=characters)
    chosen.subset(font)
    font.flavor = None
    font.save(out)
    return out


def arrow(pen: TTGlyphPen, left: bool) -> None:
    """An arrow as wide as the letters of Noto Sans, 1000 units to the em."""
    shape = [(80, 320), (660, 320), (660, 200), (920, 360), (660, 520), (660, 400), (80, 400)]
    points = [(1000 - x, y) for x, y in reversed(shape)] if left else shape
    pen.moveTo(points[0])
    for point in points[1:]:
        pen.lineTo(point)
    pen.closePath()


def add(font: TTFont, name: str, codes: tuple[int, ...], width: int, glyph: object) -> None:
    """A glyph for some characters."""
    font.setGlyphOrder([*font.getGlyphOrder(), name])
    font["glyf"][name] = glyph
    font["hmtx"][name] = (width, 0)
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap.update(dict.fromkeys(codes, name))


def make(latin: Path, arabic: Path, out: Path, weight: int, called: str) -> None:
    """The font of one weight."""
    known = TTFont(arabic).getBestCmap()
    parts = [
        part(latin, out.with_suffix(".latin.ttf"), list(range(0x20, 0x3000))),
        part(arabic, out.with_suffix(".arabic.ttf"), [code for code in known if 0x600 <= code < 0x700]),
    ]
    font = Merger().merge([str(path) for path in parts])
    for path in parts:
        path.unlink()
    add(font, "nothing", INVISIBLE, 0, TTGlyphPen(None).glyph())
    add(font, "gap", SPACES, 260, TTGlyphPen(None).glyph())
    for name, code, left in (("to", 0x2192, False), ("from", 0x2190, True)):
        pen = TTGlyphPen(None)
        arrow(pen, left)
        add(font, name, (code,), 1000, pen.glyph())
    font["name"].names = []
    for number, text in ((1, FAMILY), (2, called), (4, f"{FAMILY} {called}"), (6, f"CTDCPicture-{called}")):
        font["name"].setName(text, number, 3, 1, 0x409)
    font["name"].setName("SIL Open Font License 1.1: see OFL.txt", 13, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    font.recalcTimestamp = False
    font["head"].created = font["head"].modified = EPOCH
    font.save(out)


if __name__ == "__main__":
    noto, site, target = (Path(text) for text in sys.argv[1:])
    for weight, source, called in WEIGHTS:
        arabic = site / f"noto-naskh-arabic-{weight}.woff2"
        make(noto / f"noto-sans-latin-{source}-normal.woff2", arabic, target / f"picture-{weight}.ttf", weight, called)
