"""Errors as people and programs make them, put into native tables on purpose and written down one by one.

Promise: at most one wrong cell per row, never in a cell that says nothing; each is recorded with file, sheet, row and
column as a person sees them, so that a test can ask of every single one whether intake caught or reported it.
What would make a whole file unreadable (bytes that are not UTF-8) is not among them: nothing else in it could be
tested then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdc.simulate.draft import Blank, Column, Table

KINDS = (
    "misspelt_code",
    "stray_space",
    "wrong_date",
    "duplicate_id",
    "unknown_value",
    "mixed_encoding",
    "age_out_of_range",
)
DIRT_COLUMNS = ("contributor", "file", "sheet", "row", "column", "kind", "original", "injected")
WORDS = ("code", "list", "country")
LONGEST_SHORT_CODE = 4  # shorter texts are codes like "F" or "A01": a typing error there is an unknown code
UNKNOWN_NUMBER = 77
UNKNOWN_WORD = "Xyz (not on the list)"
FUTURE_YEAR = "2091"
FUTURE_SERIAL = 70_000  # 25 August 2091
NO_SUCH_DAY = ("32", "13")
AGES = (-5, 640, 999)  # neither years of age nor, within 50 years, months

Spoil = Callable[[object, np.random.Generator], object]


@dataclass(frozen=True)
class Place:
    """Where a table lies: names for the record, and the row of its first line of the current block."""

    contributor: str
    file: str
    sheet: str
    first_row: int


@dataclass(frozen=True)
class Piece:
    """One piece of dirt, as a row of dirt.csv."""

    place: Place
    row: int
    column: str
    kind: str
    original: object
    injected: object

    def cells(self) -> tuple[object, ...]:
        """The values for DIRT_COLUMNS."""
        place = self.place
        return (
            place.contributor,
            place.file,
            place.sheet,
            self.row,
            self.column,
            self.kind,
            self.original,
            self.injected,
        )


def _misspell(cell: object, generator: np.random.Generator) -> object:
    """Press a wrong key in the middle of a word: q after a letter makes no other word in any of our lists."""
    if not isinstance(cell, str) or len(cell) < LONGEST_SHORT_CODE or not cell[1:3].isalpha():
        return None
    at = int(generator.integers(1, 3))
    return f"{cell[:at]}q{cell[at:]}"


def _stray_space(cell: object, generator: np.random.Generator) -> object:
    """Spaces around the text, a no-break one among them."""
    if not isinstance(cell, str):
        return None
    return (f"  {cell}", f"{cell} ", f" {cell}\u00a0")[int(generator.integers(0, 3))]


def _wrong_date(cell: object, generator: np.random.Generator) -> object:
    """A day that never was, or a year that is yet to come."""
    future = generator.random() < 0.5
    if isinstance(cell, str):
        year = next((part for part in cell.replace("/", "-").split("-") if len(part) == 4), "")
        if future:
            return cell.replace(year, FUTURE_YEAR)
        parts = iter(NO_SUCH_DAY)
        separator = "/" if "/" in cell else "-"
        return separator.join(part if len(part) == 4 else next(parts) for part in cell.split(separator))
    number = int(str(cell))
    if number < FUTURE_SERIAL:
        return FUTURE_SERIAL
    return number % 10_000 + int(FUTURE_YEAR) * 10_000 if future else number // 10_000 * 10_000 + 1332


def _unknown_value(cell: object, generator: np.random.Generator) -> object:
    return UNKNOWN_WORD if isinstance(cell, str) else UNKNOWN_NUMBER


def _mix_encodings(cell: object, generator: np.random.Generator) -> object:
    """What UTF-8 looks like when a program took it for Windows-1252."""
    if not isinstance(cell, str) or cell.isascii():
        return None
    try:
        return cell.encode("utf-8").decode("cp1252")
    except UnicodeDecodeError:
        return None


def _wrong_age(cell: object, generator: np.random.Generator) -> object:
    age = AGES[int(generator.integers(0, len(AGES)))]
    return str(age) if isinstance(cell, str) else age


def _another_id(cell: object, generator: np.random.Generator) -> object:
    """Stands for the id of an earlier row, which only `_Soiler` knows."""
    return None


SPOILERS: dict[str, tuple[tuple[str, ...], Spoil]] = {
    "misspelt_code": (WORDS, _misspell),
    "stray_space": ((*WORDS, "date", "number"), _stray_space),
    "wrong_date": (("date", "serial", "serial_date"), _wrong_date),
    "duplicate_id": (("id",), _another_id),
    "unknown_value": (WORDS, _unknown_value),
    "mixed_encoding": (("list", "code", "country"), _mix_encodings),
    "age_out_of_range": (("number",), _wrong_age),
}


@dataclass
class _Soiler:
    """Spoils one table. eligible: rows that a mapping reads; silent: cells that say nothing."""

    table: Table
    eligible: NDArray[np.bool_]
    silent: frozenset[object]
    encoding: str
    kinds: tuple[str, ...]
    generator: np.random.Generator

    def row(self, row: int) -> tuple[str, str, object, object] | None:
        """Spoil one cell: kinds in random order until one fits. Returns column, kind, the cell before and after."""
        for kind in self.generator.permutation(np.array(self.kinds)).tolist():
            wanted, _ = SPOILERS[kind]
            columns = self.table.columns
            names = [name for name, c in columns.items() if c.kind in wanted and c.cells[row] not in self.silent]
            if not names:
                continue
            name = names[int(self.generator.integers(0, len(names)))]
            original, injected = columns[name].cells[row], self._spoilt(columns[name], row, kind)
            if injected is not None and injected != original and self._writable(injected):
                columns[name].cells[row] = injected
                return name, kind, original, injected
        return None

    def _spoilt(self, column: Column, row: int, kind: str) -> object:
        if kind != "duplicate_id":
            return SPOILERS[kind][1](column.cells[row], self.generator)
        earlier = np.flatnonzero(self.eligible[:row])
        return column.cells[earlier[-1]] if len(earlier) else None

    def _writable(self, cell: object) -> bool:
        try:
            str(cell).encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True


def soil(
    table: Table,
    place: Place,
    share: float,
    blanks: Iterable[Blank],
    generator: np.random.Generator,
    *,
    encoding: str = "utf-8",
    eligible: NDArray[np.bool_] | None = None,
    kinds: tuple[str, ...] = KINDS,
) -> list[Piece]:
    """Spoil one cell in about `share` (0 to 1) of the rows of `table`, in place, and say what was done.

    eligible: the rows that may be spoilt, all by default (a row that a mapping leaves out cannot be caught).
    """
    if eligible is None:
        eligible = np.ones(table.size, dtype=bool)
    soiler = _Soiler(table, eligible, frozenset(blank.text for blank in blanks), encoding, kinds, generator)
    pieces = []
    for row in np.flatnonzero((generator.random(table.size) < share) & eligible).tolist():
        done = soiler.row(row)
        if done is not None:
            pieces.append(Piece(place, place.first_row + row, *done))
    return pieces
