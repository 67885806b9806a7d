"""Whatever is declared and whatever the noise, no record contradicts a declared fact, and repairs change the least."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.engine import Invented, small_plan

from ctdc.foundation.errors import UserError
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import measure
from ctdc.privacy.structure import forbidden_pairs, impossible_cells, impossible_pairs, repair
from ctdc.privacy.synthesise import synthesise
from ctdc.table.coded import table_from_matrix
from ctdc.table.constraints import Implication
from ctdc.table.nearest import violates
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

pytestmark = pytest.mark.slow
QUIET = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def variables_and_facts(draw: st.DrawFn) -> tuple[tuple[Variable, ...], tuple[Implication, ...]]:
    widths = draw(st.lists(st.integers(1, 3), min_size=2, max_size=5))
    names = [chr(ord("a") + place) for place in range(len(widths))]
    codes = {name: tuple(map(str, range(width))) for name, width in zip(names, widths, strict=True)}
    facts = []
    for _ in range(draw(st.integers(0, 6))):
        one, two = draw(st.permutations(names))[:2]
        chosen = [
            draw(st.lists(st.sampled_from(("", *codes[name])), min_size=1, max_size=3, unique=True))
            for name in (one, two)
        ]
        facts.append(Implication(one, tuple(chosen[0]), two, tuple(chosen[1])))
    return tuple(Variable(name, codes[name]) for name in names), tuple(facts)


def every_record(sizes: tuple[int, ...]) -> np.ndarray:
    return np.array(list(itertools.product(*(range(size) for size in sizes))), dtype=np.uint16).T


def allowed_records(variables: tuple[Variable, ...], facts: tuple[Implication, ...]) -> np.ndarray:
    """Every record that satisfies the facts, straight from what a fact says; shape (variables, records)."""
    names = [variable.name for variable in variables]

    def satisfies(record: np.ndarray) -> bool:
        said = {v.name: ("", *v.codes)[value] for v, value in zip(variables, record, strict=True)}
        return all(said[f.given] not in f.given_codes or said[f.then] in f.then_codes for f in facts)

    records = every_record(tuple(v.size for v in variables))
    kept = [record for record in records.T if satisfies(record)]
    return np.array(kept, dtype=np.uint16).reshape(-1, len(names)).T


@QUIET
@given(variables_and_facts(), st.integers(0, 2**32 - 1))
def test_repairs_are_right_and_the_nearest(
    declared: tuple[tuple[Variable, ...], tuple[Implication, ...]], seed: int
) -> None:
    variables, facts = declared
    allowed = allowed_records(variables, facts)
    alive = [set(row.tolist()) for row in allowed]
    if not all(set(range(1, v.size)) <= found for v, found in zip(variables, alive, strict=True)):
        with pytest.raises(UserError, match="facts"):
            Schema(variables, facts)
        return
    schema = Schema(variables, facts)
    forbidden = forbidden_pairs(schema)
    records = every_record(schema.sizes)
    repaired = repair(records, schema.sizes, forbidden, np.random.default_rng(seed))
    valid = {tuple(record) for record in allowed.T.tolist()}
    for before, after in zip(records.T.tolist(), repaired.T.tolist(), strict=True):
        assert tuple(after) in valid
        fewest = min(sum(a != b for a, b in zip(before, other, strict=True)) for other in valid)
        assert sum(a != b for a, b in zip(before, after, strict=True)) == fewest
    again = repair(records, schema.sizes, forbidden, np.random.default_rng(seed))
    assert np.array_equal(repaired, again)


@QUIET
@given(variables_and_facts())
def test_what_is_called_impossible_is_had_by_no_allowed_record(
    declared: tuple[tuple[Variable, ...], tuple[Implication, ...]],
) -> None:
    try:
        schema = Schema(*declared)
    except UserError:
        return
    allowed = allowed_records(*declared)
    implied = impossible_pairs(schema)
    for pair, cells in forbidden_pairs(schema).items():
        assert (implied[pair] | ~cells).all(), "what is declared stays"
    assert not violates(allowed, implied).any()
    for attributes in itertools.combinations(range(len(schema.sizes)), 2):
        seen = np.zeros([schema.sizes[a] for a in attributes])
        np.add.at(seen, tuple(allowed[list(attributes)]), 1)
        assert not impossible_cells(attributes, schema.sizes, implied)[seen > 0].any()


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(variables_and_facts(), st.integers(1, 3), st.integers(0, 60), st.integers(0, 2**16))
def test_no_record_contradicts_a_fact_whatever_the_noise(
    declared: tuple[tuple[Variable, ...], tuple[Implication, ...]], length: int, rows: int, seed: int
) -> None:
    try:
        schema = Schema(*declared)
    except UserError:
        return
    nobody = np.zeros((len(schema.sizes), 0), dtype=np.uint16)
    found = estimate(measure(nobody, small_plan(schema.sizes, length), Invented(rows)))
    matrix = synthesise(found, rows, seed, forbidden=forbidden_pairs(schema))
    assert matrix.shape == (len(schema.sizes), rows)
    assert table_from_matrix(schema, matrix).rows == rows, "a coded table refuses records against its facts"
    allowed = {tuple(record) for record in allowed_records(*declared).T.tolist()}
    assert {tuple(record) for record in matrix.T.tolist()} <= allowed
