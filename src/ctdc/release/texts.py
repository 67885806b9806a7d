"""Message catalogues: every sentence that a person reads in a release or on the site, in five languages.

Promise: a message is asked for by key and language; a missing key, language or value is a fault of ours and
raises `KeyError` at once, so no page is ever a silent mix of languages. Messages hold plain text, never markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel import Locale

Message = str | Mapping[str, str]


@cache
def _read(path: Path) -> Mapping[str, Message]:
    messages = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(messages, dict):
        raise TypeError(f"{path} is not a mapping of keys to messages")
    return messages


@cache
def _plural_rule(language: str) -> Any:
    return Locale.parse(language).plural_form


class Catalogue:
    """The messages of one folder, which has one ``<language>.yaml`` for each language."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def messages(self, language: str) -> Mapping[str, Message]:
        """All messages of a language: key to text, or to a mapping of CLDR plural category to text."""
        return _read(self._folder / f"{language}.yaml")

    def text(self, language: str, key: str, **values: str) -> str:
        """The message `key`, its ``{placeholders}`` filled. Raises KeyError for anything that is missing."""
        message = self.messages(language)[key]
        if not isinstance(message, str):
            raise KeyError(f"{key} has plural forms: use plural()")
        return message.format(**values)

    def plural(self, language: str, key: str, number: int, **values: str) -> str:
        """The message `key` in the plural form that `number` takes in this language (CLDR rules)."""
        message = self.messages(language)[key]
        if isinstance(message, str):
            raise KeyError(f"{key} has no plural forms: use text()")
        return message[_plural_rule(language)(number)].format(**values)


RELEASE_TEXTS = Catalogue(Path(__file__).parent / "texts")
