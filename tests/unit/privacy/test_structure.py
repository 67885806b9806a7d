"""Structural zeros: which cells they are, what becomes of tables and records, and that nothing lists them."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.support.engine import WHEN, Invented, NoNoise, small_plan

from ctdc.foundation.errors import UserError
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.protect import measure_records, protect, publish_measurements
from ctdc.privacy.settings import Settings
from ctdc.privacy.structure import (
    forbidden_pairs,
    impossible_cells,
    impossible_pairs,
    repair,
)
from ctdc.privacy.synthesise import synthesise
from ctdc.table.coded import CodedTable, table_from_matrix
from ctdc.table.constraints import Implication
from ctdc.table.nearest import violates
from ctdc.table.schema import Schema, read_schema
from ctdc.table.variable import Variable

LABOUR, AGE = Variable("labour", ("1",)), Variable("age", ("child", "adult"))
SECTORS = tuple(Variable(f"sector{number}", ("1",)) for number in range(6))
SCHEMA = Schema(
    (LABOUR, AGE, *SECTORS),
    (
        *(Implication(sector.name, ("1",), "labour", ("1",)) for sector in SECTORS),
        Implication("labour", ("1",), "age", ("adult", "")),
    ),
)
CHILD = 1


def people(rows: int = 400, seed: int = 2) -> CodedTable:
    """Records that satisfy the facts: of any kind, with the nearest right ones in the place of wrong ones."""
    random = np.random.default_rng(seed)
    matrix = np.stack([random.integers(0, size, rows) for size in SCHEMA.sizes]).astype(np.uint16)
    return table_from_matrix(SCHEMA, repair(matrix, SCHEMA.sizes, forbidden_pairs(SCHEMA), random))


def test_what_is_declared_and_what_follows_from_it() -> None:
    declared, implied = forbidden_pairs(SCHEMA), impossible_pairs(SCHEMA)
    assert declared.keys() == {(0, place) for place in range(1, 8)}
    assert implied.keys() == {*declared, *((1, place) for place in range(2, 8))}
    for place in range(2, 8):
        assert np.argwhere(implied[1, place]).tolist() == [[CHILD, 1]], (
            "a child in a sector is impossible, by two steps"
        )


def test_a_table_over_more_variables_has_the_zeros_of_its_pairs() -> None:
    implied = impossible_pairs(SCHEMA)
    cells = impossible_cells((1, 2, 3), SCHEMA.sizes, implied)
    for age, one, two in np.ndindex(3, 2, 2):
        assert cells[age, one, two] == (age == CHILD and (one == 1 or two == 1))
    assert not impossible_cells((2, 3), SCHEMA.sizes, implied).any()
    assert impossible_cells((), SCHEMA.sizes, implied).shape == ()


def test_repair_changes_one_value_where_one_is_enough() -> None:
    forbidden = forbidden_pairs(SCHEMA)
    # Six sectors without labour: labour is the one change. One sector without it: either of two.
    everywhere, one = [0, 0, 1, 1, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0, 0, 0]
    right = [1, 2, 1, 0, 0, 0, 0, 0]
    records = np.array([everywhere, right, *[one] * 200], dtype=np.uint16).T
    repaired = repair(records, SCHEMA.sizes, forbidden, np.random.default_rng(1))
    assert repaired[:, 0].tolist() == [1, 0, 1, 1, 1, 1, 1, 1]
    assert repaired[:, 1].tolist() == right
    assert {tuple(record) for record in repaired[:, 2:].T.tolist()} == {(0,) * 8, (1, 0, 1, 0, 0, 0, 0, 0)}
    assert not violates(repaired, forbidden).any()


def test_repair_leaves_variables_without_facts_alone_and_takes_no_records_too() -> None:
    schema = Schema((*SCHEMA.variables, Variable("other", ("a", "b"))), SCHEMA.implications)
    random = np.random.default_rng(3)
    records = np.stack([random.integers(0, size, 500) for size in schema.sizes]).astype(np.uint16)
    repaired = repair(records, schema.sizes, forbidden_pairs(schema), random)
    assert np.array_equal(repaired[-1], records[-1])
    empty = records[:, :0]
    assert repair(empty, schema.sizes, forbidden_pairs(schema), random).shape == empty.shape


def test_repair_says_when_nothing_is_allowed() -> None:
    records = np.zeros((2, 1), dtype=np.uint16)
    with pytest.raises(UserError) as caught:
        repair(records, (2, 2), {(0, 1): np.ones((2, 2), dtype=bool)}, np.random.default_rng(0))
    assert caught.value.detail.code == "schema.facts_contradict"


@pytest.mark.slow
@pytest.mark.parametrize("noise", [NoNoise(), Invented(400), Invented(3)])
def test_records_obey_facts_and_impossible_combinations_are_not_listed(noise: NoiseSource) -> None:
    found = estimate(measure(people().matrix(), small_plan(SCHEMA.sizes), noise))
    rows = max(0, round(found.total()[0]))
    matrix = synthesise(found, rows, 5, forbidden=forbidden_pairs(SCHEMA))
    assert not violates(matrix, impossible_pairs(SCHEMA)).any()
    listed = pl.DataFrame(aggregate_table(SCHEMA, found, 0, everything=True))
    plain = pl.DataFrame(aggregate_table(SCHEMA.without_facts(), found, 0, everything=True))

    def impossible(attributes: str) -> bool:
        said = json.loads(attributes)
        return said.get("age") == "child" and len(said) > 1  # every other variable is of labour

    assert {a for a in plain["attributes"] if impossible(a)} == set(plain["attributes"]) - set(listed["attributes"])
    assert listed.equals(plain.filter(pl.col("attributes").is_in(listed["attributes"].implode())))


@pytest.mark.slow
def test_the_folder_says_which_facts_were_used_and_its_schema_declares_them(tmp_path: Path) -> None:
    table = people()
    settings = Settings(Guarantee(2, 1e-6), seed=3)
    for name, schema in (("with", SCHEMA), ("without", SCHEMA.without_facts())):
        coded = CodedTable(schema, table.columns)
        statement = protect(lambda coded=coded: coded, schema, settings, tmp_path / name, tmp_path / "l", WHEN)
        assert statement["facts_by_definition"] == [fact.as_dict() for fact in schema.implications]
        assert read_schema(tmp_path / name / "schema.json") == schema
        assert statement["schema_hash"] == schema.content_hash()


@pytest.mark.slow
def test_what_was_measured_without_facts_can_be_published_with_them_for_nothing(tmp_path: Path) -> None:
    settings = Settings(Guarantee(2, 1e-6), seed=3)
    plain = CodedTable(SCHEMA.without_facts(), people().columns)
    measure_records(lambda: plain, plain.schema, settings, tmp_path / "measured", tmp_path / "ledger.jsonl", WHEN)
    with_facts = publish_measurements(tmp_path / "measured", settings, tmp_path / "with", schema=SCHEMA)
    assert len(with_facts["facts_by_definition"]) == len(SCHEMA.implications)
    assert publish_measurements(tmp_path / "measured", settings, tmp_path / "plain")["facts_by_definition"] == []
    assert len(ledger.read(tmp_path / "ledger.jsonl")) == 1
    other = Schema(SCHEMA.variables[:-1])
    with pytest.raises(ValueError, match="another schema"):
        publish_measurements(tmp_path / "measured", settings, tmp_path / "other", schema=other)


@pytest.mark.slow
def test_records_against_a_fact_cost_nothing(tmp_path: Path) -> None:
    def load() -> CodedTable:
        return table_from_matrix(SCHEMA, np.array([[0], [0], [1], *[[0]] * 5], dtype=np.uint16))

    with pytest.raises(ValueError, match="contradicts a fact"):
        measure_records(load, SCHEMA, Settings(Guarantee(2, 1e-6)), tmp_path / "out", tmp_path / "ledger.jsonl", WHEN)
    assert not (tmp_path / "out").exists()
    assert ledger.read(tmp_path / "ledger.jsonl") == ()
