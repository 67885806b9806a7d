"""The languages of everything that a person reads, and the direction each is written in.

Promise: they are those of the collaborative that this process serves (`ctdc.foundation.collaborative`), and do not
change while it runs; those in which the product is complete stand in one order in all files, whatever order pages have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ctdc.foundation.collaborative import COMPLETE, current

_SERVED = current()
_KNOWN = _SERVED.known
LANGUAGES: tuple[str, ...] = (
    *(code for code in COMPLETE if code in _SERVED.languages),
    *(code for code in _SERVED.languages if code not in COMPLETE),
)
# As pages list them; the first is the default, which stands in where no language was asked for.
LANGUAGE_ORDER: tuple[str, ...] = _SERVED.languages
DEFAULT: str = _SERVED.default_language
# Those of them that the product speaks by itself, on its private side too; English where it speaks none.
OURS: tuple[str, ...] = tuple(code for code in LANGUAGE_ORDER if code in COMPLETE) or ("en",)
RIGHT_TO_LEFT: frozenset[str] = frozenset(code for code, one in _KNOWN.items() if one.direction == "rtl")
# A language's name in itself, for language switches.
AUTONYMS: dict[str, str] = {code: one.name for code, one in _KNOWN.items()}


def direction(language: str) -> str:
    """``rtl`` or ``ltr``, as HTML's ``dir`` wants it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def join_and(labels: list[str], language: str) -> str:
    """Labels of values that hold together, read as one: "Africa and Asia"."""
    return _KNOWN[language].joined.join(labels)


def shown_in(there: Collection[str], wanted: str) -> str:
    """The language in which a reader of `wanted` sees what this collaborative wrote in some: in the default where it
    lacks theirs, then in English, then in the first in the order of pages. Empty where there is none.
    """
    return next((code for code in (wanted, DEFAULT, "en", *LANGUAGE_ORDER, *there) if code in there), "")


def in_language(texts: Mapping[str, str], language: str) -> str:
    """A text of another collaborative in a language: where it has none there, in English, or in its first, which that
    collaborative put first: the order of our pages is not theirs.
    """
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def in_each(texts: Mapping[str, str]) -> dict[str, str]:
    """The same in each language of this collaborative, and those that it has besides."""
    return {**texts, **{language: in_language(texts, language) for language in LANGUAGES if language not in texts}}
