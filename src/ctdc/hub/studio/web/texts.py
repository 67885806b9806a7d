"""The words of the studio in five languages: a key names its app and its message.

Promise: a key, language or value that is missing is a fault of ours and raises KeyError at once; messages hold plain
text, never markup.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.utils.functional import lazy
from django.utils.translation import get_language

from ctdc.release.numbers import number as format_number
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import DEFAULT, OURS

STUDIO = Path(__file__).parents[1]


@cache
def catalogue(app: str) -> Catalogue:
    """The messages of an app of the studio (``people``). Its folder ``texts`` has a file for each language."""
    return Catalogue(STUDIO / app / "texts")


def language() -> str:
    """The language of what is shown now."""
    current = (get_language() or DEFAULT).split("-")[0]
    return current if current in OURS else OURS[0]


def text(key: str, **values: object) -> str:
    """The message ``APP.KEY`` in the current language, its placeholders filled. Raises KeyError."""
    app, _, rest = key.partition(".")
    return catalogue(app).text(language(), rest, **{name: str(value) for name, value in values.items()})


def plural(key: str, number: int, **values: object) -> str:
    """The message ``APP.KEY`` in the form that `number` takes; ``{number}`` is the number as it is written."""
    app, _, rest = key.partition(".")
    filled = {"number": format_number(language(), number)} | {name: str(value) for name, value in values.items()}
    return catalogue(app).plural(language(), rest, number, **filled)


lazy_text = lazy(text, str)
"""`text` that is looked up when it is shown: for labels of fields, which are made once for all languages."""
