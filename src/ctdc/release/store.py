"""A store: a folder of releases."""

from __future__ import annotations

from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.release.manifest import MANIFEST, Manifest, read_manifest


def list_releases(store: Path) -> tuple[tuple[Path, Manifest], ...]:
    """The releases in a store, oldest first. Nothing is verified. Raises UserError when the store does not exist."""
    if not store.is_dir():
        raise UserError("release.no_store", f"There is no folder {store}.", do="Build a release first.")
    found = [
        (folder, read_manifest(folder)[1])
        for folder in sorted(store.iterdir())
        if not folder.name.startswith(".") and (folder / MANIFEST).is_file()
    ]
    return tuple(sorted(found, key=lambda pair: (pair[1].created, pair[0].name)))
