"""The public site, made of everything that the studio has published: releases, tombstones, stories, answers to readers.

Promise: this is the one way in which a studio builds its site, so that whoever has it built leaves nothing out that
another has published; two builds wait for each other, and the last one has seen all that was there when it began. What
merely lies in the folder of releases, without the studio having published it, is never shown.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ctdc.foundation.files import alone
from ctdc.foundation.progress import Progress
from ctdc.hub.site.documentation import shipped
from ctdc.hub.site.export import Export, export_site
from ctdc.hub.site.record import read_record
from ctdc.hub.studio.desk.models import Publication
from ctdc.hub.studio.place import Place
from ctdc.release.store import list_releases

LOCK = "site.lock"


def public_releases(place: Place, also: str = "") -> list[Path]:
    """The folders of the releases that are published and not withdrawn, oldest first.

    also: name of the one that is being published now.
    """
    if not place.releases.is_dir():
        return []
    names = {also, *Publication.objects.filter(withdrawn=None).values_list("folder", flat=True)}
    return [folder for folder, _ in list_releases(place.releases) if folder.name in names]


def build_site(
    place: Place, progress: Progress, also: str = "", then: Callable[[], None] = lambda: None
) -> Export | None:
    """Build the site of all releases that are published; None when no release ever was. Raises as `export_site`.

    also: folder name of the release that is being published now; then: notes that it is, before another build begins.
    """
    with alone(place.folder / LOCK):  # one build at a time
        releases = public_releases(place, also)
        if not releases and not place.withdrawn.is_file():
            return None
        built = export_site(
            releases,
            place.site,
            place.public_address or read_record(place.site).origin,
            progress,
            place.answers if place.answers.is_file() else None,
            place.withdrawn if place.withdrawn.is_file() else None,
            place.content if place.content.is_dir() else None,
            shipped(),
            place.partners if place.partners.is_dir() else None,
        )
        then()
        return built
