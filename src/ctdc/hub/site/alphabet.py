"""The order of names, as readers of the five languages look for them, and labels within sentences."""

from __future__ import annotations

from ctdc.standard.folding import fold

_ALEF = str.maketrans("أإآٱ", "اااا")  # one letter in the alphabet's order


def alphabetical(name: str) -> str:
    """What names are sorted by: no accents, no case; in Spanish n with tilde is a letter of its own, after n."""
    return fold(name.translate(_ALEF).replace("ñ", "nzz").replace("Ñ", "Nzz"))


def within(label: str, language: str) -> str:
    """A label as it stands within a sentence or a title: with a small letter first where the language has such.

    German keeps its nouns' capitals, and what begins with more than one capital, such as an acronym, stays as it is.
    """
    is_acronym = label[1:2].isupper() or label[1:2].isdigit()
    return label if language == "de" or is_acronym else label[:1].lower() + label[1:]
