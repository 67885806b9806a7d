"""What a searched word and a written one have to share to be the same word, in each of the site's languages.

Promise: `words` here and `words` in ``assets/search.js`` give the same for the same text; a test holds them equal.
"""

from __future__ import annotations

import re

from ctdc.standard.folding import fold

# Letters that are typed for each other: forms of alef, ta marbuta and ha, alef maqsura and ya, carriers of hamza,
# Persian keyboards, digits of both Arabic scripts.
_TYPED = str.maketrans(
    {
        **dict.fromkeys("أإآٱ", "ا"),
        **{"ة": "ه", "ى": "ي", "ؤ": "و", "ئ": "ي", "ء": "", "ی": "ي", "ک": "ك"},
        **{digit: str(position) for position, digit in enumerate("٠١٢٣٤٥٦٧٨٩")},
        **{digit: str(position) for position, digit in enumerate("۰۱۲۳۴۵۶۷۸۹")},
    }
)
# The article, alone or after and, with, like, so; and "for the". What remains must be a word by itself.
_ARTICLE = re.compile("^(?:[وبكف]?ال|لل)(?=.{3})")
_UMLAUT = re.compile("(?<=[aou])e")


def words(text: str, language: str) -> list[str]:
    """The words of `text` in the form in which they are compared: no case, no accents, Arabic letters and article made
    one form; in German ``ä``, ``ae`` and ``a`` are the same.
    """
    found = []
    for word in fold(text).translate(_TYPED).split():
        word = _ARTICLE.sub("", word)
        found.append(_UMLAUT.sub("", word) if language == "de" else word)
    return found
