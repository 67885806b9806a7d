"""The page "Getting help": emergency numbers and helplines first, then how to look at them safely.

Promise: the numbers are those that editors wrote in ``helplines.yaml``, in five languages; nobody has to read anything
else, to agree to anything or to run a script before seeing them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.hub.site.about.content import read_yaml
from ctdc.hub.site.about.place import about_content, about_text
from ctdc.hub.site.alphabet import alphabetical
from ctdc.hub.site.frame import SITE_TEXTS, Entry, SiteFile, SitePage
from ctdc.hub.site.view import SiteRelease
from ctdc.standard.languages import DEFAULT, LANGUAGES
from ctdc.standard.presentation import presentation

HELPLINES = "helplines.yaml"
# Whom a service is for; what that is called stands in the texts ``help.for.KIND``.
FOR = presentation().helplines
NUMBER = re.compile(r"\+?[0-9][0-9 -]*")


@dataclass(frozen=True)
class Line:
    """A number to call. where: country or region by language; service: its name, "" for emergency numbers, in
    `language`; for_whom: one of `FOR`, "" for emergency numbers, which are for everybody.
    """

    where: Mapping[str, str]
    number: str
    service: str = ""
    language: str = DEFAULT
    for_whom: str = ""

    @property
    def address(self) -> str:
        """What a telephone dials."""
        return "tel:" + re.sub(r"[ -]", "", self.number)


def helplines(folder: Path) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Emergency numbers, and helplines. Raises UserError (``content.helplines``)."""
    path = folder / HELPLINES
    if not folder.is_dir():
        return (), ()
    found = read_yaml(path)
    if not isinstance(found, dict) or set(found) != {"emergency", "lines"}:
        raise _fault(str(path), "The file has other parts.", "emergency, lines")
    emergency = tuple(
        _line(entry, f"{path}, emergency {at}", "where") for at, entry in enumerate(found["emergency"], 1)
    )
    lines = tuple(_line(entry, f"{path}, line {at}", "country") for at, entry in enumerate(found["lines"], 1))
    return emergency, lines


def _line(entry: Any, where: str, place: str) -> Line:
    keys = {place, "number"} if place == "where" else {place, "number", "service", "language", "for"}
    if not isinstance(entry, dict) or set(entry) != keys:
        raise _fault(where, "A number has other parts.", ", ".join(sorted(keys)))
    names = entry[place]
    if not isinstance(names, dict) or not set(LANGUAGES) <= set(names) or not all(map(_is_text, names.values())):
        raise _fault(where, f"'{place}' is not there in every language.", ", ".join(LANGUAGES))
    if not isinstance(entry["number"], str) or not NUMBER.fullmatch(entry["number"]):
        raise _fault(where, "This is no telephone number in quotes.", "digits, spaces and hyphens: '08000 121 700'")
    service, language = entry.get("service", "-"), entry.get("language", DEFAULT)
    if not _is_text(service) or not _is_text(language):
        raise _fault(where, "A helpline needs the name of its service, and its language.")
    if place == "where":
        return Line(names, entry["number"])
    if entry["for"] not in FOR:
        raise _fault(where, "It is not said whom this helpline is for.", ", ".join(FOR))
    return Line(names, entry["number"], service, language, entry["for"])


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _fault(where: str, what: str, allowed: str = "") -> UserError:
    return UserError("content.helplines", what, where=where, allowed=allowed, do="Mend the file, and build again.")


def helpline_context(folder: Path, language: str) -> dict[str, Any]:
    """What the template of the helplines needs; they stand in the order of their names in this language."""
    emergency, lines = helplines(folder)
    ordered = sorted(lines, key=lambda line: (alphabetical(line.where[language]), line.service))
    return {"emergency": emergency, "lines": ordered, "a": about_text(language)}


class HelpPage:
    """The section with the one page."""

    id = "help"
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view
        self.content = about_content(view)

    def entries(self, language: str) -> Sequence[Entry]:
        """The page."""
        return [Entry("help", "help", "help/", SITE_TEXTS.text(language, "nav.help"))]

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """The page."""
        context = {
            "heading": SITE_TEXTS.text(language, "help.title"),
            "description": SITE_TEXTS.text(language, "help.notice.text"),
            **helpline_context(self.content, language),
        }
        yield SitePage("help", "help/", "help.html.j2", context)
