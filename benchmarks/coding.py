"""Tables as the benchmark sees them: text columns on disk, small integers in memory.

Promise: code 0 is the empty cell; codes are shared by every table that is coded together, so that equal
integers mean equal texts. Nothing here is used by the project itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

Codes = npt.NDArray[np.uint16]
MAX_CODES = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class Coded:
    """Rows of integers, shape (rows, variables), column-major; sizes count the empty category."""

    codes: Codes
    names: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Number of records."""
        return int(self.codes.shape[0])


def read_table(path: Path) -> pl.DataFrame:
    """Read a csv (also gzipped) or parquet file as text, null for empty. Raises ValueError for another ending."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
    elif path.name.endswith((".csv", ".csv.gz")):
        frame = pl.read_csv(path, infer_schema=False)
    else:
        raise ValueError(f"{path} is neither csv nor parquet")
    return frame.select(pl.all().cast(pl.String)).with_columns(
        pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep()
    )


def _categories(frames: Sequence[pl.DataFrame], name: str) -> pl.Series:
    values = pl.concat([frame[name] for frame in frames]).drop_nulls().unique().sort()
    if len(values) > MAX_CODES:
        raise ValueError(f"{name!r} has {len(values)} different values; at most {MAX_CODES} can be coded")
    return values


def code_together(frames: Sequence[pl.DataFrame], names: Sequence[str] | None = None) -> list[Coded]:
    """Code several tables of text with one list of codes per variable: those that occur in any of them.

    Variables and their order are `names`, or the first table's. A value that no table has would add cells that are
    empty everywhere, which no measure of `benchmarks.errors` would notice; so the public domain is not needed here.
    """
    names = tuple(frames[0].columns if names is None else names)
    categories = {name: _categories(frames, name) for name in names}
    sizes = tuple(len(categories[name]) + 1 for name in names)
    return [Coded(_code(frame, categories), names, sizes) for frame in frames]


def _code(frame: pl.DataFrame, categories: dict[str, pl.Series]) -> Codes:
    codes: Codes = np.zeros((frame.height, len(categories)), dtype=np.uint16, order="F")
    for position, (name, values) in enumerate(categories.items()):
        physical = frame[name].cast(pl.Enum(values)).to_physical().cast(pl.Int32) + 1
        codes[:, position] = physical.fill_null(0).to_numpy()
    return codes
