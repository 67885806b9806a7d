"""One row per person, and one content hash per content."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctdc.foundation.progress import Silent
from ctdc.standard.loader import load
from ctdc.workflow import combine as module
from ctdc.workflow.combine import combine, content_hash, derive_profile

METADATA = {b"ctdc.standard": b"1.0", b"ctdc.cases": b"1", b"written.by": b"somebody"}


def cases(path: Path, rows: list[tuple[str, str | None, str | None]], index: pa.DataType | None = None) -> Path:
    """A cases file of (contributor, subject, gender)."""
    coded = pa.dictionary(index or pa.int16(), pa.string())
    columns = {
        "gender": pa.array([gender for *_, gender in rows], pa.string()).cast(coded),
        "gender.missing": pa.array([None if g else "unknown" for *_, g in rows], pa.string()).cast(coded),
        "_contributor": pa.array([contributor for contributor, *_ in rows], pa.string()).cast(coded),
        "_subject": pa.array([subject for _, subject, _ in rows], pa.string()),
        "_row": pa.array(range(1, len(rows) + 1), pa.int64()),
    }
    pq.write_table(pa.table(columns).replace_schema_metadata(METADATA), path)
    return path


def combined(tmp_path: Path, *files: Path) -> list[tuple[str, str | None, str | None]]:
    combine(files, tmp_path / "all.parquet", Silent())
    frame = pl.read_parquet(tmp_path / "all.parquet").select("_contributor", "_subject", "gender")
    return [(str(a), b, c) for a, b, c in frame.cast(pl.String).rows()]


def test_deliveries_are_stacked_in_order(tmp_path: Path) -> None:
    one = cases(tmp_path / "1", [("A", "p", "Woman"), ("A", "q", None)])
    two = cases(tmp_path / "2", [("B", "r", "Man")], pa.int32())
    assert combined(tmp_path, one, two) == [("A", "p", "Woman"), ("A", "q", None), ("B", "r", "Man")]
    schema = pq.read_schema(tmp_path / "all.parquet")
    assert schema.field("gender").type == pa.dictionary(pa.int32(), pa.string())
    assert schema.metadata[b"ctdc.standard"] == b"1.0"
    assert b"written.by" not in schema.metadata


def test_a_person_delivered_again_is_taken_from_the_later_delivery(tmp_path: Path) -> None:
    one = cases(tmp_path / "1", [("A", "p", "Woman"), ("A", "q", "Woman")])
    two = cases(tmp_path / "2", [("A", "p", "Man")])
    assert combined(tmp_path, one, two) == [("A", "q", "Woman"), ("A", "p", "Man")]
    assert combined(tmp_path, two, one) == [("A", "p", "Woman"), ("A", "q", "Woman")]


def test_a_person_who_stands_twice_in_a_delivery_counts_once(tmp_path: Path) -> None:
    one = cases(tmp_path / "1", [("A", "p", "Woman"), ("A", "p", "Man")])
    assert combined(tmp_path, one) == [("A", "p", "Man")]


def test_people_of_different_contributors_are_never_merged(tmp_path: Path) -> None:
    one = cases(tmp_path / "1", [("A", "p", "Woman")])
    two = cases(tmp_path / "2", [("B", "p", "Woman")])
    assert len(combined(tmp_path, one, two)) == 2


def test_rows_without_an_identity_are_never_merged(tmp_path: Path) -> None:
    one = cases(tmp_path / "1", [("A", None, "Woman"), ("A", None, "Woman")])
    two = cases(tmp_path / "2", [("A", None, "Woman")])
    assert len(combined(tmp_path, one, two)) == 3


def test_an_empty_delivery_adds_nobody(tmp_path: Path) -> None:
    none = cases(tmp_path / "0", [])
    one = cases(tmp_path / "1", [("A", "p", "Woman")])
    assert combined(tmp_path, none, one, none) == [("A", "p", "Woman")]


def test_the_size_of_batches_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("A", str(number % 7), ("Woman", "Man", None)[number % 3]) for number in range(40)]
    one, two = cases(tmp_path / "1", rows), cases(tmp_path / "2", rows[3:9])
    profile = load().profile("synthetic-2024")

    def everything() -> tuple[object, str]:
        people = combined(tmp_path, one, two)
        derive_profile(tmp_path / "all.parquet", profile, tmp_path / "columns.parquet", Silent())
        return people, content_hash(tmp_path / "columns.parquet")

    whole = everything()
    monkeypatch.setattr(module, "BATCH_ROWS", 3)
    assert everything() == whole


def test_a_profile_has_its_columns_and_no_provenance(tmp_path: Path) -> None:
    path = cases(tmp_path / "1", [("A", "p", "Woman"), ("A", "q", None)])
    derive_profile(path, load().profile("synthetic-2024"), tmp_path / "out.parquet", Silent())
    table = pq.read_table(tmp_path / "out.parquet")
    assert tuple(table.column_names) == load().profile("synthetic-2024").names
    assert table.column("gender").to_pylist() == ["Woman", None]


def test_the_content_hash_ignores_how_a_file_is_stored_and_nothing_else(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", None, "y"], "b": ["1", "2", None]})

    def hashed(one: pa.Table, **options: object) -> str:
        pq.write_table(one, tmp_path / "file.parquet", **options)
        return content_hash(tmp_path / "file.parquet")

    first = hashed(table)
    assert hashed(table, compression="zstd", row_group_size=1, use_dictionary=False) == first
    others = [
        table.select(["b", "a"]),
        table.rename_columns(["a", "c"]),
        table.slice(0, 2),
        pa.table({"a": ["x", "y", None], "b": ["1", "2", None]}),
        pa.table({"a": ["x", "2", "y"], "b": ["1", None, None]}),
    ]
    assert len({first, *(hashed(other) for other in others)}) == 1 + len(others)
