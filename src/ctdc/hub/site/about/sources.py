"""What each contributor says of its data: a statement, what kind of record it keeps, in which years and where.

Promise: said by the contributor and kept in ``sources.yaml``, never looked up in cases. A count over years or places
cannot be read without it: where nobody reports there is nobody in the data, however many there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.content import read_yaml
from ctdc.hub.site.about.place import ABOUT_TEXTS, about_content, about_text
from ctdc.hub.site.view import SiteRelease
from ctdc.release.figures import ORIGIN, PLACE
from ctdc.standard.languages import LANGUAGES

FILE = "sources.yaml"
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")  # a statement may be there in more than are served
KINDS = ("hotline", "case_management", "services", "register", "reports", "mixed")
FIRST_YEAR = 1900  # before it nobody kept such records; a year in another calendar or a mistyped one is found


@dataclass(frozen=True)
class Source:
    """One contributor. statement: by language, empty if it has given none; kind: one of `KINDS`, or "";
    years: first and last, inclusive, the last None while it goes on, None if it does not say; places: codes of the only
    places that it reports on, empty if it is not limited to some.
    """

    name: str
    statement: Mapping[str, str]
    kind: str = ""
    years: tuple[int, int | None] | None = None
    places: tuple[str, ...] = ()

    @property
    def says_when(self) -> bool:
        """Whether it says what kind of record it keeps, and in which years."""
        return bool(self.kind and self.years)


@dataclass(frozen=True)
class Reporting:
    """A line of the table of who reported when, in words."""

    name: str
    kind: str
    years: str
    places: tuple[str, ...]


def sources_file(view: SiteRelease) -> Path | None:
    """The file that `reporting_context` reads; None where there is none."""
    file = about_content(view) / FILE
    return file if file.is_file() else None


def read_sources(folder: Path) -> Mapping[str, Source]:
    """What contributors say, by their names. Raises UserError (``content.sources``) for a file with a fault in it."""
    file = folder / FILE
    found = read_yaml(file) if file.is_file() else []
    sources = [_source(entry, f"{file}, entry {at}") for at, entry in enumerate(found, 1)]
    return {source.name: source for source in sources}


def sources_of(view: SiteRelease) -> Sequence[Source]:
    """The contributors that a release names, in its order."""
    known = read_sources(about_content(view))
    return [known.get(name, Source(name, {})) for name in view.manifest.info.sources]


def reporting_context(view: SiteRelease, language: str, *, shown: bool = True) -> dict[str, Any]:
    """What ``reporting.html.j2`` shows: who reported when, as far as contributors say it.

    shown: whether the page has anything that depends on it.
    """
    lines = [line(view, source, language) for source in (sources_of(view) if shown else ()) if source.says_when]
    return {"reporting": lines, "a": about_text(language)}


def line(view: SiteRelease, source: Source, language: str) -> Reporting:
    """What a contributor says of itself, in words; "" for what it does not say."""
    years = ""
    if source.years:
        first, last = source.years
        key = "reporting.year" if first == last else "reporting.span" if last else "reporting.since"
        years = ABOUT_TEXTS.text(language, key, first=str(first), last=str(last))
    kind = ABOUT_TEXTS.text(language, f"reporting.kind.{source.kind}") if source.kind else ""
    return Reporting(source.name, kind, years, tuple(_label(view, code, language) for code in source.places))


def _label(view: SiteRelease, code: str, language: str) -> str:
    """What a place is called; its code if the release has no name for it."""
    roles = [(variable, code) for variable in (*PLACE, *ORIGIN)]
    return next((view.code_labels[one][language] for one in roles if one in view.code_labels), code)


def _source(entry: Any, where: str) -> Source:
    if not isinstance(entry, dict):
        raise _fault("A contributor's statement is not a list of keys and values.", where, ", ".join(_KEYS))
    if unknown := sorted(key for key in map(str, entry.keys() - set(_KEYS)) if not LANGUAGE.fullmatch(key)):
        raise _fault(f"{unknown[0]!r} is not a key of a contributor's statement.", where, ", ".join(_KEYS))
    if lacking := [name for name in ("name", *LANGUAGES) if not entry.get(name)]:
        wanted = ", ".join(("name", *LANGUAGES))
        raise _fault(f"{lacking[0]!r} is missing in a contributor's statement.", where, wanted)
    kind = entry.get("kind", "")
    if kind not in ("", *KINDS):
        raise _fault(f"{kind!r} is no kind of record.", where, ", ".join(KINDS))
    statement = {language: str(entry[language]) for language in LANGUAGES}
    return Source(str(entry["name"]), statement, kind, _years(entry, where), _places(entry, where))


_KEYS = ("name", "kind", "years", "places", *LANGUAGES)


def _years(entry: Mapping[str, Any], where: str) -> tuple[int, int | None] | None:
    if "years" not in entry:
        return None
    match entry["years"]:
        case [int(first)] if first >= FIRST_YEAR:
            return first, None
        case [int(first), int(last)] if FIRST_YEAR <= first <= last:
            return first, last
    allowed = "[first, last], or [first] while it goes on: years: [2015, 2024]"
    raise _fault(f"The years {entry['years']!r} are no span of years.", where, allowed)


def _places(entry: Mapping[str, Any], where: str) -> tuple[str, ...]:
    places = entry.get("places", [])
    if not isinstance(places, list) or not all(isinstance(code, str) and code for code in places):
        raise _fault(f"The places {places!r} are no list of codes.", where, "a list of codes: places: [USA]")
    return tuple(places)


def _fault(what: str, where: str, allowed: str) -> UserError:
    return UserError("content.sources", what, where=where, allowed=allowed, do="Mend the file, and build again.")
