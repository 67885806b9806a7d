"""Writing what tells of the people behind a release: reports for the steward, never to be published.

Promise: such a file is readable by its owner only, is whole or not there, and never lies in a folder that is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, atomic_file
from ctdc.release.manifest import MANIFEST
from ctdc.release.protected import PRIVACY


def check_out(path: Path) -> None:
    """Raise UserError (``private.out``) for a place within a release or a protected folder, which get published."""
    for folder in path.resolve().parents:
        if any((folder / name).is_file() for name in (MANIFEST, PRIVACY)):
            raise UserError(
                "private.out",
                "The report would lie in a folder that is published.",
                where=str(path),
                allowed="a place outside of releases and of folders of 'ctdc protect'",
                do="Choose another place: what tells of the people is never to be published.",
            )


def write_private_report(path: Path, report: Mapping[str, Any], page: Callable[[], str]) -> None:
    """Write `report` as JSON if the name ends so, else its `page`, for the owner's eyes. Raises as `check_out`."""
    check_out(path)
    text = as_json(report) if path.suffix.lower() == ".json" else page()
    with atomic_file(path, private=True) as temporary:
        temporary.write_text(text, encoding="utf-8")
