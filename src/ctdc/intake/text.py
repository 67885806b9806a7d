"""How source texts are compared: one spelling rule for cells, crosswalk rows and column names.

Promise: comparison forgives what a person cannot see or would not call a difference (surrounding and repeated
white space, letter case, Unicode composition, non-breaking spaces) and nothing else; it never guesses.
"""

from __future__ import annotations

import unicodedata

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f"))


def tidy(text: str) -> str:
    """`text` without outer white space, in Unicode NFC; this is what is shown and stored in crosswalks."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE)).strip()


def fold(text: str) -> str:
    """The form under which two texts count as the same value."""
    if text.isascii():
        return " ".join(text.split()).lower()
    return " ".join(unicodedata.normalize("NFC", tidy(text).casefold()).split())


def counted(count: int, one: str, many: str) -> str:
    """A number with the right words after it, for sentences in English."""
    return f"{count:,} {one if count == 1 else many}"


def column_key(name: str) -> str:
    """The form under which two column names count as the same: white space is evened out, letter case counts."""
    return " ".join(tidy(name).split())
