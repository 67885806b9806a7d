"""Singling out: descriptions that fit one record, and the people whom they fit."""

import numpy as np
import pytest
from tests.support.crowds import SIZES, crowd

from ctdc.privacy.attacks.search import plain_rows
from ctdc.privacy.attacks.singling import Description, by_one_value, by_several_values, equal_crowds, singled_out

pytestmark = pytest.mark.slow


def test_descriptions_fit_one_record_and_have_no_empty_cells() -> None:
    table = crowd(3000, 1)
    rows = plain_rows(table.matrix(), SIZES)
    found = by_several_values(rows, 200, 4, np.random.default_rng(1))
    assert len(set(found)) == len(found) > 100
    for one in found[:20]:
        assert len(one.columns) == 4
        assert min(one.codes) > 0
        cells = table.matrix()[list(one.columns)]
        assert (cells == np.array(one.codes)[:, None]).all(axis=0).sum() == 1


def test_every_code_of_one_record_is_a_description() -> None:
    table = crowd(200, 2)
    rows = plain_rows(table.matrix(), SIZES)
    found = {(one.columns[0], one.codes[0]) for one in by_one_value(rows)}
    wanted = {
        (column, code)
        for column, size in enumerate(SIZES)
        for code in range(1, size)
        if (table.matrix()[column] == code).sum() == 1
    }
    assert found == wanted


def test_somebody_who_is_singled_out_twice_counts_once() -> None:
    matrix = np.array([[1, 2, 2], [1, 2, 3], [1, 1, 1]], np.uint16)
    people = plain_rows(matrix, (4, 4, 2))
    first, again, two = Description((0,), (1,)), Description((1,), (1,)), Description((2,), (1,))
    assert singled_out([first, again, two], people) == 1


def test_crowds_are_made_as_large_as_the_smaller_one() -> None:
    one, two = equal_crowds(crowd(300, 1).matrix(), crowd(100, 2).matrix(), SIZES, np.random.default_rng(1))
    assert (one.total, two.total) == (100, 100)
