"""Domains: what a schema may be, and where it comes from."""

import json
from pathlib import Path
from typing import Any

import pytest

from ctdc.foundation.errors import UserError
from ctdc.table.schema import Schema, read_schema, schema_from_table_schema
from ctdc.table.variable import Variable

GENDER = Variable("gender", ("Woman", "Man"))


def code_of(build: Any, *arguments: Any) -> str:
    with pytest.raises(UserError) as caught:
        build(*arguments)
    return caught.value.detail.code


def test_the_empty_value_is_a_category_of_its_own() -> None:
    assert GENDER.size == 3
    assert GENDER.index == {"Woman": 1, "Man": 2}
    assert Schema((GENDER, Variable("flag", ("1",)))).sizes == (3, 2)


@pytest.mark.parametrize("codes", [(), ("a", ""), ("a", "b", "a"), tuple(map(str, range(65_535)))])
def test_codes_that_cannot_be_a_domain(codes: tuple[str, ...]) -> None:
    assert code_of(Variable, "x", codes) == "schema.codes"


def test_names_that_cannot_be_used() -> None:
    assert code_of(Variable, "", ("1",)) == "schema.name"
    assert code_of(Schema, ()) == "schema.names"
    assert code_of(Schema, (GENDER, GENDER)) == "schema.names"


def test_a_variable_is_found_by_name() -> None:
    schema = Schema((GENDER,))
    assert schema["gender"] is GENDER
    assert code_of(schema.__getitem__, "age") == "schema.unknown_variable"


def test_the_hash_is_of_names_and_codes_in_their_order() -> None:
    one = Schema((GENDER, Variable("flag", ("1",))))
    same = Schema((Variable("gender", ("Woman", "Man")), Variable("flag", ("1",))))
    others = [
        Schema((Variable("gender", ("Man", "Woman")), Variable("flag", ("1",)))),
        Schema((Variable("flag", ("1",)), GENDER)),
        Schema((GENDER,)),
    ]
    assert one.content_hash() == same.content_hash()
    assert len({schema.content_hash() for schema in [one, *others]}) == 4


def test_there_and_back_as_a_table_schema(tmp_path: Path) -> None:
    schema = Schema((GENDER, Variable('é,"', ("ä", "0--8"))))
    document = schema.to_table_schema()
    assert document["missingValues"] == [""]
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(document), encoding="utf-8-sig")
    assert read_schema(path) == schema


def test_codes_may_be_written_as_numbers_and_empty_ones_are_dropped() -> None:
    field = {"name": "year", "constraints": {"enum": [2001, "2002", "", None]}}
    assert schema_from_table_schema({"fields": [field]}, "x")["year"].codes == ("2001", "2002")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "schema.not_table_schema"),
        ({"fields": 3}, "schema.not_table_schema"),
        ({"fields": []}, "schema.names"),
        ({"fields": ["x"]}, "schema.field"),
        ({"fields": [{"type": "string"}]}, "schema.field"),
        ({"fields": [{"name": "x"}]}, "schema.enum_missing"),
        ({"fields": [{"name": "x", "constraints": None}]}, "schema.enum_missing"),
        ({"fields": [{"name": "x", "constraints": "enum"}]}, "schema.enum_missing"),
        ({"fields": [{"name": "x", "constraints": {"enum": "abc"}}]}, "schema.enum_missing"),
        ({"fields": [{"name": "x", "constraints": {"enum": []}}]}, "schema.codes"),
    ],
)
def test_what_is_no_table_schema_with_codes(document: Any, code: str) -> None:
    assert code_of(schema_from_table_schema, document, "x") == code


def test_a_file_that_is_no_schema(tmp_path: Path) -> None:
    assert code_of(read_schema, tmp_path / "none.json") == "schema.file_missing"
    for content in (b"{", b"\xff\xfe\x00"):
        (tmp_path / "bad.json").write_bytes(content)
        assert code_of(read_schema, tmp_path / "bad.json") == "schema.not_json"
