"""Rows that belong to cases: in a second table and in numbered blocks of columns, with the same rules as cases."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from ctdc.foundation.errors import UserError
from ctdc.intake.delivery import Quarantined
from ctdc.intake.linked_rows import linked_path
from ctdc.standard import load

ENTITY = "perpetrator"
TABLES = """
  - {name: cases, file: "cases.csv", format: csv, encoding: utf-8, id: id, null_tokens: [{token: "", reason: unknown}]}
  - {name: people, file: "people.csv", format: csv, encoding: utf-8, null_tokens: [{token: "", reason: not_asked}]}
"""
JOIN = "joins:\n  - {table: people, column: case}\n"
CASE = "  - {target: gender, recode: {column: Sex}}"
OTHERS = [name for name in load().entities[ENTITY].variables if name not in ("IP_Gender", "perpetratorRole")]


def linked(**source: Any) -> str:
    """The mapping's part for linked rows: a gender and a list of roles, from columns named with or without a number."""
    end = "{n}" if "blocks" in source else ""
    fields = [
        {"target": "IP_Gender", "recode": {"column": f"Their sex{end}"}},
        {"target": "perpetratorRole", "split": {"column": f"Role{end}", "separator": "+"}},
    ]
    impossible = [{"targets": OTHERS, "because": "not asked for"}]
    part = {"entity": ENTITY, **source, "fields": fields, "impossible": impossible}
    return yaml.safe_dump({"linked": [part]})


def values(intake: Any, end: str = "") -> str:
    found = intake.value("Sex", "F", "gender", "Woman")
    for text, code in (("m", "Male"), ("f", "Female")):
        found += intake.value(f"Their sex{end}", text, "IP_Gender", code)
    for text, code in (("X", "Exploiter"), ("T", "Transporter")):
        found += intake.value(f"Role{end}", text, "perpetratorRole", code)
    return str(found)


def rows(intake: Any, mapping: Any, **options: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The cases and the linked rows."""
    out = intake.harmonise(mapping, **options)
    return pq.read_table(out).to_pylist(), pq.read_table(linked_path(out, ENTITY)).to_pylist()


def said(found: list[dict[str, Any]], name: str) -> list[str]:
    return [row[name] if row[name] is not None else f"({row[name + '.missing']})" for row in found]


def test_a_table_of_linked_rows(intake: Any) -> None:
    intake.deliver("id,Sex\nA,F\nB,F\nC,\n")
    intake.deliver("case,Their sex,Role\nB,m,X+T\nA,f,\nB,,T\n", "people.csv")
    mapping = intake.mapping(CASE, values(intake), TABLES, JOIN + linked(table="people"))
    cases, found = rows(intake, mapping)
    assert said(found, "IP_Gender") == ["Male", "Female", "(not_asked)"]
    assert said(found, "perpetratorRole") == ["Transporter;Exploiter", "(not_asked)", "Transporter"]
    assert said(found, "IP_ageBroad") == ["(not_collected)"] * 3
    subjects = [case["_subject"] for case in cases]
    assert [subjects.index(row["_subject"]) for row in found] == [1, 0, 1]
    assert [(row["_file"], row["_row"]) for row in found] == [("people.csv", 2), ("people.csv", 3), ("people.csv", 4)]


def test_numbered_blocks_of_columns(intake: Any) -> None:
    """A block in which nothing is known is nobody, wherever it stands."""
    intake.deliver("id,Sex,Their sex1,Role1,Their sex2,Role2\nA,F,m,X,f,\nB,F,,,,\nC,F,,,f,T\n")
    mapping = intake.mapping(CASE, values(intake, "{n}"), extra=linked(blocks=2))
    cases, found = rows(intake, mapping)
    subjects = [case["_subject"] for case in cases]
    told = sorted((subjects.index(row["_subject"]), row["IP_Gender"], row["perpetratorRole"]) for row in found)
    assert told == [(0, "Female", None), (0, "Male", "Exploiter"), (2, "Female", "Transporter")]


def test_lists_in_later_blocks_keep_their_codes(intake: Any) -> None:
    """Combinations of codes are numbered as they occur, in one order for all blocks."""
    intake.deliver("id,Sex,Their sex1,Role1,Their sex2,Role2\nA,F,,X+T,,S+X\nB,F,,S+T,,X+T\n")
    words = values(intake, "{n}") + intake.value("Role{n}", "S", "perpetratorRole", "Smuggler")
    _, found = rows(intake, intake.mapping(CASE, words, extra=linked(blocks=2)))
    told = sorted(row["perpetratorRole"] for row in found)
    assert told == ["Smuggler;Exploiter", "Transporter;Exploiter", "Transporter;Exploiter", "Transporter;Smuggler"]


def test_what_nothing_explains_in_a_linked_row_holds_the_delivery_back(intake: Any) -> None:
    intake.deliver("id,Sex\nA,F\n")
    intake.deliver("case,Their sex,Role\nA,alien,X\n", "people.csv")
    mapping = intake.mapping(CASE, values(intake), TABLES, JOIN + linked(table="people"))
    with pytest.raises(Quarantined) as held:
        intake.harmonise(mapping)
    (line,) = held.value.report.quarantined
    assert (line.table, line.column, line.value) == ("people", "Their sex", "alien")
    assert not (intake.folder / "out").exists() or not list((intake.folder / "out").iterdir())
    _, found = rows(intake, mapping, allow_quarantine=True)
    assert said(found, "IP_Gender") == ["(unmapped)"]


def test_a_word_that_is_known_for_cases_only_is_unknown_in_a_linked_row(intake: Any) -> None:
    """One column may tell of the case and of a linked row: what was approved for one says nothing about the other."""
    intake.deliver("id,Sex\nA,F\n")
    intake.deliver("case,Their sex,Role\nA,m,Z\n", "people.csv")
    flag = '{target: IP_Exploiter, split: {column: Role, table: people, separator: "+", absent: {code: "0"}}}'
    words = values(intake) + intake.value("Role", "Z", "IP_Exploiter", "1")
    mapping = intake.mapping(f"{CASE}\n  - {flag}", words, TABLES, JOIN + linked(table="people"))
    report = intake.check(mapping)
    assert [(line.value, line.targets) for line in report.quarantined] == [("Z", ("perpetratorRole",))]
    cases, found = rows(intake, mapping, allow_quarantine=True)
    assert said(cases, "IP_Exploiter") == ["1"]
    assert said(found, "perpetratorRole") == ["(unmapped)"]


def test_rows_of_no_case_are_left_out_and_told(intake: Any) -> None:
    intake.deliver("id,Sex\nA,F\n")
    intake.deliver("case,Their sex,Role\nA,m,\nZ,f,\n", "people.csv")
    mapping = intake.mapping(CASE, values(intake), TABLES, JOIN + linked(table="people"))
    _, found = rows(intake, mapping)
    assert said(found, "IP_Gender") == ["Male"]
    told = [line for line in intake.check(mapping).structure if line["code"] == "orphan_rows"]
    assert [(line["table"], line["count"]) for line in told] == [("people", 1)]


def test_linked_rows_of_excluded_cases_are_not_stored(intake: Any) -> None:
    intake.deliver("id,Sex,Their sex1,Role1\nA,F,m,X\nB,no,m,T\n")
    extra = 'rows:\n  - {exclude: {column: Sex, values: ["no"]}, reason: no consent}\n' + linked(blocks=1)
    _, found = rows(intake, intake.mapping(CASE, values(intake, "{n}"), extra=extra))
    assert said(found, "perpetratorRole") == ["Exploiter"]


def test_the_report_names_the_entitys_variables(intake: Any) -> None:
    intake.deliver("id,Sex,Their sex1,Role1\nA,F,m,X\n")
    report = intake.check(intake.mapping(CASE, values(intake, "{n}"), extra=linked(blocks=1)))
    found = {line["variable"]: line for line in report.variables}
    assert found["perpetrator: IP_Gender"]["known"] == 1
    assert found["perpetrator: IP_Relation"]["state"] == "impossible"


def test_examples_say_what_becomes_of_linked_rows(intake: Any) -> None:
    tests = """tests:
  - name: two
    row: {id: "1", Sex: F, Their sex1: m, Role1: X+T, Their sex2: f}
    expect: {gender: Woman}
    linked: {perpetrator: [{IP_Gender: Male, perpetratorRole: Transporter;Exploiter}, {IP_Gender: WHO}]}
"""
    intake.deliver("id,Sex,Their sex1,Role1,Their sex2,Role2\nA,F,m,X,,\n")
    extra = linked(blocks=2) + tests
    right = intake.mapping(CASE, values(intake, "{n}"), extra=extra.replace("WHO", "Female"))
    assert intake.check(right).examples_run == 1
    with pytest.raises(UserError, match="IP_Gender of perpetrator 2 becomes Female, not Male"):
        intake.check(intake.mapping(CASE, values(intake, "{n}"), extra=extra.replace("WHO", "Male")))


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"table": "nowhere"}, "not among 'tables' and 'joins'"),
        ({"table": "people", "blocks": 2}, "exactly one of 'table' and 'blocks'"),
        ({}, "exactly one of 'table' and 'blocks'"),
        ({"blocks": 0}, "greater than or equal to 1"),
    ],
)
def test_a_linked_part_that_cannot_be_read_is_refused(intake: Any, extra: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        intake.mapping(CASE, values(intake), TABLES, JOIN + linked(**extra))


def test_an_entity_has_one_place(intake: Any) -> None:
    both = yaml.safe_load(linked(table="people"))["linked"] + yaml.safe_load(linked(blocks=1))["linked"]
    words = values(intake) + values(intake, "{n}").removeprefix(intake.value("Sex", "F", "gender", "Woman"))
    with pytest.raises(UserError, match="'linked' names 'perpetrator' twice"):
        intake.mapping(CASE, words, TABLES, JOIN + yaml.safe_dump({"linked": both}))


def test_every_variable_of_the_entity_is_mapped_or_impossible(intake: Any) -> None:
    part = yaml.safe_load(linked(blocks=1))
    part["linked"][0]["impossible"][0]["targets"].remove("IP_ageBroad")
    extra = yaml.safe_dump(part)
    with pytest.raises(UserError, match="1 variables of the standard are not covered: IP_ageBroad"):
        intake.mapping(CASE, values(intake, "{n}"), extra=extra)


def test_an_unknown_entity_is_refused(intake: Any) -> None:
    extra = linked(blocks=1).replace("entity: perpetrator", "entity: ghost")
    with pytest.raises(UserError, match="no entity 'ghost'"):
        intake.mapping(CASE, values(intake, "{n}"), extra=extra)


def test_one_block_of_which_nothing_is_known_is_nobody_too(intake: Any) -> None:
    intake.deliver("id,Sex,Their sex1,Role1\nA,F,m,X\nB,F,,\nC,F,,\n")
    _, found = rows(intake, intake.mapping(CASE, values(intake, "{n}"), extra=linked(blocks=1)))
    assert said(found, "IP_Gender") == ["Male"]


def test_what_is_said_of_everybody_makes_nobody(intake: Any) -> None:
    part = yaml.safe_load(linked(blocks=2))
    part["linked"][0]["impossible"][0]["targets"].remove("IP_PayMoney")
    part["linked"][0]["fields"].append({"target": "IP_PayMoney", "const": {"code": "No"}})
    intake.deliver("id,Sex,Their sex1,Role1,Their sex2,Role2\nA,F,m,X,,\nB,F,,,,\n")
    _, found = rows(intake, intake.mapping(CASE, values(intake, "{n}"), extra=yaml.safe_dump(part)))
    assert said(found, "IP_PayMoney") == ["No"]


def test_cases_without_ids_keep_their_blocks_beside_a_second_file(intake: Any) -> None:
    """The identity of a row is that of the whole delivery, joined files included."""
    tables = TABLES.replace("id: id,", "id_is_row_number: true,")
    intake.deliver("id,Sex,Their sex1,Role1\nA,F,m,X\nB,F,f,\n")
    intake.deliver("case,Other\nA,1\n", "people.csv")
    join = "joins:\n  - {table: people, column: case, main_column: id}\n"
    mapping = intake.mapping(CASE, values(intake, "{n}"), tables, join + linked(blocks=1))
    cases, found = rows(intake, mapping)
    assert [row["_subject"] for row in found] == [case["_subject"] for case in cases]
    assert not [line for line in intake.check(mapping).structure if line.get("table") == "cases"]


def test_blocks_that_read_one_column_are_refused(intake: Any) -> None:
    extra = linked(blocks=2).replace("Role{n}", "Role")
    with pytest.raises(UserError, match="is the same in all 2 blocks"):
        intake.mapping(CASE, values(intake, "{n}"), extra=extra)


def test_the_report_adds_up_blocks(intake: Any) -> None:
    intake.deliver("id,Sex,Their sex1,Role1,Their sex2,Role2\nA,F,m,X,f,T\nB,F,m,,,\n")
    report = intake.check(intake.mapping(CASE, values(intake, "{n}"), extra=linked(blocks=2)))
    (line,) = [line for line in report.variables if line["variable"] == "perpetrator: IP_Gender"]
    assert (line["known"], line["rows"], line["understood"]) == (3, 3, 3)


def test_checks_of_linked_rows_are_told_of_variables_that_they_have_and_named(intake: Any) -> None:
    intake.deliver("id,Sex,Their sex1,Role1\nA,F,m,X\n")
    report = intake.check(intake.mapping(CASE, values(intake, "{n}"), extra=linked(blocks=1)))
    told = [(one["check"], one.get("entity", "")) for one in report.plausibility]
    assert len(told) == len(set(told))
    assert len({check for check, entity in told if not entity}) == 6
    about = {"minor_with_adult_age", "adult_with_child_age"}
    assert {check for check, entity in told if entity} <= about  # of an entity's variables alone


def test_cases_without_linked_rows_are_no_fault(intake: Any) -> None:
    intake.deliver("id,Sex\nA,F\n")
    intake.deliver("case,Their sex,Role\n", "people.csv")
    assert intake.check(intake.mapping(CASE, values(intake), TABLES, JOIN + linked(table="people"))).promotable
