"""Asking another hub's own site which of its releases it has withdrawn.

Promise: only the address that was named for the hub is asked, and what it sends is bounded; a site that has no such
list has withdrawn nothing, and one that does not answer has not said so.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.release.partners.hubs import Hub
from ctdc.release.partners.sources import Missing, WebSource
from ctdc.release.tombstones import NAME as TOMBSTONES
from ctdc.release.tombstones import Tombstone, read_tombstones_of_another

MOST_TOMBSTONES = 4_000_000  # bytes


def asked(hub: Hub, partners: Path) -> tuple[Tombstone, ...]:
    """The tombstones at the hub's own site; none where it has no such file. partners: where a moment's copy may lie.

    Raises UserError for one that does not answer (``include.network``), or answers with something else.
    """
    try:
        with WebSource(hub.address).open(TOMBSTONES) as stream:
            data = stream.read(MOST_TOMBSTONES + 1)
    except Missing:
        return ()
    if len(data) > MOST_TOMBSTONES:
        raise UserError("include.too_large", "The hub's list of withdrawn releases is too large.", where=hub.address)
    with tempfile.TemporaryDirectory(prefix=".asked-", dir=partners) as temporary:
        place = Path(temporary) / TOMBSTONES
        place.write_bytes(data)
        return read_tombstones_of_another(place)
