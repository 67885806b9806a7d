"""Direct identifiers do not get into the vault's tables unasked, and are never repeated."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.vaults import STEWARD, WHEN, cases, cases_file, deposit, new_vault

from ctdc.foundation.errors import Refused
from ctdc.vault import accesslog
from ctdc.vault.promotion import Suspicion, suspicions
from ctdc.vault.store import put


def suspected(folder: Path, name: str, values: pa.Array, allowed: set[str] | None = None) -> tuple[Suspicion, ...]:
    table = cases(range(len(values))).append_column(name, values)
    pq.write_table(table, folder / "t.parquet")
    return suspicions(pq.ParquetFile(folder / "t.parquet"), {"_subject"}, allowed)


@pytest.mark.parametrize(
    ("name", "texts", "kind"),
    [
        ("remarks", ["maria@example.org", "x"], "email"),
        ("remarks", ["call +44 20 7946 0958", "x"], "phone"),
        ("remarks", ["AB1234567", "x"], "passport"),
        ("remarks", ["NGO-2021-00345", "x"], "case_id"),
        ("remarks", ["السيدة فاطمة", "x"], "name"),
        ("Nachname", ["x", "y"], "called_name"),
        ("رقم الهاتف", ["x", "y"], "called_phone"),
    ],
)
def test_a_column_and_a_kind_are_named_and_no_value(tmp_path: Path, name: str, texts: list[str], kind: str) -> None:
    (found,) = suspected(tmp_path, name, pa.array(texts * 10).dictionary_encode())
    assert (found.column, found.kind) == (name, kind)
    assert found.cells in (0, 10)
    assert texts[0] not in found.text()


def test_a_cell_of_many_public_codes_is_no_free_text(tmp_path: Path) -> None:
    codes = [f"RecruiterOrIntermediary{number}" for number in range(8)]
    many, table = pa.array([";".join(codes), codes[0], None, "call +44 20 7946 0958"]), tmp_path / "t.parquet"
    pq.write_table(cases(range(4)).append_column("role", many), table)
    without = suspicions(pq.ParquetFile(table), {"_subject"}, None)
    assert {one.kind for one in without} == {"free_text", "phone"}
    (found,) = suspicions(pq.ParquetFile(table), {"_subject"}, None, {"role": codes})
    assert found == Suspicion("role", "phone", 10)
    assert suspicions(pq.ParquetFile(table), {"_subject"}, None, {"role": codes[:7]}) == without


def test_long_numbers_are_no_counts(tmp_path: Path) -> None:
    assert suspected(tmp_path, "number", pa.array([2079460958, None, 3])) == (Suspicion("number", "long_number", 10),)
    assert suspected(tmp_path, "number", pa.array([-(2**63), 3])) == (Suspicion("number", "long_number", 10),)
    assert suspected(tmp_path, "number", pa.array([9_999_999, 3])) == ()
    assert suspected(tmp_path, "share", pa.array([2079460958.5, 0.25, None, float("inf"), float("nan")])) == ()


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_whole_numbers_with_gaps_are_looked_at_as_whole_numbers(tmp_path: Path, kind: pa.DataType) -> None:
    numbers = pa.array([491701234567.0, None, -3.0, 0.5, float("nan")], kind)
    assert suspected(tmp_path, "contact", numbers) == (Suspicion("contact", "long_number", 10),)


def test_a_day_in_the_name_of_a_file_is_no_telephone_number(tmp_path: Path) -> None:
    assert suspected(tmp_path, "_file", pa.array(["cases 2024-01-31.xlsx", "export_20240131.csv"])) == ()
    (found,) = suspected(tmp_path, "_file", pa.array(["call 020 7946 0958.xlsx"]))
    assert found.kind == "phone"


def test_a_column_that_is_not_on_the_list_is_named(tmp_path: Path) -> None:
    found = suspected(tmp_path, "new", pa.array(["a"]), allowed={"country", "gender", "age"})
    assert found == (Suspicion("new", "not_allowed"),)


@pytest.mark.slow
def test_a_table_with_identifiers_is_refused_until_a_person_accepts_the_column_and_that_is_logged(
    tmp_path: Path,
) -> None:
    vault = new_vault(tmp_path)
    table = cases(range(3)).append_column("remarks", pa.array(["maria@example.org"] * 3))
    pq.write_table(table, tmp_path / "remarks.parquet")
    tables = {"cases": tmp_path / "remarks.parquet"}
    with pytest.raises(Refused, match="remarks: email") as caught:
        put(vault, deposit(tmp_path, tables=tables), STEWARD, WHEN)
    assert "maria" not in str(caught.value)
    assert len(accesslog.read(vault.log)) == 1
    put(vault, deposit(tmp_path, tables=tables, accepted=frozenset({"remarks"})), STEWARD, WHEN)
    assert accesslog.read(vault.log)[1].event["accepted"] == "remarks"


def test_clean_cases_raise_no_suspicion(tmp_path: Path) -> None:
    assert suspicions(pq.ParquetFile(cases_file(tmp_path, range(40))), {"_subject"}, None) == ()
