"""Facts by definition: how they are declared, which are refused, and records against them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ctdc.foundation.errors import UserError
from ctdc.table.coded import CodedTable, code_table, narrow
from ctdc.table.constraints import Implication
from ctdc.table.infer import draft_declaration
from ctdc.table.schema import Schema, read_schema, schema_from_table_schema
from ctdc.table.variable import Variable

LABOUR, SECTOR = Variable("labour", ("1", "0")), Variable("sector", ("farm", "mine"))
AGE = Variable("age", ("child", "adult"))
FACT = Implication("sector", ("farm", "mine"), "labour", ("1",))
SCHEMA = Schema((LABOUR, AGE, SECTOR), (FACT,))


def code_of(build: Any, *arguments: Any) -> str:
    with pytest.raises(UserError) as caught:
        build(*arguments)
    return caught.value.detail.code


def test_a_fact_forbids_what_it_does_not_allow_the_empty_value_included() -> None:
    assert SCHEMA.forbidden.keys() == {(0, 2)}
    # rows: empty, 1, 0; columns: empty, farm, mine
    assert SCHEMA.forbidden[0, 2].tolist() == [[False, True, True], [False, False, False], [False, True, True]]


def test_a_fact_may_allow_that_nothing_is_known() -> None:
    schema = Schema((LABOUR, SECTOR), (Implication("sector", ("farm",), "labour", ("1", "")),))
    assert schema.forbidden[0, 1].tolist() == [[False, False, False], [False, False, False], [False, True, False]]


def test_several_facts_about_one_pair_add_up() -> None:
    facts = (Implication("sector", ("farm",), "labour", ("1",)), Implication("labour", ("1",), "sector", ("farm", "")))
    assert int(Schema((LABOUR, SECTOR), facts).forbidden[0, 1].sum()) == 3


def test_there_and_back_as_a_table_schema(tmp_path: Path) -> None:
    document = SCHEMA.to_table_schema()
    assert document["ctdc"] == {"implications": [{"if": {"sector": ["farm", "mine"]}, "then": {"labour": ["1"]}}]}
    (tmp_path / "schema.json").write_text(json.dumps(document))
    again = read_schema(tmp_path / "schema.json")
    assert again == SCHEMA
    assert again.content_hash() == SCHEMA.content_hash()


def test_one_condition_may_have_several_consequences() -> None:
    document = SCHEMA.to_table_schema()
    document["ctdc"] = {"implications": [{"if": {"sector": ["mine"]}, "then": {"labour": ["1"], "age": ["adult", ""]}}]}
    assert schema_from_table_schema(document, "here").implications == (
        Implication("sector", ("mine",), "labour", ("1",)),
        Implication("sector", ("mine",), "age", ("adult", "")),
    )


def test_a_schema_without_facts_has_the_hash_that_it_always_had() -> None:
    plain = SCHEMA.without_facts()
    assert "ctdc" not in plain.to_table_schema()
    assert plain.content_hash() == "df9390d1db7f5e44df83ae64ed8d5fc37fead1fbfc78ccb93d6896b585379840"
    assert plain.content_hash() != SCHEMA.content_hash()
    one, other = FACT, Implication("age", ("child",), "labour", ("1", "0", ""))
    assert (
        Schema(SCHEMA.variables, (one, other)).content_hash() == Schema(SCHEMA.variables, (other, one)).content_hash()
    )


@pytest.mark.parametrize(
    "facts",
    [
        "sector means labour",
        ["sector means labour"],
        [{"if": {"sector": ["farm"]}}],
        [{"if": {"sector": ["farm"]}, "then": {}}],
        [{"if": {"sector": ["farm"], "age": ["child"]}, "then": {"labour": ["1"]}}],
        [{"if": {"sector": "farm"}, "then": {"labour": ["1"]}}],
        [{"if": {"sector": ["farm"]}, "then": {"labour": ["1"]}, "else": {"labour": ["0"]}}],
        [{"if": {"sector": ["farm"]}, "then": {"work": ["1"]}}],
        [{"if": {"sector": ["sea"]}, "then": {"labour": ["1"]}}],
        [{"if": {"sector": ["farm"]}, "then": {"labour": []}}],
        [{"if": {"sector": ["farm"]}, "then": {"sector": ["mine"]}}],
    ],
)
def test_what_is_no_fact_is_refused(facts: Any) -> None:
    document = {**SCHEMA.without_facts().to_table_schema(), "ctdc": {"implications": facts}}
    assert code_of(schema_from_table_schema, document, "here") == "schema.facts"


def test_facts_that_nobody_can_satisfy_are_refused() -> None:
    everything = ("", "1", "0")
    facts = (
        Implication("labour", everything, "sector", ("farm",)),
        Implication("labour", everything, "sector", ("mine",)),
    )
    assert code_of(Schema, (LABOUR, SECTOR), facts) == "schema.facts_contradict"


def test_facts_that_leave_a_code_nobody_can_have_are_refused_even_through_a_third_variable() -> None:
    facts = (
        Implication("sector", ("mine",), "labour", ("1",)),
        Implication("labour", ("1",), "age", ("adult",)),
        Implication("sector", ("mine",), "age", ("child",)),
    )
    assert Schema((LABOUR, AGE, SECTOR), facts[:2]).implications == facts[:2]
    with pytest.raises(UserError, match="'mine' in 'sector'"):
        Schema((LABOUR, AGE, SECTOR), facts)


def test_facts_that_tie_everything_to_everything_are_refused() -> None:
    wide = tuple(Variable(name, tuple(map(str, range(250)))) for name in "abcd")
    facts = tuple(Implication(one, ("1",), two, ("1",)) for one in "abcd" for two in "abcd" if one < two)
    assert code_of(Schema, wide, facts) == "schema.facts_entangled"


def test_facts_are_never_learnt_from_records(tmp_path: Path) -> None:
    # Only farms have labour here; a drafted schema says nothing of it, though every combination could be looked at.
    (tmp_path / "t.csv").write_text("sector,labour\nfarm,1\nmine,0\nfarm,1\n")
    assert "implications" not in json.dumps(draft_declaration(tmp_path / "t.csv", 10))


def test_records_against_a_fact_are_refused_without_their_values() -> None:
    table = pa.table({"labour": ["1", "0", None], "age": [None, "child", None], "sector": ["farm", None, "mine"]})
    with pytest.raises(UserError) as caught:
        code_table(table, SCHEMA, "cases.csv")
    detail = caught.value.detail
    assert detail.code == "table.against_facts"
    assert detail.where == "cases.csv, columns 'sector' and 'labour', first in row 3"
    assert "--no-facts" in detail.do
    assert "1 records" in detail.what
    assert code_table(table, SCHEMA.without_facts(), "cases.csv").rows == 3
    assert code_table(table.slice(0, 2), SCHEMA, "cases.csv").rows == 2


def test_no_coded_table_contradicts_its_schema() -> None:
    columns = tuple(narrow(pa.array(column).to_numpy(), 3) for column in ([2], [0], [1]))
    with pytest.raises(ValueError, match="contradicts a fact"):
        CodedTable(SCHEMA, columns)
