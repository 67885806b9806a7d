"""Vaults with invented people, for tests."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.vault.access import Access
from ctdc.vault.sources import KeySource, LocalKey
from ctdc.vault.store import Deposit, put
from ctdc.vault.vault import Vault, create, open_vault

WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STEWARD = Access("steward", "harmonise the delivery")
KEY = LocalKey(b"k" * 32)
SECRET = "Zanzibarstadt"  # a value that must not be seen anywhere unsealed


def subject(number: int) -> str:
    """The keyed id of an invented person."""
    return hashlib.sha256(f"person {number}".encode()).hexdigest()[:32]


def cases(people: Sequence[int]) -> pa.Table:
    """A small table of cases; person n's country is `SECRET` and n."""
    return pa.table(
        {
            "country": pa.array([f"{SECRET} {number}" for number in people], pa.string()).dictionary_encode(),
            "gender": pa.array([None if number % 3 == 0 else "Woman" for number in people], pa.string()),
            "age": pa.array(list(people), pa.int32()),
            "_subject": pa.array([subject(number) for number in people], pa.string()),
        }
    ).replace_schema_metadata({"ctdc.promotable": "yes"})


def cases_file(folder: Path, people: Sequence[int], name: str = "cases.parquet") -> Path:
    """`cases` as a parquet file."""
    path = folder / name
    pq.write_table(cases(people), path)
    return path


def new_vault(folder: Path, sources: Sequence[KeySource] = (KEY,), quorum: int = 1) -> Vault:
    """A fresh vault below `folder`."""
    return create(folder / "vault", sources, quorum, STEWARD, WHEN)


def raw_file(folder: Path, text: str = SECRET) -> Path:
    """A file as an organisation sends it."""
    path = folder / f"list of {SECRET}.csv"
    path.write_text(f"id,place\n1,{text}\n" * 100, encoding="utf-8")
    return path


def deposit(folder: Path, people: Sequence[int] = range(30), organisation: str = "shelter", **more: object) -> Deposit:
    """A deposit of a file and a table."""
    values: dict[str, object] = {
        "delivery": "2025",
        "files": [raw_file(folder)],
        "tables": {"cases": cases_file(folder, people)},
        "schema": "standard-1",
    }
    return Deposit(organisation, **(values | more))  # type: ignore[arg-type]


def filled(folder: Path, people: Sequence[int] = range(30)) -> Vault:
    """A vault with one delivery."""
    vault = new_vault(folder)
    put(vault, deposit(folder, people), STEWARD, WHEN)
    return vault


def reopened(vault: Vault, sources: Sequence[KeySource] = (KEY,)) -> Vault:
    """The vault opened again, as another process would."""
    return open_vault(vault.folder, sources)
