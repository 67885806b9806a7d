"""One way to compare names that people typed: case, accents, punctuation and spaces do not matter.

Promise: folding never guesses. Two texts that fold alike differ only in how they were typed; scripts whose marks
are letters (Devanagari, Thai and others) keep them. Standard library only.
"""

from __future__ import annotations

import re
import unicodedata

# Marks that people leave out when they type: Latin, Greek and Cyrillic accents, Arabic vowel signs and tatweel.
_OPTIONAL_MARKS = re.compile("[\u0300-\u036f\u064b-\u0652\u0670\u0640]")
# Letters that Unicode does not split into a base and an accent, as people type them without the right keyboard.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


def fold(text: str) -> str:
    """`text` without case, accents and punctuation, words divided by single spaces; empty when nothing is left."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = unicodedata.normalize("NFC", _OPTIONAL_MARKS.sub("", decomposed)).translate(_LETTERS)
    kept = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in letters)
    return " ".join("".join(kept).split())
