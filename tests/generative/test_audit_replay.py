"""Record and replay, and the distance, for random tables and random people: one table, and two linked ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.attacks.gate import Gate, gate_of
from ctdc.privacy.attacks.people import Household, Pair, coded, pairs
from ctdc.privacy.attacks.replay import distance, replayed
from ctdc.privacy.domain import Domain
from ctdc.table.linked import LinkedSchema
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

MAIN = Schema((Variable("area", ("north", "south", "west")), Variable("flag", ("1",))))
WIDE = Schema((*MAIN.variables, Variable("country", tuple(f"c{number}" for number in range(1, 40)))))
LINKED = LinkedSchema(MAIN, Schema((Variable("age", ("young", "old")), Variable("works", ("1",)))), 3, "members")
DOMAINS: dict[str, Domain] = {"one table": MAIN, "wide": WIDE, "linked": LINKED}
GATES = {name: gate_of(domain, Guarantee(2.0, 1e-6), 3) for name, domain in DOMAINS.items()}
EACH = pytest.mark.parametrize("gate", GATES.values(), ids=GATES)
SLACK = 1 + 1e-9


def codes(schema: Schema) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*(st.integers(0, size - 1) for size in schema.sizes))


def households(domain: Domain) -> st.SearchStrategy[Household]:
    if not isinstance(domain, LinkedSchema):
        return st.tuples(codes(domain), st.just(()))
    rows = st.lists(codes(domain.linked), max_size=domain.most).map(tuple)
    return st.tuples(codes(domain.main), rows)


@st.composite
def neighbours(draw: st.DrawFn, domain: Domain) -> Pair:
    """A random table, the empty one included, and a person who is random, or a double, or fills or leaves all."""
    crowd = draw(st.lists(households(domain), max_size=8))
    people = domain.main if isinstance(domain, LinkedSchema) else domain
    special = [(tuple(size - 1 for size in people.sizes), ()), ((0,) * len(people.sizes), ()), *crowd]
    person = draw(st.one_of(households(domain), st.sampled_from(special)))
    place = draw(st.integers(0, len(crowd)))
    return Pair("random", coded(domain, crowd), coded(domain, [*crowd[:place], person, *crowd[place:]]))


@pytest.mark.slow
@EACH
@settings(max_examples=25)
@given(data=st.data())
def test_nothing_tells_neighbours_apart_when_the_noise_ignores_them(gate: Gate, data: st.DataObject) -> None:
    """The same questions to the noise, shapes, steps, errors and numbers, whoever joins."""
    pair = data.draw(neighbours(gate.domain))
    assert replayed(gate, pair, seeds=(data.draw(st.integers(0, 2**32)),)) == []


@EACH
@settings(max_examples=40)
@given(data=st.data())
def test_nobody_moves_the_release_further_than_declared(gate: Gate, data: st.DataObject) -> None:
    """In each table, and in all of them together by no more than the plan's rho."""
    pair = data.draw(neighbours(gate.domain))
    found = distance(gate, pair)
    assert found.too_far == ()
    assert 0 < found.mu**2 / 2 <= gate.claim.rho * SLACK
    assert found.mu <= gate.claim.mu * SLACK


@pytest.mark.slow
@EACH
def test_nor_do_the_people_whom_the_audit_looks_for(gate: Gate) -> None:
    for pair in pairs(gate.domain, np.random.default_rng(3)):
        assert replayed(gate, pair) == []
        assert distance(gate, pair).mu <= gate.claim.mu * SLACK


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_a_code_that_is_none_never_reaches_the_gate(domain: Domain) -> None:
    """In whatever table it stands it is refused with the same words, before anything could be charged or measured."""
    main = domain.main if isinstance(domain, LinkedSchema) else domain
    person: Household = ((main.sizes[0], *(0,) * (len(main.sizes) - 1)), ())
    said = set()
    for crowd in ([], [((0,) * len(main.sizes), ())] * 5):
        with pytest.raises(ValueError, match="not a category") as error:
            coded(domain, [*crowd, person])
        said.add(str(error.value))
    assert len(said) == 1
