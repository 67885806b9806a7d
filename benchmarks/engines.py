"""``python -m benchmarks.engines``: what counting and measuring a large table costs, in memory and on Spark.

Promise: each point is the paid half of ``ctdc protect`` (rows read, checked, coded and counted; the charge; the noise)
as a process of its own on simulated cases (`crowd`), measured with all that it starts. Points are stored one by one.
What the records cost, which are built on one machine whatever the engine, is in `growth`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.crowd import write_crowd
from benchmarks.growth import DELTA, EPSILON, PUBLISHED
from benchmarks.machine import commit, machine
from benchmarks.measure import last_words, run_measured
from benchmarks.methods import process_environment
from benchmarks.paths import RESULTS
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.files import write_text

ENGINES_FILE = "engines.json"
ROWS = (1_000_000, 10_000_000, 100_000_000)
WARM_UP_ROWS = 20_000
MASTER = "local[2]"
ENGINES = ("memory", "spark")


def measure_once(engine_name: str, rows: int, folder: Path) -> None:
    """The paid half, in this process."""
    from ctdc.privacy.accounting import Guarantee
    from ctdc.privacy.protect import measure_records
    from ctdc.privacy.settings import Settings
    from ctdc.table.engine import Engine
    from ctdc.workflow.places import opened
    from ctdc.workflow.protect import find_source

    crowd = write_crowd(PUBLISHED, rows)
    with opened(Engine(engine_name, MASTER), crowd.cases) as place:
        source = find_source(place, None, crowd.schema)
        chosen = Settings(Guarantee(EPSILON, DELTA))
        measure_records(source.load, source.schema, chosen, folder / "measured", folder / "ledger.jsonl", now())


def run_point(engine: str, rows: int, limit: float) -> dict[str, Any]:
    """The account of one run."""
    crowd = write_crowd(PUBLISHED, rows)
    account = {"engine": engine, "rows": rows, "variables": crowd.variables, "bytes": crowd.cases.stat().st_size}
    account |= {"measured_at": timestamp(now())} | commit()
    with tempfile.TemporaryDirectory(prefix="ctdc-engines-") as name:
        log = Path(name) / "log.txt"
        words = [sys.executable, "-m", "benchmarks.engines", "one", engine, str(rows), name]
        cost = run_measured(words, limit_seconds=limit, log=log, environment=process_environment())
        if cost.status == "failed":
            account["reason"] = last_words(log)
    return account | {"status": cost.status, "cost": cost.as_dict()}


def store(entry: dict[str, Any], path: Path) -> None:
    """Put one entry in the place of its predecessor."""
    old = json.loads(path.read_text(encoding="utf-8"))["engines"] if path.exists() else []
    same = (entry["engine"], entry["rows"])
    entries = [*(one for one in old if (one["engine"], one["rows"]) != same), entry]
    entries.sort(key=lambda one: (one["rows"], one["engine"]))
    settings = {"epsilon": EPSILON, "delta": DELTA, "master": MASTER, "data": "simulated cases (benchmarks/crowd.py)"}
    document = {"machine": machine(), "settings": settings, "engines": entries}
    write_text(path, json.dumps(document, indent=1) + "\n")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """What counting a large table costs, in memory and on Spark."""


@main.command()
@click.argument("engine")
@click.argument("rows", type=int)
@click.argument("folder", type=click.Path(path_type=Path))
def one(engine: str, rows: int, folder: Path) -> None:
    """One run in this process, for `all`."""
    measure_once(engine, rows, folder)


@main.command("all")
@click.option("--rows", type=int, multiple=True, default=ROWS, show_default=True)
@click.option("--engine", type=click.Choice(ENGINES), multiple=True, default=ENGINES, show_default=True)
@click.option("--limit", type=float, default=7200.0, show_default=True, help="Seconds of wall time for each run.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder of engines.json.")
def run_all(rows: tuple[int, ...], engine: tuple[str, ...], limit: float, out: Path) -> None:
    """Measure every engine at every number of rows, one after the other."""
    out.mkdir(parents=True, exist_ok=True)
    for name in engine:
        run_point(name, WARM_UP_ROWS, limit)  # compiled code is on disk from here on
    for many in rows:
        for name in engine:
            entry = run_point(name, many, limit)
            store(entry, out / ENGINES_FILE)
            cost = entry["cost"]
            click.echo(
                f"{many:,} rows, {name}: {entry['status']} {entry.get('reason', '')} {cost['cpu_seconds']:.1f} CPU-s, "
                f"{cost['wall_seconds']:.1f} s, {cost['peak_bytes'] / 1e6:,.0f} MB",
                err=True,
            )


if __name__ == "__main__":
    main()
