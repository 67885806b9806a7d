"""What the engine is held to: figures in ``bars.yaml``, beside what was measured, and whether they are met.

Promise: a bar is met when every one of its figures is; a figure that equals the bar meets it. What was not measured is
said to be so and counts as not met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import tables
from benchmarks.tables import Entry

FILE = Path(__file__).resolve().parent / "bars.yaml"
ENGINE = "ctdc"
SHOWN = {"number": tables.number, "distance": tables.distance, "share": tables.share, "times": tables.times}
HEADER = ("what", "first version", "bar", "moonshot", "measured", "met?")


@dataclass(frozen=True)
class Bar:
    """One line of the table; see ``bars.yaml`` for the meaning of the fields."""

    text: str
    epsilon: float
    show: str
    first: str
    bar: tuple[float, ...]
    moonshot: tuple[float, ...]
    values: tuple[str, ...] = ()
    against: str = ""
    beside: Mapping[str, Any] | None = None
    better: str = "lower"
    scale: float = 1.0

    def __post_init__(self) -> None:
        figures = 1 if self.against else len(self.values)
        if not figures == len(self.bar) == len(self.moonshot):
            raise ValueError(f"{self.text!r} has not one bar and one moonshot for each figure")
        if self.better not in {"lower", "higher"} or self.show not in SHOWN:
            raise ValueError(f"{self.text!r}: better is lower or higher, show one of {', '.join(SHOWN)}")

    def reached(self, measured: Sequence[float], wanted: Sequence[float]) -> bool:
        """Whether every figure is as good as wanted."""
        sign = 1 if self.better == "lower" else -1
        return all(sign * have <= sign * want for have, want in zip(measured, wanted, strict=True))

    def written(self, figures: Sequence[float]) -> str:
        """Figures as they stand in a cell."""
        return " / ".join(SHOWN[self.show](figure) for figure in figures)


def _bars(lines: Sequence[Mapping[str, Any]]) -> tuple[Bar, ...]:
    bars = []
    for line in lines:
        lists = {name: tuple(line[name]) for name in ("bar", "moonshot", "values") if name in line}
        bars.append(Bar(**(dict(line) | lists | {"first": str(line.get("first", ""))})))
    return tuple(bars)


def read_bars(path: Path = FILE) -> tuple[str, tuple[Bar, ...]]:
    """The name of the results that the bars are about, and the bars. Raises ValueError for a malformed one."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document["table"], _bars(document["bars"])


def read_linked_bars(path: Path = FILE) -> tuple[Bar, ...]:
    """The bars of linked tables. Raises ValueError for a malformed one."""
    return _bars(yaml.safe_load(path.read_text(encoding="utf-8"))["linked"])


def entry_of(entries: Sequence[Entry], method: str, epsilon: float) -> Entry | None:
    """The entry of one method at one epsilon."""
    return next((each for each in entries if each["method"] == method and each["epsilon"] == epsilon), None)


def figures_of(entry: Entry | None, bar: Bar) -> list[float] | None:
    """The bar's figures in an entry; None when one of them is not there."""
    found = [tables.find(entry or {}, path) for path in bar.values]
    return None if None in found else [figure * bar.scale for figure in found if figure is not None]


def _ratio(entries: Sequence[Entry], bar: Bar) -> tuple[list[float] | None, str]:
    ours, peer = entry_of(entries, ENGINE, bar.epsilon), entry_of(entries, bar.against, bar.epsilon)
    if not ours or not peer or "cost" not in ours or "cost" not in peer:
        return None, ""
    ratio = peer["cost"]["cpu_seconds"] / ours["cost"]["cpu_seconds"]
    return [ratio], "" if ours["run"] == peer["run"] else " (of different runs)"


def _beside(entries: Sequence[Entry], bar: Bar) -> str:
    if not bar.beside:
        return ""
    figures = figures_of(entry_of(entries, bar.beside["method"], bar.beside["epsilon"]), bar)
    return f" ({bar.beside['method'].upper()}: {bar.written(figures)})" if figures else ""


def line(entries: Sequence[Entry], bar: Bar) -> list[str]:
    """The bar's cells, in the order of HEADER."""
    if bar.against:
        figures, remark = _ratio(entries, bar)
    else:
        figures, remark = figures_of(entry_of(entries, ENGINE, bar.epsilon), bar), _beside(entries, bar)
    wanted = [bar.text, bar.first, bar.written(bar.bar), bar.written(bar.moonshot)]
    if figures is None:
        return [*wanted, "not measured", "no"]
    met = "moonshot" if bar.reached(figures, bar.moonshot) else "yes" if bar.reached(figures, bar.bar) else "no"
    return [*wanted, bar.written(figures) + remark, met]


def bars_table(documents: Mapping[str, dict[str, Any]]) -> str:
    """All bars as a Markdown table."""
    name, bars = read_bars()
    entries = documents.get(name, {"results": []})["results"]
    return tables.markdown(HEADER, [line(entries, bar) for bar in bars])
