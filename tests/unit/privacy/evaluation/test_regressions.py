"""Declared regressions: coefficients and errors of another library, overlaps of intervals, what cannot be fitted."""

import numpy as np
import pytest
from tests.support.evaluated import GROUPS, candidate_of, coded, of_texts

from ctdc.privacy.evaluation.coded import Pair, pair_of
from ctdc.privacy.evaluation.regressions import NO_PEOPLE, NO_TERMS, Coefficient, overlap, regression
from ctdc.privacy.evaluation.settings import Regression, Settings
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

ONE = Regression("work", "work", ("1",), ("gender", "sex", "year"))
SETTINGS = Settings(groups={"asked": ("work", "sex", "area")})  # whoever has an area was asked about both kinds


@pytest.mark.slow
def test_coefficients_and_intervals_are_those_of_scikit_learn(apart: Pair) -> None:
    from sklearn.linear_model import LogisticRegression

    found = regression(apart, ONE, SETTINGS)
    year, gender, area, work, sex = apart.truth.astype(int)
    used = (gender > 0) & (year > 0) & ((work > 0) | (sex > 0) | (area > 0))
    assert found.people[0] == used.sum()
    assert found.references["gender"] == "woman"
    assert found.references["sex"] == ""
    columns = []
    for one in found.coefficients:
        column = {"gender": gender, "sex": sex, "year": year}[one.variable]
        columns.append(column == apart.schema[one.variable].index[one.code])
    design = np.array(columns, dtype=float).T[used]
    other = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(design, work[used])
    assert [one.truth.value for one in found.coefficients] == pytest.approx(other.coef_[0], abs=1e-4)
    full = np.column_stack([np.ones(len(design)), design])
    p = other.predict_proba(design)[:, 1]
    errors = np.sqrt(np.diag(np.linalg.inv(full.T @ (full * (p * (1 - p))[:, None]))))[1:]
    assert [one.truth.high - one.truth.value for one in found.coefficients] == pytest.approx(1.96 * errors, rel=1e-3)
    assert found.problem == ""


def test_a_flag_that_everybody_without_the_outcome_has_is_no_predictor(apart: Pair) -> None:
    """Of those with an answer in the group, whoever is not in one kind is in the other."""
    assert regression(apart, Regression("work", "work", ("1",), ("sex",)), Settings(groups=GROUPS)).problem == NO_TERMS


def test_equal_tables_give_the_same_conclusions(same: Pair) -> None:
    found = regression(same, ONE, SETTINGS)
    assert found.mean_overlap == pytest.approx(1)
    assert found.same_conclusions == len(found.coefficients) > 0
    assert all(one.truth == one.candidate for one in found.coefficients)


def test_overlap_is_that_of_karr_and_others() -> None:
    assert overlap(Coefficient(0, -1, 1), Coefficient(0, -1, 1)) == 1
    assert overlap(Coefficient(0, -1, 1), Coefficient(0, -2, 2)) == pytest.approx(0.75)
    assert overlap(Coefficient(0, -1, 1), Coefficient(4, 3, 5)) == pytest.approx(-1)


SMALL = Schema((Variable("out", ("yes", "no")), Variable("kind", ("a", "b", "c"))))
TRUE = {"out": ["yes", "no", "no", "yes", "no", "yes", "yes", "yes"], "kind": ["a", "a", "a", "b", "b", "b", "c", "c"]}
MODEL = Regression("m", "out", ("yes",), ("kind",))


def test_codes_without_both_outcomes_are_left_out() -> None:
    truth = coded(TRUE, SMALL)
    found = regression(pair_of(truth, candidate_of(truth)), MODEL, Settings())
    assert found.people == (6, 6)
    assert [(one.variable, one.code) for one in found.coefficients] == [("kind", "b")]
    assert found.coefficients[0].truth.value == pytest.approx(np.log(2 / (1 / 2)))


def test_what_the_candidate_does_not_determine_is_missing() -> None:
    made = {"out": ["yes", "no", "yes", "yes"], "kind": ["a", "a", "b", "b"]}
    found = regression(pair_of(coded(TRUE, SMALL), of_texts(made, SMALL)), MODEL, Settings())
    assert [(one.candidate, one.overlap) for one in found.coefficients] == [(None, None)]
    assert (found.mean_overlap, found.same_conclusions) == (0.0, 0)


def test_without_people_or_terms_there_is_no_model() -> None:
    alike = coded({"out": ["yes", "yes"], "kind": ["a", "b"]}, SMALL)
    assert regression(pair_of(alike, candidate_of(alike)), MODEL, Settings()).problem == NO_PEOPLE
    alone = coded({"out": ["yes", "no"], "kind": ["a", "a"]}, SMALL)
    assert regression(pair_of(alone, candidate_of(alone)), MODEL, Settings()).problem == NO_TERMS


def test_having_no_code_of_a_group_is_a_term_without_a_code() -> None:
    """A variable of several codes in a group: who has another answer there has none of its codes."""
    schema = Schema((Variable("kind", ("a", "b")), Variable("other", ("1",)), Variable("work", ("1", "2"))))
    columns = {
        "kind": ["a", "a", "a", "b", "b", None, None] * 20,
        "other": ["1"] * 140,
        "work": ["1", "2", "1", "1", "2", "2", "1"] * 20,
    }
    pair = pair_of(coded(columns, schema), of_texts(columns, schema))
    one = Regression("work", "work", ("1",), ("kind",))
    found = regression(pair, one, Settings(groups={"asked": ("kind", "other")}))
    assert found.references == {"kind": "a"}
    assert [term.code for term in found.coefficients] == ["", "b"]
