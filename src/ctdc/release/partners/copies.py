"""What was taken over from other hubs, looked at again, and let go.

Promise: what its hub withdraws, what no longer verifies and what is no longer trusted is published no more, and its
line says why. Nothing here asks the network: a list of what was withdrawn is handed in.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress
from ctdc.release.certificate.file import read_certificate
from ctdc.release.partners.hubs import Hub, read_hubs
from ctdc.release.partners.record import (
    DAMAGED,
    HIDDEN,
    NAME,
    UNTRUSTED,
    WITHDRAWN,
    Gone,
    Included,
    gone,
    note,
    read_included,
)
from ctdc.release.tombstones import Tombstone
from ctdc.release.verify import verify


def state_of(line: Included, partners: Path, hub: Hub | None, progress: Progress | None = None) -> Included:
    """The line as it has to be now: gone if the release may not be published any more. Nothing is written.

    hub: as it is named today, None if it is not named any more.
    """
    if line.gone is not None:
        return line
    if hub is None or hub.key != line.key:
        return gone(line, Gone(UNTRUSTED))
    line = replace(line, names=hub.names, address=hub.address)
    if line.folder in hub.hidden:
        return gone(line, Gone(HIDDEN))
    return line if _is_whole(line, partners, progress) else gone(line, Gone(DAMAGED))


def _is_whole(line: Included, partners: Path, progress: Progress | None) -> bool:
    place = line.place(partners)
    try:
        certificate = read_certificate(place)
        if certificate is None or certificate.signature is None or certificate.signature.key.id != line.key:
            return False
        report = verify(place, progress, certificate.signature.key)
    except UserError:  # no release at all any more
        return False
    return report.ok and report.id == line.id


def look_again(partners: Path, progress: Progress | None = None) -> tuple[Included, ...]:
    """Every line as `state_of` has it. Nothing is written, so that what was mended or is named again comes back."""
    hubs = read_hubs(partners)
    lines = read_included(partners / NAME)
    return tuple(state_of(line, partners, hubs.get(line.hub), progress) for line in lines)


def withdraw(partners: Path, hub: Hub, stones: Sequence[Tombstone], when: datetime) -> tuple[Included, ...]:
    """Note which releases the hub has withdrawn, and remove their files. Returns those that went now."""
    by_id = {stone.id: stone for stone in stones}
    went = []
    for line in read_included(partners / NAME):
        stone = by_id.get(line.id)
        if stone is None or line.hub != hub.id or (line.gone is not None and line.gone.reason == WITHDRAWN):
            continue
        went.append(gone(line, Gone(WITHDRAWN, when, stone.reason, stone.words)))
        note(partners, went[-1])  # first the line: a release without files is not published, one without a line neither
        shutil.rmtree(line.place(partners), ignore_errors=True)
    return tuple(went)
