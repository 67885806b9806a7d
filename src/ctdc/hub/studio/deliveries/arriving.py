"""Pieces as they arrive: each is sealed to the vault before the sender hears that it is there.

Promise: this process has no key that opens them. What has arrived is the sum of pieces that follow one another; a
piece that does not begin where the last one ended is not taken, so that two senders cannot mix. How far an upload is
is no act of anybody and leaves no line of the log; its beginning and its end are and do.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction

from ctdc.foundation.errors import Refused
from ctdc.hub.studio.deliveries.models import Delivery, DeliveryFile
from ctdc.hub.studio.deliveries.states import State
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text
from ctdc.vault.inbox import destroy_pieces, seal_piece
from ctdc.vault.vault import open_vault

MOST_BYTES = 2 << 20  # of a piece


def folder_of(delivery: Delivery) -> Path:
    """Where the sealed pieces of a delivery wait."""
    return Path(settings.STUDIO.folder) / "arriving" / delivery.folder


def receive(by: Person, file: DeliveryFile, offset: int, data: bytes) -> int:
    """Take one piece; the number of bytes that have arrived after it.

    Raises Refused (``delivery.offset`` when it does not begin there, ``delivery.length``, ``delivery.state``) and
    UserError (``vault.missing``).
    """
    policy.check(by, Act.DELIVER, file.delivery.organisation)
    keyring = open_vault(settings.STUDIO.vault).keyring
    with transaction.atomic():
        # The delivery is held too: it cannot end, and be destroyed, while a piece of it is being written.
        both = DeliveryFile.objects.select_for_update(of=("self", "delivery")).select_related("delivery")
        held = both.get(pk=file.pk)
        if held.delivery.state != State.RECEIVING:
            raise Refused("delivery.state", text("deliveries.refused.received"))
        if offset != held.offset:
            raise Refused("delivery.offset", text("deliveries.refused.offset", offset=held.offset))
        if not 0 < len(data) <= min(MOST_BYTES, held.length - held.offset):
            raise Refused("delivery.length", text("deliveries.refused.length"))
        seal_piece(folder_of(held.delivery) / str(held.position), keyring, held.what, offset, data)
        held.offset += len(data)
        held.save()
    return held.offset


def destroy(delivery: Delivery) -> None:
    """Destroy the sealed pieces of a delivery."""
    destroy_pieces(folder_of(delivery))
