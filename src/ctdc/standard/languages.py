"""The five languages of everything that a person reads, and the direction each is written in."""

from __future__ import annotations

LANGUAGES: tuple[str, ...] = ("ar", "en", "fr", "de", "es")
RIGHT_TO_LEFT: frozenset[str] = frozenset({"ar"})
# A language's name in itself, for language switches.
AUTONYMS: dict[str, str] = {"ar": "العربية", "en": "English", "fr": "Français", "de": "Deutsch", "es": "Español"}

# How two labels are joined, with the spaces that the language wants (Arabic writes "and" onto the next word).
_AND: dict[str, str] = {"ar": " و", "en": " and ", "fr": " et ", "de": " und ", "es": " y "}


def direction(language: str) -> str:
    """``rtl`` or ``ltr``, as HTML's ``dir`` wants it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def join_and(labels: list[str], language: str) -> str:
    """Labels of values that hold together, read as one: "Africa and Asia"."""
    return _AND[language].join(labels)
