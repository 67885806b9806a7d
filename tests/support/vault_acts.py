"""Acts on a vault that a test kills in the middle. Imported by the processes that are killed."""

from multiprocessing.connection import Connection
from pathlib import Path

from tests.support.vaults import KEY, STEWARD, WHEN

from ctdc.vault import erase
from ctdc.vault.rotate import rotate
from ctdc.vault.sources import LocalKey
from ctdc.vault.store import Deposit, put
from ctdc.vault.vault import open_vault


def perform(folder: Path, act: str, subjects: list[str], parent: Connection) -> None:
    """Do one act in the vault below `folder`, and tell the parent when it begins and ends."""
    vault = open_vault(folder / "vault", [KEY])
    parent.send("begin")
    if act == "put":
        files = sorted(folder.glob("list*.csv"))
        put(vault, Deposit("shelter", "2026", files, {"cases": folder / "cases.parquet"}, "standard-1"), STEWARD, WHEN)
    elif act == "withdraw":
        for subject in subjects:
            erase.withdraw(vault, "shelter", subject, STEWARD, WHEN)
    elif act == "remove":
        erase.remove(vault, "shelter", "2025", STEWARD, WHEN)
    else:
        rotate(vault, [LocalKey(b"n" * 32)], 1, STEWARD, WHEN)
    parent.send("end")
