"""``python -m benchmarks.growth``: how time and memory of ``ctdc protect`` grow with rows and with variables.

Promise: each point is a whole run of the command, from file to files, as a process of its own on simulated cases
(`crowd`); points are stored one by one, so that a run that was stopped keeps what it has. The command fails when the
cost of a row grows with the number of rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from benchmarks.crowd import Crowd, Shape, write_crowd, write_workload
from benchmarks.machine import commit, machine
from benchmarks.measure import last_words, run_measured
from benchmarks.methods import process_environment
from benchmarks.paths import GROWTH, RESULTS
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.files import write_text

EPSILON = 2.0
DELTA = 1e-8  # far below 1 / 10 million, and the same for all, so that all have the same noise
ROWS = (10_000, 100_000, 1_000_000, 10_000_000)
ROWS_OF_SHAPES = 100_000
WARM_UP_ROWS = 2_000
# From here on the fixed part of a run (start, noise) is small, and cost per row is a matter of the rows.
ROWS_THAT_COUNT = 100_000
# What two measurements of the same thing may differ by on a quiet machine.
TOLERANCE = 1.10

PUBLISHED = Shape(("synthetic-2024",), 27)
# 37 are the published shape of 2021; 63 the shape published before there were synthetic files, its five lists of codes
# replaced by columns of the shape of 2024.
SHAPES: tuple[Shape, ...] = (
    Shape(("synthetic-2024",), 10),
    PUBLISHED,
    Shape(("synthetic-2021",), 37),
    Shape(("kanonymised-2021", "synthetic-2024"), 63),
)
# Up to so many variables every set of three is measured; beyond, all pairs and the sets that are named here.
MOST_FOR_ALL_TRIPLES = 40
NAMED_TRIPLES: tuple[tuple[str, str, str], ...] = (
    ("yearOfRegistration", "gender", "ageBroad"),
    ("gender", "ageBroad", "citizenship"),
    ("gender", "ageBroad", "CountryOfExploitation"),
    ("yearOfRegistration", "isForcedLabour", "isSexualExploit"),
    ("gender", "isForcedLabour", "isSexualExploit"),
    ("ageBroad", "isForcedLabour", "isSexualExploit"),
    ("citizenship", "isForcedLabour", "isSexualExploit"),
    ("CountryOfExploitation", "isForcedLabour", "isSexualExploit"),
)


@dataclass(frozen=True)
class Point:
    """One run. `kind`: the curve it belongs to, rows or variables."""

    kind: str
    shape: Shape
    rows: int

    @property
    def workload(self) -> str:
        """What is measured, in words."""
        if self.shape.variables <= MOST_FOR_ALL_TRIPLES:
            return "all sets of up to 3"
        return f"all pairs and {len(NAMED_TRIPLES)} named triples"


def points(most_rows: int) -> list[Point]:
    """All points of both curves, the cheap ones first."""
    shapes = [Point("variables", shape, ROWS_OF_SHAPES) for shape in SHAPES]
    return [*shapes, *(Point("rows", PUBLISHED, rows) for rows in ROWS if rows <= most_rows)]


def command(point: Point, crowd: Crowd, folder: Path) -> list[str]:
    """``ctdc protect`` as a person would type it."""
    words = [
        *(sys.executable, "-m", "ctdc.cli.main", "protect", str(crowd.cases)),
        *("--schema", str(crowd.schema), "--out", str(folder / "protected")),
        *("--epsilon", str(EPSILON), "--delta", str(DELTA)),
    ]
    if point.shape.variables <= MOST_FOR_ALL_TRIPLES:
        return [*words, "--length", "3"]
    workload = folder / "workload.json"
    write_workload(workload, 2, [list(names) for names in NAMED_TRIPLES])
    return [*words, "--workload", str(workload)]


def run_point(point: Point, limit: float) -> dict[str, Any]:
    """The account of one run."""
    crowd = write_crowd(point.shape, point.rows)
    account = {"kind": point.kind, "rows": crowd.rows, "variables": crowd.variables, "workload": point.workload}
    account |= {"measured_at": timestamp(now())} | commit()
    with tempfile.TemporaryDirectory(prefix="ctdc-growth-") as name:
        folder = Path(name)
        log = folder / "log.txt"
        words = command(point, crowd, folder)
        cost = run_measured(words, limit_seconds=limit, log=log, environment=process_environment())
        if cost.status == "failed":
            account["reason"] = last_words(log)
    return account | {"status": cost.status, "cost": cost.as_dict()}


def cpu_per_row(entry: dict[str, Any]) -> float:
    """CPU-seconds of the whole run for each row."""
    return float(entry["cost"]["cpu_seconds"]) / int(entry["rows"])


def growing(entries: list[dict[str, Any]]) -> list[str]:
    """A sentence for each step to more rows on which a row costs more than before."""
    done = [each for each in entries if each["kind"] == "rows" and each["status"] == "done"]
    done = sorted((each for each in done if each["rows"] >= ROWS_THAT_COUNT), key=lambda each: each["rows"])
    return [
        f"A row costs {cpu_per_row(more) * 1e6:,.0f} CPU-microseconds at {more['rows']:,} rows, more than the "
        f"{cpu_per_row(fewer) * 1e6:,.0f} at {fewer['rows']:,}."
        for fewer, more in pairwise(done)
        if cpu_per_row(more) > TOLERANCE * cpu_per_row(fewer)
    ]


def merge(old: list[dict[str, Any]], entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Entries with the new one in place of its predecessor, in the order of the curves."""

    def place(each: dict[str, Any]) -> tuple[str, int, int]:
        return each["kind"], each["variables"], each["rows"]

    return sorted([*(each for each in old if place(each) != place(entry)), entry], key=place)


def store(entry: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    """Add one entry to the file; all entries of it."""
    old = json.loads(path.read_text(encoding="utf-8"))["growth"] if path.exists() else []
    entries = merge(old, entry)
    settings = {"epsilon": EPSILON, "delta": DELTA, "data": "simulated cases, resampled (benchmarks/crowd.py)"}
    document = {"machine": machine(), "settings": settings, "growth": entries}
    write_text(path, json.dumps(document, indent=1) + "\n")
    return entries


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--most-rows", type=int, default=ROWS[-1], show_default=True, help="Leave out points with more rows.")
@click.option("--kind", type=click.Choice(["rows", "variables"]), help="Only this curve.")
@click.option("--limit", type=float, default=7200.0, show_default=True, help="Seconds of wall time for each run.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder of growth.json.")
def main(most_rows: int, kind: str | None, limit: float, out: Path) -> None:
    """Measure how time and memory of `ctdc protect` grow with rows and with variables, on simulated cases."""
    out.mkdir(parents=True, exist_ok=True)
    run_point(Point("rows", PUBLISHED, WARM_UP_ROWS), limit)  # compiled code is on disk from here on
    entries: list[dict[str, Any]] = []
    for point in points(most_rows):
        if kind in {None, point.kind}:
            entry = run_point(point, limit)
            entries = store(entry, out / GROWTH)
            cost = entry["cost"]
            click.echo(
                f"{point.rows:,} rows x {entry['variables']}: {entry['status']} {entry.get('reason', '')} "
                f"{cost['cpu_seconds']:.1f} CPU-s, {cost['wall_seconds']:.1f} s, {cost['peak_bytes'] / 1e6:,.0f} MB",
                err=True,
            )
    if problems := growing(entries):
        raise click.ClickException(" ".join(problems))


if __name__ == "__main__":
    main()
