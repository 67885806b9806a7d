"""The codebook's denominator rule on a table small enough to count by hand."""

import pyarrow as pa
import pytest

from ctdc.foundation.errors import UserError
from ctdc.standard import load
from ctdc.standard.denominator import Share, group_columns, shares, shares_of_codes, shares_of_counts

PROFILE = load().profile("synthetic-2024")


def table(rows: int = 5, **columns: list[str | None]) -> pa.Table:
    return pa.table({name: pa.array(columns.get(name, [None] * rows), pa.string()) for name in PROFILE.names})


def test_a_record_with_any_answer_counts_for_all_columns_of_the_group() -> None:
    found = shares(
        table(isForcedLabour=["1", "1", None, None, None], isSexualExploit=[None, "1", "1", "1", None]),
        PROFILE,
        "exploitation",
    )
    assert found == {
        "isForcedLabour": Share(2, 4),
        "isSexualExploit": Share(3, 4),
        "isOtherExploit": Share(0, 4),
    }
    total = sum(share.share or 0 for share in found.values())
    assert total == pytest.approx(1.25)  # more than 100 %, because one person was exploited in two ways


def test_nothing_known_is_no_share_rather_than_none_of_them() -> None:
    assert {share.share for share in shares(table(), PROFILE, "sex").values()} == {None}


def test_other_variables_are_shared_over_the_records_in_which_they_are_known() -> None:
    found = shares_of_codes(table(gender=["Woman", "Woman", "Man", None, None]), PROFILE, "gender")
    assert found["Woman"] == Share(2, 3)
    assert found["Trans/Transgender/NonConforming"].share == 0


def test_counts_made_elsewhere() -> None:
    found = shares_of_counts({"isForcedLabour": 20.5, "isSexualExploit": 60.0}, 80.0, PROFILE, "exploitation")
    assert found["isSexualExploit"].share == 0.75
    assert found["isOtherExploit"] == Share(0.0, 80.0)


def test_an_explicit_no_is_an_answer() -> None:
    profile = load().profile("kanonymised-2018")
    values = {"isForcedLabour": ["1", "0", None], "isSexualExploit": [None, None, None]}
    rows = pa.table({name: pa.array(values.get(name, [None] * 3), pa.string()) for name in profile.names})
    assert shares(rows, profile, "exploitation")["isForcedLabour"] == Share(1, 2)


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(UserError, match="no group 'demographics'"):
        group_columns(PROFILE, "demographics")
