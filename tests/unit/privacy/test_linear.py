"""Sums of counts against brute force: explicit matrices over tiny domains, and the tables they are sums of."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.spec.test_engine_mechanism import histogram, kronecker, stacked
from tests.support.engine import Invented, NoNoise, small_plan, some_people

from ctdc.privacy.estimate import estimate
from ctdc.privacy.linear import Event, Query, count, count_where, evaluate, event, is_measured
from ctdc.privacy.measure import measure

SIZES = (3, 2, 4, 2)
LENGTH = 3
PLAN = small_plan(SIZES, LENGTH)
PEOPLE = some_people(SIZES, 60).matrix()
FOUND = estimate(measure(PEOPLE, PLAN, Invented()))


@st.composite
def events(draw: st.DrawFn, length: int = LENGTH) -> Event:
    variables = draw(st.sets(st.integers(0, len(SIZES) - 1), max_size=length))
    return event({one: draw(st.sets(st.integers(0, SIZES[one] - 1), min_size=1)) for one in variables})


FACTORS = st.floats(-3, 3, allow_nan=False)
QUERIES = st.lists(st.tuples(FACTORS, events()), max_size=4).map(lambda terms: Query(tuple(terms)))


def row_of(query: Query) -> np.ndarray:
    """The query as one row over the cells of the whole domain."""
    total = np.zeros((1, int(np.prod(SIZES))))
    for factor, one in query.terms:
        chosen = dict(one.chosen)
        weights = [
            np.array([[float(code in chosen.get(variable, range(n))) for code in range(n)]])
            for variable, n in enumerate(SIZES)
        ]
        total += factor * kronecker(weights)
    return total


def brute_force() -> tuple[np.ndarray, np.ndarray]:
    """Least squares from y = R x + noise: the histogram's estimate and its covariance."""
    matrix, deviations = stacked(PLAN)
    scaled = matrix / deviations[:, None]
    measured = measure(PEOPLE, PLAN, Invented())
    y = np.concatenate([measured.values[m.attributes].ravel() for m in PLAN.measurements])
    covariance = np.linalg.pinv(scaled.T @ scaled, rcond=1e-12)
    return covariance @ scaled.T @ (y / deviations), covariance


ESTIMATED, COVARIANCE = brute_force()


@pytest.mark.slow
@given(st.lists(QUERIES, min_size=1, max_size=3))
def test_values_and_covariances_are_those_of_least_squares(queries: list[Query]) -> None:
    joint = evaluate(FOUND, queries)
    assert joint is not None
    rows = np.vstack([row_of(query) for query in queries])
    np.testing.assert_allclose(joint.values, rows @ ESTIMATED, atol=1e-6)
    np.testing.assert_allclose(joint.covariance, rows @ COVARIANCE @ rows.T, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@given(QUERIES)
def test_without_noise_the_answer_is_the_count(query: Query) -> None:
    exact = estimate(measure(PEOPLE, PLAN, NoNoise()))
    joint = evaluate(exact, [query])
    assert joint is not None
    np.testing.assert_allclose(joint.values, row_of(query) @ histogram(SIZES, PEOPLE), atol=1e-8)


@pytest.mark.slow
@given(events(), st.integers(0, len(SIZES) - 1), st.data())
def test_a_query_that_is_split_in_parts_adds_up(one: Event, variable: int, data: st.DataObject) -> None:
    """Cutting a variable's categories in two gives two queries whose sum is the whole: same value, same variance."""
    whole = dict(one.chosen).get(variable, frozenset(range(SIZES[variable])))
    assume(len({*one.attributes, variable}) <= LENGTH)
    left = data.draw(st.sets(st.sampled_from(sorted(whole))))
    parts = [count(one & event({variable: codes})) for codes in (left, whole - left)]
    joint = evaluate(FOUND, [count(one), *parts, parts[0] + parts[1]])
    assert joint is not None
    np.testing.assert_allclose(joint.values[1] + joint.values[2], joint.values[0], atol=1e-8)
    np.testing.assert_allclose(joint.covariance[3, 3], joint.covariance[0, 0], rtol=1e-9)
    np.testing.assert_allclose(joint.covariance[3, 0], joint.covariance[0, 0], rtol=1e-9)


def test_single_cells_have_the_values_and_variances_of_their_tables() -> None:
    for attributes in FOUND.sets:
        for position in itertools.product(*(range(SIZES[one]) for one in attributes)):
            joint = evaluate(FOUND, [count(event({v: [c] for v, c in zip(attributes, position, strict=True)}))])
            assert joint is not None
            assert joint.values[0] == pytest.approx(float(FOUND.table(attributes)[position]))
            assert joint.covariance[0, 0] == pytest.approx(FOUND.variance(attributes))


def test_at_least_one_of_several_flags_counts_nobody_twice() -> None:
    exact = estimate(measure(PEOPLE, PLAN, NoNoise()))
    flags, among = [event({1: [1]}), event({3: [1]})], event({0: [1, 2]})
    joint = evaluate(exact, [count_where(among, [flags])])
    assert joint is not None
    truth = ((PEOPLE[0] > 0) & ((PEOPLE[1] == 1) | (PEOPLE[3] == 1))).sum()
    assert joint.values[0] == pytest.approx(truth)


def test_two_questions_that_each_have_alternatives() -> None:
    exact = estimate(measure(PEOPLE, PLAN, NoNoise()))
    joint = evaluate(exact, [count_where(Event(), [[event({1: [1]}), event({3: [1]})], [event({0: [1, 2]})]])])
    assert joint is not None
    truth = (((PEOPLE[1] == 1) | (PEOPLE[3] == 1)) & (PEOPLE[0] > 0)).sum()
    assert joint.values[0] == pytest.approx(truth)


def test_an_event_without_categories_has_nobody_and_no_error() -> None:
    joint = evaluate(FOUND, [count(event({0: [1]}) & event({0: [2]}))])
    assert joint is not None
    assert (joint.values[0], joint.covariance[0, 0]) == (0.0, 0.0)


def test_what_was_not_measured_has_no_estimate() -> None:
    beyond = count(event({variable: [1] for variable in range(4)}))
    assert beyond.length == 4
    assert not is_measured(FOUND, beyond)
    assert evaluate(FOUND, [count(Event()), beyond]) is None
