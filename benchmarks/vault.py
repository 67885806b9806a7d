"""What it costs to seal and open harmonised cases: CPU seconds, bytes a record, and what forgetting and a new key cost.

    python -m benchmarks.vault [--rows 200000] [--out results/vault.json]

The cases are those that the intake makes of an invented delivery, with all columns and where each row came from,
repeated with fresh keyed ids. CPU time is that of this process on all its threads; the disk's waiting is in the wall
time, which is told beside it. The result is written with the machine it was measured on.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.machine import commit, machine
from ctdc.foundation.files import as_json, write_text
from ctdc.foundation.progress import Silent
from ctdc.intake.harmonise import harmonise
from ctdc.intake.mapping import load_mapping
from ctdc.simulate.write import write_deliveries
from ctdc.vault.access import Access
from ctdc.vault.erase import withdraw
from ctdc.vault.rotate import rotate
from ctdc.vault.sources import LocalKey
from ctdc.vault.store import SUBJECT, Deposit, get, put
from ctdc.vault.vault import create
from ctdc.vault.verify import verify

OUT = Path(__file__).parent / "results" / "vault.json"
WHO, WHEN = Access("benchmark", "measure the vault"), datetime(2026, 1, 1, tzinfo=UTC)
BASE_CASES = 5_000


def cases_file(folder: Path, rows: int) -> Path:
    """Harmonised cases of `rows` invented people, as parquet."""
    simulation = write_deliveries(folder / "simulated", cases=BASE_CASES, seed=1, dirt=0.0, progress=Silent())
    delivery = next(one for one in simulation.deliveries if one.mapping.endswith("hotline"))
    base = folder / "base.parquet"
    harmonise(delivery.source, load_mapping(delivery.mapping), subject_key=bytes(32), out=base, progress=Silent())
    table = pq.read_table(base)
    table = table.take(pa.array(np.arange(rows) % table.num_rows))
    subjects = pa.array([secrets.token_hex(16) for _ in range(rows)])
    table = table.set_column(table.schema.get_field_index(SUBJECT), table.schema.field(SUBJECT), subjects)
    path = folder / "cases.parquet"
    pq.write_table(table, path, compression="zstd")
    return path


@contextmanager
def timed(results: dict[str, Any], name: str) -> Iterator[None]:
    """CPU and wall seconds of the body, under `name`."""
    cpu, wall = time.process_time(), time.monotonic()
    yield
    results[name] = {
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "wall_seconds": round(time.monotonic() - wall, 2),
    }


def measure(folder: Path, rows: int) -> dict[str, Any]:
    """Put, get, verify, withdraw and rotate with `rows` records below an empty folder."""
    cases, results = cases_file(folder, rows), dict[str, Any]()
    vault = create(folder / "vault", [LocalKey(os.urandom(32))], 1, WHO, WHEN)
    with timed(results, "put"):
        put(vault, Deposit("shelter", "2025", (), {"cases": cases}), WHO, WHEN)
    with timed(results, "get"):
        get(vault, "shelter", "2025", folder / "opened", WHO, WHEN)
    with timed(results, "verify"):
        found = verify(vault)
    if not found.sound or not pq.read_table(folder / "opened" / "cases.parquet").num_rows == rows:
        raise RuntimeError("the vault did not give back what was put into it")
    person = pq.read_table(cases, columns=[SUBJECT]).column(0)[rows // 2].as_py()
    with timed(results, "withdraw_one_person"):
        withdraw(vault, "shelter", person, WHO, WHEN)
    with timed(results, "rotate"):
        rotate(vault, [LocalKey(os.urandom(32))], 1, WHO, WHEN)
    return results | {"bytes_per_record": _sizes(vault.path("shelter", "2025"), cases, rows)}


def _sizes(delivery: Path, cases: Path, rows: int) -> dict[str, float]:
    """Bytes a record: sealed row, its key with the keyed id, and the parquet file that it came from."""
    sizes = {ending: (delivery / f"table-1.{ending}").stat().st_size / rows for ending in ("sealed", "keys")}
    return {name: round(size, 1) for name, size in {**sizes, "source": cases.stat().st_size / rows}.items()}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), arguments.rows)
    load = [round(value, 1) for value in os.getloadavg()]
    document = {**commit(), "machine": machine(), "load": load, "rows": arguments.rows, **results}
    write_text(arguments.out, as_json(document))
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
