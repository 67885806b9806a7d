"""From the table as it came to the one that is protected: the chosen columns only, each cell as its choice says.

Promise: columns that are left out are not read; a cell's text is replaced by what its choice makes of it, looking at no
other cell; ids of people become numbers. What does not fit is counted, column by column, with the first row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_file
from ctdc.foundation.hashing import hash_value
from ctdc.hub.workbench.choices import PERSON, Choice, Unfit

SHOWN = 30  # different texts that do not fit, shown to the person


@dataclass(frozen=True)
class Misfit:
    """Cells that a choice does not know. cells: how many; first: row of the first, from 1; texts: some of them."""

    cells: int
    first: int
    texts: tuple[str, ...]


def column_of(table: Path, name: str) -> pa.DictionaryArray:
    """One column of the table, as texts and the place of each row's text among them."""
    array = pq.read_table(table, columns=[name]).column(0).combine_chunks()
    return pc.dictionary_encode(array)


def read_column(array: pa.DictionaryArray, choice: Choice) -> tuple[list[str | None], Misfit | None]:
    """What each different text becomes, and the cells that do not fit, if any."""
    meaning = choice.meaning()
    made: list[str | None] = []
    wrong: list[int] = []
    for place, text in enumerate(array.dictionary.to_pylist()):
        try:
            made.append(meaning(text))
        except Unfit:
            made.append(None)
            wrong.append(place)
    return made, _misfit(array, choice, wrong) if wrong else None


def _places(array: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    """For each row the place of its text, -1 for empty."""
    filled = pc.fill_null(array.indices.cast(pa.int64()), -1)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def _misfit(array: pa.DictionaryArray, choice: Choice, wrong: Sequence[int]) -> Misfit:
    rows = np.flatnonzero(np.isin(_places(array), wrong))
    texts = (array.dictionary[place].as_py() for place in wrong)
    strange = dict.fromkeys(part for text in texts for part in choice.strange(text))
    return Misfit(len(rows), int(rows[0]) + 1 if len(rows) else 0, tuple(strange)[:SHOWN])


def misfit_of(table: Path, choice: Choice) -> Misfit | None:
    """The cells of the table that a choice does not know; None where all fit."""
    if not choice.used:
        return None
    return read_column(column_of(table, choice.name), choice)[1]


def prepared(table: Path, choices: Sequence[Choice]) -> pa.Table:
    """The table that is protected. Raises UserError (``workbench.unfit``) with the column and the first row."""
    columns = {}
    for choice in choices:
        if choice.used:
            columns[choice.name] = _texts(column_of(table, choice.name), choice)
        elif choice.kind == "person":
            columns[PERSON] = _numbered(column_of(table, choice.name))
    return pa.table(columns)


def _texts(array: pa.DictionaryArray, choice: Choice) -> pa.DictionaryArray:
    made, misfit = read_column(array, choice)
    if misfit is not None:
        raise UserError(
            "workbench.unfit",
            f"The column {choice.name!r} has {misfit.cells} cells that were not declared.",
            where=f"column {choice.name!r}, first in row {misfit.first}",
            do="Look at this column again, and say what they mean.",
        )
    kept = list(dict.fromkeys(text for text in made if text is not None))
    position = {text: place for place, text in enumerate(kept)}
    target = np.array([-1 if text is None else position[text] for text in made] + [-1], dtype=np.int64)
    places = target[_places(array)]
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32(), mask=places < 0), pa.array(kept, pa.string()))


def _numbered(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """Ids as numbers that tell people apart and nothing else; empty stays empty."""
    places = _places(array)
    numbers = pa.array([str(place + 1) for place in range(len(array.dictionary))], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32(), mask=places < 0), numbers)


def write_prepared(table: Path, choices: Sequence[Choice], out: Path) -> None:
    """Write the table that is protected, for its owner only."""
    made = prepared(table, choices)
    with atomic_file(out, private=True) as temporary:
        pq.write_table(made, temporary, compression="zstd")


def choices_hash(choices: Sequence[Choice], table: str) -> str:
    """What tells one declared table from another. table: hash of the table as it came."""
    return hash_value([table, [asdict(replace(choice, confirmed=True)) for choice in choices]])
