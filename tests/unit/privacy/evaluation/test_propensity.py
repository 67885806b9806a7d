"""The propensity score: what a logistic regression of another library gives, and its null what theory says."""

from itertools import combinations

import numpy as np
import pytest
from tests.support.evaluated import candidate_of, invented, shuffled

from ctdc.privacy.evaluation.coded import Pair, pair_of
from ctdc.privacy.evaluation.logistic import Rows, fit, joined
from ctdc.privacy.evaluation.propensity import RIDGE, design_of, propensity
from ctdc.privacy.evaluation.settings import Settings

pytestmark = pytest.mark.slow


def dense(rows: Rows) -> np.ndarray:
    out = np.zeros((len(rows), rows.width))
    for row in range(len(rows)):
        out[row, rows.columns[rows.starts[row] : rows.starts[row + 1]]] += 1
    return out


def test_the_design_has_main_effects_and_products(apart: Pair) -> None:
    design = design_of(apart)
    found = dense(design.rows(apart.truth))
    columns = [apart.truth[variable] == code for variable, size in enumerate(apart.sizes) for code in range(1, size)]
    main = 1 + len(columns)
    assert (found[:, 0] == 1).all()
    assert pytest.approx(np.array(columns, dtype=float)) == found[:, 1:main].T
    top = [
        (variable, np.argsort(-np.bincount(apart.truth[variable], minlength=size)[1:])[:3] + 1)
        for variable, size in enumerate(apart.sizes)
    ]
    products = {
        ((apart.truth[a] == one) & (apart.truth[b] == other)).tobytes()
        for (a, ones), (b, others) in combinations(top, 2)
        for one in ones
        for other in others
    }
    assert {(column == 1).tobytes() for column in found[:, main:].T} == {
        one for one in products if any(np.frombuffer(one, dtype=bool))
    }


def test_the_model_is_that_of_scikit_learn(apart: Pair) -> None:
    from sklearn.linear_model import LogisticRegression

    design = design_of(apart)
    rows = joined(design.rows(apart.truth), design.rows(apart.candidate))
    ones = np.repeat([0.0, 1.0], [apart.truth.shape[1], apart.candidate.shape[1]])
    model = fit(rows, 1 - ones, ones, ridge=RIDGE, tolerance=1e-9)
    other = LogisticRegression(C=1 / RIDGE, solver="newton-cholesky").fit(dense(rows)[:, 1:], ones)
    assert model.converged
    assert model.fitted == pytest.approx(other.predict_proba(dense(rows)[:, 1:])[:, 1], abs=1e-3)


def test_equal_tables_cannot_be_told_apart(same: Pair) -> None:
    found = propensity(same, Settings(), np.random.default_rng(1))
    assert found.pmse == pytest.approx(0, abs=1e-12)
    assert found.ratio == pytest.approx(0, abs=1e-6)


@pytest.mark.statistical
def test_new_draws_have_a_ratio_near_one_and_shuffled_columns_far_from_it(truth) -> None:
    """The ratio of a resample has a standard deviation of about sqrt(2 / terms), 0.2 here: six of them to each side."""
    draw = np.random.default_rng(5)
    resample = truth.matrix()[:, draw.integers(0, truth.rows, truth.rows)]
    drawn = pair_of(truth, type(candidate_of(truth))(truth.schema, resample))
    fair = propensity(drawn, Settings(), draw)
    assert 0.5 < fair.ratio < 2
    assert fair.null_low < fair.null < fair.null_high
    assert propensity(pair_of(truth, shuffled(truth, 6)), Settings(), draw).ratio > 5


@pytest.mark.statistical
def test_the_null_is_what_snoke_and_others_expect(truth) -> None:
    """Over 60 draws the mean is within 12 % of (k - 1)(1 - c)^2 c / N; five standard errors, the ridge included."""
    small = pair_of(truth, candidate_of(invented(3, 2000)))
    found = propensity(small, Settings(resamples=60), np.random.default_rng(7))
    design = design_of(small)
    terms = np.linalg.matrix_rank(dense(design.rows(small.truth)))
    c, people = 2000 / 6000, 6000
    assert found.people == (4000, 2000)
    assert found.null == pytest.approx((terms - 1) * (1 - c) ** 2 * c / people, rel=0.12)


def test_of_many_people_some_are_drawn(apart: Pair) -> None:
    assert propensity(apart, Settings(most_people=500), np.random.default_rng(1)).people == (500, 500)


def test_separated_tables_still_have_a_model() -> None:
    rows = Rows(np.array([0, 1, 3]), np.array([0, 0, 1], dtype=np.int32), 2)
    model = fit(rows, np.array([50.0, 0.0]), np.array([0.0, 50.0]), ridge=0.5, tolerance=1e-6)
    assert model.converged
    assert model.fitted[0] < 0.1 < 0.9 < model.fitted[1]


@pytest.mark.statistical
def test_of_some_people_too_new_draws_have_a_ratio_near_one() -> None:
    """A null from the same 2,000 people would make it about 2; its standard deviation is 0.2, of three 0.12."""
    many = invented(11, 20_000)
    draw = np.random.default_rng(12)
    ratios = []
    for _ in range(3):
        resample = many.matrix()[:, draw.integers(0, many.rows, many.rows)]
        drawn = pair_of(many, type(candidate_of(many))(many.schema, resample))
        ratios.append(propensity(drawn, Settings(most_people=2000), draw).ratio)
    assert 0.5 < np.mean(ratios) < 1.5
