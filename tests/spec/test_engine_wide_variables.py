"""Tables with wide variables, of which only selected cells are measured: written out as matrices, for tiny domains.

A selected measurement is some rows of the full matrix R_B. In this file a variable is wide from five categories on, and
from four beside one of five, so that everything about wide variables is seen on domains that can be written out.
"""

import itertools
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.spec.test_engine_mechanism import histogram, residual_matrix
from tests.support.engine import (
    Invented,
    Listener,
    NoNoise,
    Recorder,
    residual_of,
    small_plan,
    small_schema,
    some_people,
)

from ctdc.foundation.errors import UserError
from ctdc.privacy import selection as module
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.fit import new_fit
from ctdc.privacy.measure import measure, selected_shape
from ctdc.privacy.noise import NoiseSource
from ctdc.privacy.plan import Attributes, Measurement, Plan
from ctdc.privacy.scores import proposals
from ctdc.privacy.selection import Selection, wide_axes
from ctdc.privacy.stored import read_measurements, write_measurements
from ctdc.privacy.synthesise import Effort, improve, synthesise
from ctdc.table.tally import tally_of

Matrix = np.ndarray
Sizes = tuple[int, ...]
# One, two and three wide variables, at every position, with narrow ones of two and three categories; none at all.
DOMAINS: list[tuple[Sizes, int]] = [
    ((5, 2, 3), 3),
    ((2, 5, 4), 3),
    ((4, 3, 2, 5), 3),
    ((4, 3, 2, 5), 4),
    ((5, 6, 5), 3),
    ((4, 2, 5, 4), 4),  # without the 5, tables of the others are whole
    ((5, 4, 4, 5), 4),
    ((4, 4, 4, 4), 3),
    ((3, 2, 3), 3),
]
HOW_MANY = ["one code", "some", "all"]


@pytest.fixture(autouse=True)
def wide_from_five(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WIDE", 5)
    monkeypatch.setattr(module, "BESIDE", 4)


def chosen(sizes: Sizes, how_many: str, seed: int = 2) -> Selection:
    """A selection of that size; with `some`, a third of the pairs of kept codes is left out."""
    random = np.random.default_rng(seed)
    keep = {"one code": lambda n: 1, "some": lambda n: n - 2, "all": lambda n: n}[how_many]
    wide = [variable for variable, size in enumerate(sizes) if size >= 4 and max(sizes) >= 5]
    kept = {variable: np.sort(random.permutation(sizes[variable])[: keep(sizes[variable])]) for variable in wide}
    share = 2 / 3 if how_many == "some" else 1.0
    pairs = {
        (one, two): random.random((len(kept[one]), len(kept[two]))) < share
        for one, two in itertools.combinations(wide, 2)
    }
    return Selection(tuple(sizes), kept, pairs)


def is_measured(selection: Selection, attributes: Attributes, codes: Sequence[int]) -> bool:
    """Whether the cell with these categories is measured, code by code and pair by pair."""
    code = dict(zip(attributes, codes, strict=True))
    sizes = {variable: selection.sizes[variable] for variable in attributes}
    thinned = len(sizes) >= 3 and max(sizes.values()) >= 5
    wide = [variable for variable, size in sizes.items() if thinned and size >= 4]
    kept = {variable: selection.kept[variable].tolist() for variable in wide}
    return all(code[variable] in kept[variable] for variable in wide) and all(
        selection.pairs[one, two][kept[one].index(code[one]), kept[two].index(code[two])]
        for one, two in itertools.combinations(wide, 2)
    )


def selected_rows(selection: Selection, attributes: Attributes) -> list[int]:
    """The rows of R_B that are measured, in the order in which they are released: wide variables' cells first."""
    sizes = selection.sizes
    wide = wide_axes(sizes, attributes)
    rest = [variable for variable in attributes if variable not in wide]
    shape = [sizes[variable] if sizes[variable] > 2 else 1 for variable in attributes]
    rows = []
    for outer in itertools.product(*(range(sizes[variable]) for variable in wide)):
        for inner in itertools.product(*(range(sizes[v] if sizes[v] > 2 else 1) for v in rest)):
            code = dict(zip([*wide, *rest], [*outer, *inner], strict=True))
            codes = [code[variable] for variable in attributes]
            if is_measured(selection, attributes, codes):
                rows.append(int(np.ravel_multi_index(codes, shape)) if codes else 0)
    return rows


def released(matrix: Matrix, plan: Plan, m: Measurement, selection: Selection) -> Matrix:
    """What would be released without noise, by the code."""
    return residual_of(tally_of(matrix), plan, m, selection if len(m.attributes) >= 3 else None)


def counted(sizes: Sizes, matrix: Matrix, attributes: Attributes) -> Matrix:
    table = np.zeros([sizes[attribute] for attribute in attributes])
    if attributes:
        np.add.at(table, tuple(matrix[list(attributes)]), 1)
        return table
    return table + matrix.shape[1]


def seen_cells(selection: Selection, attributes: Attributes) -> Matrix:
    """Boolean table over all categories: which cells are measured."""
    shape = [selection.sizes[attribute] for attribute in attributes]
    cells = [is_measured(selection, attributes, codes) for codes in itertools.product(*map(range, shape))]
    return np.array(cells).reshape(shape)


def found_in(
    sizes: Sizes, length: int, selection: Selection | None, rows: int = 80, noise: NoiseSource | None = None
) -> Estimates:
    matrix = some_people(sizes, rows).matrix()
    return estimate(measure(matrix, small_plan(sizes, length), noise or NoNoise(), None, selection))


# ---- the mechanism --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_what_is_released_is_selected_rows_of_the_matrix_times_the_histogram(
    sizes: Sizes, length: int, how_many: str
) -> None:
    plan, matrix, selection = small_plan(sizes, length), some_people(sizes, 60).matrix(), chosen(sizes, how_many)
    x = histogram(sizes, matrix)
    measured = measure(matrix, plan, NoNoise(), None, selection)
    assert measured.selection is selection
    for m in plan.measurements:
        rows = selected_rows(selection, m.attributes)
        expected = (residual_matrix(sizes, m.attributes) @ x)[rows]
        np.testing.assert_array_equal(released(matrix, plan, m, selection).ravel(), expected)
        np.testing.assert_array_equal(measured.values[m.attributes].ravel(), expected)
        assert measured.values[m.attributes].shape == selected_shape(plan, m, selection)


@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_nobody_moves_what_is_released_by_more_than_is_declared(sizes: Sizes, length: int, how_many: str) -> None:
    """Every person who could join an empty table or a full one: rows are left out, so the distance is at most D_B."""
    plan, selection = small_plan(sizes, length), chosen(sizes, how_many)
    crowd = some_people(sizes, 25).matrix()
    nobody = crowd[:, :0]
    everyone = [np.array(person, np.uint16) for person in itertools.product(*map(range, sizes))]
    for m, before in itertools.product(plan.measurements, (nobody, crowd)):
        here = released(before, plan, m, selection)
        distances = []
        for person in everyone[:: 1 if before is nobody else 7]:
            after = np.ascontiguousarray(np.column_stack([before, person]))
            distances.append(int(((released(after, plan, m, selection) - here) ** 2).sum()))
        assert max(distances) <= m.squared_sensitivity
        if how_many == "all" or not wide_axes(sizes, m.attributes):
            assert set(distances) == {m.squared_sensitivity}


@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_record_and_replay(monkeypatch: pytest.MonkeyPatch, sizes: Sizes, length: int, how_many: str) -> None:
    """Once the first step's noise is out, the second does the same thing whoever is in the table."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    plan, selection = small_plan(sizes, length), chosen(sizes, how_many)
    crowd = some_people(sizes, 25).matrix()
    seen = []
    for matrix in (crowd, crowd[:, 1:], crowd[:, :0], np.zeros_like(crowd)):
        recorder, listener = Recorder(), Listener()
        result = measure(np.ascontiguousarray(matrix), plan, recorder, listener, selection)
        shapes = [(key, values.shape, str(values.dtype)) for key, values in result.values.items()]
        seen.append((recorder.calls, listener.events, shapes, result.rho))
    assert all(other == seen[0] for other in seen[1:])
    calls, events, *_ = seen[0]
    assert sum(squared for *_, squared in calls) == sum(m.squared_sensitivity for m in plan.measurements)
    assert sum(amount for kind, amount, *_ in events[1:-1] if kind == "advance") == plan.cells()


@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_the_selection_depends_on_the_first_step_s_noise_alone(sizes: Sizes, length: int) -> None:
    """With invented numbers in place of measurements very different tables lead to the same cells and calls."""
    plan, crowd = small_plan(sizes, length), some_people(sizes, 40).matrix()
    results = [measure(matrix, plan, Invented(40)) for matrix in (crowd, crowd[:, :0], np.zeros_like(crowd))]
    for other in results[1:]:
        assert other.selection.describe() == results[0].selection.describe()
        assert all(np.array_equal(other.values[key], values) for key, values in results[0].values.items())


@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
@pytest.mark.parametrize("epsilon", [0.1, 8])
def test_the_library_draws_and_charges_both_steps(sizes: Sizes, length: int, epsilon: float) -> None:
    """The cost is that of the whole tables, however few cells were drawn."""
    plan = small_plan(sizes, length, epsilon)
    for rows in (0, 200):
        measured = measure(some_people(sizes, rows).matrix(), plan)
        assert measured.publishable
        assert plan.cost().rho * (1 - 1e-9) <= measured.rho <= plan.cost().rho
        assert measured.numbers() == sum(
            math.prod(selected_shape(plan, m, measured.selection)) for m in plan.measurements
        )
        assert measured.numbers() <= plan.cells()


@pytest.mark.slow  # compiles
def test_a_table_of_which_no_cell_is_left_is_still_paid_for() -> None:
    sizes = (5, 6, 5)
    kept = {variable: np.array([1, 2]) for variable in range(3)}
    pairs = {pair: np.zeros((2, 2), bool) for pair in itertools.combinations(range(3), 2)}
    plan = small_plan(sizes)
    measured = measure(some_people(sizes, 50).matrix(), plan, None, None, Selection(sizes, kept, pairs))
    assert measured.values[0, 1, 2].shape == (0,)
    assert measured.rho >= plan.cost().rho * (1 - 1e-9)
    found = estimate(measured)
    assert np.isnan(found.table((0, 1, 2))).all()
    assert found.measured_cells((0, 1, 2)) == 0
    assert synthesise(found, 50, 1).shape == (3, 50)


# ---- estimates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 80])
@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_without_noise_measured_cells_are_the_counts_and_others_are_not_numbers(
    sizes: Sizes, length: int, how_many: str, rows: int
) -> None:
    selection = chosen(sizes, how_many)
    found = found_in(sizes, length, selection, rows)
    matrix = some_people(sizes, rows).matrix()
    for attributes in found.sets:
        table, seen = found.table(attributes), seen_cells(selection, attributes)
        assert np.array_equal(~np.isnan(table), seen)
        assert found.measured_cells(attributes) == seen.sum()
        np.testing.assert_allclose(table[seen], counted(sizes, matrix, attributes)[seen], atol=1e-9)


@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_compact_tables_hold_the_measured_cells_and_zeros(sizes: Sizes, length: int, how_many: str) -> None:
    selection = chosen(sizes, how_many)
    found = found_in(sizes, length, selection)
    for attributes in found.sets:
        compact, table = found.compact_table(attributes), found.table(attributes)
        assert compact.shape == found.compact_shape(attributes)
        wide = wide_axes(sizes, attributes)
        expected = np.zeros(compact.shape)
        for codes in itertools.product(*(range(sizes[attribute]) for attribute in attributes)):
            if not np.isnan(table[codes]):
                pairs = zip(attributes, codes, strict=True)
                expected[tuple(int(selection.places(a)[c]) if a in wide else c for a, c in pairs)] = table[codes]
        np.testing.assert_array_equal(compact, expected)


@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_the_stated_variance_follows_from_the_matrices(sizes: Sizes, length: int, how_many: str) -> None:
    """The estimate of a cell is linear in the released integers: feed it unit noise, one integer after another."""
    plan, selection = small_plan(sizes, length), chosen(sizes, how_many)
    measured = measure(some_people(sizes, 0).matrix(), plan, NoNoise(), None, selection)
    variances = {m.attributes: np.zeros([sizes[a] for a in m.attributes]) for m in plan.measurements}
    for m in plan.measurements:
        values = measured.values[m.attributes]
        for cell in np.ndindex(values.shape):
            values[cell] = 1
            answers = estimate(measured)
            for outer in answers.sets:
                if set(m.attributes) <= set(outer):
                    variances[outer] += answers.table(outer) ** 2 * m.scale**2
            values[cell] = 0
    for attributes in answers.sets:
        seen = seen_cells(selection, attributes)
        np.testing.assert_allclose(variances[attributes][seen], answers.variance(attributes), rtol=1e-9)


# ---- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_measurements_and_their_selection_come_back_from_a_file(
    tmp_path: Path, sizes: Sizes, length: int, how_many: str
) -> None:
    schema = small_schema(sizes)
    matrix = some_people(sizes, 50).matrix()
    before = measure(matrix, small_plan(sizes, length), Invented(50), None, chosen(sizes, how_many))
    write_measurements(tmp_path / "m.parquet", schema, before)
    after = read_measurements(tmp_path / "m.parquet", schema)
    assert after.plan == before.plan
    assert after.selection.describe() == before.selection.describe()
    assert list(after.values) == list(before.values)
    assert all(np.array_equal(after.values[key], values) for key, values in before.values.items())
    one, other = (aggregate_table(schema, estimate(measured), 5, True) for measured in (before, after))
    assert one.equals(other)


def test_a_file_whose_integers_are_of_other_cells_is_refused(tmp_path: Path) -> None:
    sizes = (5, 6, 5)
    measured = measure(some_people(sizes, 50).matrix(), small_plan(sizes), NoNoise(), None, chosen(sizes, "some"))
    others = [chosen(sizes, "one code"), chosen(sizes, "all"), Selection(sizes)]
    for number, other in enumerate(others):
        changed = type(measured)(measured.plan, measured.values, measured.rho, measured.publishable, other)
        write_measurements(tmp_path / f"{number}.parquet", small_schema(sizes), changed)
        with pytest.raises(UserError, match="not of the cells"):
            read_measurements(tmp_path / f"{number}.parquet", small_schema(sizes))


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_published_counts_never_list_what_was_not_measured(
    sizes: Sizes, length: int, how_many: str, everything: bool
) -> None:
    selection, schema = chosen(sizes, how_many), small_schema(sizes)
    found = found_in(sizes, length, selection, 400, Invented(400))
    table = aggregate_table(schema, found, 1, everything).to_pydict()
    listed = [(number, text) for number, text in zip(table["length"], table["attributes"], strict=True) if number >= 3]
    expected = set()
    for attributes in found.sets:
        if len(attributes) >= 3:
            for codes in itertools.product(*(range(1, sizes[a]) for a in attributes)):
                if is_measured(selection, attributes, codes):
                    names = [schema.variables[a] for a in attributes]
                    pairs = [f'"{v.name}":"{v.codes[c - 1]}"' for v, c in zip(names, codes, strict=True)]
                    expected.add("{" + ",".join(pairs) + "}")
    assert {text for _, text in listed} <= expected
    assert len(listed) == len({text for _, text in listed})
    if everything:
        assert {text for _, text in listed} == expected
    assert np.isfinite(np.array(table["count"])).all()


# ---- records --------------------------------------------------------------------------------------------------------


def true_differences(found: Estimates, records: Matrix) -> dict[Attributes, Matrix]:
    """Records' counts less estimates, NaN where there is none."""
    return {a: counted(found.sizes, records, a) - found.table(a) for a in found.sets if a}


@pytest.mark.slow
@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_differences_stay_true_on_measured_cells(sizes: Sizes, length: int, how_many: str) -> None:
    """While records are dealt out and changed; the objective, over measured cells, never grows by a pass."""
    selection, rows = chosen(sizes, how_many), 150
    found = found_in(sizes, length, selection, rows, Invented(rows))
    random = np.random.default_rng(1)
    fit = new_fit(found, rows)
    variables = range(len(sizes))
    for step in [*variables, *variables, *variables]:
        if step not in fit.placed:
            fit.place(step, random.permutation(rows))
        else:
            fit.release()
            before = fit.objective()
            improve(fit, step, Effort(), random)
            assert fit.objective() <= before * (1 + 1e-5)
        for variable in fit.compact_columns.keys() & set(fit.placed):
            column = fit.compact_columns[variable]
            np.testing.assert_array_equal(fit.records[:, column], selection.places(variable)[fit.records[:, variable]])
        differences = true_differences(found, fit.matrix())
        for attributes in fit.sets:
            true, compact = differences[attributes], fit.difference(attributes)
            wide = wide_axes(sizes, attributes)
            places = np.ix_(*(selection.places(a) if a in wide else np.arange(sizes[a]) for a in attributes))
            seen = ~np.isnan(true)
            np.testing.assert_allclose(compact[places][seen], true[seen], atol=1e-2)
    expected = sum(fit.weights[a] * float(np.nansum(table**2)) for a, table in differences.items())
    assert fit.objective() == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1, 150])
@pytest.mark.parametrize("how_many", HOW_MANY)
@pytest.mark.parametrize(("sizes", "length"), DOMAINS)
def test_records_have_codes_of_the_domain_and_follow_from_the_seed(
    sizes: Sizes, length: int, how_many: str, rows: int
) -> None:
    found = found_in(sizes, length, chosen(sizes, how_many), rows, Invented(rows))
    one, same = (synthesise(found, rows, seed=5) for _ in range(2))
    assert one.shape == (len(sizes), rows)
    assert np.array_equal(one, same)
    assert all(column.max(initial=0) < size for column, size in zip(one, sizes, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("variable", range(4))
@pytest.mark.parametrize("how_many", HOW_MANY)
def test_proposals_are_the_best_changes(how_many: str, variable: int) -> None:
    """Against the change that `apply_changes` would make: for one record after another, all categories tried."""
    sizes, rows = (4, 2, 5, 4), 40
    found = found_in(sizes, 4, chosen(sizes, how_many), rows, Invented(rows))
    random = np.random.default_rng(1)
    fit = new_fit(found, rows)
    for other in range(4):
        fit.place(other, random.permutation(rows))
    best, gain = proposals(fit, variable, fit.reach(variable), random)
    places, column = found.selection.places(variable), fit.columns
    for row in range(rows):
        here = int(fit.records[row, variable])
        scores = {here: 0.0}
        for category in set(range(sizes[variable])) - {here}:
            scores[category] = 0.0
            for attributes in fit.reach(variable).sets:
                axis = attributes.index(variable)
                cell = fit.records[row, list(column(attributes))].astype(int)
                thin = variable in wide_axes(sizes, attributes)
                along = np.moveaxis(fit.difference(attributes), axis, 0)[:, *np.delete(cell, axis)]
                to, away = (int(places[c]) if thin else c for c in (category, here))
                scores[category] += fit.weights[attributes] * float(along[to] - along[away])
        least = min(scores.values())
        assert gain[row] == pytest.approx(least, rel=1e-3, abs=1e-3)
        assert scores[int(best[row])] == pytest.approx(least, rel=1e-3, abs=1e-3)
