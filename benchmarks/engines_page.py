"""The page of the documentation on large tables, written from the stored results alone.

Promise: no figure on it is typed in, and what was not measured is called a calculation, with its formula; ``python -m
benchmarks.engines_page`` writes it anew, and a test holds it to the results.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from benchmarks.engines import ENGINES_FILE
from benchmarks.paths import GROWTH, REPOSITORY, RESULTS
from ctdc.foundation.files import write_text

PAGE = REPOSITORY / "docs" / "explanation" / "large-tables.md"
TEMPLATE = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True).from_string(
    (Path(__file__).parent / "engines_page.md.j2").read_text(encoding="utf-8")
)
CALCULATED = (10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000)
CLUSTERS = (1, 10, 100)


@dataclass(frozen=True)
class Line:
    """What a run costs: `fixed` CPU-seconds whatever the number of rows, and `row` CPU-seconds for each."""

    fixed: float
    row: float

    def cpu(self, rows: int) -> float:
        """CPU-seconds of `rows` rows."""
        return self.fixed + self.row * rows


def line_of(entries: Sequence[Mapping[str, Any]], engine: str) -> Line:
    """The line through an engine's smallest and largest measured table. Raises ValueError where one point is all."""
    done = [one for one in entries if one["engine"] == engine and one["status"] == "done"]
    done.sort(key=lambda one: int(one["rows"]))
    if len(done) < 2:
        raise ValueError(f"{engine} was measured at fewer than two sizes")
    (few, low), (many, high) = ((one["rows"], one["cost"]["cpu_seconds"]) for one in (done[0], done[-1]))
    row = (high - low) / (many - few)
    return Line(max(0.0, low - row * few), row)


def pays_from(memory: Line, spark: Line, cores: int, machines: int) -> float | None:
    """Rows from which so many machines are sooner done than one; None where they never are."""
    gain = memory.row / cores - spark.row / (cores * machines)
    return (spark.fixed - memory.fixed) / gain if gain > 0 else None


def seconds(line: Line, rows: int, cores: int, machines: int = 1) -> float:
    """Wall seconds if nothing is ever waited for: what is fixed is done by one core, rows by all."""
    return line.fixed + line.row * rows / (cores * machines)


def in_words(amount: float) -> str:
    """Seconds as a person says them."""
    if amount < 100:
        return f"{amount:.0f} s"
    return f"{amount / 60:.0f} min" if amount < 6000 else f"{amount / 3600:.1f} h"


def about(rows: float | None) -> str:
    """A number of rows to two digits, for what is calculated is not known better; empty for none."""
    return f"{float(f'{rows:.2g}'):,.0f}" if rows is not None else ""


def measured_rows(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A row of the table of what was measured for each run."""
    for one in entries:
        cost = one["cost"]
        figures = [
            cost["cpu_seconds"],
            1e6 * cost["cpu_seconds"] / one["rows"],
            cost["wall_seconds"],
            cost["load_before"],
        ]
        shown = " | ".join(f"{figure:,.1f}" for figure in figures)
        yield f"| {one['rows']:,} | {one['engine']} | {shown} | {cost['peak_bytes'] / 1e6:,.0f} |"


def calculated_rows(memory: Line, spark: Line, cores: int, building: float) -> Iterator[str]:
    """A row of the table of what was calculated for each number of rows. building: CPU-seconds for a record."""
    for rows in CALCULATED:
        shares = [in_words(seconds(spark, rows, cores, machines)) for machines in CLUSTERS]
        cells = [in_words(seconds(memory, rows, cores)), *shares, in_words(building * rows / cores)]
        yield f"| {rows:,} | {' | '.join(cells)} |"


def stored() -> tuple[dict[str, Any], dict[str, Any]]:
    """The results: of the engines, and of whole runs."""
    engines, growth = (json.loads((RESULTS / name).read_text(encoding="utf-8")) for name in (ENGINES_FILE, GROWTH))
    return engines, growth


def page_text(engines: Mapping[str, Any], growth: Mapping[str, Any]) -> str:
    """The page."""
    entries, machine = engines["engines"], engines["machine"]
    memory, spark = line_of(entries, "memory"), line_of(entries, "spark")
    whole = max((one for one in growth["growth"] if one["kind"] == "rows"), key=lambda one: int(one["rows"]))
    building = whole["cost"]["cpu_seconds"] / whole["rows"]
    cores = machine["cores"]
    peak = max(one["cost"]["peak_bytes"] for one in entries if one["engine"] == "memory")
    return TEMPLATE.render(
        machine=machine,
        settings=engines["settings"],
        commit=sorted({one["commit"] for one in entries}),
        variables=entries[0]["variables"],
        measured=list(measured_rows(entries)),
        memory=memory,
        spark=spark,
        cores=cores,
        pays={machines: about(pays_from(memory, spark, cores, machines)) for machines in CLUSTERS},
        calculated=list(calculated_rows(memory, spark, cores, building)),
        building=building,
        whole=whole,
        peak=peak / 1e6,
        most={name: max(one["rows"] for one in entries if one["engine"] == name) for name in ("memory", "spark")},
    )


def main() -> None:
    """Write the page."""
    write_text(PAGE, page_text(*stored()))


if __name__ == "__main__":
    main()
