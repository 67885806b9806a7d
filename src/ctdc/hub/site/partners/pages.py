"""The pages of releases of other hubs, and what stands where one is no longer published.

Promise: everything is made of the release's own files, its code book included, so that a release of any field can be
shown; its numbers stand on pages of their own and are never added to others; pages of releases that may not be
published hold their name and the reason, and nothing of their data. Nothing here asks the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress
from ctdc.hub.site.build import write_text
from ctdc.hub.site.catalogue import CATALOGUE, CATALOGUE_PATH
from ctdc.hub.site.frame import Site, SitePage
from ctdc.hub.site.partners.words import PARTNER_TEXTS, gone_words
from ctdc.hub.site.place import Place
from ctdc.hub.site.release_pages import release_page
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.manifest import Manifest
from ctdc.release.partners.copies import look_again
from ctdc.release.partners.record import Included
from ctdc.standard.languages import LANGUAGES

# The pages of such a release: page -> (path below its own, text key).
KEPT = {
    "overview": ("", "nav.overview"),
    "data": ("data/", "nav.data"),
    "codebook": ("codebook/", "nav.codebook"),
    "privacy": ("privacy/", "nav.privacy"),
}


def read_partners(partners: Path | None, own: Iterable[Manifest], watch: Progress) -> tuple[Included, ...]:
    """What was taken over, each line as it has to be today; nothing for None.

    own: the releases of this hub. Raises UserError (``site.own_included``) where one of them was taken over as
    another's.
    """
    if partners is None:
        return ()
    lines = look_again(partners, watch)
    ids = {manifest.id for manifest in own}
    for line in lines:
        if line.id in ids:
            raise UserError(
                "site.own_included",
                f"{line.folder} is among this hub's own releases, and was taken over as one of {line.hub}.",
                where=line.folder,
                do="Leave it out of one of the two: its pages could not say whose it is.",
            )
    return lines


def guest(partners: Path, line: Included, front: Place) -> SiteRelease:
    """A release of another hub in its own place. front: that of the site."""
    start = f"{CATALOGUE_PATH}{line.folder}/"
    paths = {page: start + below for page, (below, _) in KEPT.items()}
    place = replace(
        front,
        paths=paths,
        section=CATALOGUE,
        shelf=tuple((page, paths[page], key) for page, (_, key) in KEPT.items()),
    )
    return replace(read_release(line.place(partners)), place=place, included=line)


def write_guest(site: Site, view: SiteRelease, folder: Path) -> None:
    """Its pages in each language."""
    for language in LANGUAGES:
        for name in KEPT:
            page = release_page(view, language, name)
            if name == "overview":
                page = replace(page, template="partner_release.html.j2")
            write_text(folder / language / page.path / "index.html", site.render(page, language, view))


def write_gone(site: Site, lines: Sequence[Included], folder: Path) -> None:
    """A page at each address that a release had that is not published any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        for line in lines:
            start = f"{CATALOGUE_PATH}{line.folder}/"
            words = gone_words(line, language, start)
            heading = PARTNER_TEXTS.text(language, "partners.gone")
            context = {
                "heading": heading,
                "description": (heading, f"{words.title}, {words.created}, {words.hub} ({words.folder})", *words.why),
                "title": words.title,
                "simulated": False,
                "gone": words,
                "gone_text": PARTNER_TEXTS.text(language, "partners.gone.text"),
                "gone_when": PARTNER_TEXTS.text(language, "partners.gone.when"),
            }
            for below, _ in KEPT.values():
                page = SitePage(CATALOGUE, start + below, "partner_gone.html.j2", context)
                write_text(folder / language / page.path / "index.html", site.render(page, language))
