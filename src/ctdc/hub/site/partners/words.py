"""What a reader is told about a release that another hub published.

Promise: who published it, with which key it is signed, when it was taken over and that its numbers must not be added to
others stand on each of its pages, in the reader's language; everything is from the line that was written when it was
taken over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctdc.release.numbers import date
from ctdc.release.partners.record import WITHDRAWN, Included
from ctdc.release.texts import RELEASE_TEXTS, Catalogue

PARTNER_TEXTS = Catalogue(Path(__file__).parent / "texts")


@dataclass(frozen=True)
class PartnerWords:
    """One release of another hub as text. hub: its name; address: of its site; rows: label, value, and whether the
    value is a code or an address.
    """

    hub: str
    address: str
    notice: str
    overlap: str
    dashboards: str
    visit: str
    source_title: str
    rows: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True)
class GoneWords:
    """A release of another hub that is not published here any more, as text. path: of its page."""

    title: str
    hub: str
    folder: str
    identifier: str
    created: str
    when: str
    why: tuple[str, ...]
    path: str


def partner_words(line: Included, language: str) -> PartnerWords:
    """The words about a release that is published here."""
    hub = line.name(language)

    def text(key: str, **values: str) -> str:
        return PARTNER_TEXTS.text(language, f"partners.{key}", **values)

    rows = [
        (text("hub"), hub, False),
        (text("publisher"), line.publisher, False),
        (text("key"), line.key, True),
        (text("included"), date(language, line.included), False),
        (text("source"), line.source, True),
        (text("manifest"), line.manifest_sha256, True),
    ]
    return PartnerWords(
        hub=hub,
        address=line.address,
        notice=text("notice", hub=hub),
        overlap=text("overlap"),
        dashboards=text("dashboards", hub=hub),
        visit=text("visit", hub=hub),
        source_title=text("provenance"),
        rows=tuple(row for row in rows if row[1]),
    )


def gone_words(line: Included, language: str, path: str) -> GoneWords:
    """The words about one that is not. Raises ValueError for a release that is published."""
    if line.gone is None:
        raise ValueError("this release is published")
    hub = line.name(language)
    why = [PARTNER_TEXTS.text(language, f"partners.gone.{line.gone.reason}", hub=hub)]
    if line.gone.reason == WITHDRAWN and line.gone.stated:
        why.append(RELEASE_TEXTS.text(language, f"withdrawn.{line.gone.stated}"))
        why += filter(None, [(line.gone.words or {}).get(language)])
    return GoneWords(
        title=line.title(language),
        hub=hub,
        folder=line.folder,
        identifier=line.id,
        created=date(language, line.created),
        when="" if line.gone.when is None else date(language, line.gone.when),
        why=tuple(why),
        path=path,
    )
