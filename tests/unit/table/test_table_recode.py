"""Recoding raw tables: every kind of column, every way to be wrong, and that no message repeats a value."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctdc.foundation.errors import ErrorDetail, UserError
from ctdc.table.coded import CodedTable
from ctdc.table.declare import Declaration, parse_declaration
from ctdc.table.recode import load_coded, recode

SECRET = "Maria-Secret"
TOWN = {"name": "town", "constraints": {"enum": ["north", "south"]}}
HELP = {"name": "help", "constraints": {"enum": ["food", "bed", "legal aid"]}, "ctdc": {"split": ";"}}
AGE = {"name": "age", "type": "integer", "ctdc": {"bands": [0, 18, 65]}}
DAY = {"name": "day", "type": "date", "ctdc": {"bands": {"by": "year", "from": "2020", "to": "2021"}}}


def declare(*fields: dict[str, Any], **table: Any) -> Declaration:
    missing = table.pop("missingValues", [""])
    return parse_declaration({"fields": list(fields), "missingValues": missing, "ctdc": table}, "schema.json")


def with_extras(field: dict[str, Any], **extras: Any) -> dict[str, Any]:
    return field | {"ctdc": field.get("ctdc", {}) | extras}


def recoded(declaration: Declaration, **columns: Sequence[Any]) -> CodedTable:
    arrays = {name: pa.array(column, pa.string()) for name, column in columns.items()}
    return recode(pa.table(arrays), declaration, "t.csv")


def shown(table: CodedTable) -> dict[str, list[str | None]]:
    return {name: table.to_arrow().column(name).to_pylist() for name in table.schema.names}


def refused(declaration: Declaration, **columns: Sequence[Any]) -> ErrorDetail:
    with pytest.raises(UserError) as caught:
        recoded(declaration, **columns)
    assert SECRET not in str(caught.value)
    return caught.value.detail


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode("utf-8"))
    return path


# ---- several codes in a cell -------------------------------------------------------------------------------------


def test_several_codes_become_flags() -> None:
    cells = ["food", "bed;food", "", None, "legal aid", " bed ; legal aid ", "food;;", ";"]
    assert shown(recoded(declare(HELP), help=cells)) == {
        "help:food": ["1", "1", None, None, None, None, "1", None],
        "help:bed": [None, "1", None, None, None, "1", None, None],
        "help:legal aid": [None, None, None, None, "1", "1", None, None],
    }


def test_where_zero_counts_no_is_apart_from_not_known() -> None:
    field = with_extras(HELP, zero_is_value=True, absent=["unknown", "n;a"])
    found = shown(
        recoded(declare(field, missingValues=["", "0"]), help=["bed", "", "0", "unknown", "n;a", "food; bed"])
    )
    assert found["help:food"] == ["0", None, "0", None, None, "1"]
    assert found["help:bed"] == ["1", None, "0", None, None, "1"]


def test_zero_is_nothing_where_it_does_not_count() -> None:
    found = shown(recoded(declare(HELP, missingValues=["", "0"]), help=["0", "food", "0;food"]))
    assert found["help:food"] == [None, "1", "1"]


def test_an_unknown_code_among_several_is_refused_without_being_repeated() -> None:
    detail = refused(declare(HELP), help=["food", "", f"bed;{SECRET}", f"{SECRET}"])
    assert detail.code == "table.unknown_code"
    assert "2 cells" in detail.what
    assert detail.where == "t.csv, column 'help', first in row 3"
    assert "legal aid" in detail.allowed


def test_a_semicolon_in_quotes_is_the_cell_s_own(tmp_path: Path) -> None:
    """In a file whose cells are separated by semicolons, quoted ones separate codes."""
    declaration = declare(TOWN, HELP, delimiter=";")
    found = load_coded(written(tmp_path, '\ufefftown;help\nnorth;"food;bed"\n;bed\n"south";""\n'), declaration)
    assert shown(found)["help:food"] == ["1", None, None]
    assert shown(found)["help:bed"] == ["1", "1", None]
    assert shown(found)["town"] == ["north", None, "south"]


# ---- numbers and dates -------------------------------------------------------------------------------------------


def test_numbers_become_bands() -> None:
    field = {"name": "age", "type": "number", "ctdc": {"bands": {"edges": [0, 18, 65], "above": "open"}}}
    cells = ["0", "17.9", "18", "", None, "1e2", "64.99999"]
    assert shown(recoded(declare(field), age=cells))["age"] == [
        "0--<18", "0--<18", "18--<65", None, None, "65+", "18--<65",
    ]  # fmt: skip


@pytest.mark.parametrize(("rule", "expected"), [("empty", [None, "0--17", None]), ("open", ["<0", "0--17", "65+"])])
def test_the_declared_rule_holds_outside_the_bands(rule: str, expected: list[str | None]) -> None:
    field = AGE | {"ctdc": {"bands": {"edges": [0, 18, 65], "outside": rule}}}
    assert shown(recoded(declare(field), age=["-1", "3", "65"]))["age"] == expected


def test_outside_the_bands_is_an_error_unless_declared_otherwise() -> None:
    detail = refused(declare(AGE), age=["3", "64", "65", "-1"])
    assert (detail.code, detail.where) == ("table.outside_bands", "t.csv, column 'age', first in row 3")
    assert "65" not in detail.what.replace("2 cells", "")


@pytest.mark.parametrize("wrong", [SECRET, "NaN", "nan", "inf", "-inf", "3 years", "3,5", "0x10", "1_000"])
@pytest.mark.parametrize("rule", ["error", "empty", "open"])
def test_what_is_no_number_is_never_taken_for_one(wrong: str, rule: str) -> None:
    field = {"name": "age", "type": "number", "ctdc": {"bands": {"edges": [0, 18], "outside": rule}}}
    detail = refused(declare(field), age=["3", wrong])
    assert (detail.code, detail.where) == ("table.not_a_number", "t.csv, column 'age', first in row 2")


def test_a_fraction_is_no_whole_number() -> None:
    assert refused(declare(AGE), age=["3.0", "3.5"]).code == "table.not_a_number"
    assert shown(recoded(declare(AGE), age=["3.0", "17"]))["age"] == ["0--17", "0--17"]


def test_absent_numbers_are_empty_however_they_are_written() -> None:
    field = AGE | {"ctdc": {"bands": [1, 18, 65], "absent": ["-99", "NaN", "unknown"]}}
    cells = ["0", "0.0", "-99", "-99.0", "nan", "unknown", "", "18"]
    assert shown(recoded(declare(field, missingValues=["0"]), age=cells))["age"] == [None] * 7 + ["18--64"]


def test_a_zero_that_counts_is_in_its_band() -> None:
    field = with_extras(AGE, zero_is_value=True)
    assert shown(recoded(declare(field, missingValues=["0"]), age=["0", "20"]))["age"] == ["0--17", "18--64"]


def test_numbers_of_a_parquet_file_with_nan(tmp_path: Path) -> None:
    pq.write_table(pa.table({"age": pa.array([3.0, float("nan"), None, 20])}), tmp_path / "t.parquet")
    with pytest.raises(UserError, match="not a whole number"):
        load_coded(tmp_path / "t.parquet", declare(AGE))
    found = load_coded(tmp_path / "t.parquet", declare(with_extras(AGE, absent=["NaN"])))
    assert shown(found)["age"] == ["0--17", None, None, "18--64"]


def test_dates_become_periods_with_or_without_a_time() -> None:
    cells = [
        "2020-12-31",
        "2021-01-01T00:00:00Z",
        "2020-12-31T23:59:59.999+02:00",
        "2020-06-01 10:30",
        "",
        "2021-05-05 10:30:00 -0500",
    ]
    assert shown(recoded(declare(DAY), day=cells))["day"] == ["2020", "2021", "2020", "2020", None, "2021"]


@pytest.mark.parametrize("wrong", [SECRET, "2020", "31.12.2020", "2020-02-30", "2020-1-1", "2020-01-01 noon"])
def test_what_is_no_iso_date_is_refused(wrong: str) -> None:
    detail = refused(declare(DAY), day=["2020-01-01", "", wrong])
    assert (detail.code, detail.where) == ("table.not_a_date", "t.csv, column 'day', first in row 3")


def test_a_date_outside_is_refused_and_an_absent_one_is_empty() -> None:
    assert refused(declare(DAY), day=["2019-12-31"]).code == "table.outside_bands"
    assert shown(recoded(declare(with_extras(DAY, absent=["1900-01-01"])), day=["1900-01-01"]))["day"] == [None]


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("ms"), pa.timestamp("us", "UTC")])
def test_dates_of_a_parquet_file(tmp_path: Path, kind: pa.DataType) -> None:
    values = [date(2020, 5, 1), None] if kind == pa.date32() else [datetime(2020, 5, 1, 23, 59, tzinfo=UTC), None]
    pq.write_table(pa.table({"day": pa.array(values, kind)}), tmp_path / "t.parquet")
    assert shown(load_coded(tmp_path / "t.parquet", declare(DAY)))["day"] == ["2020", None]


# ---- absent codes ------------------------------------------------------------------------------------------------


def test_absent_codes_are_empty_per_column() -> None:
    flag = {"name": "flag", "constraints": {"enum": ["1"]}, "ctdc": {"absent": ["0"]}}
    counted = {"name": "town", "constraints": {"enum": ["0", "north"]}, "ctdc": {"zero_is_value": True}}
    found = shown(recoded(declare(flag, counted, missingValues=["", "0"]), flag=["0", "1"], town=["0", "north"]))
    assert found == {"flag": [None, "1"], "town": ["0", "north"]}
    assert refused(declare(TOWN), town=["0"]).code == "table.unknown_code"


# ---- several rows per person -------------------------------------------------------------------------------------


def test_a_person_s_rows_become_one() -> None:
    declaration = declare(TOWN, HELP, AGE, subject_id="id")
    found = recoded(
        declaration,
        age=["17", "", "40", "3", "41"],
        id=["b", "a", "a ", "b", "c"],
        town=["", "south", "", "north", None],
        help=["food", "bed", "", "food;bed", ""],
    )
    assert found.schema.names == ("town", "help:food", "help:bed", "help:legal aid", "age")
    assert shown(found) == {
        "town": ["north", "south", None],
        "help:food": ["1", None, None],
        "help:bed": ["1", "1", None],
        "help:legal aid": [None, None, None],
        "age": ["0--17", "18--64", "18--64"],
    }


def test_a_flag_that_is_once_yes_is_yes_even_where_no_counts() -> None:
    declaration = declare(with_extras(HELP, zero_is_value=True), subject_id="id")
    found = shown(recoded(declaration, id=["a", "a", "b"], help=["bed", "food", ""]))
    assert found["help:food"] == ["1", None]
    assert found["help:legal aid"] == ["0", None]


def test_conflicting_single_values_name_column_and_row_and_nothing_else() -> None:
    declaration = declare(TOWN, AGE, subject_id="id")
    ids = [SECRET, "b", SECRET, SECRET, "b"]
    detail = refused(declaration, id=ids, town=["south", "south", "", "north", "north"], age=["1", "", "", "2", ""])
    assert (detail.code, detail.where) == ("table.conflict", "t.csv, column 'town', first in row 4")
    assert "2 cells" in detail.what


@pytest.mark.parametrize("nobody", ["", None, "  "])
def test_a_row_of_nobody_is_refused(nobody: str | None) -> None:
    detail = refused(declare(TOWN, subject_id="id"), id=["a", nobody], town=["north", "north"])
    assert (detail.code, detail.where) == ("table.subject_missing", "t.csv, column 'id', first in row 2")


rows = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["", "food", "bed", "bed;food"])), max_size=12)


@pytest.mark.slow
@given(rows)
def test_merging_agrees_with_a_dictionary(given_rows: list[tuple[int, str]]) -> None:
    expected: dict[int, set[str]] = {}
    for person, cell in given_rows:
        expected.setdefault(person, set()).update(cell.split(";"))
    columns = {"id": [str(person) for person, _ in given_rows], "help": [cell for _, cell in given_rows]}
    found = shown(recoded(declare(HELP, subject_id="id"), **columns))
    for code in ("food", "bed"):
        assert found[f"help:{code}"] == ["1" if code in said else None for said in expected.values()]


@pytest.mark.slow
@given(rows, st.integers(0, 4))
def test_leaving_a_person_out_leaves_all_others_as_they_are(given_rows: list[tuple[int, str]], gone: int) -> None:
    """What one person brings moves one record: the guarantee for a person rests on that."""
    declaration = declare(HELP, subject_id="id")

    def records(chosen: list[tuple[int, str]]) -> list[tuple[int, ...]]:
        columns = {"id": [str(person) for person, _ in chosen], "help": [cell for _, cell in chosen]}
        table = recoded(declaration, **columns)
        return sorted(zip(*(column.tolist() for column in table.columns), strict=True))

    with_all, without = records(given_rows), records([row for row in given_rows if row[0] != gone])
    for record in without:
        with_all.remove(record)
    assert len(with_all) == any(person == gone for person, _ in given_rows)


# ---- columns, rows, and the edges of what a table can be ---------------------------------------------------------


def test_chosen_columns_leave_others_alone(tmp_path: Path) -> None:
    path = written(tmp_path, f"id,{SECRET},town,help\n1,{SECRET},north,{SECRET}\n2,,south,\n")
    found = load_coded(path, declare(TOWN, HELP, columns=["town"], subject_id="id"))
    assert shown(found) == {"town": ["north", "south"]}


def test_a_column_that_is_not_declared_is_refused_unless_columns_are_chosen() -> None:
    assert refused(declare(TOWN), town=["north"], other=["x"]).code == "table.columns"
    assert recoded(declare(TOWN, columns=["town"]), town=["north"], other=["x"]).rows == 1
    assert refused(declare(TOWN, columns=["town"]), other=["x"]).code == "table.columns"
    assert refused(declare(TOWN, subject_id="id"), town=["north"]).code == "table.columns"


def test_a_column_that_stands_twice_is_refused_even_if_chosen(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="repeated"):
        load_coded(written(tmp_path, "town,town,x\nnorth,south,1\n"), declare(TOWN, columns=["town"]))


def test_a_file_with_more_rows_than_declared_is_refused_and_not_cut() -> None:
    declaration = declare(TOWN, max_rows=2)
    assert recoded(declaration, town=["north", "south"]).rows == 2
    assert refused(declaration, town=["north", "south", "south"]).code == "table.too_many_rows"


@pytest.mark.parametrize("subject", [{}, {"subject_id": "id"}])
def test_no_rows_and_one_row(subject: dict[str, str], tmp_path: Path) -> None:
    declaration = declare(TOWN, HELP, AGE, DAY, **subject)
    header = ",".join(declaration.columns)
    assert load_coded(written(tmp_path, f"{header}\n"), declaration).rows == 0
    one = load_coded(written(tmp_path, f"{header}\nnorth,food,3,2020-02-29{',7' if subject else ''}\n"), declaration)
    assert [column.tolist() for column in one.columns] == [[1], [1], [0], [0], [1], [1]]


def test_a_table_of_one_column_with_empty_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    found = load_coded(written(tmp_path, "\ufeffhelp\r\nfood;bed\r\n\r\nbed\r\n"), declare(HELP))
    assert shown(found)["help:bed"] == ["1", None, "1"]


def test_a_column_without_any_value(tmp_path: Path) -> None:
    pq.write_table(pa.table({"town": pa.nulls(2), "help": pa.nulls(2), "age": pa.nulls(2)}), tmp_path / "t.parquet")
    found = load_coded(tmp_path / "t.parquet", declare(TOWN, HELP, AGE))
    assert not np.concatenate(found.columns).any()


def test_a_column_that_is_no_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"help": pa.array([["food"], ["bed"]])}), tmp_path / "t.parquet")
    with pytest.raises(UserError) as caught:
        load_coded(tmp_path / "t.parquet", declare(HELP))
    assert caught.value.detail.code == "table.not_text"
