"""Coded columns: a small integer per row and the codes they stand for. What derivations compute with.

Promise: work per distinct code, not per row, wherever that is possible: recoding a column of a million rows looks up
a few dozen codes and then an array. -1 is empty. Pure functions; NumPy and PyArrow only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

EMPTY = -1
Indices = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Column:
    """Rows as indices into `codes`; EMPTY where there is no value. Shape of `indices`: (rows,), int32."""

    indices: Indices
    codes: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.indices.shape[0])


def empty_column(rows: int) -> Column:
    """A column without any value."""
    return Column(np.full(rows, EMPTY, dtype=np.int32), ())


def from_arrow(array: Any) -> Column:
    """A column from an Arrow array of strings, dictionaries of strings, integers or booleans; '' counts as empty."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if not pa.types.is_dictionary(array.type):
        array = array.cast(pa.string()).dictionary_encode()
    codes = tuple("" if code is None else str(code) for code in array.dictionary.to_pylist())
    indices = array.indices.fill_null(EMPTY).to_numpy(zero_copy_only=False).astype(np.int32)
    column = Column(indices, codes)
    return translate(column, lambda code: code or None) if "" in codes else column


def to_arrow(column: Column) -> Any:
    """The column as an Arrow dictionary<int32, string> array, null where empty."""
    indices = pa.array(column.indices, type=pa.int32(), mask=column.indices == EMPTY)
    return pa.DictionaryArray.from_arrays(indices, pa.array(column.codes, type=pa.string()))


def translate(column: Column, meaning: Callable[[str], str | None] | Mapping[str, str]) -> Column:
    """Each code replaced by what `meaning` gives for it; None, or a code without an entry, becomes empty."""
    look_up = meaning.get if isinstance(meaning, Mapping) else meaning
    new_codes: dict[str, int] = {}
    table = np.full(len(column.codes) + 1, EMPTY, dtype=np.int32)  # the last cell answers for EMPTY (index -1)
    for position, code in enumerate(column.codes):
        new_code = look_up(code)
        if new_code is not None:
            table[position] = new_codes.setdefault(new_code, len(new_codes))
    return Column(table[column.indices], tuple(new_codes))


def restrict(column: Column, codes: Sequence[str]) -> Column:
    """The column over exactly `codes`, in their order; other values become empty."""
    places = {code: position for position, code in enumerate(codes)}
    table = np.array([*(places.get(code, EMPTY) for code in column.codes), EMPTY], dtype=np.int32)
    return Column(table[column.indices], tuple(codes))


def holds(column: Column, code: str) -> npt.NDArray[np.bool_]:
    """Which rows have `code`."""
    place = column.codes.index(code) if code in column.codes else len(column.codes)
    mask: npt.NDArray[np.bool_] = column.indices == place
    return mask


def known(column: Column) -> npt.NDArray[np.bool_]:
    """Which rows have any value."""
    mask: npt.NDArray[np.bool_] = column.indices != EMPTY
    return mask


def flag(yes: npt.NDArray[np.bool_], no: npt.NDArray[np.bool_]) -> Column:
    """A flag from two masks: 1 where `yes`, 0 where `no` and not `yes`, empty elsewhere."""
    return Column(np.where(yes, 0, np.where(no, 1, EMPTY)).astype(np.int32), ("1", "0"))


def join_flags(flags: Sequence[Column], texts: Sequence[str], separator: str) -> Column:
    """The texts of the flags that are 1, joined; empty where none is. At most 62 flags.

    Rows are first grouped by which flags they have, so that texts are joined once per combination.
    """
    patterns = np.zeros(flags[0].rows, dtype=np.int64)
    for position, column in enumerate(flags):
        patterns |= holds(column, "1").astype(np.int64) << position
    distinct, inverse = np.unique(patterns, return_inverse=True)
    joined = [
        separator.join(text for position, text in enumerate(texts) if pattern >> position & 1)
        for pattern in distinct.tolist()
    ]
    return translate(Column(inverse.astype(np.int32).reshape(-1), tuple(joined)), lambda code: code or None)
