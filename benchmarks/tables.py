"""Markdown tables over results: how a figure is written, and how it is found in an entry.

Promise: every figure shown is in the JSON of the results; what is not there is an empty cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Entry = dict[str, Any]
Cell = Callable[[Entry], str]


def share(value: float | None) -> str:
    """A share in percent."""
    return "" if value is None else f"{100 * value:.1f} %" if value >= 0.0995 else f"{100 * value:.2f} %"


def number(value: float | None) -> str:
    """A count or an error of one."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.1f}"


def distance(value: float | None) -> str:
    """A TVD."""
    return "" if value is None else f"{value:.5f}".removeprefix("0")


def times(value: float | None) -> str:
    """A ratio."""
    return "" if value is None else f"{value:.2g} x" if value < 100 else f"{value:,.0f} x"


def row(cells: Sequence[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(cells) + " |"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    return "\n".join([row(header), row(["---"] * len(header)), *map(row, rows)]) + "\n"


def find(entry: Entry, path: str) -> float | None:
    """The figure at a path such as ``records.orders.2.tvd``, None when it is not there."""
    value: Any = entry
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else float(value)


def measure(part: str, order: int, name: str) -> Callable[[Entry], float | None]:
    """A measure of records or counts, of one order."""
    return lambda entry: find(entry, f"{part}.orders.{order}.{name}")


def over_orders(part: str, name: str, orders: Sequence[int], show: Callable[[float | None], str]) -> Cell:
    """The measure's figures of several orders in one cell."""
    return lambda entry: (
        " / ".join(show(measure(part, order, name)(entry)) for order in orders) if part in entry else ""
    )


def cost(name: str, scale: float = 1.0) -> Cell:
    """A figure of the cost; "more than" for what was stopped."""

    def show(entry: Entry) -> str:
        spent = entry.get("cost")
        more = "> " if entry["status"] == "stopped" else ""
        return f"{more}{spent[name] * scale:,.1f}" if spent else ""

    return show


def engine_of(entries: Sequence[Entry]) -> Entry | None:
    """The engine's own entry, when it is done."""
    return next((entry for entry in entries if entry["method"] == "ctdc" and entry["status"] == "done"), None)


def against_engine(entries: Sequence[Entry]) -> Cell:
    """CPU as a multiple of the engine's, with a mark where the two are of different runs."""
    engine = engine_of(entries)

    def show(entry: Entry) -> str:
        if not engine or "cost" not in entry:
            return ""
        ratio = entry["cost"]["cpu_seconds"] / engine["cost"]["cpu_seconds"]
        return f"{ratio:.2g} x" + ("" if entry["run"] == engine["run"] else " (other run)")

    return show


def letters_of(entries: Sequence[Entry]) -> dict[str, str]:
    """A letter for each run."""
    runs = sorted({entry["run"] for entry in entries})
    return {run: chr(ord("A") + place) if place < 26 else str(place) for place, run in enumerate(runs)}


def megabytes(entry: Entry) -> str:
    """Peak memory."""
    return f"{entry['cost']['peak_bytes'] / 1e6:,.0f}" if "cost" in entry else ""


def machine_line(machine: dict[str, Any]) -> str:
    """What a document was measured on."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, {machine['system']}, "
        f"Python {machine['python']}; {versions}."
    )
