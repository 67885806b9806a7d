"""JSON and TOML that somebody else wrote: read whole, or refused with one kind of error.

Promise: whatever stands in a text, `parse_json` and `parse_toml` return it or raise `BadDocument`, whose message says
what is wrong and where. What they return can be written, hashed and counted with: no text that UTF-8 does not have
(half a surrogate pair), no number that a float cannot hold, no nesting that a function calling itself cannot follow.
The parsers of the standard library alone raise four other errors, or return what fails much later.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable
from typing import Any

MAX_BYTES = 64 << 20
MAX_DEPTH = 64
MAX_DIGITS = 300  # of a whole number: any longer one is beyond the largest float
MAX_DOTS = 10_000  # in a line of TOML; the time for a dotted key grows with the square of its parts


class BadDocument(ValueError):
    """The text is no document of its kind. The message is a clause: "it is not UTF-8 (byte 7)"."""


def parse_json(data: bytes) -> Any:
    """A JSON text in UTF-8, with or without a byte-order mark. Raises BadDocument."""
    return _parse(data, lambda text: json.loads(text, parse_constant=_no_number, parse_float=_finite))


def parse_toml(data: bytes) -> dict[str, Any]:
    """A TOML text in UTF-8, with or without a byte-order mark. Infinities and NaN stay. Raises BadDocument."""
    found = _parse(data, _toml)
    return dict(found)


def _parse(data: bytes, parser: Callable[[str], Any]) -> Any:
    if len(data) > MAX_BYTES:
        raise BadDocument(f"it has {len(data):,} bytes, and {MAX_BYTES:,} are allowed")
    try:
        found = parser(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadDocument(f"it is not UTF-8 (byte {error.start:,})") from None
    except RecursionError:
        raise _too_deep() from None
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadDocument(str(error)) from None
    except ValueError as error:  # a whole number of thousands of digits, which Python does not convert
        raise error if isinstance(error, BadDocument) else _too_long() from None
    _check(found)
    return found


def _toml(text: str) -> dict[str, Any]:
    if any(line.count(".") > MAX_DOTS for line in text.split("\n")):
        raise BadDocument(f"a line has more than {MAX_DOTS:,} dots")
    return tomllib.loads(text)


def _no_number(name: str) -> float:
    raise BadDocument(f"{name} is not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadDocument("a number is too large")
    return number


def _too_deep() -> BadDocument:
    return BadDocument(f"it is nested deeper than {MAX_DEPTH} levels")


def _too_long() -> BadDocument:
    return BadDocument(f"a whole number has more than {MAX_DIGITS} digits")


def _check(document: Any) -> None:
    """Raise BadDocument for what could not be written, counted with or followed again."""
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.keys()
                below += value.values()
            elif isinstance(value, list):
                below += value
            else:
                _check_scalar(value)
        level = below


def _check_scalar(value: Any) -> None:
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        raise _too_long()
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadDocument("a text holds half a surrogate pair, which is no character") from None
