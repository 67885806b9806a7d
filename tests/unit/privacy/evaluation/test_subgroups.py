"""Errors within subgroups equal those of the subgroup's own table; the worst is named."""

import numpy as np
import pytest

from ctdc.privacy.evaluation.coded import Candidate, Pair, pair_of
from ctdc.privacy.evaluation.marginals import compare, sets_of_order
from ctdc.privacy.evaluation.settings import Settings, Subgroup
from ctdc.privacy.evaluation.subgroups import subgroups
from ctdc.table.coded import CodedTable

GENDERS = tuple(Subgroup("gender", name, "gender", (name,)) for name in ("woman", "man", "trans"))
SETTINGS = Settings(subgroups=(*GENDERS, Subgroup("area", "edges", "area", ("north", "islands"), {"en": "Edges"})))


def test_a_subgroup_is_the_table_of_its_people(apart: Pair) -> None:
    found = subgroups(apart, SETTINGS, np.random.default_rng(1))
    man = found.subgroups[1]
    rest = [0, 2, 3, 4]
    tables = [matrix[rest][:, matrix[1] == 2] for matrix in (apart.truth, apart.candidate)]
    sizes, known = [apart.sizes[v] for v in rest], [apart.known[v] for v in rest]
    expected = compare(tables[0], [tables[1]], sizes, known, sets_of_order(4, 2))
    assert man.tvd == pytest.approx(expected.distances.mean())
    assert man.mae == expected.errors.mae
    assert man.people == (tables[0].shape[1], tables[1].shape[1])
    whole, gender, area = found.fairness
    assert (whole.family, gender.family, area.family) == (None, "gender", "area")
    errors = [one.tvd for one in found.subgroups]
    assert whole.ratio == pytest.approx(max(errors) / np.mean(errors))
    assert (gender.worst, area.ratio) == ("trans", 1.0)
    assert found.subgroups[3].labels == {"en": "Edges"}


def test_whoever_is_treated_worse_is_seen(truth: CodedTable) -> None:
    matrix, men = truth.matrix(), truth.matrix()[1] == 2
    draw = np.random.default_rng(2)
    for row in (0, 2, 3, 4):
        matrix[row, men] = draw.permutation(matrix[row, men])
    found = subgroups(pair_of(truth, Candidate(truth.schema, matrix)), SETTINGS, draw)
    assert found.fairness[1].worst == "man"
    assert found.subgroups[0].tvd == 0 < found.subgroups[0].null


def test_nobody_in_truth_and_nobody_in_the_candidate(truth: CodedTable) -> None:
    matrix = truth.matrix()
    matrix[1][matrix[1] == 3] = 0
    gone = subgroups(pair_of(truth, Candidate(truth.schema, matrix)), SETTINGS, np.random.default_rng(1))
    assert gone.subgroups[2].tvd == 1.0
    from ctdc.table.coded import table_from_matrix

    never = pair_of(table_from_matrix(truth.schema, matrix), Candidate(truth.schema, truth.matrix()))
    found = subgroups(never, SETTINGS, np.random.default_rng(1))
    assert found.without_people == ("trans",)
    assert len(found.subgroups) == 3
    assert subgroups(never, Settings(), np.random.default_rng(1)).fairness == ()
