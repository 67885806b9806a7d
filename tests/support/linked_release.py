"""A small release of invented households and their members, measured by the engine. For tests only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.support.invented_release import Seeded
from tests.support.linked import some_households

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.release.linked import TableNames

CREATED = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUSEHOLDS = 600
NAMES = TableNames("households", "household_members")
INFO = ReleaseInfo("census", simulated=True, version="1", tables=NAMES)


def write_households(folder: Path, households: int = HOUSEHOLDS, seed: int = 1) -> Path:
    """What the engine writes of some households with up to four members, of which three count."""
    table = some_households(households, seed=seed)
    out = folder / "protected"
    settings = Settings(Guarantee(4, 1e-6), seed=1)
    protect(lambda: table, table.schema, settings, out, folder / "ledger.jsonl", CREATED, noise=Seeded())
    return out


def write_linked_release(folder: Path) -> Path:
    """A release of them."""
    return build(write_households(folder), folder / "store", INFO, None, CREATED)
