"""Coded columns: whatever Arrow hands over becomes indices and codes, and work is done per code."""

import numpy as np
import pyarrow as pa
import pytest

from ctdc.standard import columns as cols
from ctdc.standard.columns import Column


def values(column: Column) -> list[str | None]:
    return cols.to_arrow(column).to_pylist()


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["a", None, "", "b", "a"]),
        pa.array(["a", None, "", "b", "a"], pa.large_string()),
        pa.array(["a", None, "", "b", "a"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 3, 0], pa.int8()), pa.array(["a", None, "", "b"])),
        pa.chunked_array([["a", None], ["", "b", "a"]]),
        pa.chunked_array([pa.array(["a", None]).dictionary_encode(), pa.array(["", "b", "a"]).dictionary_encode()]),
    ],
    ids=["string", "large string", "dictionary", "dictionary with null and ''", "chunks", "chunks, two dictionaries"],
)
def test_every_arrow_layout_is_read_alike(array: pa.Array) -> None:
    assert values(cols.from_arrow(array)) == ["a", None, None, "b", "a"]


def test_numbers_become_codes() -> None:
    assert values(cols.from_arrow(pa.array([2019, None, 1]))) == ["2019", None, "1"]


def test_nothing_stays_nothing() -> None:
    assert values(cols.from_arrow(pa.array([], pa.string()))) == []
    assert values(cols.from_arrow(pa.chunked_array([], pa.string()))) == []
    assert values(cols.from_arrow(pa.nulls(2))) == [None, None]
    assert values(cols.empty_column(2)) == [None, None]


def test_translation_may_merge_and_drop() -> None:
    column = cols.from_arrow(pa.array(["a", "b", "c", None]))
    assert values(cols.translate(column, {"a": "x", "b": "x"})) == ["x", "x", None, None]


def test_restriction_fixes_the_codes_and_their_order() -> None:
    column = cols.restrict(cols.from_arrow(pa.array(["b", "a", "z", None])), ("a", "b", "c"))
    assert column.codes == ("a", "b", "c")
    assert column.indices.tolist() == [1, 0, -1, -1]


def test_flags_and_their_texts() -> None:
    yes, no = np.array([True, False, False]), np.array([True, True, False])
    flag = cols.flag(yes, no)
    assert values(flag) == ["1", "0", None]
    other = cols.from_arrow(pa.array(["1", "1", None]))
    assert values(cols.join_flags([flag, other], ["first", "second"], ";")) == ["first;second", "second", None]
