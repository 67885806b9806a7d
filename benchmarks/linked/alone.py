"""Every column alone, of two linked tables: victims' and perpetrators' variables and the number, all independent.

The floor: no method may be worse than this on any line. The noise and its accounting are those of
``peer_scripts/alone.py``. Started as ``python -m benchmarks.linked.alone CASES OUT EPSILON DELTA``: two folders, one
with the files of `cases.write_cases`, the other for ``victims_alone.csv`` and ``perpetrators_alone.csv``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.coding import read_table
from benchmarks.linked.cases import LINK, LINKED, MAIN, MOST, NUMBERS, Column, Linked, Places, write_records
from benchmarks.peer_scripts.alone import draw_column, mechanism

VICTIMS, PERPETRATORS = "victims_alone.csv", "perpetrators_alone.csv"


def _counts(values: pl.Series, codes: tuple[str, ...]) -> Places:
    """Counts of a column, the empty value first."""
    places = values.cast(pl.Enum(codes)).to_physical().cast(pl.Int64) + 1
    return np.bincount(places.fill_null(0).to_numpy(), minlength=len(codes) + 1)


def _tables(folder: Path) -> list[Places]:
    """Noiseless tables: victims' variables, the number, perpetrators' variables."""
    victims, rows = read_table(folder / "victims.csv"), read_table(folder / "perpetrators.csv")
    links = rows.group_by(LINK).len()["len"].cast(pl.String)
    number = np.concatenate([[victims.height - len(links)], _counts(links, NUMBERS)[1:]])
    return [
        *(_counts(victims[column.name], column.codes) for column in MAIN),
        number,
        *(_counts(rows[column.name], column.codes) for column in LINKED),
    ]


def moved() -> int:
    """The square of the L2 norm by which a victim moves all tables: by 1 those of victims, by `MOST` the others."""
    return len(MAIN) + 1 + len(LINKED) * MOST**2


def _series(column: Column, places: Places) -> pl.Series:
    return pl.Series(column.name, [None, *column.codes], dtype=pl.String).gather(places)


def protect(folder: Path, epsilon: float, delta: float) -> Linked:
    """Measure every column, draw each by itself."""
    tables = _tables(folder)
    noise, _ = mechanism(sum(map(len, tables)), moved(), epsilon, delta)
    noisy = np.split(np.array(noise(np.concatenate(tables))), np.cumsum([len(table) for table in tables])[:-1])
    main, number, linked = noisy[: len(MAIN)], noisy[len(MAIN)], noisy[len(MAIN) + 1 :]
    draw = np.random.default_rng()
    victims = max(1, round(float(np.mean([part.sum() for part in (*main, number)]))))
    numbers = draw_column(number, victims, draw)
    owner = np.repeat(np.arange(victims), numbers)
    return Linked(
        pl.DataFrame(
            [_series(column, draw_column(part, victims, draw)) for column, part in zip(MAIN, main, strict=True)]
        ),
        pl.DataFrame(
            [_series(column, draw_column(part, len(owner), draw)) for column, part in zip(LINKED, linked, strict=True)]
        ),
        owner,
    )


def main() -> None:
    """Read, measure, draw, write."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    made = protect(folder, float(sys.argv[3]), float(sys.argv[4]))
    write_records(made, out / VICTIMS, out / PERPETRATORS)


if __name__ == "__main__":
    main()
