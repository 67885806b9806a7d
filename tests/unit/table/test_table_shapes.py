"""Condensed and long shapes of coded records."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.table.coded import table_from_matrix
from ctdc.table.declare import Declaration, parse_declaration
from ctdc.table.recode import recode
from ctdc.table.shapes import condensed, long

FIELDS = [
    {"name": "town", "constraints": {"enum": ["north", "south"]}},
    {"name": "help", "constraints": {"enum": ["food", "bed"]}, "ctdc": {"split": ";"}},
    {"name": "harm", "constraints": {"enum": ["x", "y"]}, "ctdc": {"split": "|", "zero_is_value": True}},
    {"name": "age", "type": "integer", "ctdc": {"bands": [0, 18, 65]}},
]


def declaration() -> Declaration:
    return parse_declaration({"fields": FIELDS}, "x")


# Columns: town, help:food, help:bed, harm:x, harm:y, age. The third person is empty throughout.
MATRIX = np.array([[1, 2, 0], [1, 1, 0], [0, 1, 0], [2, 1, 0], [2, 0, 0], [2, 0, 0]])


def test_condensed_has_the_raw_table_s_columns() -> None:
    table = condensed(table_from_matrix(declaration().schema, MATRIX), declaration())
    assert table.to_pylist() == [
        {"town": "north", "help": "food", "harm": "x|y", "age": "18--64"},
        {"town": "south", "help": "food;bed", "harm": "0", "age": None},
        {"town": None, "help": None, "harm": None, "age": None},
    ]


def test_long_has_a_row_for_everything_that_is_said() -> None:
    table = long(table_from_matrix(declaration().schema, MATRIX), declaration())
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (1, "town", "north"),
        (1, "help", "food"),
        (1, "harm", "x"),
        (1, "harm", "y"),
        (1, "age", "18--64"),
        (2, "town", "south"),
        (2, "help", "food"),
        (2, "help", "bed"),
        (2, "harm", "0"),
    ]


def test_no_records_have_the_same_columns() -> None:
    nobody = table_from_matrix(declaration().schema, np.zeros((6, 0), int))
    assert condensed(nobody, declaration()).column_names == ["town", "help", "harm", "age"]
    assert condensed(nobody, declaration()).num_rows == 0
    assert long(nobody, declaration()).column_names == ["subject", "attribute", "value"]
    assert long(nobody, declaration()).num_rows == 0


@pytest.mark.slow
@given(st.lists(st.tuples(*[st.integers(0, size - 1) for size in (3, 2, 2)]), max_size=20))
def test_condensed_codes_are_read_back(records: list[tuple[int, ...]]) -> None:
    found = parse_declaration({"fields": FIELDS[:2]}, "x")
    table = table_from_matrix(found.schema, np.array(records, int).reshape(-1, 3).T)
    again = recode(condensed(table, found), found, "x")
    assert [column.tolist() for column in again.columns] == [column.tolist() for column in table.columns]
    assert all(pa.types.is_string(column.type) for column in condensed(table, found).columns)
