"""The invented victims follow the published shares, and the two flat shapes say what they promise."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from benchmarks.data import profile_named
from benchmarks.linked import cases as linked_cases
from benchmarks.linked.cases import HOW_MANY, LINKED, LINKED_NAMES, MAIN, MAIN_NAMES, MOST, Linked
from benchmarks.linked.errors import pairs_of
from benchmarks.linked.flat import BETWEEN, from_joined, from_wide, slot, to_joined, to_wide, wide_codes

# Of the 21,195 victims of the published file, as its dictionary of December 2022 counts them.
PUBLISHED = {
    ("gender", "Female"): 9589,
    ("majorityStatus", "Minor"): 1212,
    ("isForcedLabour", "1"): 12248,
    ("isSexualExploit", "1"): 2775,
    ("UN_COE_Region", "Europe"): 6432,
    ("IP_Exploiter", "1"): 9458,
    ("IP_Gender", "Male"): 9820,
    ("IP_Gender", "Female;Male"): 2452,
    ("IP_ageBroad", "39--47"): 1293,
    ("IP_citizen_UNRegion", "Asia"): 5069,
    ("IP_Relation", "StrangerUnknownOther"): 8321,
    ("IP_PayMoney", "No"): 11075,
    ("IP_RecruiterBroker", "1"): 11865,
    ("IP_TransactionProcess", "1"): 7344,
    ("IP_ControlAbuseKidnap", "1"): 2078,
}
OF = 21_195
NEAR = 0.04


@pytest.fixture(scope="module")
def drawn() -> Linked:
    return linked_cases.draw_cases(4000, seed=3)


def rows(*perpetrators: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {name: pl.Series([each.get(name) for each in perpetrators], dtype=pl.String) for name in LINKED_NAMES}
    )


def victims(number: int) -> pl.DataFrame:
    return pl.DataFrame({name: pl.Series([None] * number, dtype=pl.String) for name in MAIN_NAMES})


def sorted_rows(cases: Linked) -> list[tuple]:
    both = [(owner, *row) for owner, row in zip(cases.owner.tolist(), cases.perpetrators.iter_rows(), strict=True)]
    return sorted(both, key=lambda row: tuple(str(value) for value in row))


def test_the_same_seed_gives_the_same_victims_and_another_seed_others():
    one, same, other = (linked_cases.draw_cases(50, seed) for seed in (1, 1, 2))
    assert one.victims.equals(same.victims)
    assert one.perpetrators.equals(same.perpetrators)
    assert not one.victims.equals(other.victims)


def test_joined_values_are_as_frequent_as_published(drawn):
    joined = to_joined(drawn)
    for (name, value), count in PUBLISHED.items():
        share = (joined[name] == value).sum() / joined.height
        assert abs(share - count / OF) < NEAR, (name, value, share, count / OF)


def test_columns_and_codes_are_those_of_the_published_profile(drawn):
    profile = profile_named("victim-perpetrator-2022")
    assert tuple(to_joined(drawn).columns) == tuple(profile.names)
    for column in (*MAIN, *LINKED):
        assert set(column.codes) <= set(profile.codes(column.name))


@pytest.mark.parametrize("column", [*MAIN, *LINKED, HOW_MANY], ids=lambda column: column.name)
def test_shares_and_causes_leave_room(column):
    assert sum(column.shares.values()) < 1 + 1e-9
    assert sum(weight**2 for weight in column.causes.values()) < 1
    assert sum(weight**2 for weight in column.recorded.values()) < 1


def test_everybody_has_one_to_four_perpetrators_who_are_alike(drawn):
    assert set(drawn.numbers.tolist()) == set(range(1, MOST + 1))
    codes = drawn.perpetrators["IP_citizen_UNRegion"].to_numpy()
    first, second = pairs_of(drawn)
    known = [(a, b) for a, b in zip(codes[first], codes[second], strict=True) if a and b]
    alike = np.mean([a == b for a, b in known])
    draw = np.random.default_rng(0)
    others = draw.permutation([b for _, b in known])
    strangers = np.mean([a == b for (a, _), b in zip(known, others, strict=True)])
    assert alike > strangers + 0.2


def test_victims_and_their_perpetrators_depend_on_one_another(drawn):
    forced = drawn.victims["isForcedLabour"].to_numpy()[drawn.owner] == "1"
    exploiter = drawn.perpetrators["IP_Exploiter"].to_numpy() == "1"
    assert exploiter[forced].mean() > exploiter[~forced].mean() + 0.05


def test_files_and_schemas_are_read_back(drawn, tmp_path):
    cases = drawn.cut(100)
    files = linked_cases.write_cases(cases, tmp_path)
    back = linked_cases.read_records(files.victims, files.perpetrators)
    assert back.victims.equals(cases.victims)
    assert back.perpetrators.equals(cases.perpetrators)
    assert (back.owner == cases.owner).all()
    fields = json.loads(files.perpetrators_schema.read_text(encoding="utf-8"))["fields"]
    assert [field["name"] for field in fields] == list(LINKED_NAMES)


def test_slots_lose_nothing_but_the_order_of_perpetrators(drawn):
    cases = drawn.cut(300)
    wide = to_wide(cases, np.random.default_rng(0))
    assert wide.columns == list(wide_codes())
    assert wide.height == 300
    back = from_wide(wide)
    assert back.victims.equals(cases.victims)
    assert sorted_rows(back) == sorted_rows(cases)


def test_perpetrators_stand_in_random_order_in_the_first_slots():
    cases = Linked(
        victims(200), rows(*[{"IP_Gender": "Female"}, {"IP_Gender": "Male"}] * 200), np.repeat(range(200), 2)
    )
    wide = to_wide(cases, np.random.default_rng(0))
    assert 60 < (wide[slot(1, "IP_Gender")] == "Female").sum() < 140
    assert wide[slot(3, "IP_Gender")].null_count() == 200


def test_a_slot_beyond_the_number_is_left_alone():
    wide = to_wide(Linked(victims(1), rows({"IP_Gender": "Male"}), np.array([0])), np.random.default_rng(0))
    changed = wide.with_columns(pl.lit("Female").alias(slot(2, "IP_Gender")))
    assert sorted_rows(from_wide(changed)) == sorted_rows(from_wide(wide))


def test_joined_cells_hold_each_value_once_in_the_order_of_the_text():
    perpetrators = rows(
        {"IP_Gender": "Male", "IP_Exploiter": "1"},
        {"IP_Gender": "Female"},
        {"IP_Gender": "Male"},
        {"IP_PayMoney": "No"},
    )
    joined = to_joined(Linked(victims(3), perpetrators, np.array([0, 0, 0, 2])))
    assert joined["IP_Gender"].to_list() == ["Female;Male", None, None]
    assert joined["IP_Exploiter"].to_list() == ["1", None, None]
    assert joined["IP_PayMoney"].to_list() == [None, None, "No"]


def test_what_is_dealt_from_joined_cells_joins_to_the_same_cells(drawn):
    joined = to_joined(drawn.cut(500))
    back = from_joined(joined, np.random.default_rng(0))
    assert to_joined(back).equals(joined)
    longest = [max(len((value or "").split(BETWEEN)) for value in row) for row in joined.iter_rows()]
    assert back.numbers.tolist() == longest
