"""A chart as an immutable value: what is counted, its rows with their intervals, where it is from, how to cite it.

Promise: every number is the release's own, neither rounded nor scaled; below the reporting threshold there is no
number at all. What is written from equal values is equal, byte for byte. Nothing here knows a file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from ctdc.foundation.hashing import hash_bytes
from ctdc.release.answers import COUNTS
from ctdc.release.texts import Catalogue
from ctdc.standard.languages import direction

KIT_TEXTS = Catalogue(Path(__file__).parent / "texts")
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
NAME_DIGITS = 8

Kind = Literal["bars", "pyramid", "columns", "cross", "heat", "multiples", "lines", "map", "flows"]
Unit = Literal["share", "people"]


@dataclass(frozen=True)
class Quantity:
    """A number with the ends of its 95 % interval: a share from 0 to 1, or a count.

    text and interval: to be read; source: what a count was counted in, see `ctdc.hub.site.charts.Mark`.
    """

    value: float
    low: float
    high: float
    text: str
    interval: str
    source: str = COUNTS


@dataclass(frozen=True)
class Row:
    """One value of a chart.

    of: the variables and codes that it counts; label: what it is called; series: the side of a pyramid or the answer
    to a second question that it stands for, else empty; share and count: None where too few are counted to say, and
    share also where a chart has no shares or the share is not known; late: cases of this year are still arriving;
    instead: what is said in the place of a number that is not drawn; base: of how many people the share is, in cross
    tables the row's own; recorded: what is said of numbers that were counted in the synthetic records, empty of
    protected counts.
    """

    of: tuple[tuple[str, str], ...]
    label: str
    share: Quantity | None
    count: Quantity | None
    series: str = ""
    late: bool = False
    instead: str = ""
    base: Quantity | None = None
    recorded: str = ""

    @property
    def name(self) -> str:
        """Label and series, to be read on their own."""
        return f"{self.label}, {self.series}" if self.series else self.label

    @property
    def few(self) -> bool:
        """Whether too few are counted to say how many."""
        return self.count is None


@dataclass(frozen=True)
class Source:
    """The release that a chart is of. identifier: SHA-256 of what the release's manifest says; created: in UTC."""

    release: str
    identifier: str
    created: datetime
    title: str
    publisher: str
    simulated: bool
    terms: str
    line: str
    citation: str


@dataclass(frozen=True)
class Privacy:
    """How the release protects people. note: that in a sentence; interval: what a 95 % interval means, and what not."""

    unit: str
    neighbours: str
    epsilon: float
    delta: float
    threshold: float
    note: str
    interval: str


@dataclass(frozen=True)
class Chart:
    """A chart in one language.

    id: a name that is safe in an address and in a file system; counted: whether people or linked rows are counted, in
    the chart's language; unit: which of share and count is drawn; axis: what the full length stands for; category:
    heading of the labels; summary: sentences that say what the chart shows; series: heading of the rows' series;
    filter: variables and codes that everybody counted has; start: what the addresses of its page and its files begin
    with, empty for the usual; query: what they end with, from its question mark on, of a chart that a question makes.
    """

    id: str
    kind: Kind
    language: str
    title: str
    category: str
    counted: str
    unit: Unit
    axis: float
    rows: tuple[Row, ...]
    summary: tuple[str, ...]
    notes: tuple[str, ...]
    source: Source
    privacy: Privacy
    series: str = ""
    filter: tuple[tuple[str, tuple[str, ...]], ...] = ()
    start: str = ""
    query: str = ""

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``."""
        return direction(self.language)

    @property
    def address(self) -> str:
        """Where the chart's page is, on its site."""
        return f"{self._start}/{self.query}"

    @property
    def embed(self) -> str:
        """Where the chart alone is, for pages of others."""
        return f"{self._start}/embed/{self.query}"

    def file(self, ending: str) -> str:
        """Where one of its files is."""
        return f"{self._start}.{ending}{self.query}"

    @property
    def _start(self) -> str:
        return self.start or f"/{self.language}/charts/{self.id}"

    def drawn(self, row: Row) -> Quantity | None:
        """The number of a row that is drawn; None where there are too few to say."""
        return row.share if self.unit == "share" else row.count

    def part(self, value: float) -> float:
        """`value` as a part of the axis, from 0 to 1."""
        return min(1.0, max(0.0, value / self.axis))

    def text(self, key: str, **values: str) -> str:
        """A message of the kit in the chart's language."""
        return KIT_TEXTS.text(self.language, key, **values)


def safe_name(name: str) -> str:
    """`name` if it can stand in an address and as a file's name, else one like it, made unique by a hash."""
    if SAFE_NAME.fullmatch(name):
        return name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "chart"
    return f"{readable}-{hash_bytes(name.encode())[:NAME_DIGITS]}"


def largest(chart: Chart, rows: Iterable[Row], most: int) -> list[tuple[Row, Quantity]]:
    """The rows with the largest numbers that are drawn, at most so many; of equals those that stand first."""
    said = [(row, quantity) for row in rows if (quantity := chart.drawn(row)) is not None]
    return sorted(said, key=lambda pair: -pair[1].value)[:most]
