"""Row ids: present, different from one another, and not the same id written in two ways.

Promise: two rows with one id are an error, two identical rows with two ids are not. Memory: 16 bytes a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from ctdc.intake.readers.frame import Column, RowArray
from ctdc.intake.text import tidy

MAX_SHOWN = 20
Hashes = npt.NDArray[np.uint64]
_LEADING_ZEROS = re.compile(r"0+(?=\d)")
_DECIMAL = re.compile(r"(?<=\d)\.0+")


def canonical(text: str) -> str:
    """The number behind an id that is only digits: 007, 7 and 7.0 are all 7; other ids are themselves."""
    if not text[:1].isdigit():
        return text
    number = _DECIMAL.sub("", text) if _DECIMAL.search(text) and text.split(".", maxsplit=1)[0].isdigit() else text
    return (_LEADING_ZEROS.sub("", number, count=1) if number.startswith("0") else number) if number.isdigit() else text


@dataclass(frozen=True)
class Clash:
    """Rows that share an id, or whose ids are one number written in two ways."""

    kind: str  # "repeated" or "two_spellings"
    rows: tuple[int, ...]


@dataclass
class IdCheck:
    """Collects the ids of a delivery as hashes; `clashes` is asked at the end."""

    empty_rows: list[int] = field(default_factory=list)
    known: list[Clash] | None = None  # where ids were compared somewhere else
    _raw: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    _canonical: list[npt.NDArray[np.uint64]] = field(default_factory=list)
    _rows: list[RowArray] = field(default_factory=list)

    def add(self, column: Column, rows: RowArray) -> list[str]:
        """Take note of one batch's ids and return them, tidy, in row order."""
        texts = [tidy(text) for text in column.texts]
        raw = pl.Series(texts, dtype=pl.String).hash(seed=1).to_numpy()
        plain = pl.Series([canonical(text) for text in texts], dtype=pl.String).hash(seed=1).to_numpy()
        empty = np.fromiter((not text for text in texts), np.bool_, len(texts))[column.indices]
        if empty.any():
            self.empty_rows += rows[empty].tolist()
        self._raw.append(raw[column.indices][~empty])
        self._canonical.append(plain[column.indices][~empty])
        self._rows.append(rows[~empty])
        return [texts[index] for index in column.indices.tolist()]

    def taken(self) -> Iterator[tuple[Hashes, Hashes, RowArray]]:
        """Hashes of ids as they are and of the numbers behind them, with their rows; they are not kept."""
        while self._raw:
            yield self._raw.pop(), self._canonical.pop(), self._rows.pop()

    def clashes(self) -> list[Clash]:
        """Groups of rows whose ids clash; at most 20 of each kind are named, `count` counts all."""
        if self.known is not None:
            return self.known
        if not self._raw:
            return []
        rows = np.concatenate(self._rows)
        raw, plain = np.concatenate(self._raw), np.concatenate(self._canonical)
        repeated = _groups(raw, rows, "repeated")
        _, first = np.unique(raw, return_index=True)  # one row per spelling
        return repeated + _groups(plain[first], rows[first], "two_spellings")


def _groups(hashes: npt.NDArray[np.uint64], rows: RowArray, kind: str) -> list[Clash]:
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    same = ordered[1:] == ordered[:-1]
    if not same.any():
        return []
    starts = np.flatnonzero(same & np.concatenate([[True], ~same[:-1]]))
    clashes = []
    for start in starts.tolist():
        end = start + 1
        while end < len(ordered) and ordered[end] == ordered[start]:
            end += 1
        clashes.append(Clash(kind, tuple(sorted(rows[order[start:end]].tolist()))))
    return sorted(clashes, key=lambda clash: clash.rows)
