"""The invented world resembles the published aggregate shares; the seed is fixed, so these tests cannot fail by chance.

With 20,000 cases the standard error of every share below is at most 1.0 percentage points (the smallest denominator,
labour sectors, is about 2,700 cases): the tolerance of 4.5 points speaks of the world's parameters, not of the draw.
"""

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ctdc.foundation.progress import Silent
from ctdc.simulate.write import write_deliveries
from ctdc.standard import load
from ctdc.standard.denominator import shares, shares_of_codes
from ctdc.standard.derive import derive

pytestmark = [pytest.mark.statistical, pytest.mark.slow]
PROFILE = "synthetic-2024"
TOLERANCE = 0.045


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    simulation = write_deliveries(tmp_path_factory.mktemp("world") / "out", 20_000, 2024, 0.0, Silent())
    cases = pq.read_table(simulation.truth)
    return cases, derive(cases, load().profile(PROFILE))


@pytest.mark.parametrize(
    ("group", "published"),
    [
        ("exploitation", {"isSexualExploit": 0.61, "isForcedLabour": 0.37, "isOtherExploit": 0.07}),
        (
            "recruiter",
            {
                "recruiterRelationOther": 0.61,
                "recruiterRelationFamily": 0.16,
                "recruiterRelationIntimatePartner": 0.13,
                "recruiterRelationFriend": 0.12,
            },
        ),
        (
            "labour",
            {
                "typeOfLabourDomesticWork": 0.37,
                "typeOfLabourAgriculture": 0.33,
                "typeOfLabourConstruction": 0.19,
                "typeOfLabourHospitality": 0.12,
            },
        ),
        ("means_of_control", {"meansAbusePsyPhySex": 0.57, "meansThreats": 0.45, "meansDenyBasicNeeds": 0.45}),
    ],
)
def test_shares_of_groups_resemble_the_published_ones(world, group: str, published: dict[str, float]) -> None:
    found = shares(world[1], load().profile(PROFILE), group)
    assert {name: found[name].share for name in published} == pytest.approx(published, abs=TOLERANCE)


def test_women_children_and_durations(world) -> None:
    profile = load().profile(PROFILE)
    gender = shares_of_codes(world[1], profile, "gender")
    assert gender["Woman"].share == pytest.approx(0.74, abs=TOLERANCE)
    ages = shares_of_codes(world[1], profile, "ageBroad")
    assert ages["0--8"].share + ages["09--17"].share == pytest.approx(0.24, abs=TOLERANCE)
    months = shares_of_codes(world[1], profile, "traffickMonths")
    assert [months[code].share for code in profile.codes("traffickMonths")] == pytest.approx(
        [0.44, 0.26, 0.30], abs=TOLERANCE
    )


def test_half_of_the_cases_come_from_the_hotline(world) -> None:
    assert pc.mean(pc.equal(world[0]["Datasource"].cast("string"), "Hotline")).as_py() == pytest.approx(0.5, abs=0.01)


def test_most_cells_are_empty_as_they_are_in_published_data(world) -> None:
    filled = sum(len(column) - column.null_count for column in world[1].columns) / world[1].num_rows
    assert 5 < filled < 8  # of 27


def test_the_last_year_is_thin_and_what_is_recorded_grows(world) -> None:
    years = world[0]["yearOfRegistration"].cast("string")
    counts = {row["values"]: row["counts"] for row in pc.value_counts(years).to_pylist()}
    assert counts["2025"] < 0.5 * counts["2023"]
    assert counts["2018"] > 3 * counts["2006"]
    means = pc.is_valid(world[0]["meansOfControlThreats"])
    caseworks = pc.equal(world[0]["_contributor"].cast("string"), "sim-caseworks")
    early = pc.and_(caseworks, pc.less(years, "2012"))
    late = pc.and_(caseworks, pc.greater_equal(years, "2017"))
    assert pc.mean(means.filter(late)).as_py() > 1.5 * pc.mean(means.filter(early)).as_py()


def test_case_types_leave_their_mark_on_pairs_of_variables(world) -> None:
    cases = world[0]
    man, labour = pc.equal(cases["gender"].cast("string"), "Man"), pc.equal(cases["isForcedLabour"].cast("string"), "1")
    of_men = pc.mean(labour.filter(pc.fill_null(man, False))).as_py()
    of_others = pc.mean(labour.filter(pc.invert(pc.fill_null(man, True)))).as_py()
    assert of_men > 2 * of_others
    child = pc.fill_null(pc.equal(cases["majorityStatus"].cast("string"), "Minor"), False)
    adult = pc.fill_null(pc.equal(cases["majorityStatus"].cast("string"), "Adult"), False)
    family = pc.equal(cases["recruiterRelationFamily"].cast("string"), "1")
    assert pc.mean(family.filter(child)).as_py() > 3 * pc.mean(family.filter(adult)).as_py()
