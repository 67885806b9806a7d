"""Columns that hold no codes are an error that names the column and shows no value."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ctdc.foundation.errors import UserError
from ctdc.table.coded import code_table
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

SCHEMA = Schema((Variable("a", ("1", "2")),))


@pytest.mark.parametrize(
    "column",
    [pa.array([["1"], ["2"]]), pa.array([b"\xff\xfe secret"], pa.binary())],
    ids=["lists", "bytes that are no text"],
)
def test_a_column_that_is_no_text(column: pa.Array) -> None:
    with pytest.raises(UserError) as caught:
        code_table(pa.table({"a": column}), SCHEMA, "cases.parquet")
    assert caught.value.detail.code == "table.not_text"
    assert "'a'" in caught.value.detail.where
    assert "secret" not in str(caught.value)
