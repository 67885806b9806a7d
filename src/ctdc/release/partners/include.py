"""Taking a release of another hub over.

Promise: a release is taken over only if its hub was named beforehand, its certificate is signed with that hub's key,
and every file and number verifies; it appears whole or not at all, with a line that says whose it is.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import put_in_place, sync_folder
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress
from ctdc.release.certificate.file import Certificate, read_certificate
from ctdc.release.certificate.keys import PublicKey
from ctdc.release.manifest import MANIFEST, Manifest, read_manifest
from ctdc.release.partners.asked import asked
from ctdc.release.partners.fetch import Limits, fetched
from ctdc.release.partners.hubs import Hub, check_names
from ctdc.release.partners.record import (
    NAME,
    Included,
    note,
    read_included,
)
from ctdc.release.partners.sources import Source, is_address
from ctdc.release.verify import require_verified, verify
from ctdc.standard.languages import LANGUAGES


def include(
    source: Source,
    partners: Path,
    hub: Hub,
    when: datetime,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Included:
    """Take the release at `source` over from a hub into the folder `partners`, and note it.

    One that is there already is verified again: it stays if it is whole and signed with the key that is named today;
    otherwise what was fetched takes its place. Its line keeps when it was first taken over.

    Of a release that is taken from an address its hub is asked, too, whether it has withdrawn it; of one from a file or
    folder only what `renew` has noted is known.

    Raises Refused for what was withdrawn (``include.withdrawn``), is unsigned (``include.unsigned``) or signed by
    another (``include.other_key``), for what does not verify (``release.not_verified``), and UserError for what cannot
    be read, for a hub that lacks a name in a language of the site (``partners.wrong``) and for one that does not answer
    (``include.network``).
    """
    check_names(hub, partners)

    def accepts(manifest: Manifest, certificate: Certificate | None, folder: Path) -> None:
        check_signed(certificate, hub, folder, source.where)
        _check_not_gone(partners, hub, manifest)
        if is_address(source.where) and manifest.id in {stone.id for stone in asked(hub, partners)}:
            raise _withdrawn(manifest.folder)

    with fetched(source, partners, accepts, limits, progress) as folder:
        key = _signer(folder, hub)
        require_verified(folder, progress, key)
        line = _line(folder, hub, source.where, when)
        place = line.place(partners)
        if not _is_whole(place, line, key, progress):
            place.parent.mkdir(parents=True, exist_ok=True)
            put_in_place(folder, place)
            sync_folder(place.parent)
    known = next((one for one in read_included(partners / NAME) if (one.hub, one.id) == (line.hub, line.id)), None)
    if known is not None:
        line = replace(line, included=known.included, source=line.source or known.source)
    stands = note(partners, line)
    if stands.gone is not None:  # it was withdrawn while it arrived
        shutil.rmtree(stands.place(partners), ignore_errors=True)
        raise _withdrawn(stands.folder)
    return stands


def _is_whole(place: Path, line: Included, key: PublicKey, progress: Progress | None) -> bool:
    """Whether the copy that is there already is the release, signed with the key that is named today."""
    if not (place / MANIFEST).is_file():
        return False
    try:
        report = verify(place, progress, key)
    except UserError:  # no release any more
        return False
    return report.ok and report.id == line.id


def check_signed(certificate: Certificate | None, hub: Hub, folder: Path, where: str) -> None:
    """Raise Refused unless the certificate is signed with the hub's key and is for the manifest in `folder`."""
    signature = None if certificate is None else certificate.signature
    if certificate is None or signature is None:
        raise Refused(
            "include.unsigned",
            "The release is not signed, so that nobody vouches for it.",
            where=where,
            do=f"Ask {hub.name} for a signed one ('ctdc certificate sign').",
        )
    if signature.key.id != hub.key:
        raise Refused(
            "include.other_key",
            f"The release is signed with the key {signature.key.id[:16]}, and {hub.id} signs with {hub.key[:16]}.",
            where=where,
            do="Ask the hub by another way than its site whether it has a new key; name that only if they say so.",
        )
    stated = certificate.content.get("release")
    named = stated.get("manifest_sha256") if isinstance(stated, dict) else None
    if not certificate.sound or named != hash_file(folder / MANIFEST):
        raise Refused(
            "include.forged",
            "The signature does not fit the release: one of the two was changed after signing.",
            where=where,
            do="Do not use it, and tell the hub.",
        )


def _check_not_gone(partners: Path, hub: Hub, manifest: Manifest) -> None:
    for line in read_included(partners / NAME):
        if line.hub == hub.id and line.id == manifest.id and line.gone is not None:
            raise _withdrawn(manifest.folder)
    if manifest.folder in hub.hidden:
        raise Refused(
            "include.hidden",
            "This release is among those that are hidden here.",
            where=manifest.folder,
            do=f"Take it off the list of {hub.id} first, if it is to be shown again.",
        )


def _withdrawn(folder: str) -> Refused:
    return Refused(
        "include.withdrawn",
        "The hub has withdrawn this release.",
        where=folder,
        do="Take a newer one over.",
    )


def _signer(folder: Path, hub: Hub) -> PublicKey:
    certificate = read_certificate(folder)
    check_signed(certificate, hub, folder, folder.name)
    if certificate is None or certificate.signature is None:
        raise ValueError("a certificate that was checked is not signed")
    return certificate.signature.key


def _line(folder: Path, hub: Hub, where: str, when: datetime) -> Included:
    _, manifest = read_manifest(folder)
    info = manifest.info
    return Included(
        hub=hub.id,
        names=hub.names,
        address=hub.address,
        id=manifest.id,
        folder=manifest.folder,
        titles={language: info.title(language) for language in LANGUAGES},
        publisher=info.publisher,
        created=manifest.created,
        key=hub.key,
        manifest_sha256=hash_file(folder / MANIFEST),
        source=where if is_address(where) else "",
        included=when,
    )
