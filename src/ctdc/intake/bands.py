"""Numbers and texts of bands ("9-17", "48+") as codes of a target.

Promise: a number falls in exactly one band or in none; a text is a band only if it lies wholly inside one.
Any dash counts (hyphen, double hyphen, en, em, minus), and so do leading zeros: 9-17 is 09--17.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_DASH = r"\s*(?:--|[-\u2010-\u2015\u2212])\s*"
_RANGE = re.compile(rf"(\d{{1,3}}){_DASH}(\d{{1,3}})\b")
_OPEN = re.compile(r"(\d{1,3})\s*\+")
_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d+)?")
_ENDLESS = 10_000


@dataclass(frozen=True)
class Interval:
    """A code and the whole numbers that it covers, both ends included."""

    code: str
    low: int
    high: int

    @property
    def width(self) -> int:
        """How many numbers it covers."""
        return self.high - self.low + 1


def interval(code: str, text: str) -> Interval | None:
    """The interval that `text` describes at its start; None when it describes none."""
    if match := _RANGE.match(text):
        low, high = int(match.group(1)), int(match.group(2))
        return Interval(code, low, high) if low <= high else None
    if match := _OPEN.match(text):
        return Interval(code, int(match.group(1)), _ENDLESS)
    return None


def intervals_of(codes: Sequence[str]) -> tuple[Interval, ...]:
    """The intervals that a code list spells out in its codes, narrowest first so that the finest code wins."""
    found = [made for code in codes if (made := interval(code, code)) is not None]
    return tuple(sorted(found, key=lambda made: made.width))


def code_of_number(number: int, bands: Sequence[Interval]) -> str | None:
    """The code whose interval holds `number`."""
    return next((band.code for band in bands if band.low <= number <= band.high), None)


def code_of_text(text: str, bands: Sequence[Interval], highest: int = _ENDLESS) -> str | None:
    """The code for a number (fractions are dropped: 17.9 years are 17 completed years) or a band written as text.

    A number above `highest` has no code, though an open band would hold it: nobody is 640 years old.
    """
    if _NUMBER.fullmatch(text):
        number = int(re.split("[.,]", text)[0])
        return code_of_number(number, bands) if number <= highest else None
    described = interval("", text)
    if described is None:
        return None
    inside = [band for band in bands if band.low <= described.low and described.high <= band.high]
    exact = [band for band in inside if (band.low, band.high) == (described.low, described.high)]
    return (exact or inside)[0].code if inside else None
