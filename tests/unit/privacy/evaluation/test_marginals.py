"""Distances and errors of counts equal a plain oracle on random tables, and SDMetrics where it measures the same."""

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctdc.privacy.evaluation import marginals
from ctdc.privacy.evaluation.coded import Candidate, Pair, pair_of
from ctdc.privacy.evaluation.marginals import SIZE_EDGES, SIZE_NAMES, compare, sets_of_order
from ctdc.table.coded import table_from_matrix
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Two small tables of one schema; the second may have withheld cells."""
    codes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    schema = Schema(tuple(Variable(f"v{n}", tuple(f"c{k}" for k in range(many))) for n, many in enumerate(codes)))

    def matrix(more: int) -> np.ndarray:
        rows = draw(st.integers(1, 40))
        columns = [draw(st.lists(st.integers(0, many + more), min_size=rows, max_size=rows)) for many in codes]
        return np.array(columns, dtype=np.uint16)

    truth = table_from_matrix(schema, np.repeat(matrix(0), draw(st.sampled_from([1, 30])), axis=1))
    return pair_of(truth, Candidate(schema, matrix(1)))


def oracle(pair: Pair, chosen: tuple[int, ...]) -> dict:
    """One set by dictionaries: cells to counts of both tables, and the cells of codes only."""
    true, made = (
        Counter(zip(*(matrix[v].tolist() for v in chosen), strict=True)) for matrix in (pair.truth, pair.candidate)
    )
    cells = set(true) | set(made)
    distance = 0.5 * sum(abs(true[cell] / pair.truth.shape[1] - made[cell] / pair.candidate.shape[1]) for cell in cells)
    known = [
        cell for cell in cells if all(0 < code < pair.schema.sizes[v] for v, code in zip(chosen, cell, strict=True))
    ]
    return {"tvd": distance, "cells": [(true[cell], made[cell]) for cell in known]}


@pytest.mark.slow
@pytest.mark.parametrize("dense", [1 << 24, 0], ids=["all cells", "cells that occur"])
@given(pair=pairs(), order=st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_equal_to_the_oracle(dense: int, pair: Pair, order: int) -> None:
    sets = sets_of_order(len(pair.sizes), order)
    if not sets:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marginals, "MAX_DENSE_CELLS", dense)
        found = compare(pair.truth, [pair.candidate], pair.sizes, pair.known, sets)
    expected = [oracle(pair, chosen) for chosen in sets]
    assert found.distances[0] == pytest.approx([one["tvd"] for one in expected])
    cells = [cell for one in expected for cell in one["cells"]]
    present = [(true, made) for true, made in cells if true]
    stated = [(true, made) for true, made in cells if made]
    errors = found.errors
    assert (errors.combinations, errors.stated) == (len(present), len(stated))
    if present:
        assert errors.mae == pytest.approx(np.mean([abs(true - made) for true, made in present]))
        assert errors.relative == pytest.approx(np.mean([abs(true - made) / true for true, made in present]))
        assert errors.lost == pytest.approx(np.mean([made == 0 for _, made in present]))
        assert errors.lost_mass == pytest.approx(sum(t for t, m in present if not m) / sum(t for t, _ in present))
    if stated:
        assert errors.fabricated == pytest.approx(np.mean([true == 0 for true, _ in stated]))
        assert errors.fabricated_mass == pytest.approx(sum(m for t, m in stated if not t) / sum(m for _, m in stated))
    for row, low, high in zip(errors.by_size, SIZE_EDGES, [*SIZE_EDGES[1:], np.inf], strict=True):
        inside = [abs(true - made) for true, made in present if low <= true < high]
        assert row.combinations == len(inside)
        assert row.mae == (pytest.approx(np.mean(inside)) if inside else None)
    assert tuple(row.size for row in errors.by_size) == SIZE_NAMES


def _frame(pair: Pair, matrix: np.ndarray) -> pd.DataFrame:
    """Every category as a text, the empty one too, which SDMetrics would else leave out."""
    return pd.DataFrame({name: column.astype(str) for name, column in zip(pair.schema.names, matrix, strict=True)})


@pytest.mark.slow
def test_agrees_with_sdmetrics(apart: Pair) -> None:
    from sdmetrics.column_pairs import ContingencySimilarity
    from sdmetrics.single_column import TVComplement

    real, made = _frame(apart, apart.truth), _frame(apart, apart.candidate)
    names = apart.schema.names
    single = compare(apart.truth, [apart.candidate], apart.sizes, apart.known, sets_of_order(5, 1)).distances[0]
    assert single == pytest.approx([1 - TVComplement.compute(real[name], made[name]) for name in names])
    double = compare(apart.truth, [apart.candidate], apart.sizes, apart.known, sets_of_order(5, 2)).distances[0]
    assert double == pytest.approx(
        [1 - ContingencySimilarity.compute(real[list(two)], made[list(two)]) for two in combinations(names, 2)]
    )
