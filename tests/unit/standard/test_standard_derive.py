"""Harmonised cases in the published shapes: merges, codes that fall out, lists, and missing values."""

import pyarrow as pa
import pytest

from ctdc.foundation.errors import UserError
from ctdc.standard import load
from ctdc.standard.derive import derive, derive_batches

STANDARD = load()


def cases(**columns: list[str | None]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()).dictionary_encode() for name, values in columns.items()})


def column(table: pa.Table, name: str) -> list[str | None]:
    return table.column(name).to_pylist()


def test_the_columns_are_the_profiles_and_hold_only_its_codes() -> None:
    table = derive(cases(gender=["Woman", None], isForcedLabour=["1", "0"]), STANDARD.profile("synthetic-2024"))
    assert tuple(table.column_names) == STANDARD.profile("synthetic-2024").names
    assert table.num_rows == 2
    for name in table.column_names:
        dictionary = table.column(name).chunk(0).dictionary.to_pylist()
        assert set(dictionary) <= set(STANDARD.profile("synthetic-2024").codes(name))


def test_an_explicit_no_is_empty_in_synthetic_shapes_and_kept_in_k_anonymised_ones() -> None:
    table = cases(isForcedLabour=["1", "0", None])
    assert column(derive(table, STANDARD.profile("synthetic-2024")), "isForcedLabour") == ["1", None, None]
    assert column(derive(table, STANDARD.profile("kanonymised-2021")), "isForcedLabour") == ["1", "0", None]


@pytest.mark.parametrize(
    ("merged", "parts"),
    [
        ("meansDebtBondageEarnings", "DebtBondage TakesEarnings"),
        ("meansThreats", "Threats UsesChildren ThreatOfLawEnforcement"),
        ("meansAbusePsyPhySex", "PsychologicalAbuse PhysicalAbuse SexualAbuse"),
        ("meansFalsePromises", "FalsePromises"),
        ("meansDrugsAlcohol", "PsychoactiveSubstances"),
        ("meansDenyBasicNeeds", "RestrictsFinancialAccess RestrictsMovement RestrictsMedicalCare WithholdsNecessities"),
        ("meansExcessiveWorkHours", "ExcessiveWorkingHours"),
        ("meansWithholdDocs", "WithholdsDocuments"),
    ],
)
def test_means_of_control_merge_as_the_codebook_of_2024_says(merged: str, parts: str) -> None:
    for part in parts.split():
        table = cases(**{f"meansOfControl{part}": ["1", None]}, isForcedLabour=[None, "1"])
        assert column(derive(table, STANDARD.profile("synthetic-2024")), merged) == ["1", None], part


def test_what_2024_dropped_has_no_place_in_it() -> None:
    table = cases(meansOfControlOther=["1"], typeOfLabourOther=["1"], typeOfSexOther=["1"], gender=["Man"])
    derived = derive(table, STANDARD.profile("synthetic-2024"))
    assert [name for name in derived.column_names if column(derived, name) != [None]] == ["gender"]


def test_words_of_older_releases() -> None:
    table = cases(
        gender=["Woman", "Man", "Trans/Transgender/NonConforming", None],
        ageBroad=["09--17", "0--8", "48+", None],
        citizenship=["NAM", "NOR", "SRB", None],
        yearOfRegistration=["2002", "2018", "2019", None],
    )
    derived = derive(table, STANDARD.profile("kanonymised-2018"))
    assert column(derived, "gender") == ["Female", "Male", "Transgender/NonConforming", None]
    assert column(derived, "ageBroad") == ["9--17", "0--8", "48+", None]
    assert column(derived, "citizenship") == ["NA", "NO", "RS", None]
    assert column(derived, "yearOfRegistration") == ["2002", "2018", None, None]  # 2019 is beyond the declared years


def test_durations_become_coarser_but_never_finer() -> None:
    values = [*STANDARD.codes("traffickMonths"), None]
    table = cases(traffickMonths=values)
    first, second, long, longer = values[:4]
    assert column(derive(table, STANDARD.profile("synthetic-2024")), "traffickMonths") == [
        first,
        second,
        "25+ (2+ yrs)",
        "25+ (2+ yrs)",
        "25+ (2+ yrs)",
        None,
    ]
    in_2021 = column(derive(table, STANDARD.profile("synthetic-2021")), "traffickMonths")
    assert in_2021 == [first, second, long, longer, None, None]


def test_concatenated_columns_are_alphabetical_texts() -> None:
    table = cases(
        meansOfControlThreats=["1", "0", None],
        meansOfControlDebtBondage=["1", None, None],
        isForcedLabour=["1", "1", None],
        isSexualExploit=["1", "0", None],
        recruiterRelationFriend=["1", None, None],
        recruiterRelationFamily=["1", None, None],
    )
    derived = derive(table, STANDARD.profile("kanonymised-2021"))
    assert column(derived, "meansOfControlConcatenated") == ["Debt bondage;Threats to individual or others", None, None]
    assert column(derived, "isSexAndLabour") == ["1", "0", None]
    assert column(derived, "typeOfExploitConcatenated") == [
        "Combined sexual and labour exploitation;Forced labour;Sexual exploitation",
        "Forced labour",
        None,
    ]
    older = derive(table, STANDARD.profile("kanonymised-2018"))
    assert column(older, "RecruiterRelationship") == ["Family/Relative; Friend", None, None]


def test_victims_and_perpetrators() -> None:
    table = cases(
        yearOfRegistration=["2005", "2016", "2020", "2022", "2003"],
        gender=["Woman", "Man", "Trans/Transgender/NonConforming", None, "Woman"],
        citizenship=["CIV", "PHL", "UKR", "AUS", "ATA"],
        CountryOfExploitation=["USA", "TWN", "SRB", "FJI", None],
        IP_Gender=["Female;Male", "Male", None, "Female", None],
        IP_ageBroad=["0--29;30--38", "48+", "0--29;48+", None, None],
        IP_Relation=["FriendAcquaintance;StrangerUnknownOther", None, None, None, None],
        IP_Exploiter=["1", "0", None, None, None],
    )
    derived = derive(table, STANDARD.profile("victim-perpetrator-2022"))
    assert column(derived, "yearRegister") == ["2005-2013", "2014-2018", "2020", "2021-2022", None]
    assert column(derived, "gender") == ["Female", "Male", None, None, "Female"]
    assert column(derived, "UN_COO_Region") == ["Africa", "Asia", "Europe", "Americas/Oceania", None]
    assert column(derived, "UN_COE_Region") == ["Americas/Oceania", "Asia", "Europe", "Americas/Oceania", None]
    assert column(derived, "IP_Gender") == ["Female;Male", "Male", None, "Female", None]
    # A combination that the dictionary does not list is outside the public domain of the release.
    assert column(derived, "IP_ageBroad") == ["0--29;30--38", "48+", None, None, None]
    assert column(derived, "IP_Relation")[0] == "FriendAcquaintance;StrangerUnknownOther"
    assert column(derived, "IP_Exploiter") == ["1", None, None, None, None]


def test_a_code_that_the_standard_does_not_know_is_empty() -> None:
    derived = derive(cases(gender=["woman", "Woman"]), STANDARD.profile("synthetic-2024"))
    assert column(derived, "gender") == [None, "Woman"]


def test_plain_strings_and_empty_texts_are_read_too() -> None:
    table = pa.table({"gender": pa.array(["Woman", "", None]), "yearOfRegistration": pa.array([2019, None, 2020])})
    derived = derive(table, STANDARD.profile("synthetic-2024"))
    assert column(derived, "gender") == ["Woman", None, None]
    assert column(derived, "yearOfRegistration") == ["2019", None, "2020"]


def test_a_table_of_something_else_is_refused() -> None:
    with pytest.raises(UserError, match="no variable from which"):
        derive(pa.table({"colour": ["blue"]}), STANDARD.profile("synthetic-2024"))


def test_no_rows_are_no_rows() -> None:
    assert derive(cases(gender=[]), STANDARD.profile("synthetic-2024")).num_rows == 0


def test_batches_give_the_rows_of_the_whole() -> None:
    table = cases(
        gender=["Woman", "Man", None] * 7,
        meansOfControlThreats=["1", None, "0", None, "1", "1", None] * 3,
        citizenship=["PHL", "UKR", None] * 7,
    )
    for profile in STANDARD.profiles.values():
        whole = derive(table, profile)
        pieces = pa.Table.from_batches(list(derive_batches(iter(table.to_batches(max_chunksize=4)), profile)))
        assert pieces.to_pylist() == whole.to_pylist()
