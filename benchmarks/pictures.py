"""The plots of the page on benchmarks, drawn from the JSON of the results and of the growth.

Promise: every point is in a JSON file; a plot for which nothing was measured is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.plot import Axis, Bar, Series, bars, lines
from benchmarks.tables import Entry, find

ORDERS = (1, 2, 3, 4)
NAMES = {
    "ctdc": "ctdc",
    "alone": "columns alone",
    "mst": "MST",
    "aim": "AIM",
    "pac-synth": "pac-synth",
    "pac-synth-counts": "pac-synth, counts",
}


def _epsilons(entries: Sequence[Entry]) -> list[float]:
    return list(dict.fromkeys(entry["epsilon"] for entry in entries))


def _distances(entry: Entry) -> tuple[tuple[float, float], ...]:
    found = ((order, find(entry, f"records.orders.{order}.tvd")) for order in ORDERS)
    return tuple((float(order), value) for order, value in found if value)


def accuracy(title: str, entries: Sequence[Entry], epsilon: float) -> str:
    """TVD by order, a line for each method that left records."""
    chosen = [entry for entry in entries if entry["epsilon"] == epsilon and "records" in entry]
    styles = {method: place for place, method in enumerate(NAMES)}
    series = [Series(NAMES[entry["method"]], _distances(entry), styles[entry["method"]]) for entry in chosen]
    described = "; ".join(f"{each.name} " + ", ".join(f"{y:.5f}" for _, y in each.points) for each in series)
    return lines(
        f"{title}: error of records, epsilon {epsilon:g}",
        f"Mean total variation distance of tables of 1, 2, 3 and 4 variables; lower is better. {described}.",
        series,
        Axis("variables in the table", ticks=tuple(map(float, ORDERS)), show=lambda value: f"{value:.0f}"),
        Axis("total variation distance (lower is better)", logarithmic=True),
    )


def _cost_bars(title: str, entries: Sequence[Entry], name: str, scale: float, unit: str) -> str:
    groups, told = [], []
    for epsilon in _epsilons(entries):
        group = []
        for entry in (each for each in entries if each["epsilon"] == epsilon and "cost" in each):
            value = entry["cost"][name] * scale
            more = "> " if entry["status"] == "stopped" else ""
            written = f"{more}{value:,.0f}" if value >= 10 else f"{more}{value:.1f}"
            group.append(Bar(NAMES[entry["method"]], value, written))
            told.append(f"{NAMES[entry['method']]} at epsilon {epsilon:g} {written}")
        groups.append((f"epsilon {epsilon:g}", group))
    return bars(f"{title}, {unit}", f"{unit}; lower is better. {'; '.join(told)}.", groups)


def table_pictures(name: str, title: str, entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """File names and plots of one table."""
    for epsilon in _epsilons(entries):
        if any(_distances(entry) for entry in entries if entry["epsilon"] == epsilon):
            yield f"{name}-accuracy-epsilon-{epsilon:g}.svg", accuracy(title, entries, epsilon)
    if any("cost" in entry for entry in entries):
        cost = f"{title}: from file to files"
        yield f"{name}-cpu.svg", _cost_bars(cost, entries, "cpu_seconds", 1.0, "CPU-seconds")
        yield f"{name}-memory.svg", _cost_bars(cost, entries, "peak_bytes", 1e-6, "peak memory in MB")


def _curve(name: str, points: Sequence[Entry], kind: str, figure: str, scale: float = 1.0, style: int = 0) -> Series:
    return Series(name, tuple((float(each[kind]), each["cost"][figure] * scale) for each in points), style)


def _told(series: Sequence[Series], kind: str) -> str:
    return " ".join(
        f"{each.name}: " + ", ".join(f"{y:,.1f} at {x:,.0f}" for x, y in each.points) + "." for each in series
    )


def growth_pictures(entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """File names and plots of the growth with rows and with variables."""
    for kind, label in (("rows", "rows (27 variables)"), ("variables", "variables (100,000 rows)")):
        points = [dict(each) for each in entries if each["kind"] == kind and each["status"] == "done"]
        if len(points) < 2:
            continue
        ticks = () if kind == "rows" else tuple(float(each["variables"]) for each in points)
        across = Axis(label, logarithmic=True, ticks=ticks)
        time = [
            _curve("CPU-seconds", points, kind, "cpu_seconds"),
            _curve("seconds", points, kind, "wall_seconds", style=1),
        ]
        memory = [_curve("MB", points, kind, "peak_bytes", 1e-6)]
        yield (
            f"growth-{kind}-time.svg",
            lines(
                f"Time of ctdc protect by {kind}", _told(time, kind), time, across, Axis("seconds", logarithmic=True)
            ),
        )
        yield (
            f"growth-{kind}-memory.svg",
            lines(
                f"Memory of ctdc protect by {kind}", _told(memory, kind), memory, across, Axis("MB", logarithmic=True)
            ),
        )
