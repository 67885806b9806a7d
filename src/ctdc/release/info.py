"""What people decide about a release: its name, title, publisher and source, none of it computed.

Promise: frozen and checked at construction; the same info gives the same bytes in a release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import UserError
from ctdc.release.linked import TableNames
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.standard.languages import LANGUAGES, in_language

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_NAME = 60
DEFAULT_PUBLISHER = current().publisher


@dataclass(frozen=True)
class ReleaseInfo:
    """The human part of a release.

    name: start of the folder's name, lower-case words joined by hyphens; simulated: the records were invented,
    which every page then says; profile: id of the standard's profile whose labels the codebook carries, None for
    other tables; titles: language to title (a default stands in for missing ones); version: the publisher's own
    edition label; terms: licence or address of the terms of use; sources: contributors, as they wish to be named;
    url: where the release is published; contact: where faults are reported; tables: what linked tables are called, None
    for the profile's names, or plain ones.
    languages: of the titles: those of this collaborative, or of a release that was read those that it states, which may
    be another collaborative's. Raises UserError (``release.info``).
    """

    name: str
    simulated: bool
    profile: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    publisher: str = ""
    version: str = ""
    terms: str = ""
    sources: tuple[str, ...] = ()
    url: str = ""
    contact: str = ""
    tables: TableNames | None = None
    languages: tuple[str, ...] = LANGUAGES

    def __post_init__(self) -> None:
        if not self.publisher:
            object.__setattr__(self, "publisher", DEFAULT_PUBLISHER)
        if not NAME.fullmatch(self.name) or len(self.name) > MAX_NAME:
            raise UserError(
                "release.info",
                f"{self.name!r} cannot be the name of a release.",
                allowed=f"lower-case letters, digits and single hyphens, at most {MAX_NAME}: global-2026",
            )
        unknown = sorted(set(self.titles) - set(self.languages))
        if unknown:
            allowed = ", ".join(self.languages)
            raise UserError("release.info", f"A title is in the language {unknown[0]!r}.", allowed=allowed)

    def title(self, language: str) -> str:
        """The title in `language`: the given one, or the default, which is the same sentence in all five.

        Of a release whose collaborative does not have the language, the title in English or in its first language.
        """
        if language not in self.languages and self.titles:
            return in_language(self.titles, language)
        return self.titles.get(language) or RELEASE_TEXTS.text(language, "default_title")

    def as_dict(self) -> dict[str, Any]:
        """The info as a JSON object, with the title in each of its languages."""
        tables = {} if self.tables is None else {"tables": {"main": self.tables.main, "linked": self.tables.linked}}
        return {
            "name": self.name,
            "simulated": self.simulated,
            "profile": self.profile,
            "titles": {language: self.title(language) for language in self.languages},
            "publisher": self.publisher,
            "version": self.version,
            "terms": self.terms,
            "sources": list(self.sources),
            "url": self.url,
            "contact": self.contact,
            **tables,
        }


def info_from_dict(document: Mapping[str, Any]) -> ReleaseInfo:
    """Read back what `ReleaseInfo.as_dict` wrote. Raises UserError (``release.info``) for anything else."""
    try:
        tables = document.get("tables")
        return ReleaseInfo(
            name=str(document["name"]),
            simulated=bool(document["simulated"]),
            profile=None if document["profile"] is None else str(document["profile"]),
            titles={str(language): str(title) for language, title in document["titles"].items()},
            publisher=str(document["publisher"]),
            version=str(document["version"]),
            terms=str(document["terms"]),
            sources=tuple(str(source) for source in document["sources"]),
            url=str(document["url"]),
            contact=str(document["contact"]),
            tables=None if tables is None else TableNames(str(tables["main"]), str(tables["linked"])),
            languages=tuple(str(language) for language in document["titles"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError("release.info", f"The release's description lacks or misstates {error}.") from None
