"""Linked rows in the standard: the perpetrator entity, its profile, and both tables in the published one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pyarrow as pa
import pytest
from python_calamine import CalamineWorkbook

from ctdc.foundation.errors import UserError
from ctdc.standard import load
from ctdc.standard.derive import derive_linked
from ctdc.standard.flatten import flatten
from ctdc.standard.languages import LANGUAGES

STANDARD = load()
PROFILE = STANDARD.profile("victim-perpetrator-linked")
FLAT = STANDARD.profile("victim-perpetrator-2022")
OTHERS = set(STANDARD.profile("victim-perpetrator-2022").names) - set(PROFILE.names)


def text_table(columns: dict[str, list[str | None]]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def tables(people: list[dict[str, str]], rows: list[tuple[str, dict[str, str]]]) -> tuple[pa.Table, pa.Table]:
    main = {"id": [str(number) for number in range(1, len(people) + 1)]}
    main |= {name: [one.get(name) for one in people] for name in PROFILE.names}
    linked = {"id": [person for person, _ in rows]}
    linked |= {name: [one.get(name) for _, one in rows] for name in PROFILE.linked().names}
    return text_table(main), text_table(linked)


def test_both_tables_together_have_the_published_columns() -> None:
    assert {*PROFILE.names, *PROFILE.linked().names} == set(FLAT.names)
    assert len(FLAT.names) == 16
    assert PROFILE.links is not None
    assert (PROFILE.links.most, PROFILE.links.number) == (4, "numberOfPerpetrators")


def test_every_word_about_perpetrators_is_there_in_five_languages() -> None:
    entity = STANDARD.entities["perpetrator"]
    for texts in (entity.labels, entity.number, entity.number_definition):
        assert set(texts) == set(LANGUAGES)
        assert all(texts.values())
    for variable in (*entity.variables.values(), *entity.derived.values()):
        assert all(variable.labels[language] and variable.definitions[language] for language in LANGUAGES)


def test_roles_are_grouped_as_the_dictionary_groups_them() -> None:
    """Each HTCDS role is in one group, but for those that are in none."""
    roles = STANDARD.code_lists["htcds_per_RoleInProcess"].values
    found = derive_linked(text_table({"perpetratorRole": list(roles)}), PROFILE).to_pydict()
    groups = ("IP_Exploiter", "IP_RecruiterBroker", "IP_TransactionProcess", "IP_ControlAbuseKidnap")
    belongs = {role: [g for g in groups if found[g][at] == "1"] for at, role in enumerate(roles)}
    assert {role for role, of in belongs.items() if not of} == {"TravellingPartner", "Other"}
    assert all(len(of) < 2 for of in belongs.values())
    assert {role for role, of in belongs.items() if of == ["IP_TransactionProcess"]} == {
        *("Transporter", "TransferredIndividual", "HarbouredIndividual", "SoldIndividual", "BoughtIndividual"),
        *("ReceivedIndividual", "Smuggler"),
    }


def test_several_roles_and_citizenship_become_the_published_columns() -> None:
    rows = text_table(
        {
            "perpetratorRole": ["Exploiter;Kidnapper", None, "Other"],
            "perpetratorCitizenship": ["THA", "FRA", None],
            "IP_Gender": ["Male", None, "Female"],
        }
    )
    found = derive_linked(rows, PROFILE).to_pydict()
    assert found["IP_Exploiter"] == ["1", None, None]
    assert found["IP_ControlAbuseKidnap"] == ["1", None, None]
    assert found["IP_citizen_UNRegion"] == ["Asia", "Europe", None]
    assert found["IP_Gender"] == ["Male", None, "Female"]
    assert found["IP_PayMoney"] == [None, None, None]


def test_a_persons_rows_are_joined_once_each_in_alphabetical_order() -> None:
    main, linked = tables(
        [{"gender": "Female"}, {"gender": "Male"}, {}],
        [
            ("3", {"IP_Gender": "Male", "IP_Exploiter": "1"}),
            ("1", {"IP_Gender": "Male", "IP_citizen_UNRegion": "Asia", "IP_PayMoney": "Yes"}),
            ("1", {"IP_Gender": "Female", "IP_citizen_UNRegion": "Africa", "IP_PayMoney": "Yes"}),
            ("3", {}),
        ],
    )
    table, unlisted = flatten(main, linked, PROFILE)
    assert table.column_names == list(FLAT.names)
    found = table.to_pydict()
    assert found["gender"] == ["Female", "Male", None]
    assert found["IP_Gender"] == ["Female;Male", None, "Male"]
    assert found["IP_citizen_UNRegion"] == ["Africa;Asia", None, None]
    assert found["IP_PayMoney"] == ["Yes", None, None]
    assert found["IP_Exploiter"] == [None, None, "1"]
    assert set(unlisted.values()) == {0}


def test_what_the_dictionary_does_not_list_is_left_empty_and_counted() -> None:
    main, linked = tables([{}], [("1", {"IP_ageBroad": "0--29"}), ("1", {"IP_ageBroad": "48+"})])
    table, unlisted = flatten(main, linked, PROFILE)
    assert "0--29;48+" not in FLAT.codes("IP_ageBroad")
    assert table["IP_ageBroad"].to_pylist() == [None]
    assert unlisted["IP_ageBroad"] == 1


def every_set(name: str) -> list[tuple[str, ...]]:
    codes = PROFILE.linked().codes(name)
    return [chosen for size in range(1, len(codes) + 1) for chosen in itertools.combinations(codes, size)]


@pytest.mark.parametrize("name", PROFILE.linked().names)
def test_every_code_of_the_dictionary_comes_out_and_no_other(name: str) -> None:
    """Of each column all sets of codes that perpetrators can have, one victim for each."""
    sets = every_set(name)
    rows = [(str(number), {name: code}) for number, chosen in enumerate(sets, start=1) for code in chosen]
    table, _ = flatten(*tables([{}] * len(sets), rows), PROFILE)
    assert set(table[name].to_pylist()) - {None} == set(FLAT.codes(name))


@pytest.mark.parametrize("name", PROFILE.names)
def test_every_code_of_a_victim_comes_out_and_no_other(name: str) -> None:
    codes = PROFILE.codes(name)
    table, _ = flatten(*tables([{name: code} for code in codes], []), PROFILE)
    assert table[name].to_pylist() == list(codes)
    assert set(codes) == set(FLAT.codes(name))


def test_the_codes_are_those_of_the_official_dictionary(real_data: Path) -> None:
    """The spreadsheet of 1 December 2022: each code that it gives a frequency, and no other."""
    book = CalamineWorkbook.from_path(str(real_data / "ctdc_victim_perpetrator_dictionary_2022.xlsx"))
    listed: dict[str, set[str]] = {}
    name = ""
    for first, second, count, *_ in book.get_sheet_by_name("TabStat").to_python():
        name = str(first) if first in FLAT.names else name
        if first in ("", "Valid") and isinstance(count, float) and second not in ("", "Total"):
            code = str(int(second)) if isinstance(second, float) else str(second)
            listed.setdefault(name, set()).add(code)
    assert listed == {name: set(FLAT.codes(name)) for name in FLAT.names}


def test_a_profile_without_linked_rows_says_so() -> None:
    with pytest.raises(UserError, match="has no linked rows"):
        FLAT.linked()
