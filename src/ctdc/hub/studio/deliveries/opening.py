"""What only the worker does: opening the vault, and a delivery that waits.

Promise: opened files lie in a private folder that the caller removes, and are used when every one of them is what its
sender announced, by its hash, and not before.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress
from ctdc.hub.studio.deliveries.arriving import folder_of
from ctdc.hub.studio.deliveries.models import Delivery, DeliveryFile
from ctdc.hub.studio.deliveries.reports import open_name
from ctdc.vault import sources
from ctdc.vault.inbox import open_pieces
from ctdc.vault.sources import KeySource
from ctdc.vault.vault import Vault, open_vault


def vault_with_keys() -> Vault:
    """The studio's vault, open. Raises UserError (``vault.missing``, ``vault.key``, ``studio.keys``)."""
    place = settings.STUDIO
    if not place.settings.vault_keys:
        raise UserError(
            "studio.keys",
            "The studio does not say where the keys of its vault are.",
            where="studio.toml, vault_keys",
            do='Name them: vault_keys = ["file:/PATH"].',
        )
    return open_vault(place.vault, [_source(place.folder, text) for text in place.settings.vault_keys])


def _source(folder: Path, described: str) -> KeySource:
    """A source; the path of a file is relative to the studio's folder, as all paths in its settings."""
    kind, _, rest = described.partition(":")
    path = Path(rest).expanduser()
    if kind == "file" and rest and not path.is_absolute():
        return sources.parse(f"file:{folder / path}")
    return sources.parse(described)


def open_files(delivery: Delivery, vault: Vault, folder: Path, progress: Progress) -> Path:
    """The files of a delivery in the new folder `folder`, under their names.

    Raises UserError (``vault.damaged``, ``vault.other_root``, ``delivery.hash``).
    """
    folder.mkdir(mode=0o700)
    progress.start("", float(delivery.length))
    for file in delivery.files.all():
        target = folder / Path(open_name(delivery.folder, file.name)).name
        if _write(file, vault, delivery, target, progress) != file.sha256:
            raise UserError(
                "delivery.hash",
                "A file is not the one that was announced: its hash is another one.",
                where=target.name,
                do="Deliver it again.",
                facts={"file": target.name},
            )
    progress.finish()
    return folder


def _write(file: DeliveryFile, vault: Vault, delivery: Delivery, target: Path, progress: Progress) -> str:
    digest = hashlib.sha256()
    pieces = open_pieces(
        folder_of(delivery) / str(file.position),
        vault.keyring.vault,
        vault.needs_keys().roots,
        file.what,
        file.length,
    )
    with target.open("xb") as stream:
        for piece in pieces:
            digest.update(piece)
            stream.write(piece)
            progress.advance(float(len(piece)))
    return digest.hexdigest()
