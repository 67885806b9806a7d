"""Facts by definition on the way from the standard to the engine."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Silent
from ctdc.standard import load
from ctdc.table.schema import schema_from_table_schema
from ctdc.workflow.combine import derive_profile
from ctdc.workflow.protect import find_source, schema_of_profile, settings_of

STANDARD = load()
PROFILES = ("synthetic-2021", "synthetic-2024", "synthetic-2026")


@pytest.mark.parametrize("profile_id", PROFILES)
def test_the_engine_s_domain_is_what_the_standard_exports(profile_id: str) -> None:
    profile = STANDARD.profile(profile_id)
    schema = schema_of_profile(profile)
    assert schema == schema_from_table_schema(profile.table_schema(), "the standard")
    assert len(schema.implications) == len(profile.facts) > 0
    assert schema_of_profile(profile, facts=False) == schema.without_facts()


def test_the_facts_of_every_profile_leave_every_code_to_somebody() -> None:
    for profile in STANDARD.profiles.values():
        assert schema_of_profile(profile).names == profile.names, "a schema that could not be would be refused"


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Three harmonised cases: a sector alone, a sector that is denied, nothing."""
    table = pa.table({"typeOfLabourConstruction": ["1", "1", None], "isForcedLabour": [None, "0", None]})
    path = tmp_path / "cases.parquet"
    pq.write_table(table.replace_schema_metadata({b"ctdc.cases": b"1"}), path)
    return path


def test_harmonised_cases_are_settled_and_accepted(cases: Path) -> None:
    source = find_source(cases, "synthetic-2024", None)
    table = source.load().to_arrow()
    assert table.column("isForcedLabour").to_pylist() == ["1", None, None]
    assert table.column("typeOfLabourConstruction").to_pylist() == ["1", None, None]


def test_without_facts_cases_stay_as_they_were_delivered(cases: Path) -> None:
    table = find_source(cases, "synthetic-2024", None, facts=False).load().to_arrow()
    assert table.column("isForcedLabour").to_pylist() == [None, None, None]
    assert table.column("typeOfLabourConstruction").to_pylist() == ["1", "1", None]


def test_a_run_derives_columns_that_the_engine_accepts(cases: Path, tmp_path: Path) -> None:
    profile = STANDARD.profile("synthetic-2026")
    derive_profile(cases, profile, tmp_path / "columns.parquet", Silent())
    table = find_source(tmp_path / "columns.parquet", profile.id, None).load().to_arrow()
    assert table.column("sectorOfLabourConstruction").to_pylist() == ["1", None, None]
    derive_profile(cases, profile, tmp_path / "as-delivered.parquet", Silent(), facts=False)
    as_delivered = pq.read_table(tmp_path / "as-delivered.parquet")
    assert as_delivered.column("sectorOfLabourConstruction").to_pylist() == ["1", "1", None]


def test_a_published_table_is_not_changed_but_refused(tmp_path: Path) -> None:
    names = STANDARD.profile("synthetic-2024").names
    table = pa.table(
        {name: pa.array(["1" if name == "typeOfSexProstitution" else None], pa.string()) for name in names}
    )
    pyarrow.csv.write_csv(table, tmp_path / "published.csv")
    with pytest.raises(UserError) as caught:
        find_source(tmp_path / "published.csv", None, None).load()
    assert caught.value.detail.code == "table.against_facts"
    assert find_source(tmp_path / "published.csv", None, None, facts=False).load().rows == 1


def test_leaving_facts_out_is_written_down() -> None:
    assert settings_of(epsilon=1, delta=1e-6).facts == {"profile": ""}
    assert settings_of(epsilon=1, delta=1e-6, facts=False).facts == {"profile": "", "facts_left_out": True}
