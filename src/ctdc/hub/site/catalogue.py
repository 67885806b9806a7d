"""The page of all releases: what each one is, how exact and how protected it is, and where its files are.

Promise: every number and every checksum is read from the releases' own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ctdc.hub.site.datasets.files import OfferedFile, offered_files
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.partners.words import PARTNER_TEXTS, PartnerWords, gone_words, partner_words
from ctdc.hub.site.view import SiteRelease
from ctdc.release.changelog import changelog_sections
from ctdc.release.citation import citation
from ctdc.release.document import Section
from ctdc.release.numbers import date, number, number_range, significant
from ctdc.release.partners.record import Included
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.tombstones import Tombstone

CATALOGUE = "releases"
CATALOGUE_PATH = "releases/"
# The pages that every release keeps: page -> (path below the release's own, text key).
KEPT = {"data": ("", "nav.data"), "codebook": ("codebook/", "nav.codebook"), "privacy": ("privacy/", "nav.privacy")}


def release_path(view: SiteRelease) -> str:
    """Where the pages of one release stand, below ``/LANGUAGE/``."""
    return f"{CATALOGUE_PATH}{view.manifest.folder}/"


@dataclass(frozen=True)
class Entry:
    """One release as text. path, pages: below ``/LANGUAGE/``, pages with their text keys; base: of its files; partner:
    whose it is, None for this hub's own.
    """

    title: str
    folder: str
    identifier: str
    version: str
    simulated: bool
    created: str
    people_label: str
    people: str
    interval: str
    epsilon: str
    delta: str
    path: str
    pages: tuple[tuple[str, str], ...]
    base: str
    files: tuple[OfferedFile, ...]
    changes: tuple[Section, ...]
    citation: str
    partner: PartnerWords | None


@dataclass(frozen=True)
class Grave:
    """A withdrawn release as text. path: of its page, below ``/LANGUAGE/``."""

    title: str
    folder: str
    identifier: str
    created: str
    withdrawn: str
    why: tuple[str, ...]
    path: str


def grave(tombstone: Tombstone, language: str) -> Grave:
    """A tombstone in a language."""
    return Grave(
        title=tombstone.titles.get(language) or RELEASE_TEXTS.text(language, "default_title"),
        folder=tombstone.folder,
        identifier=tombstone.id,
        created=date(language, tombstone.created),
        withdrawn=date(language, tombstone.withdrawn),
        why=tombstone.sentences(language),
        path=f"{CATALOGUE_PATH}{tombstone.folder}/",
    )


def catalogue(
    views: Sequence[SiteRelease],
    language: str,
    tombstones: Sequence[Tombstone] = (),
    guests: Sequence[SiteRelease] = (),
    lines: Sequence[Included] = (),
) -> dict[str, Any]:
    """What the page shows. views: all releases, newest first; tombstones: those that were withdrawn; guests: releases
    of other hubs; lines: what was taken over, of which some may be gone.
    """
    gone = [line for line in lines if line.gone is not None]
    return {
        "heading": SITE_TEXTS.text(language, "releases.title"),
        "description": SITE_TEXTS.text(language, "releases.lead"),
        "entries": [_entry(view, language) for view in views],
        "graves": [grave(one, language) for one in tombstones],
        "guests": [_entry(view, language) for view in guests],
        "guests_title": PARTNER_TEXTS.text(language, "partners.title"),
        "guests_lead": PARTNER_TEXTS.text(language, "partners.lead"),
        "guests_overlap": PARTNER_TEXTS.text(language, "partners.overlap"),
        "gone": [gone_words(line, language, f"{CATALOGUE_PATH}{line.folder}/") for line in gone],
        "gone_title": PARTNER_TEXTS.text(language, "partners.gone.list"),
        "dcat": PARTNER_TEXTS.text(language, "partners.dcat"),
        "changes_title": RELEASE_TEXTS.text(language, "changes.title"),
        # The banner says that nobody on the page exists, so it stands here only when that is true of all releases.
        "simulated": all(view.manifest.info.simulated for view in (*views, *guests)),
    }


def _entry(view: SiteRelease, language: str) -> Entry:
    manifest, people = view.manifest, view.people
    path = release_path(view)
    return Entry(
        title=manifest.info.title(language),
        folder=manifest.folder,
        identifier=manifest.id,
        version=manifest.info.version,
        simulated=manifest.info.simulated,
        created=date(language, manifest.created),
        people_label=view.people_labels[language],
        people=number(language, people["count"]),
        interval=number_range(language, people["low95"], people["high95"]),
        epsilon=significant(language, float(view.privacy["epsilon"]), 3),
        delta=significant(language, float(view.privacy["delta"])),
        path=path,
        pages=tuple((place, key) for _, place, key in view.place.shelf),
        base=f"{view.place.files}{manifest.folder}/",
        files=tuple(offered_files(view, language)),
        changes=changelog_sections(language, view.changes, view.vocabulary),
        citation=citation(language, manifest.info, manifest.created),
        partner=None if view.included is None else partner_words(view.included, language),
    )
