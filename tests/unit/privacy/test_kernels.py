"""The loops that deal records out and change them, one after another."""

import itertools

import numpy as np
import pytest
from tests.support.engine import Invented, NoNoise, small_plan, some_people

from ctdc.privacy import selection as selection_module
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.fit import Fit, new_fit
from ctdc.privacy.kernels import apply_changes
from ctdc.privacy.measure import measure
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.selection import wide_axes
from ctdc.privacy.synthesise import NO_MIRRORS

pytestmark = pytest.mark.slow  # the first call compiles


def estimated(sizes: tuple[int, ...], rows: int, length: int = 3, noise: NoiseSource | None = None) -> Estimates:
    return estimate(measure(some_people(sizes, rows).matrix(), small_plan(sizes, length), noise or NoNoise()))


def dealt(found: Estimates, rows: int, variable: int, seed: int = 3) -> Fit:
    """True values for all variables but one, which is dealt out."""
    random = np.random.default_rng(seed)
    fit = new_fit(found, rows)
    others = [other for other in range(len(found.sizes)) if other != variable]
    people = some_people(found.sizes, rows).matrix()
    for other in others:
        fit.place(other, random.permutation(rows))
        fit.records[:, other] = people[other]
        if other in fit.compact_columns:
            fit.records[:, fit.compact_columns[other]] = found.selection.places(other)[people[other]]
    fit.place(variable, random.permutation(rows))
    return fit


# ---- dealing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(2,), (7,), (300,)])
@pytest.mark.parametrize("rows", [1, 10, 997])
def test_a_variable_alone_gets_its_counts(sizes: tuple[int, ...], rows: int) -> None:
    found = estimated(sizes, rows)
    fit = new_fit(found, rows)
    fit.place(0, np.random.default_rng(1).permutation(rows))
    assert np.abs(fit.difference((0,))).max() < 1 + 1e-3
    assert np.array_equal(np.bincount(fit.records[:, 0], minlength=sizes[0]), found.table((0,))[:].round())


@pytest.mark.parametrize(("sizes", "variable"), [((3, 2, 4, 2), 2), ((3, 2, 4, 2), 1), ((9, 2, 5), 0), ((2,) * 5, 4)])
def test_tables_grow_evenly_where_random_draws_scatter(sizes: tuple[int, ...], variable: int) -> None:
    """Exact targets: every count ends within a few of its own, records drawn at random are off by its square root."""
    rows = 4000
    found = estimated(sizes, rows)
    fit = dealt(found, rows, variable)
    random = np.random.default_rng(8)
    drawn = fit.matrix()
    drawn[variable] = random.permutation(some_people(sizes, rows).matrix()[variable])
    for attributes in fit.reach(variable).sets:
        off = np.abs(fit.difference(attributes))
        assert off.max() <= 6, attributes
        typical = np.sqrt(np.maximum(found.table(attributes), 0)).max()
        assert typical > 10
        assert off.max() < 0.6 * typical
        assert np.sqrt((off**2).mean()) < 0.2 * typical


def test_half_way_every_table_has_half_of_its_people() -> None:
    """Cut off in the middle: what has been dealt by then is a picture of the whole in small."""
    sizes, rows = (3, 4, 2), 4000
    found = estimated(sizes, rows)
    random = np.random.default_rng(3)
    order = random.permutation(rows)
    fit = new_fit(found, rows)
    for variable in range(3):
        fit.place(variable, order)
    half = fit.matrix()[:, order[: rows // 2]]
    table = np.zeros(sizes)
    np.add.at(table, tuple(half), 1)
    assert np.abs(table - found.table((0, 1, 2)) / 2).max() < 20
    assert np.abs(table.sum(axis=(1, 2)) - found.table((0,)) / 2).max() < 5


@pytest.mark.parametrize("sizes", [(3, 2, 4), (25, 2, 3)])
def test_the_same_order_deals_the_same_records(sizes: tuple[int, ...]) -> None:
    found = estimated(sizes, 300, noise=Invented(300))
    same, again, other = (dealt(found, 300, 0, seed).matrix() for seed in (1, 1, 2))
    assert np.array_equal(same, again)
    assert not np.array_equal(same, other)


@pytest.mark.parametrize("wide", [4, 6, 1000])
@pytest.mark.parametrize("variable", [0, 1, 2, 3])
def test_everybody_gets_the_category_whose_tables_lag_most(
    monkeypatch: pytest.MonkeyPatch, wide: int, variable: int
) -> None:
    """Replayed step by step from the definition: sum over sets of w (count - share x target + 1/2).

    The half counts only where a change moves between a table's cell and none, which is what place 0 of a thinned
    table is.
    """
    monkeypatch.setattr(selection_module, "WIDE", wide)
    monkeypatch.setattr(selection_module, "BESIDE", min(wide, 5))
    sizes, rows = (5, 2, 6, 3), 120
    found = estimated(sizes, rows, noise=Invented(rows))
    fit = dealt(found, rows, variable)
    random = np.random.default_rng(3)
    for _ in range(len(sizes) - 1):
        random.permutation(rows)
    order = random.permutation(rows)  # the same as in `dealt`
    sets = [attributes for attributes in found.sets if variable in attributes]
    counts = {attributes: np.zeros(found.compact_shape(attributes)) for attributes in sets}
    for turn, row in enumerate(order, start=1):
        scores = np.zeros(sizes[variable])
        cells = {}
        for attributes in sets:
            at = fit.records[row, list(fit.columns(attributes))].astype(int)
            axis = attributes.index(variable)
            table = counts[attributes] - turn / rows * found.compact_table(attributes) + 0.5
            along = table[tuple(slice(None) if a == axis else place for a, place in enumerate(at))]
            if variable in wide_axes(sizes, attributes):
                along = np.concatenate([[0.0], along[1:]])[found.selection.places(variable)]
            scores += fit.weights[attributes] * along
            cells[attributes] = tuple(at)
        assert scores[fit.records[row, variable]] == pytest.approx(scores.min(), rel=1e-3, abs=1e-3)
        for attributes, cell in cells.items():
            counts[attributes][cell] += 1


# ---- changing -------------------------------------------------------------------------------------------------------


def lopsided(empty: float, rows: int = 10) -> Fit:
    """One yes/no variable which all `rows` records have as empty, while the tables want `empty` of them."""
    found = estimated((2,), 0, 1)
    found.residual[()][...] = rows
    found.residual[(0,)][...] = [empty - rows / 2, rows / 2 - empty]
    fit = new_fit(found, rows)
    fit.place(0, np.arange(rows))
    fit.difference((0,))[...] = [rows - empty, -(rows - empty)]
    fit.records[:, 0] = 0
    return fit


def applied(fit: Fit, order: list[int], gain: list[float], best: list[int], patience: int = 100) -> int:
    reach = fit.reach(0)
    return int(
        apply_changes(
            fit.records,
            0,
            -1,
            fit.estimates.selection.places(0),
            np.array(order),
            np.array(gain, np.float32),
            np.array(best, np.uint16),
            patience,
            fit.differences,
            reach.whole,
            reach.weights,
            reach.offsets,
            reach.own,
            reach.others,
            reach.strides,
            fit.amounts,
            reach.steps,
            *NO_MIRRORS,
        )
    )


def test_a_change_that_no_longer_helps_is_not_made() -> None:
    """All records ask for the category that lacks people; only as many may go as it needs."""
    fit = lopsided(2.6)
    assert applied(fit, list(range(10)), list(range(10)), [1] * 10) == 7, "an eighth would overshoot by more"
    assert fit.records[:, 0].tolist() == [1] * 7 + [0] * 3
    np.testing.assert_allclose(fit.difference((0,)), [0.4, -0.4], atol=1e-5)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_changes_are_made_in_the_order_that_is_given(order: tuple[int, ...]) -> None:
    fit = lopsided(1.0, 3)
    assert applied(fit, list(order), [-3, -2, -1], [1] * 3) == 2
    assert sorted(np.flatnonzero(fit.records[:, 0])) == sorted(order[:2])


def test_after_a_refusal_others_with_the_same_promise_are_not_tried() -> None:
    """Row 2 asks for what is no good and is refused; row 3 promised the same; row 4 promised less and is tried."""
    fit = lopsided(2.6)
    fit.records[2, 0] = 1
    fit.difference((0,))[...] += [-1, 1]
    best = [1, 1, 0, 1, 1, *[1] * 5]
    assert applied(fit, [0, 1, 2, 3, 4], [-9, -8, -7, -7, -6, *[0.0] * 5], best) == 3
    assert fit.records[:5, 0].tolist() == [1, 1, 1, 0, 1]


@pytest.mark.parametrize(("patience", "tried"), [(0, 0), (1, 0), (2, 1), (100, 1)])
def test_after_many_refusals_in_a_row_the_rest_is_left(patience: int, tried: int) -> None:
    """Two refusals stand before the last, which would be accepted: the tables want it gone."""
    fit = lopsided(2.6)
    fit.records[:2, 0] = 1
    fit.difference((0,))[...] += [-2, 2]
    assert applied(fit, [0, 1, 2], [-3, -2, -1, *[0.0] * 7], [0, 0, *[1] * 8], patience) == tried
