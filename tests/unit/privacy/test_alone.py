"""Records that are worth less than columns drawn alone are found out."""

import numpy as np
import pytest
from tests.support.engine import NoNoise, small_plan, some_people

from ctdc.privacy.alone import worse_than_alone
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.measure import measure

SIZES = (3, 2, 4, 9)


def measured(rows: int = 2000) -> tuple[Estimates, np.ndarray]:
    matrix = some_people(SIZES, rows).matrix()
    return estimate(measure(matrix, small_plan(SIZES), NoNoise())), matrix


def columns_apart(matrix: np.ndarray, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.stack([random.permutation(column) for column in matrix])


def test_the_records_themselves_are_better_at_every_length() -> None:
    found, matrix = measured()
    assert worse_than_alone(found, matrix) == []


def test_records_with_relations_that_nobody_has_are_worse() -> None:
    apart = columns_apart(some_people(SIZES, 2000).matrix())
    found = estimate(measure(apart, small_plan(SIZES), NoNoise()))
    assert worse_than_alone(found, np.stack([np.sort(column) for column in apart])) == [2, 3]


def test_drawing_apart_is_what_it_is_compared_with() -> None:
    """Whole records drawn apart differ from the shares by chance, so they are a little worse than the comparison."""
    found, matrix = measured()
    independent = some_people(SIZES, 2000)
    apart = columns_apart(independent.matrix())
    alone = estimate(measure(apart, small_plan(SIZES), NoNoise()))
    assert worse_than_alone(alone, apart) == []
    assert worse_than_alone(alone, columns_apart(apart, seed=4)) == [2, 3]
    assert 2 not in worse_than_alone(found, matrix)


@pytest.mark.parametrize("wide", [4, 9])
def test_thinned_tables_are_compared_where_they_were_measured(monkeypatch: pytest.MonkeyPatch, wide: int) -> None:
    monkeypatch.setattr("ctdc.privacy.selection.WIDE", wide)
    monkeypatch.setattr("ctdc.privacy.selection.BESIDE", wide)
    found, matrix = measured()
    assert worse_than_alone(found, matrix) == []
    turned = np.stack([np.sort(column)[:: (-1) ** place] for place, column in enumerate(matrix)])
    assert 3 in worse_than_alone(found, turned)
