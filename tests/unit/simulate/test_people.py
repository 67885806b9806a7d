"""The invented world: dates that fit, types that cause what they should, and a person's parts that agree."""

import numpy as np
import pytest

from ctdc.simulate.corridors import DESTINATIONS, ORIGINS, POOLS, TILTS, Corridors
from ctdc.simulate.countries import load_countries
from ctdc.simulate.natives.perpetrators import ROLE_GROUPS, known_perpetrators
from ctdc.simulate.people import (
    FIRST_TRANS_YEAR,
    NONE,
    TRANS,
    TYPE_NAMES,
    WOMAN,
    People,
    age_on,
    draw_people,
    from_days,
    minus_months,
    to_days,
    year_weights,
)
from ctdc.simulate.perpetrators import FAMILY, MAX_PERPETRATORS, ROLES, STRANGER
from ctdc.simulate.world import CASE_TYPES, CONTRIBUTORS, EXPLOITATION, FIRST_YEAR, MEANS, SECTORS, contributor


@pytest.fixture(scope="module")
def corridors() -> Corridors:
    return Corridors(load_countries().alpha3)


@pytest.fixture(scope="module")
def people(corridors: Corridors) -> People:
    return draw_people(contributor("sim-caseworks"), 1, 6_000, corridors, np.random.default_rng(5))


def day(year: int, month: int, date: int) -> np.ndarray:
    return to_days(np.array([year]), np.array([month]), np.array([date]))


def test_dates_go_to_days_and_back() -> None:
    assert day(1970, 1, 1).tolist() == [0]
    assert [part.tolist() for part in from_days(day(2024, 2, 28))] == [[2024], [2], [28]]
    assert [part.tolist() for part in from_days(day(1959, 12, 3))] == [[1959], [12], [3]]


def test_age_changes_on_the_birthday() -> None:
    born = day(2000, 6, 15)
    assert age_on(born, day(2018, 6, 14)).tolist() == [17]
    assert age_on(born, day(2018, 6, 15)).tolist() == [18]


def test_months_are_calendar_months() -> None:
    assert minus_months(day(2019, 3, 28), np.array([13], dtype=np.int32)).tolist() == day(2018, 2, 28).tolist()


def test_ages_and_dates_agree(people: People) -> None:
    assert (age_on(people.born, people.registered) == people.age).all()
    assert (people.born <= people.started).all()
    assert (people.started <= people.ended).all()
    assert (people.ended <= people.registered).all()
    assert (minus_months(people.ended, people.months) == people.started).all()
    assert (from_days(people.registered)[0] == people.year).all()


def test_sectors_belong_to_labour_and_sexual_types_to_sexual_exploitation(people: People) -> None:
    assert not (people.sectors.any(axis=1) & ~people.flag("exploitation", "isForcedLabour")).any()
    assert not (people.sex_types.any(axis=1) & ~people.flag("exploitation", "isSexualExploit")).any()
    assert people.exploitation.any(axis=1).all()
    assert people.recruiters.any(axis=1).all()


def test_types_shape_the_people(people: People) -> None:
    def of(name: str) -> np.ndarray:
        return people.case_type == TYPE_NAMES.index(name)

    assert people.flag("sectors", "Construction")[of("construction")].all()
    assert (people.gender[of("construction")] != WOMAN).mean() > 0.9
    assert (people.gender[of("domestic_work")] == WOMAN).mean() > 0.8
    assert people.child[of("begging")].mean() > 3 * people.child[of("farm_work")].mean()
    assert people.flag("means", "WithholdsDocuments")[of("domestic_work")].mean() > 0.3


def test_children_are_recruited_by_their_families_more_often(people: People) -> None:
    family = people.flag("recruiters", "Family")
    assert family[people.child].mean() > 4 * family[~people.child].mean()


def test_severity_binds_the_means_together(people: People) -> None:
    threats, abuse = people.flag("means", "Threats"), people.flag("means", "PsychologicalAbuse")
    assert (threats & abuse).mean() > 1.1 * threats.mean() * abuse.mean()


def test_nothing_happens_before_its_time(people: People) -> None:
    scam = people.case_type == TYPE_NAMES.index("scam_centre")
    assert scam.any()
    assert people.year[scam].min() >= CASE_TYPES["scam_centre"].since
    assert people.year[people.gender == TRANS].min() >= FIRST_TRANS_YEAR


def test_second_citizenships_are_rare_and_differ(people: People) -> None:
    has = people.second != NONE
    assert 0.01 < has.mean() < 0.06
    assert (people.second != people.citizenship)[has].all()


def test_people_have_none_to_four_perpetrators_and_each_of_them_did_something(people: People) -> None:
    assert np.unique(people.perpetrators).tolist() == list(range(MAX_PERPETRATORS + 1))
    assert people.perpetrator_roles.any(axis=2).all()


def test_perpetrators_of_one_person_come_from_one_country_more_often_than_not(people: People) -> None:
    several = people.perpetrators >= 2
    first, second = people.perpetrator_country[several, :2].T
    assert (first == second).mean() > 0.7
    assert (first == np.roll(second, 1)).mean() < 0.2


def test_what_perpetrators_do_depends_on_who_they_are_and_on_the_exploitation(people: People) -> None:
    known = known_perpetrators(people)

    def share(role: str, among: np.ndarray) -> float:
        return float(people.perpetrator_roles[:, :, ROLES.index(role)][known & among].mean())

    close, strange = people.perpetrator_relation == FAMILY, people.perpetrator_relation == STRANGER
    assert share("Abuser", close) > 2 * share("Abuser", strange)
    assert share("BrokerTravelAgent", strange) > 4 * share("BrokerTravelAgent", close)
    sexual = np.broadcast_to(people.flag("exploitation", "isSexualExploit")[:, None], known.shape)
    assert share("ControlledIndividual", sexual) > 1.4 * share("ControlledIndividual", ~sexual)
    helps = people.perpetrator_roles[:, :, ROLES.index("Smuggler")]
    assert people.perpetrator_paid[helps].mean() > 3 * people.perpetrator_paid[~helps].mean() / 2


def test_the_first_perpetrator_is_who_recruited(people: People) -> None:
    family = people.flag("recruiters", "Family") | people.flag("recruiters", "IntimatePartner")
    assert ((people.perpetrator_relation[:, 0] == FAMILY) == family).all()


def test_roles_are_grouped_once_and_all_but_two_belong_to_a_group() -> None:
    grouped = [role for group in ROLE_GROUPS for role in group]
    assert len(set(grouped)) == len(grouped)
    assert set(ROLES) - set(grouped) == {"TravellingPartner", "Other"}


@pytest.mark.parametrize("entry", CONTRIBUTORS, ids=lambda entry: entry.key)
def test_cases_grow_and_the_last_years_are_thin(entry) -> None:
    weights = year_weights(entry)
    assert weights.sum() == pytest.approx(1)
    assert (weights[: entry.first_year - FIRST_YEAR] == 0).all()
    last = entry.last_year - FIRST_YEAR
    assert weights[last] < 0.75 * weights[last - 2]
    assert (weights[last + 1 :] == 0).all()


def test_few_corridors_carry_most_cases_and_many_carry_one(people: People) -> None:
    pairs, counts = np.unique(np.stack([people.citizenship, people.exploited_in]), axis=1, return_counts=True)
    top = np.sort(counts)[::-1]
    assert top[:20].sum() > 0.25 * people.size
    assert (counts == 1).sum() > 0.3 * pairs.shape[1]


def test_a_national_contributor_sees_its_own_country(corridors: Corridors) -> None:
    people = draw_people(contributor("sim-registo"), 1, 2_000, corridors, np.random.default_rng(1))
    assert (people.exploited_in == corridors.index["PRT"]).mean() > 0.95


def test_all_names_in_the_tables_exist(corridors: Corridors) -> None:
    assert set(TILTS) <= set(CASE_TYPES)
    assert all(set(regions) <= set(ORIGINS) for regions in TILTS.values())
    for table in (ORIGINS, DESTINATIONS):
        for codes in table.values():
            assert set(codes.split()) <= set(corridors.countries)
    assert all(set(pool) <= set(ORIGINS) for pool in POOLS.values())
    for kind in CASE_TYPES.values():
        assert set(kind.exploitation) <= set(EXPLOITATION)
        assert set(kind.sectors) <= set(SECTORS)
        assert set(kind.means) <= set(MEANS)
    for entry in CONTRIBUTORS:
        assert set(entry.case_types) <= set(CASE_TYPES)
    assert sum(entry.share for entry in CONTRIBUTORS) == pytest.approx(1)


def test_blocks_are_pure_functions_of_their_generator(corridors: Corridors) -> None:
    entry = contributor("sim-alliance")
    one, two = (draw_people(entry, 7, 50, corridors, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(getattr(one, name), getattr(two, name)) for name in People.__dataclass_fields__)
    assert one.serial.tolist() == list(range(7, 57))
