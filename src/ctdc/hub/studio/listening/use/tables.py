"""Totals of use, summed and rounded.

Promise: sums are made of exact numbers and rounded at the end; what is below five is not shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ctdc.hub.studio.listening.withheld import rounded
from ctdc.hub.usage.store import Counted, Totals, months, read_month

READ = ("2xx", "3xx")  # a page, or that the reader's copy of it is still good


@dataclass(frozen=True)
class Row:
    """One number. name: a kind, language, day or kind of answer; number: None for what is too few."""

    name: str
    number: int | None


@dataclass(frozen=True)
class Table:
    """Numbers beside each other."""

    rows: tuple[Row, ...]

    @property
    def largest(self) -> int:
        """What the longest bar stands for."""
        return max((row.number or 0 for row in self.rows), default=0)


@dataclass(frozen=True)
class Use:
    """A month. read: how many pages and files were read."""

    month: str
    months: tuple[str, ...]
    read: int | None
    kinds: Table
    languages: Table
    days: Table
    answers: Table


def use_of(folder: Path, month: str) -> Use | None:
    """The use in a month, or in the newest one where it is not there; None where nothing was counted yet.

    Raises UserError (``usage.file``).
    """
    known = months(folder)
    if not known:
        return None
    chosen = month if month in known else known[-1]
    totals = read_month(folder, chosen)
    read = {what: number for what, number in totals.items() if what.status in READ}
    return Use(
        chosen,
        known[::-1],
        rounded(sum(read.values())),
        _largest_first(_table(read, lambda what: what.kind)),
        _largest_first(_table(read, lambda what: what.language)),
        _table(read, lambda what: what.day),
        _table(totals, lambda what: what.status),
    )


def _table(totals: Totals, name: Callable[[Counted], str]) -> Table:
    sums: Counter[str] = Counter()
    for what, number in totals.items():
        sums[name(what)] += number
    return Table(tuple(Row(key, rounded(sums[key])) for key in sorted(sums)))


def _largest_first(table: Table) -> Table:
    return Table(tuple(sorted(table.rows, key=lambda row: (-(row.number or 0), row.name))))
