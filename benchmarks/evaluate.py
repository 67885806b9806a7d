"""``python -m benchmarks.evaluate TRUTH RELEASE``: what ``ctdc evaluate`` costs on one release, page and JSON included.

TRUTH: the people's columns, RELEASE: what was published of them; ``ctdc run --demo --cases 200000 --out DIR`` makes
both of invented people (the columns are in its work folder). After one run that compiles, one is measured from outside.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.machine import commit, machine
from benchmarks.measure import run_measured
from benchmarks.paths import RESULTS
from ctdc.foundation.files import as_json, write_text

OUT = RESULTS / "evaluate.json"
LIMIT_SECONDS = 1200.0


@click.command()
@click.argument("truth", type=click.Path(path_type=Path, exists=True))
@click.argument("release", type=click.Path(path_type=Path, exists=True))
def main(truth: Path, release: Path) -> None:
    """Measure, store and print."""
    with tempfile.TemporaryDirectory() as folder:
        page, data, log = (Path(folder) / name for name in ("e.html", "e.json", "log"))
        command = [sys.executable, "-m", "ctdc.cli.main", "evaluate", str(truth), str(release)]
        command += ["--out", str(page), "--out", str(data)]
        for _ in range(2):
            cost = run_measured(command, limit_seconds=LIMIT_SECONDS, log=log)
            if cost.status != "done":
                raise click.ClickException(f"The evaluation {cost.status}: {log.read_text(encoding='utf-8')}")
        report = json.loads(data.read_text(encoding="utf-8"))
    found = {
        "people": report["people"],
        "variables": len(report["variables"]),
        "length": report["settings"]["length"],
        "tables": sum(order["sets"] for order in report["orders"]),
        "terms": report["propensity"]["terms"],
        "subgroups": len(report["subgroups"]["subgroups"]),
        "cost": cost.as_dict(),
    }
    write_text(OUT, as_json({**commit(), "machine": machine(), **found}))
    click.echo(as_json(found))


if __name__ == "__main__":
    main()
