"""What checks found, and names of files, sealed under a key of the studio that its pages may use.

Promise: a report lies sealed and is bound to its delivery, its number and its part: what is moved does not open. The
key is in the studio's folder, for its owner only, and opens reports alone, never what organisations delivered. See
docs/decisions/0018-reports-under-a-key-of-their-own.md.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_folder
from ctdc.foundation.hashing import canonical_json
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.intake.subject import read_or_create_key
from ctdc.vault.sealing import as_bytes, as_text, destroy, seal, unseal

KEY = "report.key"
REPORT = "report.json"
PROBLEM = "problem.json"
ROW_ERRORS = "row-errors.csv"
VALUES = "values-to-add.csv"
ANNOTATED = "annotated-copy.xlsx"


@cache
def _key(path: Path) -> bytes:
    return read_or_create_key(path)[0][:32]


def _the_key() -> bytes:
    return _key(settings.STUDIO.folder / KEY)


def seal_name(folder: str, name: str) -> str:
    """The name of a file of a delivery, sealed. folder: of the delivery."""
    return as_text(seal(name.encode(), _the_key(), canonical_json(["name", folder])))


def open_name(folder: str, sealed: str) -> str:
    """What `seal_name` was given. Raises UserError (``vault.damaged``)."""
    return unseal(as_bytes(sealed), _the_key(), canonical_json(["name", folder]), "name of a file").decode()


def _folder(delivery: Delivery, number: int) -> Path:
    return Path(settings.STUDIO.folder) / "reports" / delivery.folder / str(number)


def _context(delivery: Delivery, number: int, name: str) -> bytes:
    return canonical_json(["report", delivery.folder, number, name])


def store(delivery: Delivery, number: int, parts: Mapping[str, bytes]) -> None:
    """Keep the report of a check, whole or not at all. One of the same number is taken away first."""
    final = _folder(delivery, number)
    shutil.rmtree(final, ignore_errors=True)
    with atomic_folder(final, private=True) as fresh:
        for name, data in parts.items():
            (fresh / name).write_bytes(seal(data, _the_key(), _context(delivery, number, name)))


def names(delivery: Delivery) -> tuple[str, ...]:
    """The parts of the latest report."""
    folder = _folder(delivery, delivery.checks)
    return tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ()


def read(delivery: Delivery, name: str) -> bytes:
    """A part of the latest report. Raises Http404 for one that is not there, UserError (``vault.damaged``)."""
    if name not in names(delivery):
        raise Http404
    data = (_folder(delivery, delivery.checks) / name).read_bytes()
    return unseal(data, _the_key(), _context(delivery, delivery.checks, name), name)


def latest(delivery: Delivery) -> dict[str, Any] | None:
    """The latest report, None when there is none that can be read."""
    found: dict[str, Any] | None = _json(delivery, REPORT)
    return found


def problem(delivery: Delivery) -> dict[str, str] | None:
    """What stood in the way of the latest check, with where and what to do."""
    found: dict[str, str] | None = _json(delivery, PROBLEM)
    return found


def _json(delivery: Delivery, name: str) -> Any:
    try:
        return json.loads(read(delivery, name))
    except (Http404, UserError):
        return None


def forget(delivery: Delivery, *, only_copies: bool = False) -> None:
    """Destroy the reports of a delivery; only_copies: only what holds rows as they were delivered."""
    parent = _folder(delivery, 0).parent
    for path in parent.rglob(ANNOTATED if only_copies else "*"):
        if path.is_file():
            destroy(path)
    if not only_copies:
        shutil.rmtree(parent, ignore_errors=True)
