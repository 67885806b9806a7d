"""The results as one Markdown page, made from the JSON files beside it.

Promise: every figure on the page is in a JSON file of the same folder; nothing is typed in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import SIZE_NAMES

Entry = dict[str, Any]
Cell = Callable[[Entry], str]

INTRODUCTION = """# Benchmark results

Made by `make bench` (`python -m benchmarks.run`); the figures are in the JSON files of this folder, with every measure
by order and by size of count. Definitions are at the top of `benchmarks/errors.py`: TVD is the mean total variation
distance over all sets of that many variables with the empty value as a category (4-way: a seeded sample of sets, never
measured by a method that stops at length 3); MAE and relative error are means over combinations of known values that
occur in the data; *fabricated* is what a method states and nobody has, *lost* what somebody has and the method does not
state. CPU is of the whole tree of processes from reading the file to having written its own; ratios hold only between
rows measured in the same run (same letter in the last column).
"""

NOTES = """
How to read this:

* **ctdc** is run through its command line, after one warm-up for compilation, as from a person's second use on.
* *every column alone* is the floor: one noisy table a column (OpenDP), columns drawn independently. A method that is
  worse than this on some order does harm there.
* MST is written from its paper over the library mbi (`benchmarks/peer_scripts/mst.py`), 5,000 iterations as published.
* pac-synth publishes whole, positive counts of what it lists, without errors; its domain is what occurs in the data.
* Published counts: combinations that a method does not list, or marks as too few to say, are not stated and count as
  zero in the MAE; *MAE (stated)* is over those that are stated. Coverage is of the 95 % intervals of all listed rows.
"""


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %" if value >= 0.0995 else f"{100 * value:.2f} %"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.1f}"


def _distance(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}".removeprefix("0")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([_row(header), _row(["---"] * len(header)), *map(_row, rows)]) + "\n"


def _measure(part: str, order: int, name: str) -> Callable[[Entry], float | None]:
    def get(entry: Entry) -> float | None:
        value = entry.get(part, {}).get("orders", {}).get(str(order), {}).get(name)
        return None if value is None else float(value)

    return get


def _over_orders(part: str, name: str, orders: Sequence[int], show: Callable[[float | None], str]) -> Cell:
    return lambda entry: " / ".join(show(_measure(part, order, name)(entry)) for order in orders)


def _cost(name: str, scale: float = 1.0) -> Cell:
    def show(entry: Entry) -> str:
        cost = entry.get("cost")
        more = "> " if entry["status"] == "stopped" else ""
        return f"{more}{cost[name] * scale:,.1f}" if cost else ""

    return show


def _times(entries: Sequence[Entry]) -> Cell:
    engine = next((entry for entry in entries if entry["method"] == "ctdc" and entry["status"] == "done"), None)

    def show(entry: Entry) -> str:
        if not engine or "cost" not in entry:
            return ""
        ratio = entry["cost"]["cpu_seconds"] / engine["cost"]["cpu_seconds"]
        return f"{ratio:.2g} x" + ("" if entry["run"] == engine["run"] else " (other run)")

    return show


def _letters(entries: Sequence[Entry]) -> dict[str, str]:
    runs = sorted({entry["run"] for entry in entries})
    return {run: chr(ord("A") + place) if place < 26 else str(place) for place, run in enumerate(runs)}


def _cost_table(entries: Sequence[Entry], letters: dict[str, str]) -> str:
    header = ["method", "status", "CPU-s", "against ctdc", "wall s", "peak MB", "load before", "measured", "run"]
    cells: list[Cell] = [
        lambda entry: entry["title"],
        lambda entry: entry["status"] + (f": {entry['reason']}" if entry.get("reason") else ""),
        _cost("cpu_seconds"),
        _times(entries),
        _cost("wall_seconds"),
        lambda entry: f"{entry['cost']['peak_bytes'] / 1e6:,.0f}" if "cost" in entry else "",
        _cost("load_before"),
        lambda entry: f"{entry['measured_at']}, {entry['commit']}" + (" + changes" if entry["modified"] else ""),
        lambda entry: letters[entry["run"]],
    ]
    return _markdown(header, [[cell(entry) for cell in cells] for entry in entries])


def _records_table(entries: Sequence[Entry]) -> str:
    header = [
        "records of",
        "rows",
        "TVD 1 / 2 / 3 / 4-way",
        "MAE 1 / 2 / 3-way",
        "fabricated mass 2 / 3-way",
        "lost mass 2 / 3-way",
        "fabricated 3-way",
        "lost 3-way",
    ]
    cells: list[Cell] = [
        lambda entry: entry["title"],
        lambda entry: f"{entry['records']['rows']:,}",
        _over_orders("records", "tvd", (1, 2, 3, 4), _distance),
        _over_orders("records", "mae", (1, 2, 3), _number),
        _over_orders("records", "fabricated_mass", (2, 3), _share),
        _over_orders("records", "lost_mass", (2, 3), _share),
        _over_orders("records", "fabricated", (3,), _share),
        _over_orders("records", "lost", (3,), _share),
    ]
    return _markdown(header, [[cell(entry) for cell in cells] for entry in entries if "records" in entry])


def _counts_table(entries: Sequence[Entry]) -> str:
    header = [
        "published counts of",
        "listed",
        "MAE 1 / 2 / 3-way",
        "MAE (stated) 1 / 2 / 3-way",
        "fabricated 2 / 3-way",
        "fabricated mass 3-way",
        "lost 2 / 3-way",
        "lost mass 3-way",
        "coverage 1 / 2 / 3-way",
    ]
    cells: list[Cell] = [
        lambda entry: entry["title"],
        lambda entry: f"{entry['aggregates']['rows']:,}",
        _over_orders("aggregates", "mae", (1, 2, 3), _number),
        _over_orders("aggregates", "mae_stated", (1, 2, 3), _number),
        _over_orders("aggregates", "fabricated", (2, 3), _share),
        _over_orders("aggregates", "fabricated_mass", (3,), _share),
        _over_orders("aggregates", "lost", (2, 3), _share),
        _over_orders("aggregates", "lost_mass", (3,), _share),
        lambda entry: (
            _over_orders("aggregates", "coverage", (1, 2, 3), _share)(entry)
            if _measure("aggregates", 1, "coverage")(entry) is not None
            else "no intervals"
        ),
    ]
    return _markdown(header, [[cell(entry) for cell in cells] for entry in entries if "aggregates" in entry])


def _both(size: dict[str, Any]) -> str:
    return f"{_number(size['mae'])} ({_share(size['relative'])})" if size["combinations"] else "none"


def _size_table(entries: Sequence[Entry]) -> str:
    header = ["MAE and relative error by true count", "order", *SIZE_NAMES]
    rows = []
    for part, label in (("records", "records"), ("aggregates", "counts")):
        for entry in entries:
            for order, measures in entry.get(part, {}).get("orders", {}).items():
                if order in {"2", "3"}:
                    sizes = [measures["by_size"][name] for name in SIZE_NAMES]
                    shown = [_both(size) for size in sizes]
                    rows.append([f"{entry['title']}, {label}", order, *shown])
    return _markdown(header, rows)


def _machine(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, {machine['system']}, "
        f"Python {machine['python']}; {versions}."
    )


def _epsilon_section(epsilon: float, entries: Sequence[Entry], letters: dict[str, str]) -> str:
    heading = f"### Epsilon {epsilon:g}, delta {entries[0]['delta']:g}, length {entries[0]['length']}\n"
    tables = [_cost_table(entries, letters), _records_table(entries), _counts_table(entries), _size_table(entries)]
    return "\n".join([heading, *tables])


def section(document: dict[str, Any]) -> str:
    """The part of the page over one table."""
    entries = document["results"]
    letters = _letters(entries)
    parts = [f"## {document['data']}\n", _machine(document["machine"]) + "\n"]
    for epsilon in dict.fromkeys(entry["epsilon"] for entry in entries):
        parts.append(_epsilon_section(epsilon, [entry for entry in entries if entry["epsilon"] == epsilon], letters))
    return "\n".join(parts)


def page(folder: Path) -> str:
    """The page over all JSON files of `folder`."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return "\n".join([INTRODUCTION + NOTES, *map(section, documents)])
