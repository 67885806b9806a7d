"""The pages of releases that were withdrawn: when and why, in the place of what was there.

Promise: nothing of a withdrawn release's data is shown or copied; its name and identifier are; a release that is among
the withdrawn ones is not published again by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ctdc.foundation.errors import Refused
from ctdc.hub.site.build import write_text
from ctdc.hub.site.catalogue import CATALOGUE, CATALOGUE_PATH, KEPT, grave
from ctdc.hub.site.frame import SITE_TEXTS, Site, SitePage, plain_page
from ctdc.hub.site.partners.pages import KEPT as GUEST_PAGES
from ctdc.hub.site.partners.words import PARTNER_TEXTS, gone_words
from ctdc.release.manifest import Manifest
from ctdc.release.partners.record import Included
from ctdc.release.tombstones import Tombstone
from ctdc.standard.languages import LANGUAGES

WITHDRAWN = "withdrawn"


def check_gone(shown: Iterable[Manifest], tombstones: Sequence[Tombstone]) -> None:
    """Raise Refused (``site.withdrawn``) when a release that was withdrawn is to be shown."""
    ids = {one.id for one in tombstones}
    back = sorted(manifest.folder for manifest in shown if manifest.id in ids)
    if back:
        raise Refused(
            "site.withdrawn",
            "A release that was withdrawn would be published again.",
            where=", ".join(back),
            do="Take its folder away.",
        )


def write_graves(site: Site, tombstones: Sequence[Tombstone], folder: Path) -> None:
    """A page at each address that a withdrawn release had for itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        for one in tombstones:
            words = grave(one, language)
            heading = SITE_TEXTS.text(language, "releases.withdrawn.title")
            for below, _ in KEPT.values():
                said = (heading, f"{words.title}, {words.created} ({words.folder})", *words.why)
                context = {
                    "heading": heading,
                    "description": said,
                    "title": words.title,
                    "simulated": False,
                    "grave": words,
                }
                page = SitePage(CATALOGUE, words.path + below, "withdrawn.html.j2", context)
                write_text(folder / language / page.path / "index.html", site.render(page, language))


def write_nothing(folder: Path, tombstones: Sequence[Tombstone], lines: Sequence[Included] = ()) -> None:
    """The pages of a site without any release: at its front, and in each language.

    lines: releases of other hubs that are no longer published.
    """
    graves = {language: [grave(one, language) for one in tombstones] for language in LANGUAGES}
    starts = [f"{CATALOGUE_PATH}{line.folder}/" for line in lines]
    gone = {
        language: [gone_words(line, language, start) for line, start in zip(lines, starts, strict=True)]
        for language in LANGUAGES
    }
    titles = {language: PARTNER_TEXTS.text(language, "partners.gone.list") for language in LANGUAGES}
    page = plain_page("nothing.html.j2", graves=graves, gone=gone, gone_titles=titles)
    below = ["", *(one.path for one in graves[LANGUAGES[0]])]
    below += [start + more for start in starts for more, _ in GUEST_PAGES.values()]
    places = [folder, *(folder / language / path for language in LANGUAGES for path in below)]
    for place in places:
        write_text(place / "index.html", page)
