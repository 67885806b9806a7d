"""What the public side reads, changed as a whole: the folder of releases, the link to the newest, the site.

Promise: a release is verified before it is copied, copied whole or not at all, and verified where it lies; the site is
built in the place of the old one, which stays until the new one is whole. A copy whose publication fails is taken away
again. A withdrawn release leaves its tombstone before its files go, so that no power cut leaves it without a word.
Every act can be done again from its start.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import atomic_folder
from ctdc.foundation.hashing import hash_tree
from ctdc.foundation.progress import Progress
from ctdc.hub.site.export import FILES
from ctdc.hub.studio.desk.models import Publication
from ctdc.hub.studio.place import Place
from ctdc.hub.studio.public_site import build_site, public_releases
from ctdc.release.certificate.keys import read_signing_key
from ctdc.release.manifest import read_manifest
from ctdc.release.tombstones import Tombstone, bury, read_tombstones
from ctdc.release.verify import require_verified


def publish(place: Place, made: Path, progress: Progress, then: Callable[[], None] = lambda: None) -> None:
    """Put the release in the folder `made` among the published ones, and build the site. then: notes that it is public.

    Raises Refused for a release that does not verify, or that is not signed by the studio's key where it has one
    (``release.not_verified``), that was withdrawn (``desk.withdrawn``), or is there and differs (``desk.differs``).
    """
    identifier, manifest = read_manifest(made)
    if identifier in {one.id for one in read_tombstones(place.withdrawn)}:
        raise Refused(
            "desk.withdrawn", "This release was withdrawn, and is not published again.", where=manifest.folder
        )
    key = read_signing_key(place.signing_key, place.releases).public if place.signing_key else None
    require_verified(made, progress, key)
    target = place.releases / manifest.folder
    if not target.exists():
        with atomic_folder(target) as fresh:
            shutil.copytree(made, fresh, dirs_exist_ok=True)
    if hash_tree(target) != hash_tree(made):
        raise Refused(
            "desk.differs",
            "A release of this name is published already, and is not the same.",
            where=manifest.folder,
            do="Find out who changed which of the two. What is published is never overwritten.",
        )
    require_verified(target, progress, key)
    _point(place, manifest.folder)
    build_site(place, progress, manifest.folder, then)


def take_back(place: Place, folder: str) -> bool:
    """Take away the copy of a release whose publication failed; one that was published stays.

    Returns whether the site shows it all the same, and has to be built again.
    """
    if not folder or Publication.objects.filter(folder=folder).exists():
        return False
    _remove(place, folder)
    with suppress(UserError):  # another release there is damaged: the job that failed has told of it
        _point(place)
    return (place.site / FILES / folder).exists()


def withdraw(
    place: Place, folder: str, when: datetime, reason: str, words: dict[str, str], progress: Progress
) -> Tombstone | None:
    """Bury a published release, take its files away, and build the site without it.

    Returns its tombstone, which is the first one where an earlier withdrawal was cut off; None for no such release.
    """
    target = place.releases / folder
    if target.exists():
        identifier, manifest = read_manifest(target)
        titles = {language: manifest.info.title(language) for language in manifest.info.as_dict()["titles"]}
        bury(place.withdrawn, Tombstone(identifier, folder, manifest.created, titles, when, reason, words))
    _remove(place, folder)
    _point(place)
    build_site(place, progress)
    return next((one for one in read_tombstones(place.withdrawn) if one.folder == folder), None)


def _remove(place: Place, folder: str) -> None:
    """Take a release's files away: no longer under its name in one step, so that nobody meets half of them."""
    target, aside = place.releases / folder, place.releases / f".{folder}.withdrawn"
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    for one in place.releases.glob(".*.withdrawn"):
        shutil.rmtree(one)


def _point(place: Place, also: str = "") -> None:
    """Make the link lead to the newest release that is public, in one step; without any it is taken away."""
    found = public_releases(place, also)
    if not found:
        place.latest.unlink(missing_ok=True)
        return
    fresh = place.latest.with_name(f".{place.latest.name}.part")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(found[-1], place.latest.parent))
    fresh.replace(place.latest)
