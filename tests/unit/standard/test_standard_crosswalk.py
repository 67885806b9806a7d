"""From published shapes to newer ones: the declared ways, what they lose, and what they refuse."""

import pyarrow as pa
import pytest

from ctdc.foundation.errors import UserError
from ctdc.standard import load
from ctdc.standard.crosswalk import convert, convert_batches, read_published, unknown_values, way
from ctdc.standard.model import Profile

STANDARD = load()
OLD, SYNTHETIC, NEW, NEWEST = (
    STANDARD.profile(name) for name in ("kanonymised-2018", "synthetic-2021", "synthetic-2024", "synthetic-2026")
)


def published(profile: Profile, rows: int, **columns: list[str | None]) -> pa.Table:
    """A table of that shape: the given columns, and empty ones for the rest."""
    unknown = set(columns) - set(profile.names)
    assert not unknown
    empty = [None] * rows
    return pa.table({name: pa.array(columns.get(name, empty), pa.string()) for name in profile.names})


def test_2018_becomes_2024() -> None:
    table = published(
        OLD,
        4,
        yearOfRegistration=["2016", "2017", "1667367", None],
        gender=["Female", "Male", "Unknown", None],
        ageBroad=["9--17", "48+", "Unknown", "-99"],
        citizenship=["NA", "Unknown", "00", "RS"],
        CountryOfExploitation=["Missing", "US", "0", None],
        meansOfControlUsesChildren=["1", None, "0", None],
        isForcedLabour=["0", "1", None, None],
        RecruiterRelationship=["Family/Relative; Friend", "Unknown", "", None],
        recruiterRelationFriend=["1", "0", None, None],
    )
    converted = convert(table, OLD, NEW)
    assert converted.num_rows == 4
    assert converted.column("yearOfRegistration").to_pylist() == ["2016", "2017", None, None]
    assert converted.column("gender").to_pylist() == ["Woman", "Man", None, None]
    assert converted.column("ageBroad").to_pylist() == ["09--17", "48+", None, None]
    assert converted.column("citizenship").to_pylist() == ["NAM", None, None, "SRB"]
    assert converted.column("CountryOfExploitation").to_pylist() == [None, "USA", None, None]
    assert converted.column("meansThreats").to_pylist() == ["1", None, None, None]
    assert converted.column("isForcedLabour").to_pylist() == [None, "1", None, None]
    assert converted.column("recruiterRelationFriend").to_pylist() == ["1", None, None, None]
    assert converted.column("traffickMonths").null_count == 4


def test_2021_becomes_2024() -> None:
    table = published(
        SYNTHETIC,
        3,
        gender=["Transgender/NonConforming", "Female", None],
        meansOfControlThreatOfLawEnforce=["1", None, None],
        meansOfControlTakesEarnings=[None, "1", None],
        traffickMonths=["61+ (5+ yrs)", "25--60 (2-5 yrs)", "0--12 (0-1 yr)"],
    )
    converted = convert(table, SYNTHETIC, NEW)
    assert converted.column("gender").to_pylist() == ["Trans/Transgender/NonConforming", "Woman", None]
    assert converted.column("meansThreats").to_pylist() == ["1", None, None]
    assert converted.column("meansDebtBondageEarnings").to_pylist() == [None, "1", None]
    assert converted.column("traffickMonths").to_pylist() == ["25+ (2+ yrs)", "25+ (2+ yrs)", "0--12 (0-1 yr)"]


def test_2024_becomes_2026_by_renaming_alone() -> None:
    table = published(NEW, 2, typeOfSexProstitution=["1", None], meansThreats=[None, "1"], gender=["Woman", "Man"])
    converted = convert(table, NEW, NEWEST)
    assert converted.column("sectorOfSexProstitution").to_pylist() == ["1", None]
    assert converted.column("meansThreats").to_pylist() == [None, "1"]
    assert [converted.column(name).to_pylist() for name in NEWEST.names] == [
        table.column(name).to_pylist() for name in NEW.names
    ]


def test_ways_are_chained() -> None:
    assert [step.target for step in way(OLD, NEWEST)] == ["synthetic-2024", "synthetic-2026"]
    table = published(SYNTHETIC, 1, typeOfLabourHospitality=["1"])
    assert convert(table, SYNTHETIC, NEWEST).column("sectorOfLabourHospitality").to_pylist() == ["1"]


@pytest.mark.parametrize(("source", "target"), [(NEW, SYNTHETIC), (NEW, NEW), (NEWEST, OLD)])
def test_there_is_no_way_back(source: Profile, target: Profile) -> None:
    with pytest.raises(UserError) as caught:
        convert(published(source, 1), source, target)
    assert caught.value.detail.code == "standard.no_crosswalk"


def test_every_declared_way_can_be_gone() -> None:
    for source_id, target_id in STANDARD.crosswalks:
        source, target = STANDARD.profile(source_id), STANDARD.profile(target_id)
        table = published(source, 2)
        assert convert(table, source, target).column_names == list(target.names)


@pytest.mark.parametrize(("source_id", "target_id"), STANDARD.crosswalks)
def test_absent_columns_are_empty_and_all_others_can_be_filled(source_id: str, target_id: str) -> None:
    source, target = STANDARD.profile(source_id), STANDARD.profile(target_id)
    crosswalk = STANDARD.crosswalks[source_id, target_id]
    full = published(source, 1, **{name: [source.codes(name)[0]] for name in source.names})
    converted = convert(full, source, target)
    empty = {name for name in target.names if converted.column(name).to_pylist() == [None]}
    assert empty == set(crosswalk.absent)


def test_an_unknown_value_is_refused_by_name() -> None:
    table = published(NEW, 2, gender=["Woman", "Female"])
    assert unknown_values(table, NEW) == {"gender": {"Female": 1}}
    with pytest.raises(UserError, match="gender: 'Female'"):
        convert(table, NEW, NEWEST)


def test_missing_and_foreign_columns_are_refused() -> None:
    table = published(NEW, 1)
    with pytest.raises(UserError, match="1 columns are missing"):
        read_published(table.drop_columns(["gender"]), NEW)
    with pytest.raises(UserError, match="1 are not its own"):
        read_published(table.append_column("name", pa.array(["x"])), NEW)


def test_the_terms_column_of_2021_is_passed_over() -> None:
    profile = STANDARD.profile("kanonymised-2021")
    table = published(profile, 1, gender=["Female"]).append_column("Terms of Use", pa.array(["text"]))
    assert convert(table, profile, NEW).column("gender").to_pylist() == ["Woman"]


def test_a_list_with_an_unknown_part_is_refused() -> None:
    table = published(OLD, 1, RecruiterRelationship=["Friend; Neighbour"])
    assert unknown_values(table, OLD) == {"RecruiterRelationship": {"Friend; Neighbour": 1}}


def test_batches_give_the_rows_of_the_whole() -> None:
    table = published(SYNTHETIC, 6, gender=["Female", "Male", None] * 2, meansOfControlThreats=["1", None] * 3)
    pieces = convert_batches(iter(table.to_batches(max_chunksize=4)), SYNTHETIC, NEW)
    assert pa.Table.from_batches(list(pieces)).to_pylist() == convert(table, SYNTHETIC, NEW).to_pylist()
