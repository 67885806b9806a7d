"""Facts by definition: which each profile has, and cases brought into agreement with them."""

import pyarrow as pa
import pytest

from ctdc.standard import load
from ctdc.standard.derive import derive
from ctdc.standard.settle import derive_settled

STANDARD = load()
Y2021, Y2024 = STANDARD.profile("synthetic-2021"), STANDARD.profile("synthetic-2024")
K2021 = STANDARD.profile("kanonymised-2021")


def cases(**columns: list[str | None]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()).dictionary_encode() for name, values in columns.items()})


def column(table: pa.Table, name: str) -> list[str | None]:
    return table.column(name).to_pylist()


def said(profile_id: str) -> dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...], bool]]:
    facts = STANDARD.profile(profile_id).facts
    return {(f.variable, f.implies): (f.codes, f.implied, f.or_unknown) for f in facts if f.codes[0] != "18--20"}


def test_every_kind_of_labour_and_of_sexual_exploitation_is_one() -> None:
    for profile in STANDARD.profiles.values():
        facts = {(fact.variable, fact.implies) for fact in profile.facts}
        for group, general in (("labour", "isForcedLabour"), ("sex", "isSexualExploit")):
            kinds = {column.name for column in profile.columns if column.group == group and column.kind == "flag"}
            assert {(kind, general) for kind in kinds} <= facts, profile.id


def test_the_facts_of_a_profile_are_in_its_own_names_and_codes() -> None:
    assert said("synthetic-2026")["sectorOfSexProstitution", "isSexualExploit"] == (("1",), ("1",), False)
    assert said("kanonymised-2018")["ageBroad", "majorityStatus"] == (("0--8", "9--17"), ("Minor",), True)
    assert said("synthetic-2021")["ageBroad", "majorityStatusAtExploit"] == (("0--8", "09--17"), ("Minor",), True)
    assert len(STANDARD.profile("synthetic-2024").facts) == 6
    assert STANDARD.profile("victim-perpetrator-2022").facts == ()
    assert all(fact.why for fact in STANDARD.facts)


def test_bands_and_majority_agree_both_ways() -> None:
    facts = [fact for fact in K2021.facts if (fact.variable, fact.implies) == ("ageBroad", "majorityStatus")]
    assert {fact.implied for fact in facts} == {("Minor",), ("Adult",)}
    assert [code for fact in facts for code in fact.codes] == list(K2021.codes("ageBroad"))


def test_what_follows_is_filled_in() -> None:
    table = cases(typeOfLabourAgriculture=["1", "0", None, "1"], isForcedLabour=[None, None, None, "1"])
    assert column(derive_settled(table, Y2024), "isForcedLabour") == ["1", None, None, "1"]
    assert column(derive(table, Y2024), "isForcedLabour") == [None, None, None, "1"], "derive itself adds nothing"


@pytest.mark.parametrize("profile", [Y2024, K2021])
def test_where_answers_contradict_each_other_the_narrower_is_left_out(profile: object) -> None:
    table = cases(
        typeOfLabourAgriculture=["1", "1"],
        typeOfLabourHospitality=[None, "1"],
        isForcedLabour=["0", "0"],
        gender=["Man"] * 2,
    )
    settled = derive_settled(table, profile)  # type: ignore[arg-type]
    assert column(settled, "typeOfLabourAgriculture") == [None, None]
    assert column(settled, "typeOfLabourHospitality") == [None, None]
    assert column(settled, "isForcedLabour") == column(derive(table, profile), "isForcedLabour")  # type: ignore[arg-type]
    assert column(settled, "gender") == column(derive(table, profile), "gender")  # type: ignore[arg-type]


def test_an_age_that_contradicts_the_majority_is_left_out_and_nothing_is_made_of_an_unknown_one() -> None:
    table = cases(
        ageBroad=["09--17", "09--17", "09--17", "30--38", None], majorityStatus=["Adult", "Minor", None, None, "Minor"]
    )
    settled = derive_settled(table, K2021)
    assert column(settled, "ageBroad") == [None, "9--17", "9--17", "30--38", None]
    assert column(settled, "majorityStatus") == ["Adult", "Minor", None, None, "Minor"]


def test_what_was_left_out_contradicts_nobody_any_more() -> None:
    # Minor when registered, adult before that: the majority goes. The age agreed with it, but not with the rest.
    table = cases(ageBroad=["21--23"], majorityStatus=["Minor"], majorityEntry=["Adult"])
    settled = derive_settled(table, K2021)
    assert [column(settled, name) for name in ("ageBroad", "majorityStatus", "majorityEntry")] == [
        [None],
        [None],
        ["Adult"],
    ]


def test_both_kinds_of_exploitation_mean_each_of_them() -> None:
    # Derived from both, so it can only be 1 when both are: nothing to settle.
    table = cases(isForcedLabour=["1", "1", None], isSexualExploit=["1", "0", "1"])
    assert column(derive_settled(table, K2021), "isSexAndLabour") == ["1", "0", None]


def test_lists_of_answers_are_made_of_what_stands() -> None:
    table = cases(typeOfLabourBegging=["1", "1"], typeOfLabourPeddling=["1", None], isForcedLabour=["0", None])
    settled = derive_settled(table, K2021)
    assert column(settled, "typeOfLabourConcatenated") == [None, "Begging"]
    assert column(settled, "typeOfExploitConcatenated") == [None, "Forced labour"]


def test_a_variable_that_was_not_delivered_is_filled_in_too() -> None:
    assert column(derive_settled(cases(typeOfSexPornography=["1", None]), Y2024), "isSexualExploit") == ["1", None]


def test_a_profile_without_facts_is_derived_as_ever() -> None:
    table = cases(isForcedLabour=["1", None], majorityStatus=["Minor", None])
    profile = STANDARD.profile("victim-perpetrator-2022")
    assert derive_settled(table, profile).equals(derive(table, profile))


def test_records_that_agree_are_not_touched_and_the_columns_are_the_profiles() -> None:
    table = cases(
        isForcedLabour=["1", None, "0"], typeOfLabourConstruction=["1", None, None], ageBroad=["0--8", "48+", None]
    )
    settled = derive_settled(table, Y2021)
    assert settled.equals(derive(table, Y2021))
    for name in Y2021.names:
        assert settled.column(name).chunk(0).dictionary.to_pylist() == list(Y2021.codes(name))
