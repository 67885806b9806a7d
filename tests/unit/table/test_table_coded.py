"""Reading and coding tables: what is refused, and that no message repeats a person's value."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.engine import small_schema

from ctdc.foundation.errors import UserError
from ctdc.table.coded import CodedTable, check_columns, code_table, column_names, read_table, table_from_matrix
from ctdc.table.count import marginal
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

SCHEMA = Schema((Variable("gender", ("Woman", "Man")), Variable("age", ("0--8", "9--17"))))
SECRET = "Maria-Secret"


def coded(path: Path, schema: Schema = SCHEMA) -> CodedTable:
    return code_table(read_table(path), schema, str(path))


def written(tmp_path: Path, content: str | bytes, name: str = "cases.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def values(table: CodedTable) -> list[list[int]]:
    return [column.tolist() for column in table.columns]


def test_codes_become_their_places_and_empty_becomes_zero(tmp_path: Path) -> None:
    table = coded(written(tmp_path, 'age,gender\n9--17,Man\n,Woman\n"",\n0--8,"Man"\n'))
    assert values(table) == [[2, 1, 0, 2], [2, 0, 0, 1]]
    assert table.rows == 4
    assert [column.dtype for column in table.columns] == [np.uint8, np.uint8]


def test_a_byte_order_mark_and_gzip_are_understood(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfgender,age\r\nMan,0--8\r\n"
    assert values(coded(written(tmp_path, content))) == [[2], [1]]
    assert values(coded(written(tmp_path, gzip.compress(content), "cases.csv.gz"))) == [[2], [1]]


def test_a_header_alone_is_a_table_of_nobody(tmp_path: Path) -> None:
    assert coded(written(tmp_path, "gender,age\n")).rows == 0


def test_in_a_table_of_one_column_an_empty_line_is_a_person(tmp_path: Path) -> None:
    schema = Schema((SCHEMA.variables[0],))
    assert values(coded(written(tmp_path, "gender\nMan\n\nWoman\n\n"), schema)) == [[2, 0, 1, 0]]


def test_values_that_appear_late_in_a_large_file_are_coded_alike(tmp_path: Path) -> None:
    """Arrow reads in blocks, each with a dictionary of its own."""
    rows = 200_000
    path = written(tmp_path, "gender,age\n" + "Man,0--8\n" * rows + "Woman,9--17\n" * rows)
    table = coded(path)
    assert np.bincount(table.columns[0]).tolist() == [0, rows, rows]
    assert table.columns[0][0] == 2
    assert table.columns[1][-1] == 2


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int64(), pa.string())],
)
def test_parquet_of_any_text_type(tmp_path: Path, kind: pa.DataType) -> None:
    columns = {"gender": pa.array(["Man", None, ""]).cast(kind), "age": pa.array([None, "0--8", "9--17"]).cast(kind)}
    pq.write_table(pa.table(columns), tmp_path / "c.parquet")
    assert values(coded(tmp_path / "c.parquet")) == [[2, 0, 0], [0, 1, 2]]


def test_whole_numbers_are_taken_as_text() -> None:
    schema = Schema((Variable("year", ("2001", "2002")),))
    assert values(code_table(pa.table({"year": pa.array([2002, None, 2001])}), schema, "x")) == [[2, 0, 1]]


def test_a_value_that_is_no_code_is_refused_without_being_repeated(tmp_path: Path) -> None:
    path = written(tmp_path, f"gender,age\nMan,0--8\n{SECRET},0--8\n{SECRET},9--17\n")
    with pytest.raises(UserError) as caught:
        coded(path)
    detail = caught.value.detail
    assert detail.code == "table.unknown_code"
    assert "2 cells" in detail.what
    assert "'gender', first in row 2" in detail.where
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("wrong", [" Man", "man", "Man ", "nan", "NULL", "NA"])
def test_only_exact_codes_are_codes(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(UserError, match="not a code"):
        coded(written(tmp_path, f'gender,age\n"{wrong}",0--8\n'))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        f"gender,age\nMan,0--8\nMan,0--8,{SECRET}\n".encode(),
        f"gender,age\n{SECRET}\xff,0--8\n".encode("latin-1"),
    ],
    ids=["empty", "blank lines", "binary", "ragged", "not utf-8"],
)
def test_what_is_no_csv_is_refused_without_a_person_s_values(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    with pytest.raises(UserError) as caught:
        read_table(path)
    assert caught.value.detail.code == "table.not_csv"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", [b"", f"a,b\n1,2,{SECRET}\n".encode()])
def test_asking_for_the_column_names_only_is_as_careful(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError) as caught:
        column_names(written(tmp_path, content))
    assert caught.value.detail.code == "table.not_csv"
    assert SECRET not in str(caught.value)


def test_column_names_of_both_formats(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1], "y": [2]}), tmp_path / "t.parquet")
    assert column_names(tmp_path / "t.parquet") == ("x", "y")
    assert column_names(written(tmp_path, "y,x\n1,2\n")) == ("y", "x")


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("gender", "missing: age"),
        ("gender,age,extra", "not in the schema: extra"),
        ("gender,age,age", "repeated: age"),
        ("gender,Age", "missing: age; not in the schema: Age"),
    ],
)
def test_other_columns_than_the_schema_s_are_refused(tmp_path: Path, header: str, part: str) -> None:
    with pytest.raises(UserError) as caught:
        coded(written(tmp_path, header + "\n"))
    assert caught.value.detail.code == "table.columns"
    assert part in caught.value.detail.what


def test_a_file_without_its_header_does_not_show_its_first_person() -> None:
    with pytest.raises(UserError) as caught:
        check_columns([SECRET, "9--17"], SCHEMA, "cases.csv")
    assert SECRET not in str(caught.value)
    assert "header" in caught.value.detail.what


def test_absent_files_and_false_parquet(tmp_path: Path) -> None:
    for name, code in (("none.csv", "table.file_missing"), ("none.parquet", "table.file_missing")):
        for reader in (read_table, column_names):
            with pytest.raises(UserError) as caught:
                reader(tmp_path / name)
            assert caught.value.detail.code == code
    with pytest.raises(UserError) as caught:
        read_table(written(tmp_path, "text", "false.parquet"))
    assert caught.value.detail.code == "table.not_parquet"


def test_a_coded_table_cannot_hold_what_its_schema_does_not_know() -> None:
    good = np.array([0, 1, 2], np.uint8)
    assert CodedTable(SCHEMA, (good, good)).rows == 3
    for columns in [(good,), (good, good[:2]), (good, good + np.uint8(1)), (good, good.astype(np.int8) - 1)]:
        with pytest.raises(ValueError, match="column"):
            CodedTable(SCHEMA, columns)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [-1, 3, 256, 65_536])
def test_integers_do_not_wrap_around_into_the_domain(wrong: int) -> None:
    with pytest.raises(ValueError, match="not a category"):
        table_from_matrix(SCHEMA, np.array([[0, wrong], [0, 0]]))


@pytest.mark.parametrize("size", [2, 255, 256, 257, 65_535])
def test_columns_are_as_narrow_as_their_codes_allow(size: int) -> None:
    schema = small_schema((size,))
    table = table_from_matrix(schema, np.array([[0, size - 1]]))
    assert table.columns[0].dtype == (np.uint8 if size <= 256 else np.uint16)
    assert table.matrix().tolist() == [[0, size - 1]]


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.data())
def test_coding_and_writing_out_are_inverse(codes: list[str], data: st.DataObject) -> None:
    schema = Schema((Variable("x", tuple(codes)), Variable("y", ("1",))))
    column = data.draw(st.lists(st.sampled_from([None, *codes]), max_size=8))
    table = code_table(pa.table({"x": pa.array(column, pa.string()), "y": [None] * len(column)}), schema, "t")
    assert table.to_arrow().column("x").to_pylist() == column
    assert code_table(table.to_arrow(), schema, "t").columns[0].tolist() == table.columns[0].tolist()


def test_what_is_written_as_csv_is_read_back(tmp_path: Path) -> None:
    schema = Schema((Variable("x", ('a"b', "c,d", "e\nf", "é")), Variable("y", ("1",))))
    table = table_from_matrix(schema, np.array([[0, 1, 2, 3, 4], [1, 0, 1, 0, 1]]))
    plain = table.to_arrow().cast(pa.schema([("x", pa.string()), ("y", pa.string())]))
    pa_csv.write_csv(plain, tmp_path / "t.csv")
    assert values(coded(tmp_path / "t.csv", schema)) == values(table)


@pytest.mark.parametrize("attributes", [(), (0,), (2,), (0, 1), (1, 3), (0, 1, 2), (1, 2, 3), (0, 1, 2, 3)])
def test_counting_agrees_with_numpy(attributes: tuple[int, ...]) -> None:
    sizes = (3, 2, 5, 4)
    random = np.random.default_rng(1)
    matrix = np.array([random.integers(0, n, 300) for n in sizes]).astype(np.uint16)
    expected = np.zeros([sizes[a] for a in attributes], np.int64)
    np.add.at(expected, tuple(matrix[list(attributes)]), 1) if attributes else expected.fill(300)
    found = marginal(matrix, sizes, attributes)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected)
