"""Numbers, shares, intervals, sizes and dates as text, by the rules of each language (CLDR, through Babel).

Promise: digits are Latin in every language, Arabic included; nothing here rounds what is stored in files.
"""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from ctdc.standard.languages import RIGHT_TO_LEFT

# Keeps the ends of a range in their order within right-to-left text, in plain text as well as in a page.
ISOLATE, END_ISOLATE = "\u2066", "\u2069"
# Where a line ended after the dash, a reader from right to left would meet the ends in the wrong order.
UNBROKEN_DASH = "\u2060–\u2060"
MOST_DIGITS = 3
SIZE_UNITS = (("byte", 1), ("kilobyte", 10**3), ("megabyte", 10**6), ("gigabyte", 10**9))


def number(language: str, value: float, digits: int = 0) -> str:
    """`value` with grouping and exactly `digits` decimals; a rounded zero has no sign."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    rounded = round(float(value), digits)
    return str(format_decimal(rounded + 0.0 if rounded else 0.0, pattern, locale=language))


def percent(language: str, share: float, digits: int = 1) -> str:
    """A share from 0 to 1 as a percentage."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    pattern += "%" if language in ("ar", "en") else "\u00a0%"
    rounded = round(float(share), digits + 2)
    return str(format_percent(rounded if rounded else 0.0, pattern, locale=language))


def number_range(language: str, low: float, high: float, digits: int = 0) -> str:
    """The interval from `low` to `high` with an en dash."""
    dash = "–" if low >= 0 else " – "
    return _isolated(language, number(language, low, digits) + dash + number(language, high, digits))


def percent_range(language: str, low: float, high: float, digits: int = 1) -> str:
    """The interval of two shares as percentages, the sign once at its end.

    A narrow interval gets up to two more decimals, so that its ends do not read as one number.
    """
    while digits < MOST_DIGITS and low < high and round(100 * low, digits) == round(100 * high, digits):
        digits += 1
    return _isolated(language, number(language, 100 * low, digits) + "–" + percent(language, high, digits))


def _isolated(language: str, text: str) -> str:
    return ISOLATE + text.replace("–", UNBROKEN_DASH) + END_ISOLATE if language in RIGHT_TO_LEFT else text


def significant(language: str, value: float, figures: int = 2) -> str:
    """`value` with so many significant figures, without an exponent (for probabilities such as 0.0000058)."""
    if value == 0:
        return "0"
    decimals = max(0, figures - 1 - _magnitude(value))
    return str(format_decimal(round(value, decimals), "#,##0." + "#" * max(1, decimals), locale=language))


def _magnitude(value: float) -> int:
    return int(f"{abs(value):e}".split("e")[1])


def size(language: str, amount: int) -> str:
    """A file's size in bytes, kilobytes, megabytes or gigabytes (decimal, as browsers count)."""
    unit, factor = next(pair for pair in reversed(SIZE_UNITS) if amount >= pair[1] or pair[1] == 1)
    value = amount / factor
    pattern = "#,##0" if unit == "byte" or value >= 100 else "#,##0.#"
    return str(format_unit(round(value, 1), unit, length="short", format=pattern, locale=language))


def date(language: str, moment: datetime) -> str:
    """A day, written out with the month's name."""
    return str(format_date(moment, "d MMMM y" if language == "ar" else "long", locale=language))
