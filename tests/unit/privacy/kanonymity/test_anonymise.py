"""k-anonymity: what comes out is k-anonymous, no cell is coarser than it must be alone, and hierarchies are nested."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdc.foundation.errors import UserError
from ctdc.privacy.kanonymity.anonymise import METHODS, distinct_rows, local_recoding, redaction
from ctdc.privacy.kanonymity.diversity import diversity
from ctdc.privacy.kanonymity.hierarchy import SUPPRESSED, hierarchy

AGES = hierarchy("age", ("", "1", "2", "3", "4"), [{"1-2": ["1", "2"], "3-4": ["3", "4"]}])
PLACES = hierarchy("place", ("A", "B", "C"), [{"west": ["A", "B"]}, {"world": ["A", "B", "C"]}])


def names(nodes, hierarchies):
    return [tuple(one.names[node] for one, node in zip(hierarchies, row, strict=True)) for row in nodes]


def smallest(nodes) -> int:
    """By another way than the code's: a group-by of another library."""
    frame = pl.DataFrame(nodes, schema=[f"c{column}" for column in range(nodes.shape[1])])
    return int(frame.group_by(pl.all()).len()["len"].min() or 0)


def test_losses_are_those_of_the_definition():
    assert dict(zip(AGES.names, AGES.loss, strict=True)) == {
        **{"": 0.0, "1": 0.0, "2": 0.0, "3": 0.0, "4": 0.0},
        **{"1-2": pytest.approx(1 / 3), "3-4": pytest.approx(1 / 3), SUPPRESSED: 1.0},
    }
    assert AGES.steps == 2
    assert PLACES.loss[PLACES.names.index("world")] == 1.0


@pytest.mark.parametrize(
    "levels",
    [
        [{"x": ["1", "2"], "y": ["2"]}],
        [{"1-2": ["1", "2"]}, {"2-3": ["2", "3"]}],
        [{"3": ["1", "2"]}],
        [{"1": ["1", "2"]}],
        [{"low": ["1", "2"]}, {"low": ["1", "2", "3"]}],
        [{"*": ["1"]}],
    ],
    ids=["twice", "apart", "name of another", "name of its own", "name of a smaller group", "star"],
)
def test_levels_that_are_not_nested_are_refused(levels):
    values = ("1", "2", "3")
    with pytest.raises(UserError) as error:
        hierarchy("age", values, levels)
    assert error.value.detail.code == "anonymise.hierarchy"


def test_small_classes_become_coarser_and_large_ones_stay():
    leaves = np.array([[1, 0]] * 5 + [[3, 2]] * 1 + [[4, 2]] * 2)
    result = local_recoding((AGES, PLACES), leaves, 3)
    assert names(result.nodes, (AGES, PLACES)) == [("1", "A")] * 5 + [("3-4", "C")] * 3
    assert result.removed == 0
    assert result.loss == pytest.approx(3 * (1 / 3) / 2 / 8)


def test_redaction_removes_records_and_changes_none():
    leaves = np.array([[1, 0]] * 5 + [[3, 2]] * 1 + [[4, 2]] * 2)
    result = redaction((AGES, PLACES), leaves, 3)
    assert names(result.nodes, (AGES, PLACES)) == [("1", "A")] * 5
    assert result.removed == 3


def test_too_few_people_at_all_are_removed():
    result = local_recoding((AGES, PLACES), np.array([[1, 0], [2, 1]]), 3)
    assert result.removed == 2
    assert result.loss == 1.0
    assert local_recoding((AGES, PLACES), np.zeros((0, 2), np.int64), 3).removed == 0


@pytest.mark.parametrize("k", [1, 0, -3])
def test_k_hides_somebody(k):
    for method in METHODS.values():
        with pytest.raises(UserError):
            method((AGES, PLACES), np.array([[1, 0]]), k)


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    skew = draw(st.sampled_from([1, 3]))
    return np.stack([(random.random(rows) ** skew * 5).astype(np.int64), random.integers(0, 3, rows)], axis=1)


@given(leaves=tables(), k=st.integers(2, 9))
@settings(max_examples=150, deadline=None)
def test_whatever_comes_in_what_comes_out_is_k_anonymous_and_true(leaves, k):
    hierarchies = (AGES, PLACES)
    results = {name: method(hierarchies, leaves, k) for name, method in METHODS.items()}
    for result in results.values():
        assert len(result.nodes) == result.kept.sum()
        if len(result.nodes):
            assert smallest(result.nodes) >= k
        for column, one in enumerate(hierarchies):  # each cell is on the way of its own value
            paths = one.paths[leaves[result.kept, column]]
            assert (paths == result.nodes[:, [column]]).any(axis=1).all()
        assert 0 <= result.loss <= 1
    assert results["local"].loss <= results["redact"].loss + 1e-9
    assert results["local"].removed in (0, *range(min(k, len(leaves) + 1)))


@given(leaves=tables(), k=st.integers(2, 9))
@settings(max_examples=50, deadline=None)
def test_no_class_as_a_whole_could_go_back_a_step(leaves, k):
    """Undoing one column of one class of equal records always leaves a class below k."""
    result = local_recoding((AGES, PLACES), leaves, k)
    nodes, kept = result.nodes, leaves[result.kept]
    for column, one in enumerate((AGES, PLACES)):
        for node in {tuple(row) for row in nodes}:
            members = (nodes == node).all(axis=1)
            paths = one.paths[kept[members, column]]
            step = (paths == node[column]).argmax(axis=1)
            if not (step > 0).all():
                continue
            trial = nodes.copy()
            trial[members, column] = paths[np.arange(len(paths)), step - 1]
            assert smallest(trial) < k


def test_rows_are_told_apart_even_where_their_numbers_do_not_fit_in_one():
    rows = np.random.default_rng(1).integers(0, 2**40, (50, 4))
    rows = np.concatenate([rows, rows[::-1]])
    distinct, place, counts = distinct_rows(rows)
    assert len(distinct) == 50
    assert (counts == 2).all()
    assert (distinct[place] == rows).all()


def test_diversity_and_closeness_are_those_of_the_definitions():
    nodes = np.array([[0]] * 4 + [[1]] * 4)
    values = np.array([0, 0, 0, 0, 0, 1, 1, 2])
    found = diversity("x", nodes, values)
    assert found.diversity == 1
    whole = np.array([5, 2, 1]) / 8
    classes = np.array([[1, 0, 0], [1 / 4, 2 / 4, 1 / 4]])
    assert found.closeness == pytest.approx(np.abs(classes - whole).sum(axis=1).max() / 2)
