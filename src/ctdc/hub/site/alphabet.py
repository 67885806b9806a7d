"""The order of names, as readers of the five languages look for them."""

from __future__ import annotations

from ctdc.standard.folding import fold

_ALEF = str.maketrans("أإآٱ", "اااا")  # one letter in the alphabet's order


def alphabetical(name: str) -> str:
    """What names are sorted by: no accents, no case; in Spanish n with tilde is a letter of its own, after n."""
    return fold(name.translate(_ALEF).replace("ñ", "nzz").replace("Ñ", "Nzz"))
