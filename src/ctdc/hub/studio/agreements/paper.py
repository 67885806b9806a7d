"""The signed copy of an agreement, sealed into the vault like everything that must not rest readable.

Promise: this process can seal and not open; what it was given to seal stays in memory, or in a private folder that is
overwritten where it is not in memory, and is gone when the function ends, or after a kill with the next such folder.
The copy lies under the hub's own name, so that withdrawals, which look through an organisation's deliveries, do not
meet it.
"""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from ctdc.foundation.clock import now
from ctdc.hub.studio.deliveries.memory import private_folder
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.vault.access import Access
from ctdc.vault.store import Deposit, put
from ctdc.vault.vault import open_vault

LONGEST_NAME = 100


def seal_paper(delivery: str, name: str, data: bytes, by: Person) -> None:
    """Put one file into the vault. Raises UserError (``vault.*``, ``studio.memory``)."""
    vault = open_vault(settings.STUDIO.vault)
    hub = Organisation.objects.get(is_hub=True)
    safe = re.sub(r"[^\w.-]+", "_", Path(name).name)[-LONGEST_NAME:].lstrip(".") or "signed"
    with private_folder() as folder:
        path = folder / safe
        path.write_bytes(data)
        access = Access(by.log_name, "signed copy of an agreement")
        put(vault, Deposit(hub.slug, delivery, files=[path]), access, now())
