"""Every word of the studio is there in five languages with the same places for values; every word asked for exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale

from ctdc.hub.studio.web.texts import STUDIO, catalogue
from ctdc.release.texts import Message
from ctdc.standard.languages import LANGUAGES

APPS = sorted(path.parent.name for path in STUDIO.glob("*/texts"))
ASKED = re.compile(r"""(?:\b(?:t|n|text|plural|lazy_text)\()\s*["']([a-z_]+(?:\.[a-z_]+)+)["']""")


def placeholders(message: Message) -> set[str]:
    """The names of the values that a message wants, in any of its forms."""
    forms = [message] if isinstance(message, str) else list(message.values())
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("app", APPS)
def test_the_words_of_all_languages_are_the_same(app: str, language: str) -> None:
    english, here = catalogue(app).messages("en"), catalogue(app).messages(language)
    assert set(here) == set(english)
    for key, message in here.items():
        assert placeholders(message) == placeholders(english[key]) or not isinstance(message, str), key
        if not isinstance(message, str):
            assert set(message) == set(Locale.parse(language).plural_form.tags) | {"other"}, key


def asked() -> Iterator[tuple[str, str]]:
    """Every key that a template or a module names, with the file that does."""
    for path in sorted([*STUDIO.rglob("*.html"), *STUDIO.rglob("*.py")]):
        for key in ASKED.findall(path.read_text(encoding="utf-8")):
            yield key, Path(path).relative_to(STUDIO).as_posix()


def test_every_word_that_is_asked_for_exists() -> None:
    found = list(asked())
    assert len(found) > 200
    missing = []
    for key, place in found:
        app, _, rest = key.partition(".")
        if place.endswith(".py") and app not in APPS:
            continue  # a function of the module's own, which puts its app in front
        if app not in APPS or rest not in catalogue(app).messages("en"):
            missing.append(f"{place}: {key}")
    assert missing == []
