"""What the page on benchmarks says of linked tables, from the stored results.

Promise: every figure shown is in the JSON file; what was not measured is said to be so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.bars import HEADER, line, read_linked_bars
from benchmarks.tables import Entry

DOCUMENT = "linked.json"
ENTRIES = "linked"  # not "results", which the page of single tables shows
WITHOUT_NOISE = "joined_without_noise"
ENGINE = "ctdc"
BASELINES = ("slots", "pac-synth", "pac-synth-counts")
FLOOR = ("alone",)
BETTER = "On every line below the engine is better than one table with slots and than pac-synth, in both modes."
ABOVE = "On no line is every column alone nearer to the truth."
# What is compared line by line: words, and the place in an entry.
LINES = {
    "victims 1-way": "tvd.victims.1",
    "victims 2-way": "tvd.victims.2",
    "victims 3-way": "tvd.victims.3",
    "number of perpetrators": "tvd.number.1",
    "perpetrators 1-way": "tvd.perpetrators.1",
    "perpetrators 2-way": "tvd.perpetrators.2",
    "perpetrators 3-way": "tvd.perpetrators.3",
    "across 2-way": "tvd.across.2",
    "across 3-way": "tvd.across.3",
    "pairs of perpetrators": "tvd.siblings.2",
    "joined 1-way": "tvd.joined.1",
    "joined 2-way": "tvd.joined.2",
    "joined 3-way": "tvd.joined.3",
}


def _epsilons(entries: Sequence[Entry]) -> list[float]:
    return list(dict.fromkeys(entry["epsilon"] for entry in entries))


def _of(entries: Sequence[Entry], epsilon: float) -> list[Entry]:
    return [entry for entry in entries if entry["epsilon"] == epsilon]


def not_better(entries: Sequence[Entry], than: Sequence[str]) -> list[str]:
    """A sentence for each line on which the engine is not better than one of these methods at the same epsilon."""
    problems = []
    for epsilon in _epsilons(entries):
        same = _of(entries, epsilon)
        ours = next((entry for entry in same if entry["method"] == ENGINE and "tvd" in entry), None)
        others = [entry for entry in same if entry["method"] in than and "tvd" in entry]
        for other in others if ours else []:
            problems += [
                f"At epsilon {epsilon:g} the engine is not better than {other['title']} on {words}: "
                f"{tables.find(ours or {}, path):.5f} against {tables.find(other, path):.5f}."
                for words, path in LINES.items()
                if (tables.find(ours or {}, path) or 0.0) >= (tables.find(other, path) or 0.0)
            ]
    return problems


def _verdict(entries: Sequence[Entry]) -> str:
    if not {ENGINE, *BASELINES, *FLOOR} <= {entry["method"] for entry in entries if "tvd" in entry}:
        return "The engine has not been compared with all others yet.\n"
    behind = not_better(entries, BASELINES)
    first = "**Not better everywhere.** " + " ".join(behind) if behind else BETTER
    above = not_better(entries, FLOOR)
    second = "**Not above the floor everywhere.** " + " ".join(above) if above else ABOVE
    return f"{first}\n\n{second}\n"


def bars_table(entries: Sequence[Entry]) -> str:
    """The bars of linked tables; there was no first version to compare with."""
    first = HEADER.index("first version")

    def without(cells: Sequence[str]) -> list[str]:
        return [*cells[:first], *cells[first + 1 :]]

    return tables.markdown(without(HEADER), [without(line(entries, bar)) for bar in read_linked_bars()])


def _comparison(entries: Sequence[Entry], letters: dict[str, str]) -> str:
    """One column for each method, one line for each kind of table, then what it cost."""
    header = ["TVD", *(entry["title"] for entry in entries)]
    rows = [[words, *(tables.distance(tables.find(entry, path)) for entry in entries)] for words, path in LINES.items()]
    rows.append(["victims / perpetrators written", *(_written(entry) for entry in entries)])
    rows.append(["CPU-s", *(tables.cost("cpu_seconds")(entry) for entry in entries)])
    rows.append(["peak MB", *(tables.megabytes(entry) for entry in entries)])
    rows.append(["run", *(letters[entry["run"]] for entry in entries)])
    if any(entry["status"] != "done" for entry in entries):
        rows.append(["remark", *(entry.get("reason", "") for entry in entries)])
    return tables.markdown(header, rows)


def _written(entry: Entry) -> str:
    rows = entry.get("rows")
    return f"{rows['victims']:,} / {rows['perpetrators']:,}" if rows else ""


def _lost(distances: dict[str, dict[str, float]]) -> str:
    """What the joined shape loses before any noise."""
    across, number, pairs = (distances["across"]["2"], distances["number"]["1"], distances["siblings"]["2"])
    return (
        "The joined shape alone, without any noise, puts the guessed tables "
        f"{tables.distance(across)} off across 2-way, {tables.distance(number)} in the number of perpetrators and "
        f"{tables.distance(pairs)} in pairs of perpetrators; whose value is whose is not in it.\n"
    )


def section(folder: Path) -> str:
    """The part of the page below its heading and its hand-written text."""
    path = folder / DOCUMENT
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {ENTRIES: []}
    entries = document[ENTRIES]
    if not entries:
        return bars_table(entries) + "\nNot measured yet.\n"
    letters = tables.letters_of(entries)
    parts = [bars_table(entries), _verdict(entries), _lost(document[WITHOUT_NOISE])]
    parts.append(f"{document['data']}. Measured on {tables.machine_line(document['machine'])}\n")
    for epsilon in _epsilons(entries):
        parts.append(f"Epsilon {epsilon:g}, delta {entries[0]['delta']:g}, length {entries[0]['length']}:\n")
        parts.append(_comparison(_of(entries, epsilon), letters))
    return "\n".join(parts)
