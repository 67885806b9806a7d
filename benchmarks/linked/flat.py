"""Two linked tables as one, in two shapes, and back: slots for perpetrators, or all perpetrators' values in one cell.

Promise: from two tables to slots and back nothing is lost but the order of a victim's perpetrators; the joined shape,
which is the one that CTDC published, loses whose value is whose, and what comes back is a guess that is written here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from benchmarks.linked.cases import (
    LINKED,
    LINKED_NAMES,
    MAIN,
    MAIN_NAMES,
    MOST,
    NUMBER,
    NUMBERS,
    Column,
    Linked,
    Places,
)

BETWEEN = ";"
# The variables whose values are joined; a flag of a victim says that some perpetrator has it.
SEVERAL = tuple(column for column in LINKED if not column.flag)


def slot(place: int, name: str) -> str:
    """The column of the perpetrator in slot 1, 2, ..."""
    return f"PERP{place}_{name}"


def wide_codes() -> dict[str, tuple[str, ...]]:
    """The columns of the shape with slots, and their codes."""
    main = {column.name: column.codes for column in MAIN} | {NUMBER: NUMBERS}
    return main | {slot(place, column.name): column.codes for place in range(1, MOST + 1) for column in LINKED}


def shuffled(cases: Linked, draw: np.random.Generator) -> tuple[Places, Places]:
    """Perpetrators, those of a victim together and in random order, and the place 0, 1, ... of each among them."""
    order = np.lexsort((draw.random(len(cases.owner)), cases.owner))
    numbers = cases.numbers
    return order, np.arange(len(order)) - np.repeat(np.cumsum(numbers) - numbers, numbers)


def to_wide(cases: Linked, draw: np.random.Generator) -> pl.DataFrame:
    """One row for each victim: theirs, the number of perpetrators, and those in random order, one in each slot."""
    order, places = shuffled(cases, draw)
    numbers = pl.Series(NUMBER, cases.numbers).cast(pl.String)
    columns = [*cases.victims.get_columns(), numbers]
    for place in range(MOST):
        whose = order[places == place]
        found = np.full(cases.victims.height, -1)
        found[cases.owner[whose]] = whose
        rows = pl.Series(found)
        taken = rows.set(rows < 0, None)
        columns += [cases.perpetrators[name].gather(taken).rename(slot(place + 1, name)) for name in LINKED_NAMES]
    return pl.DataFrame(columns)


def from_wide(wide: pl.DataFrame) -> Linked:
    """Victims and the perpetrators of as many slots as the number says; slots beyond it are left alone."""
    numbers = wide[NUMBER].cast(pl.Int64).fill_null(0).to_numpy()
    rows, owners = [], []
    for place in range(1, MOST + 1):
        has = np.flatnonzero(numbers >= place)
        rows.append(wide.select(pl.col(slot(place, name)).alias(name) for name in LINKED_NAMES)[has])
        owners.append(has)
    return Linked(wide.select(MAIN_NAMES), pl.concat(rows), np.concatenate(owners))


def to_joined(cases: Linked) -> pl.DataFrame:
    """One row for each victim: theirs, and of each variable of perpetrators all different values, as CTDC publishes."""
    columns = [_joined(cases, column) for column in LINKED]
    return pl.DataFrame([*cases.victims.get_columns(), *columns])


def _joined(cases: Linked, column: Column) -> pl.Series:
    """Values that occur, in the order of their text, joined; null where none does."""
    has = np.zeros((len(column.codes), cases.victims.height), dtype=bool)
    values = cases.perpetrators[column.name].to_list()
    place = {code: number for number, code in enumerate(sorted(column.codes))}
    known = [number for number, value in enumerate(values) if value is not None]
    has[[place[values[number]] for number in known], cases.owner[known]] = True
    texts = _texts(sorted(column.codes))
    keys = (1 << np.arange(len(column.codes))) @ has
    return pl.Series(column.name, texts, dtype=pl.String).gather(keys)


def _texts(codes: Sequence[str]) -> list[str | None]:
    """The joined text of every subset of the codes; bit n of its place says that the n-th is in it."""
    return [
        BETWEEN.join(code for bit, code in enumerate(codes) if key >> bit & 1) or None for key in range(1 << len(codes))
    ]


def from_joined(joined: pl.DataFrame, draw: np.random.Generator) -> Linked:
    """A guess at the two tables: as favourable to the joined shape as a reader without other knowledge can make it.

    A victim has as many perpetrators as the longest of their cells has values, and at least one. Each variable's
    values are dealt to them in random order and again from the start when they are used up, so that every value of
    the cell occurs, none else does, and a cell of one value (a flag too) is true of all of them.
    """
    cells = {name: joined[name].str.split(BETWEEN).to_list() for name in LINKED_NAMES}
    longest = [max(1, *(len(cell or ()) for cell in row)) for row in zip(*cells.values(), strict=True)]
    numbers = np.minimum(longest, MOST)
    dealt = {
        name: pl.Series(
            [value for cell, number in zip(cell_list, numbers, strict=True) for value in _deal(cell, number, draw)],
            dtype=pl.String,
        )
        for name, cell_list in cells.items()
    }
    return Linked(joined.select(MAIN_NAMES), pl.DataFrame(dealt), np.repeat(np.arange(joined.height), numbers))


def _deal(cell: list[str] | None, number: int, draw: np.random.Generator) -> list[str | None]:
    if not cell:
        return [None] * number
    values = draw.permutation(cell).tolist() if len(cell) > 1 else cell
    return [values[place % len(values)] for place in range(number)]
