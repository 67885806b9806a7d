"""Declarations: what a schema file may say about a raw table, and the domain that follows from it."""

import json
from pathlib import Path
from typing import Any

import pytest

from ctdc.foundation.errors import UserError
from ctdc.table.declare import Declaration, parse_declaration, plain_declaration, read_declaration
from ctdc.table.schema import Schema, schema_from_table_schema
from ctdc.table.variable import Variable

FIELDS: list[dict[str, Any]] = [
    {"name": "town", "type": "string", "constraints": {"enum": ["north", "south"]}},
    {"name": "help", "constraints": {"enum": ["food", "bed"]}, "ctdc": {"split": ";", "absent": ["none"]}},
    {"name": "age", "type": "integer", "ctdc": {"bands": {"edges": [0, 18, 65], "above": "open"}}},
    {"name": "day", "type": "date", "ctdc": {"bands": {"by": "year", "from": "2020", "to": "2021"}}},
]


def declared(*fields: dict[str, Any], **document: Any) -> Declaration:
    return parse_declaration({"fields": list(fields), **document}, "schema.json")


def error_of(*fields: dict[str, Any], **document: Any) -> str:
    with pytest.raises(UserError) as caught:
        declared(*fields, **document)
    assert "schema.json" in caught.value.detail.where
    return caught.value.detail.code


def test_the_domain_follows_from_the_declaration_alone() -> None:
    found = declared(*FIELDS)
    assert [(variable.name, variable.codes) for variable in found.schema.variables] == [
        ("town", ("north", "south")),
        ("help:food", ("1",)),
        ("help:bed", ("1",)),
        ("age", ("0--17", "18--64", "65+")),
        ("day", ("2020", "2021")),
    ]
    assert found.groups == (("town", (0,)), ("help", (1, 2)), ("age", (3,)), ("day", (4,)))
    assert found.columns == ("town", "help", "age", "day")


def test_where_zero_is_a_value_a_flag_can_say_no() -> None:
    field = {"name": "help", "constraints": {"enum": ["food"]}, "ctdc": {"split": "|", "zero_is_value": True}}
    assert declared(field, missingValues=["", "0"]).schema.variables == (Variable("help:food", ("0", "1")),)


def test_zeros_of_the_whole_table_are_absent_but_where_they_count() -> None:
    counted = {"name": "a", "constraints": {"enum": ["0", "1"]}, "ctdc": {"zero_is_value": True}}
    flag = {"name": "b", "constraints": {"enum": ["1"]}}
    found = declared(counted, flag, missingValues=["0", "NA"])
    assert [field.absent for field in found.fields] == [{"", "NA"}, {"", "0", "NA"}]


def test_the_subject_s_id_never_becomes_a_variable() -> None:
    fields = [{"name": "id"}, FIELDS[0]]
    assert declared(*fields, ctdc={"subject_id": "id"}).schema.names == ("town",)
    found = parse_declaration({"fields": fields}, "x", subject_id="id")
    assert (found.schema.names, found.columns) == (("town",), ("town", "id"))
    with pytest.raises(ValueError, match="may not reach the engine"):
        Declaration(found.fields, "town")


def test_choices_for_one_run_take_the_place_of_declared_ones() -> None:
    document = {"fields": FIELDS, "ctdc": {"columns": ["age", "town"], "max_rows": 5, "delimiter": "\t"}}
    found = parse_declaration(document, "x")
    assert (found.columns, found.chosen, found.max_rows, found.delimiter) == (("town", "age"), True, 5, "\t")
    found = parse_declaration(document, "x", columns=("day",), max_rows=7)
    assert (found.columns, found.max_rows) == (("day",), 7)
    assert not declared(*FIELDS).chosen


@pytest.mark.parametrize("choices", [{}, {"subject_id": "who"}, {"columns": ("help", "day")}, {"max_rows": 9}])
def test_what_is_written_out_is_read_back(choices: dict[str, Any], tmp_path: Path) -> None:
    kinds = [
        {"name": "x", "type": "number", "ctdc": {"bands": {"edges": [0, 0.5], "outside": "empty"}, "absent": ["NaN"]}},
        {"name": "y", "constraints": {"enum": ["p"]}, "ctdc": {"split": "|", "zero_is_value": True}},
        {"name": "z", "type": "date", "ctdc": {"bands": {"edges": ["2020-01-01", "2020-02-01"], "below": "open"}}},
    ]
    document = {"fields": FIELDS + kinds, "missingValues": ["-"], "ctdc": {"delimiter": ";"}}
    found = parse_declaration(document, "x", **choices)
    (tmp_path / "d.json").write_text(json.dumps(found.describe()), encoding="utf-8-sig")
    again = read_declaration(tmp_path / "d.json")
    assert again == found
    assert again.content_hash() == found.content_hash()
    assert found.content_hash() != declared(*FIELDS).content_hash()


def test_a_schema_that_declares_codes_only_means_what_it_always_meant() -> None:
    schema = Schema((Variable("a", ("1", "2")), Variable("b", ("x",))))
    found = parse_declaration(schema.to_table_schema(), "x")
    assert found == plain_declaration(schema)
    assert found.schema == schema == schema_from_table_schema(schema.to_table_schema(), "x")


CODES = {"constraints": {"enum": ["a", "b"]}}


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ({}, "schema.enum_missing"),
        ({"type": "integer"}, "schema.enum_missing"),
        (CODES | {"ctdc": {"splitt": ";"}}, "schema.declaration"),
        (CODES | {"ctdc": ["split"]}, "schema.declaration"),
        (CODES | {"ctdc": {"split": ""}}, "schema.declaration"),
        (CODES | {"ctdc": {"split": "a"}}, "schema.declaration"),
        (CODES | {"ctdc": {"split": 1}}, "schema.declaration"),
        ({"constraints": {"enum": [" a"]}, "ctdc": {"split": ";"}}, "schema.declaration"),
        (CODES | {"ctdc": {"absent": "0"}}, "schema.declaration"),
        (CODES | {"ctdc": {"absent": ["b"]}}, "schema.absent_code"),
        (CODES | {"ctdc": {"zero_is_value": "yes"}}, "schema.declaration"),
        (CODES | {"ctdc": {"zero_is_value": True}}, "schema.declaration"),
        (CODES | {"ctdc": {"zero_is_value": True, "absent": ["0"]}}, "schema.declaration"),
        ({"constraints": {"enum": ["0"]}, "ctdc": {"split": ";", "zero_is_value": True}}, "schema.declaration"),
        ({"ctdc": {"bands": [0, 1]}}, "schema.declaration"),
        ({"type": "integer", "ctdc": {"bands": [0, 1], "split": ";"}}, "schema.declaration"),
        ({"type": "integer", "ctdc": {"bands": [0]}}, "schema.bands"),
    ],
    ids=json.dumps,
)
def test_what_a_field_cannot_declare(field: dict[str, Any], code: str) -> None:
    assert error_of({"name": "x", **field}) == code


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"ctdc": {"subject": "id"}}, "schema.declaration"),
        ({"ctdc": {"subject_id": 3}}, "schema.declaration"),
        ({"ctdc": {"columns": "town"}}, "schema.declaration"),
        ({"ctdc": {"columns": ["city"]}}, "schema.unknown_variable"),
        ({"ctdc": {"max_rows": 0}}, "schema.declaration"),
        ({"ctdc": {"max_rows": True}}, "schema.declaration"),
        ({"ctdc": {"max_rows": "9"}}, "schema.declaration"),
        ({"ctdc": {"delimiter": "::"}}, "schema.declaration"),
        ({"ctdc": {"delimiter": '"'}}, "schema.declaration"),
        ({"missingValues": "0"}, "schema.declaration"),
        ({"missingValues": ["north"]}, "schema.absent_code"),
    ],
    ids=json.dumps,
)
def test_what_a_table_cannot_declare(document: dict[str, Any], code: str) -> None:
    assert error_of(FIELDS[0], **document) == code


def test_two_columns_that_become_one_variable_are_refused() -> None:
    with pytest.raises(UserError) as caught:
        declared(FIELDS[1], {"name": "help:food", "constraints": {"enum": ["1"]}})
    assert caught.value.detail.code == "schema.names"
