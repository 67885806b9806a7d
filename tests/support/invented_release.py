"""A small release of invented people, measured by the engine, with the people behind it. For tests only."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from protected_twin import EXPLOITATION, MEANS, PROFILE, Seeded, global_codes, invented_people

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo
from ctdc.table.coded import code_table
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

CREATED = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("gender", "ageBroad", "traffickMonths", *EXPLOITATION, *MEANS)
ROWS = 4000


def codes() -> dict[str, list[str]]:
    known = global_codes()
    return {name: known[name] for name in known if name in NAMES}


def people() -> pl.DataFrame:
    """The invented people behind the release."""
    return invented_people(ROWS, 7, codes())


def write_protected_people(folder: Path, noise: NoiseSource | None = None) -> Path:
    """A folder of the engine, of `people`, at epsilon 2 and length 3."""
    schema = Schema(tuple(Variable(name, tuple(own)) for name, own in codes().items()))
    table = code_table(people().to_arrow(), schema, "people")
    out = folder / "protected"
    settings = Settings(Guarantee(2, 1e-6), seed=1)
    protect(lambda: table, schema, settings, out, folder / "ledger.jsonl", CREATED, noise=noise or Seeded())
    return out


def write_release(folder: Path) -> Path:
    """A release of `people`."""
    info = ReleaseInfo("invented", simulated=True, profile=PROFILE, version="1")
    return build(write_protected_people(folder), folder / "store", info, None, CREATED)
