"""What may stand in the table that is evaluated, and how it is refused without telling anybody's value."""

import numpy as np
import pytest
from tests.support.evaluated import candidate_of

from ctdc.foundation.errors import UserError
from ctdc.privacy.evaluation.coded import Candidate, code_candidate, pair_of
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

SMALL = Schema((Variable("area", ("north", "south")), Variable("work", ("1",))))
SECRET = "Maria"


def test_stars_and_coarser_values_are_withheld(texts) -> None:
    table = texts(["work", "more", "area"], [["1", None, ""], ["x"] * 3, ["*", "north", "1..2"]])
    found = code_candidate(table, SMALL, "c", coarser=True)
    assert found.matrix.tolist() == [[3, 1, 3], [1, 0, 0]]
    pair = pair_of(_truth(), found)
    assert pair.sizes == (4, 2)
    assert [one.tolist() for one in pair.known] == [[False, True, True, False], [False, True]]
    assert pair.withheld() == {"area": pytest.approx(2 / 3)}


def _truth():
    from tests.support.evaluated import coded

    return coded({"area": ["north", None], "work": ["1", None]}, SMALL)


@pytest.mark.parametrize("public", [True, False])
def test_an_unknown_value_is_refused_by_column_and_row_only(texts, public: bool) -> None:
    table = texts(["area", "work"], [["north", SECRET], ["1", "1"]])
    with pytest.raises(UserError) as caught:
        code_candidate(table, SMALL, "c.csv", public=public)
    assert caught.value.detail.code == "evaluate.unknown_code"
    assert "row 2" in caught.value.detail.where
    assert SECRET not in str(caught.value)
    assert ("south" in str(caught.value)) is public, "codes that were found in the true table are not told"


@pytest.mark.parametrize("names", [["area"], ["area", "area", "work"], ["x", "y"]])
def test_missing_and_repeated_columns_are_refused(texts, names: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        code_candidate(texts(names, [[None]] * len(names)), SMALL, "c.csv")
    assert caught.value.detail.code == "evaluate.columns"


def test_empty_tables_are_refused() -> None:
    truth = _truth()
    nobody = Candidate(SMALL, np.zeros((2, 0), dtype=np.uint16))
    with pytest.raises(UserError, match="evaluated has no records"):
        pair_of(truth, nobody)
    from ctdc.table.coded import table_from_matrix

    with pytest.raises(UserError, match="true table has no records"):
        pair_of(table_from_matrix(SMALL, nobody.matrix), candidate_of(truth))


def test_tables_of_different_schemas_are_our_own_fault() -> None:
    other = Schema((Variable("area", ("north",)), Variable("work", ("1",))))
    with pytest.raises(ValueError, match="different schemas"):
        pair_of(_truth(), Candidate(other, np.zeros((2, 1), dtype=np.uint16)))
