"""Rows as bytes and back, whatever stands in them."""

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdc.foundation.errors import UserError
from ctdc.vault.rows import check_schema, from_rows, to_rows

TEXT = st.text(st.sampled_from("ab\x00\x1b\x1f\n,\"'esz م") | st.characters(codec="utf-8"), max_size=8)
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXT),
    "large": (pa.large_string(), TEXT),
    "coded": (pa.dictionary(pa.int32(), pa.string()), TEXT),
    "short": (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["yes", "no"])),
    "whole": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "tiny": (pa.uint8(), st.integers(0, 255)),
    "real": (pa.float64(), st.floats(allow_nan=False)),
    "single": (pa.float32(), st.floats(allow_nan=False, width=32)),
    "flag": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates(date(1, 1, 1), date(9999, 12, 31))),
    "moment": (pa.timestamp("us"), st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))),
    "nothing": (pa.null(), st.none()),
}


@pytest.mark.slow
@settings(max_examples=60)
@given(data=st.data())
def test_what_comes_back_is_what_went_in(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, unique=True))
    rows = data.draw(st.integers(1, 4))
    schema = pa.schema([(name, KINDS[name][0]) for name in names])
    columns = {name: data.draw(st.lists(st.none() | KINDS[name][1], min_size=rows, max_size=rows)) for name in names}
    batch = pa.RecordBatch.from_arrays([pa.array(columns[name], KINDS[name][0]) for name in names], schema=schema)
    check_schema(schema)
    again = from_rows(to_rows(batch), schema)
    assert again.schema.equals(schema)
    assert again.to_pydict() == batch.to_pydict()


def test_no_rows_keep_their_schema() -> None:
    schema = pa.schema([("a", pa.string()), ("b", pa.dictionary(pa.int32(), pa.string()))])
    assert from_rows([], schema).schema.equals(schema)


def test_a_row_s_bytes_do_not_depend_on_the_other_rows() -> None:
    def batch(texts: list[str]) -> pa.RecordBatch:
        return pa.RecordBatch.from_pydict({"a": pa.array(texts).dictionary_encode()})

    assert to_rows(batch(["x", "y"]))[1] == to_rows(batch(["rare", "y", "x"]))[1] == to_rows(batch(["y"]))[0]


def test_rows_of_another_schema_are_refused() -> None:
    with pytest.raises(ValueError, match="another number of fields"):
        from_rows([b"a\x1fb"], pa.schema([("a", pa.string())]))


@pytest.mark.parametrize("kind", [pa.list_(pa.string()), pa.binary(), pa.timestamp("s", "UTC"), pa.decimal128(5, 2)])
def test_columns_that_would_not_come_back_are_refused_by_name(kind: pa.DataType) -> None:
    with pytest.raises(UserError, match="odd"):
        check_schema(pa.schema([("a", pa.string()), ("odd", kind)]))
