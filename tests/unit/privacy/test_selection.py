"""Which cells of large tables are worth a noisy number."""

import itertools
import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from tests.support.engine import Invented, small_plan, some_people

from ctdc.privacy import selection as module
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.estimate import Estimates
from ctdc.privacy.measure import FOLLOWED, measure, residual_table, select_cells
from ctdc.privacy.plan import Attributes, all_sets, make_plan
from ctdc.privacy.selection import SIGNIFICANT, Selection, select, selection_from, wide_axes

SIZES = (5, 2, 6, 3, 4)  # from 5 on a variable is wide in this file, beside such a one from 4 on
SETS = all_sets(5, 2)


@pytest.fixture(autouse=True)
def wide_from_five(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WIDE", 5)
    monkeypatch.setattr(module, "BESIDE", 4)


def by_hand() -> Selection:
    kept = {0: np.array([1, 3]), 2: np.array([0, 2, 5]), 4: np.array([2])}
    pairs = {
        (0, 2): np.array([[True, False, True], [False, True, True]]),
        (0, 4): np.array([[True], [False]]),
        (2, 4): np.array([[True], [True], [False]]),
    }
    return Selection(SIZES, kept, pairs)


@pytest.mark.parametrize(
    ("attributes", "wide"),
    [((), ()), ((0,), ()), ((0, 2), ()), ((0, 1, 2), (0, 2)), ((1, 3, 4), ()), ((0, 2, 4), (0, 2, 4))],
)
def test_only_tables_of_three_and_more_are_thinned(attributes: Attributes, wide: Attributes) -> None:
    assert wide_axes(SIZES, attributes) == wide


def test_no_variable_is_wide_where_all_are_narrow() -> None:
    assert wide_axes((2, 3, 3), (0, 1, 2)) == ()
    chosen = select((2, 3, 3), no_table, lambda _: 1.0, 5.0, ())
    assert chosen.kept == chosen.pairs == {}
    assert chosen.compact_sizes() == (2, 3, 3)
    np.testing.assert_array_equal(chosen.places(1), [0, 1, 2])
    assert chosen.mask((0, 1, 2)).shape == (1, 1, 1)
    assert chosen.mask((0, 1, 2)).all()


def no_table(attributes: Attributes) -> np.ndarray:
    raise AssertionError(f"nobody should ask for the table of {attributes}")


def test_places_number_the_kept_codes_from_one_and_zero_is_all_others() -> None:
    chosen = by_hand()
    assert chosen.compact_sizes() == (3, 2, 4, 3, 2)
    np.testing.assert_array_equal(chosen.places(0), [0, 1, 0, 2, 0])
    np.testing.assert_array_equal(chosen.places(1), [0, 1])
    np.testing.assert_array_equal(chosen.places(2), [1, 0, 2, 0, 0, 3])
    np.testing.assert_array_equal(chosen.places(4), [0, 0, 1, 0])
    assert chosen.places(2).dtype == np.uint16


@pytest.mark.parametrize("attributes", [(0, 1, 2), (1, 2, 3), (0, 2, 4), (0, 3, 4), (2, 3, 4), (0, 1, 2, 4), (1, 3, 4)])
def test_a_cell_is_measured_when_all_its_codes_and_pairs_are_kept(attributes: Attributes) -> None:
    """Code by code, from the definition."""
    chosen = by_hand()
    wide = wide_axes(SIZES, attributes)
    cells, mask = chosen.cells(attributes), chosen.mask(attributes)
    shape = [chosen.compact_sizes()[variable] if variable in wide else SIZES[variable] for variable in attributes]
    whole = np.broadcast_to(mask, shape)
    for codes in itertools.product(*(range(SIZES[variable]) for variable in attributes)):
        code = dict(zip(attributes, codes, strict=True))
        singles = all(code[i] in chosen.kept[i] for i in wide)
        pairs = singles and all(
            chosen.pairs[i, j][list(chosen.kept[i]).index(code[i]), list(chosen.kept[j]).index(code[j])]
            for i, j in itertools.combinations(wide, 2)
        )
        place = {i: int(chosen.places(i)[code[i]]) for i in wide}
        assert cells[tuple(place.values())] == pairs
        assert whole[tuple(place.get(i, code[i]) for i in attributes)] == pairs


def counts_of(attributes: Attributes) -> np.ndarray:
    return np.random.default_rng(sum(attributes) + 7).normal(8, 8, [SIZES[variable] for variable in attributes])


@pytest.mark.parametrize(("deviation", "least"), [(1.0, 9.0), (4.0, 3.0), (0.1, 0.0)])
def test_codes_and_pairs_are_kept_from_the_limit_on(deviation: float, least: float) -> None:
    """The limit is `least`, or two standard errors of the table that is looked at, whichever is more."""
    chosen = select(SIZES, counts_of, lambda attributes: deviation * max(1, len(attributes)), least, SETS)
    assert list(chosen.kept) == [0, 2, 4]
    for variable, codes in chosen.kept.items():
        limit = max(least, SIGNIFICANT * deviation)
        assert codes.tolist() == [c for c, count in enumerate(counts_of((variable,))) if count >= limit]
    assert list(chosen.pairs) == [(0, 2), (0, 4), (2, 4)]
    for (one, two), kept in chosen.pairs.items():
        limit = max(least, SIGNIFICANT * deviation * 2)
        table = counts_of((one, two))
        for (a, first), (b, second) in itertools.product(enumerate(chosen.kept[one]), enumerate(chosen.kept[two])):
            assert kept[a, b] == (table[first, second] >= limit)


def test_of_each_wide_variable_the_largest_code_stays_when_none_is_large_enough() -> None:
    chosen = select(SIZES, counts_of, lambda _: 1.0, 1e9, SETS)
    for variable, codes in chosen.kept.items():
        assert codes.tolist() == [counts_of((variable,)).argmax()]
    assert not any(kept.any() for kept in chosen.pairs.values())


@pytest.mark.parametrize(
    "make", [by_hand, lambda: Selection(SIZES), lambda: select(SIZES, counts_of, lambda _: 1.0, 1e9, SETS)]
)
def test_a_selection_comes_back_from_its_description(make: Callable[[], Selection]) -> None:
    chosen = make()
    again = selection_from(SIZES, json.loads(json.dumps(chosen.describe())))
    assert again.sizes == chosen.sizes
    assert (again.kept.keys(), again.pairs.keys()) == (chosen.kept.keys(), chosen.pairs.keys())
    for variable, codes in chosen.kept.items():
        assert again.kept[variable].dtype == np.int64
        np.testing.assert_array_equal(again.kept[variable], codes)
    for pair, kept in chosen.pairs.items():
        assert again.pairs[pair].dtype == np.bool_
        np.testing.assert_array_equal(again.pairs[pair], kept)


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"kept": {}},
        {"kept": {"x": [1]}, "pairs": {}},
        {"kept": {"0": [1]}, "pairs": {"0,2": [0]}},
        {"kept": {"0": [1], "2": [1]}, "pairs": {"0,2": [1]}},
        {"kept": {"0": [9]}, "pairs": {}},
        {"kept": {"9": [0]}, "pairs": {}},
        {"kept": {"3": [0]}, "pairs": {}},
        {"kept": {"0": [3, 1]}, "pairs": {}},
        {"kept": {"0": [-1, 1]}, "pairs": {}},
        {"kept": {"0": [1], "2": [0]}, "pairs": {"2,0": []}},
    ],
    ids=str,
)
def test_what_describes_no_selection_is_refused(description: dict[str, dict[str, list[int]]]) -> None:
    with pytest.raises((KeyError, IndexError, ValueError)):
        selection_from(SIZES, description)


@pytest.mark.parametrize("length", [3, 4])
def test_the_engine_selects_by_the_errors_of_its_smaller_tables(length: int) -> None:
    """Estimates and errors of whole tables of one and two variables, as `estimate` would give them for length 2."""
    plan = small_plan(SIZES, length, epsilon=8)
    measured = measure(some_people(SIZES, 300).matrix(), plan, Invented(300))
    short = {m.attributes: m for m in plan.measurements if len(m.attributes) < 3}
    found = Estimates(
        SIZES,
        2,
        {key: residual_table(measured.values[key], m, plan) for key, m in short.items()},
        {m.attributes: m.deviation for m in plan.measurements},
    )
    longer = [m.attributes for m in plan.measurements if len(m.attributes) == 3 and wide_axes(SIZES, m.attributes)]
    least = FOLLOWED * min(math.sqrt(found.variance(attributes)) for attributes in longer)
    expected = select(SIZES, found.table, lambda attributes: math.sqrt(found.variance(attributes)), least, SETS)
    for chosen in (measured.selection, select_cells(plan, {key: measured.values[key] for key in short})):
        assert chosen.describe() == expected.describe()


@pytest.mark.parametrize(("sizes", "length"), [((5, 6, 4), 2), ((5, 6), 4), ((3, 2, 3), 3)])
def test_nothing_is_selected_where_nothing_could_be_left_out(sizes: tuple[int, ...], length: int) -> None:
    measured = measure(some_people(sizes, 50).matrix(), small_plan(sizes, length), Invented(50))
    assert measured.selection.kept == {}


def test_pairs_that_a_workload_does_not_measure_are_not_looked_at() -> None:
    """Singles, and one triple with its pairs: the wide variables 0 and 4, 2 and 4 are never counted together."""
    sets = sorted({*all_sets(5, 1), (0, 1), (0, 2), (1, 2), (0, 1, 2)}, key=lambda chosen: (len(chosen), chosen))
    plan = make_plan(SIZES, Guarantee(2, 1e-6), 1, sets=sets)
    measured = measure(some_people(SIZES, 200).matrix(), plan, Invented(200))
    assert list(measured.selection.kept) == [0, 2, 4]
    assert list(measured.selection.pairs) == [(0, 2)]
    again = selection_from(SIZES, measured.selection.describe())
    assert again.describe() == measured.selection.describe()
    np.testing.assert_array_equal(again.cells((0, 1, 2)), measured.selection.cells((0, 1, 2)))


def test_what_two_selections_share_may_be_nothing() -> None:
    """Cohorts that were followed in different cells: what both have is a selection too, be it empty."""
    one = by_hand()
    other = Selection(
        SIZES,
        {0: np.array([0, 3]), 2: np.array([1, 2, 5]), 4: np.array([0])},
        {(0, 2): np.ones((2, 3), bool), (0, 4): np.ones((2, 1), bool), (2, 4): np.ones((3, 1), bool)},
    )
    both = one & other
    assert {variable: codes.tolist() for variable, codes in both.kept.items()} == {0: [3], 2: [2, 5], 4: []}
    for attributes in [(0, 1, 2), (0, 2, 4), (1, 3, 4)]:
        seen = [selected.mask(attributes) for selected in (one, other, both)]
        assert seen[2].sum() <= min(seen[0].sum(), seen[1].sum())
    assert both.pairs[0, 2].tolist() == [[True, True]]
    assert selection_from(SIZES, both.describe()).describe() == both.describe()
