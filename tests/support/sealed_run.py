"""A vault with harmonised cases of invented people, and a plan for a release of them. For tests only."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
from tests.support.vaults import KEY, STEWARD, WHEN, new_vault

from ctdc.foundation.progress import Silent
from ctdc.intake.harmonise import harmonise
from ctdc.intake.mapping import load_mapping
from ctdc.simulate.write import write_deliveries
from ctdc.vault.store import Deposit, put
from ctdc.vault.vault import Vault
from ctdc.workflow.config import Plan, plan_from
from ctdc.workflow.sealed import Opening

SUBJECT_KEY = b"s" * 32
OPENING = Opening((KEY,), "steward")
ENTITY = "perpetrator"


def harmonised(folder: Path, cases: int, contributors: tuple[str, ...]) -> dict[str, Path]:
    """Cases files of invented people, by contributor."""
    made = write_deliveries(folder / "sim", cases, 7, 0.0, Silent())
    found = {}
    for one in made.deliveries:
        if one.mapping in contributors:
            found[one.mapping] = out = folder / f"{one.mapping}.parquet"
            mapping = load_mapping(one.mapping)
            harmonise(one.source, mapping, subject_key=SUBJECT_KEY, out=out, progress=Silent())
    return found


def sealed(vault: Vault, organisation: str, cases: Path, delivery: str = "2025", until: date | None = None) -> str:
    """Put a cases file and what is linked to it into a vault. Returns the manifest's hash."""
    tables = {"cases": cases}
    if (linked := cases.with_name(f"{cases.stem}.{ENTITY}.parquet")).exists():
        tables[f"cases.{ENTITY}"] = linked
    return put(vault, Deposit(organisation, delivery, (), tables, "standard", until), STEWARD, WHEN).hash()


def filled_vault(folder: Path, cases: int = 300, contributors: tuple[str, ...] = ("sim-hotline",)) -> Vault:
    """A vault with one delivery of each contributor."""
    vault = new_vault(folder)
    for contributor, path in harmonised(folder, cases, contributors).items():
        sealed(vault, contributor, path)
    return vault


def plan_of(folder: Path, *deliveries: dict[str, str], **more: object) -> Plan:
    """A plan of a small release from the vault below `folder`; it counts single characteristics only."""
    document: dict[str, object] = {
        "out": "out",
        "vault": {"folder": "vault", "purpose": "test release"},
        "delivery": list(deliveries) or [{"organisation": "sim-hotline", "delivery": "2025"}],
        "privacy": {"epsilon": 4, "delta": 1e-6, "length": 1, "seed": 1},
        "release": {"name": "sealed", "simulated": True},
    }
    return plan_from(document | more, folder, "test")


def subjects(path: Path) -> list[str]:
    """The keyed ids of a cases file."""
    found: list[str] = pq.read_table(path, columns=["_subject"])["_subject"].to_pylist()
    return found
