"""The results as one Markdown page, made from the JSON files beside it.

Promise: every figure on the page is in a JSON file of the same folder; nothing is typed in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.errors import SIZE_NAMES
from benchmarks.floor import worse_than_alone
from benchmarks.tables import (
    Cell,
    Entry,
    against_engine,
    cost,
    distance,
    find,
    letters_of,
    machine_line,
    markdown,
    measure,
    megabytes,
    number,
    over_orders,
    share,
)

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
* AIM is written from its paper over mbi (`benchmarks/peer_scripts/aim.py`), models of up to 80 MB as published, and
  stopped after an hour; it runs on smaller tables only.
* pac-synth publishes whole, positive counts of what it lists, without errors; its domain is what occurs in the data.
* Published counts: combinations that a method does not list, or marks as too few to say, are not stated and count as
  zero in the MAE; *MAE (stated)* is over those that are stated. Coverage is of the 95 % intervals of all listed rows.
"""


def _cost_table(entries: Sequence[Entry], letters: dict[str, str]) -> str:
    header = ["method", "status", "CPU-s", "against ctdc", "wall s", "peak MB", "load before", "measured", "run"]
    cells: list[Cell] = [
        lambda entry: entry["title"],
        lambda entry: entry["status"] + (f": {entry['reason']}" if entry.get("reason") else ""),
        cost("cpu_seconds"),
        against_engine(entries),
        cost("wall_seconds"),
        megabytes,
        cost("load_before"),
        lambda entry: f"{entry['measured_at']}, {entry['commit']}" + (" + changes" if entry["modified"] else ""),
        lambda entry: letters[entry["run"]],
    ]
    return markdown(header, [[cell(entry) for cell in cells] for entry in entries])


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
        over_orders("records", "tvd", (1, 2, 3, 4), distance),
        over_orders("records", "mae", (1, 2, 3), number),
        over_orders("records", "fabricated_mass", (2, 3), share),
        over_orders("records", "lost_mass", (2, 3), share),
        over_orders("records", "fabricated", (3,), share),
        over_orders("records", "lost", (3,), share),
    ]
    return markdown(header, [[cell(entry) for cell in cells] for entry in entries if "records" in entry])


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
        over_orders("aggregates", "mae", (1, 2, 3), number),
        over_orders("aggregates", "mae_stated", (1, 2, 3), number),
        over_orders("aggregates", "fabricated", (2, 3), share),
        over_orders("aggregates", "fabricated_mass", (3,), share),
        over_orders("aggregates", "lost", (2, 3), share),
        over_orders("aggregates", "lost_mass", (3,), share),
        lambda entry: (
            over_orders("aggregates", "coverage", (1, 2, 3), share)(entry)
            if measure("aggregates", 1, "coverage")(entry) is not None
            else "no intervals"
        ),
    ]
    return markdown(header, [[cell(entry) for cell in cells] for entry in entries if "aggregates" in entry])


def _both(size: dict[str, Any]) -> str:
    return f"{number(size['mae'])} ({share(size['relative'])})" if size["combinations"] else "none"


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
    return markdown(header, rows)


def _epsilon_section(epsilon: float, entries: Sequence[Entry], letters: dict[str, str]) -> str:
    heading = f"### Epsilon {epsilon:g}, delta {entries[0]['delta']:g}, length {entries[0]['length']}\n"
    tables = [_cost_table(entries, letters), _records_table(entries), _counts_table(entries), _size_table(entries)]
    return "\n".join([heading, *tables])


def _both_orders(entry: Entry) -> str:
    return " and ".join(number(find(entry, f"records.orders.{order}.mae")) for order in (2, 3))


def across(entries: Sequence[Entry]) -> str:
    """The engine at its smallest epsilon beside MST at its largest, in one line; nothing when one is missing."""
    done = [entry for entry in entries if "records" in entry]
    ours = min((entry for entry in done if entry["method"] == "ctdc"), key=lambda each: each["epsilon"], default=None)
    mst = max((entry for entry in done if entry["method"] == "mst"), key=lambda each: each["epsilon"], default=None)
    if ours is None or mst is None or ours["epsilon"] >= mst["epsilon"]:
        return ""
    return (
        f"MAE of 2- and 3-way counts of records: ctdc at epsilon {ours['epsilon']:g} {_both_orders(ours)}, "
        f"MST at epsilon {mst['epsilon']:g} {_both_orders(mst)}.\n"
    )


def floor_line(entries: Sequence[Entry]) -> str:
    """Whether the engine keeps above the floor; nothing when one of the two is not there."""
    if not {"ctdc", "alone"} <= {entry["method"] for entry in entries if "records" in entry}:
        return ""
    problems = worse_than_alone(entries)
    if problems:
        return "**Failed.** " + " ".join(problems) + "\n"
    return "On no order up to 3 is the engine worse than every column alone.\n"


def section(document: dict[str, Any]) -> str:
    """The part of the page over one table."""
    entries = document["results"]
    letters = letters_of(entries)
    parts = [f"## {document['data']}\n", machine_line(document["machine"]) + "\n"]
    parts += [line for line in (across(entries), floor_line(entries)) if line]
    for epsilon in dict.fromkeys(entry["epsilon"] for entry in entries):
        parts.append(_epsilon_section(epsilon, [entry for entry in entries if entry["epsilon"] == epsilon], letters))
    return "\n".join(parts)


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    """The results over tables in `folder`, by the names of their files."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: document for name, document in found.items() if "results" in document}


def page(folder: Path) -> str:
    """The page over all results of `folder`."""
    return "\n".join([INTRODUCTION + NOTES, *map(section, documents(folder).values())])
