"""JSON with exactly one spelling, so that a signature over it can be checked by any program in any language.

Promise: the bytes of RFC 8785 (JSON Canonicalization Scheme): no spaces, members sorted by their UTF-16 code units,
numbers as ECMAScript writes them, UTF-8. What that standard cannot write without losing something is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

MOST_INTEGER = 2**53 - 1  # beyond it, programs that read numbers as doubles may see another one
LONGEST_PLAIN = 21  # digits before the point up to which ECMAScript writes no exponent
MOST_LEADING_ZEROS = 6  # of a fraction, likewise


def canonical(value: Any) -> bytes:
    """`value` as canonical JSON.

    Raises ValueError for NaN, infinities, integers beyond `MOST_INTEGER` and text that is no Unicode, TypeError for
    what JSON does not have.
    """
    return _text(value).encode("utf-8")


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(_name(key))}:{_text(value[key])}" for key in sorted(value, key=_place)) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(map(_text, value)) + "]"
    raise TypeError(f"JSON has no {type(value).__name__}")


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError("a member's name is a text")
    return key


def _place(key: Any) -> bytes:
    return _name(key).encode("utf-16-be")


def _number(value: int | float) -> str:
    if isinstance(value, int):
        if abs(value) > MOST_INTEGER:
            raise ValueError("an integer beyond 2^53 - 1 does not survive every reader of JSON")
        return str(value)
    if not math.isfinite(value):
        raise ValueError("JSON has no NaN and no infinities")
    return _float(value)


def _float(value: float) -> str:
    """As ECMAScript's Number::toString: both it and Python's repr give the shortest digits that read back the same."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    _, digits, exponent = Decimal(repr(abs(value))).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    point = len(digits) + int(exponent)  # the value is 0.DIGITS times ten to this power
    if len(text) <= point <= LONGEST_PLAIN:
        return sign + text.ljust(point, "0")
    if 0 < point <= LONGEST_PLAIN:
        return f"{sign}{text[:point]}.{text[point:]}"
    if -MOST_LEADING_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{text}"
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{sign}{text[0]}{fraction}e{point - 1:+d}"
