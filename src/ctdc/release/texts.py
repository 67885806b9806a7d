"""Message catalogues: every sentence that a person reads in a release or on the site, in each language.

Promise: a message is asked for by key and language; a missing key, language or value is a fault of ours and
raises `KeyError` at once, so no page is ever a silent mix of languages. Messages hold plain text, never markup. A
collaborative's own words stand in the place of ours; `faults` says which of them would be lost, and which are lacking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale

from ctdc.foundation.collaborative import COMPLETE, current, fault
from ctdc.foundation.errors import UserError
from ctdc.release.yamls import parse_yaml

Message = str | Mapping[str, str]
PACKAGE = Path(__file__).parents[1]
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def room_of(folder: Path) -> str:
    """What a collaborative's texts call a folder of messages: ``hub/site`` for ``hub/site/texts``."""
    return folder.relative_to(PACKAGE).as_posix().removesuffix("/texts")


@cache
def _read(folder: Path, language: str) -> Mapping[str, Message]:
    own = current().texts(language).get(room_of(folder), {}) if folder.is_relative_to(PACKAGE) else {}
    return {**_ours(folder, language), **own}


@cache
def _ours(folder: Path, language: str) -> Mapping[str, Message]:
    """Our own messages; none in a language that the collaborative brings."""
    path = folder / f"{language}.yaml"
    if not path.is_file() and language in current().languages:
        return {}
    messages = parse_yaml(path.read_text(encoding="utf-8"))
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
        return _read(self._folder, language)

    def text(self, language: str, key: str, **values: str) -> str:
        """The message `key`, its ``{placeholders}`` filled. Raises KeyError for anything that is missing."""
        message = self.messages(language)[key]
        if not isinstance(message, str):
            raise KeyError(f"{key} has plural forms: use plural()")
        return message.format(**values)

    def plural(self, language: str, key: str, number: int, /, **values: str) -> str:
        """The message `key` in the plural form that `number` takes in this language (CLDR rules)."""
        message = self.messages(language)[key]
        if isinstance(message, str):
            raise KeyError(f"{key} has no plural forms: use text()")
        return message[_plural_rule(language)(number)].format(**values)


def rooms() -> Mapping[str, Path]:
    """Every folder of messages, by the name that a collaborative's texts call it."""
    return {room_of(path.parent): path.parent for path in sorted(PACKAGE.rglob("texts/en.yaml"))}


def faults(
    required: Iterable[tuple[str, str]], public: Iterable[str], others: Mapping[str, Mapping[str, Message]]
) -> Iterator[UserError]:
    """What is wrong with the collaborative's own texts, each as a UserError (``collaborative.broken``).

    required: (room, key) of texts that only the collaborative can give; public: rooms of which a language that the
    product does not have needs every text; others: rooms that keep their texts elsewhere, each with English ones.
    """
    wanted, ours = set(required), {room: _ours(folder, "en") for room, folder in rooms().items()} | dict(others)
    for language in current().languages:
        path = current().places["texts"] / f"{language}.toml"
        own = current().texts(language)
        yield from _unknown(path, own, wanted, ours)
        lacking = sorted(key for room, key in wanted if key not in own.get(room, {}))
        if lacking:
            yield fault(
                f"{len(lacking)} texts are missing, the first is {lacking[0]!r}.", path, ", ".join(lacking[:20])
            )
        for room in public if language not in COMPLETE else ():
            missing = sorted(set(ours[room]) - set(own.get(room, {})))
            if missing:
                what = f"[{room!r}] has no text in {language!r} for {len(missing)} keys, the first is {missing[0]!r}."
                yield fault(what, path, ", ".join(missing[:20]))


def _unknown(
    path: Path,
    own: Mapping[str, Mapping[str, Any]],
    wanted: set[tuple[str, str]],
    ours: Mapping[str, Mapping[str, Message]],
) -> Iterator[UserError]:
    injected = {("hub/site", "site.name"), ("release", "default_title")}  # of collaborative.toml
    for room, messages in own.items():
        if room not in ours:
            yield fault(f"There is no room {room!r}.", path, ", ".join(ours))
            continue
        for key, message in messages.items():
            if (room, key) not in wanted | injected:
                yield from _misfit(path, f"[{room!r}]", key, message, ours[room])


def _misfit(path: Path, room: str, key: str, message: Message, ours: Mapping[str, Message]) -> Iterator[UserError]:
    """Why a text cannot stand in the place of ours, if it cannot."""
    if key not in ours:
        yield fault(f"{room} has no text {key!r}.", path, ", ".join(get_close_matches(key, ours, n=3)))
    elif isinstance(message, str) != isinstance(ours[key], str):
        yield fault(f"The text {key!r} has plural forms, or has none.", path, str(ours[key]))
    elif lost := sorted(_named(message) - _named(ours[key])):
        allowed = ", ".join(f"{{{name}}}" for name in sorted(_named(ours[key])))
        yield fault(f"The text {key!r} names {{{lost[0]}}}, which is not given to it.", path, allowed or "none")


def _named(message: Message) -> set[str]:
    texts = [message] if isinstance(message, str) else list(message.values())
    return {name for text in texts for name in PLACEHOLDER.findall(str(text))}


RELEASE_TEXTS = Catalogue(Path(__file__).parent / "texts")
