"""Files that are attacked: every cell is understood or refused, and nothing of it is told."""

import numpy as np
import pyarrow as pa
import pytest

from ctdc.foundation.errors import UserError
from ctdc.privacy.attacks.candidates import listed_counts, read_candidate
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

SCHEMA = Schema((Variable("age", ("1", "2", "3")), Variable("place", ("AUT", "FRA"))))
GROUPS = {"age": {"1..2": ["1", "2"], "none or 3": ["", "3"]}}


def read(ages: list[str | None], places: list[str | None]):
    return read_candidate("a", pa.table({"age": ages, "place": places}), SCHEMA, GROUPS, "file.csv")


def test_codes_groups_suppressed_and_empty_cells_are_told_apart() -> None:
    found = read(["1", "1..2", "*", None, "", "none or 3"], ["AUT", "*", None, "FRA", "FRA", "AUT"])
    assert found.rows == 6
    assert found.nodes[0].tolist()[:1] == [1]
    assert found.nodes[0].tolist()[3:5] == [0, 0]
    meant = [found.coarse[0][node - 4].tolist() for node in found.nodes[0] if node >= 4]
    assert meant == [[False, True, True, False], [True] * 4, [True, False, False, True]]
    assert found.codes_or_other[0].tolist() == [1, 4, 4, 0, 0, 4]


def test_an_unknown_value_is_refused_and_not_told() -> None:
    with pytest.raises(UserError) as error:
        read(["1", "Jane Doe"], ["AUT", "FRA"])
    assert error.value.detail.code == "attack.unknown_value"
    assert "Jane" not in str(error.value)
    assert "'age'" in str(error.value)


def test_no_records_and_other_columns_are_refused() -> None:
    with pytest.raises(UserError, match="no records"):
        read([], [])
    with pytest.raises(UserError, match="missing: place"):
        read_candidate("a", pa.table({"age": ["1"]}), SCHEMA, {}, "file.csv")


def test_listed_counts_are_found_where_they_are_and_unknown_elsewhere() -> None:
    rows = [
        ({"age": "2"}, 7.0),
        ({"place": "FRA", "age": "3"}, 4.0),
        ({"age": "9"}, 1.0),
        ({"sex": "x"}, 2.0),
        ({}, 9.0),
    ]
    counts = listed_counts(SCHEMA, rows, 9.0)
    one, both = counts.table((0,)), counts.table((0, 1))
    assert one is not None
    assert both is not None
    assert one[0][2] == 7.0
    assert np.isnan(one[0][1])
    assert both[0][3, 2] == 4.0
    assert counts.table((1,)) is None
