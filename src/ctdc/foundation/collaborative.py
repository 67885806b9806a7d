"""Which collaborative this program serves: its folder, its name, its languages, and where its parts lie.

Promise: this is the one place that decides it. A folder is a collaborative if `collaborative.toml` lies in it; the one
that is served is named by ``CTDC_COLLABORATIVE`` (``--collaborative`` sets it), or else found in the current folder or
above it, or else the one that comes with the software. A process serves one collaborative for its whole life: its
languages stand in patterns, forms and tables that are made once. What is wrong in the file is a UserError that names
file and key; nothing that is wrong is passed over. Standard library only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ctdc.foundation.documents import BadDocument, parse_toml
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import content_hash, hash_value

MARKER = "collaborative.toml"
CHOSEN = "CTDC_COLLABORATIVE"  # the environment variable
SHIPPED = Path(__file__).parents[1] / "collaboratives" / "trafficking"
# Parts of a collaborative, and where they lie below its folder unless [parts] says otherwise.
PARTS: Mapping[str, str] = {
    "standard": "standard",
    "mappings": "mappings",
    "stories": "content/stories",
    "about": "content/about",
    "texts": "texts",
    "agreements": "agreements",
    "brand": "brand",
    "presentation": "presentation.toml",
    "evaluation": "evaluation.toml",
    "invention": "example/invent.toml",
    "map": "map.geojson",
}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CODE = re.compile(r"[a-z]{2,3}")
_TEXTS = frozenset({"name", "short_name", "data"})  # keys that have one text for each language
_KEYS = frozenset(
    {
        "id",
        "languages",
        "publisher",
        "contact",
        "profile",
        "keywords",
        "theme",
        "region",
        "adversary",
        "language",
        "parts",
    }
)


@dataclass(frozen=True)
class Language:
    """A language as pages need it. name: in itself; direction: ``ltr`` or ``rtl``; joined: "and" with its spaces."""

    code: str
    name: str
    direction: str
    joined: str


# The languages in which every text of the product exists.
COMPLETE: Mapping[str, Language] = {
    one.code: one
    for one in (
        Language("ar", "العربية", "rtl", " و"),
        Language("en", "English", "ltr", " and "),
        Language("fr", "Français", "ltr", " et "),
        Language("de", "Deutsch", "ltr", " und "),
        Language("es", "Español", "ltr", " y "),
    )
}
_LANGUAGE_KEYS = frozenset({"name", "direction", "and"})


@dataclass(frozen=True)
class Collaborative:
    """One collaborative.

    languages: as pages list them, the first is the default; names, short_names, data_titles: by language (data_titles:
    what a release is called that has no title); publisher, contact: who publishes, and where faults are reported;
    profile: shape of a release unless a plan says otherwise; keywords: to be found by; theme: of European data portals,
    by its code and English name; region: of the world, and adversary: whom the certificate counts with, in English.
    """

    folder: Path
    id: str
    languages: tuple[str, ...]
    names: Mapping[str, str]
    short_names: Mapping[str, str]
    data_titles: Mapping[str, str]
    publisher: str
    contact: str
    profile: str
    keywords: tuple[str, ...]
    theme: Mapping[str, str]
    region: str
    adversary: str
    known: Mapping[str, Language] = field(repr=False)
    places: Mapping[str, Path] = field(repr=False)

    @property
    def is_shipped(self) -> bool:
        """Whether it is the one that comes with the software."""
        return self.folder == SHIPPED

    @property
    def default_language(self) -> str:
        """The language that stands first."""
        return self.languages[0]

    def part(self, name: str) -> Path | None:
        """Where one of `PARTS` lies; None where the collaborative does not have it."""
        place = self.places[name]
        return place if place.exists() else None

    def hash_of(self, *parts: str) -> str:
        """SHA-256 of the description and of some of `PARTS`, wherever they lie."""
        found = {name: content_hash(self.part(name)) for name in parts}
        return hash_value({MARKER: content_hash(self.folder / MARKER), **found})

    @cached_property
    def _texts(self) -> dict[str, Mapping[str, Mapping[str, Any]]]:
        return {}

    def texts(self, language: str) -> Mapping[str, Mapping[str, Any]]:
        """The collaborative's own texts in a language: room -> key -> text, or plural forms.

        They stand in ``texts/LANGUAGE.toml``, and in the place of the product's own. Its name is one of them. There are
        none in a language that is not served.
        """
        if language not in self.languages:
            return {}
        if language not in self._texts:
            self._texts[language] = MappingProxyType(self._read_texts(language))
        return self._texts[language]

    def _read_texts(self, language: str) -> dict[str, dict[str, Any]]:
        path = self.places["texts"] / f"{language}.toml"
        found = _toml(path) if path.is_file() else {}
        for room, messages in found.items():
            if not isinstance(messages, dict):
                raise fault(f"{room!r} is no table of texts.", path, '["hub/site"], then "key" = "text"')
        named = {
            "hub/site": {"site.name": self.names[language]},
            "release": {"default_title": self.data_titles[language]},
        }
        return {room: {**found.get(room, {}), **named.get(room, {})} for room in {**found, **named}}


def fault(
    what: str,
    where: Path | str,
    allowed: str = "",
    do: str = "Correct the file; 'ctdc collaborative check' looks at all.",
) -> UserError:
    """The error for a collaborative that is not what it should be."""
    return UserError("collaborative.broken", what, where=str(where), allowed=allowed, do=do)


def find(named: str | None, here: Path) -> Path:
    """The folder of the collaborative. named: what was chosen, if anything; here: where the search upwards begins.

    Raises UserError (``collaborative.none``) for a chosen folder that is none.
    """
    if named:
        folder = Path(named).expanduser().resolve()
        if not (folder / MARKER).is_file():
            raise UserError(
                "collaborative.none",
                "This folder is no collaborative: it has no collaborative.toml.",
                where=str(folder),
                do="Give the folder that 'ctdc init' made.",
            )
        return folder
    above = (folder for folder in (here, *here.parents) if (folder / MARKER).is_file())
    return next(above, SHIPPED)


@cache
def current() -> Collaborative:
    """The collaborative that this process serves; decided when it is first asked for. Raises UserError."""
    return read(find(os.environ.get(CHOSEN), Path.cwd()))


def read(folder: Path) -> Collaborative:
    """A collaborative's description. Raises UserError (``collaborative.broken``) for one that is not whole."""
    path = folder / MARKER
    given = _toml(path)
    _only(path, given, _KEYS | _TEXTS)
    known = _languages(path, given.get("language", {}))
    languages = _list(path, given, "languages")
    for code in languages:
        if code not in known:
            raise fault(
                f"The language {code!r} is not known.",
                path,
                ", ".join(sorted(known)),
                f"Another language needs [language.{code}]: docs/tutorial/your-own-collaborative.md.",
            )
    if not languages or len(set(languages)) < len(languages):
        raise fault("'languages' names none, or one twice.", path, 'languages = ["en", "fr"]; the first is the default')
    parts = given.get("parts", {})
    _only(path, parts, frozenset(PARTS))
    names = _each(path, given, "name", languages)
    theme = given.get("theme", {})
    _only(path, theme, frozenset({"code", "name"}))
    return Collaborative(
        folder=folder,
        id=_id(path, given),
        languages=languages,
        names=names,
        short_names=_each(path, given, "short_name", languages) if "short_name" in given else names,
        data_titles=_each(path, given, "data", languages),
        publisher=_text(path, given, "publisher"),
        contact=_text(path, given, "contact") if given.get("contact") else "",
        profile=_text(path, given, "profile"),
        keywords=_list(path, given, "keywords") if "keywords" in given else (),
        theme=MappingProxyType(theme),
        region=_text(path, given, "region") if "region" in given else "",
        adversary=_text(path, given, "adversary") if "adversary" in given else "",
        known=known,
        places=MappingProxyType({name: (folder / parts.get(name, usual)).resolve() for name, usual in PARTS.items()}),
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return parse_toml(path.read_bytes())
    except BadDocument as error:
        raise fault(f"This is not TOML: {error}.", path, 'key = "text"; [table]; lists in square brackets') from None


def _only(path: Path, given: Any, allowed: frozenset[str]) -> None:
    if not isinstance(given, dict):
        raise fault("A table was expected.", path, ", ".join(sorted(allowed)))
    for key in given:
        if key not in allowed:
            near = get_close_matches(key, allowed, n=1)
            hint = f" Do you mean {near[0]!r}?" if near else ""
            raise fault(f"The key {key!r} is not known.{hint}", path, ", ".join(sorted(allowed)))


def _text(path: Path, given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value.strip():
        raise fault(f"{key!r} is {'missing' if value is None else 'no text'}.", path, f'{key} = "text"')
    return value


def _list(path: Path, given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given.get(key)
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise fault(
            f"{key!r} is {'missing' if value is None else 'no list of texts'}.", path, f'{key} = ["one", "two"]'
        )
    return tuple(value)


def _each(path: Path, given: Mapping[str, Any], key: str, languages: tuple[str, ...]) -> Mapping[str, str]:
    """A text for each language, under `key`."""
    value = given.get(key, {})
    lacking = [code for code in languages if not isinstance(value, dict) or not str(value.get(code, "")).strip()]
    if lacking:
        raise fault(f"'{key}' has no text in {', '.join(lacking)}.", path, f'{key}.{lacking[0]} = "text"')
    return MappingProxyType({code: str(value[code]) for code in languages})


def _id(path: Path, given: Mapping[str, Any]) -> str:
    found = _text(path, given, "id")
    if not NAME.fullmatch(found):
        raise fault(
            f"{found!r} cannot be the id.", path, "lower-case letters, digits and single hyphens: work-accidents"
        )
    return found


def _languages(path: Path, given: Any) -> Mapping[str, Language]:
    """The languages that are complete, and those that the collaborative brings."""
    found = dict(COMPLETE)
    for code, entry in given.items() if isinstance(given, dict) else ():
        if not CODE.fullmatch(code):
            raise fault(f"{code!r} is no code of a language.", path, "two or three lower-case letters: pt")
        _only(path, entry, _LANGUAGE_KEYS)
        direction = _text(path, entry, "direction")
        if direction not in ("ltr", "rtl"):
            raise fault(f"The direction of {code!r} is {direction!r}.", path, "ltr, rtl")
        found[code] = Language(code, _text(path, entry, "name"), direction, _text(path, entry, "and"))
    return MappingProxyType(found)
