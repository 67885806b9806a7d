"""Cohorts added up: the same numbers as measuring everybody at once, the noise of each, and one payment a person."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.engine import NoNoise, small_plan, small_schema, some_people

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Cost, Guarantee
from ctdc.privacy.cohorts import Cohort, combine, gather, heaviest, keep, shared_selection, statement_facts
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import Measurements, measure
from ctdc.privacy.stored import write_measurements

SIZES = (3, 2, 4)
SCHEMA = small_schema(SIZES)
DELTA = 1e-6


def measured(seed: int = 1, rows: int = 50, epsilon: float = 2.0, length: int = 3) -> Measurements:
    people = some_people(SIZES, rows, seed)
    return measure(people.matrix(), small_plan(SIZES, length, epsilon), NoNoise())


def test_the_sum_is_what_measuring_everybody_at_once_gives() -> None:
    parts = [some_people(SIZES, 30 * seed, seed) for seed in (1, 2, 3)]
    plan = small_plan(SIZES)
    together = measure(np.concatenate([part.matrix() for part in parts], axis=1), plan, NoNoise())
    added = combine([measure(part.matrix(), plan, NoNoise()) for part in parts])
    assert added.values.keys() == together.values.keys()
    for attributes, values in together.values.items():
        assert np.array_equal(added.values[attributes], values)
        assert added.values[attributes].dtype == np.int64
    assert estimate(added).total()[0] == 180


def test_variances_add_up_whatever_each_cohort_s_epsilon() -> None:
    cohorts = [measured(epsilon=epsilon) for epsilon in (1.0, 2.0, 4.0)]
    added = combine(cohorts)
    for place, measurement in enumerate(added.plan.measurements):
        for name in ("scale", "deviation"):
            squares = [getattr(cohort.plan.measurements[place], name) ** 2 for cohort in cohorts]
            assert getattr(measurement, name) ** 2 == pytest.approx(sum(squares))
    for attributes in estimate(added).sets:
        variances = [estimate(cohort).variance(attributes) for cohort in cohorts]
        assert estimate(added).variance(attributes) == pytest.approx(sum(variances))


@pytest.mark.slow
@pytest.mark.statistical
def test_realised_errors_of_the_sum_have_the_variance_that_is_said() -> None:
    """400 sums of two cohorts: the mean square of the total's error within 6 standard errors (false alarm 1e-8)."""
    plans = [small_plan((2, 2), 1, epsilon) for epsilon in (1.0, 3.0)]
    parts = [some_people((2, 2), rows, rows) for rows in (20, 30)]
    sums = [
        combine([measure(part.matrix(), plan) for part, plan in zip(parts, plans, strict=True)]) for _ in range(400)
    ]
    errors = np.array([estimate(one).total()[0] - 50 for one in sums])
    variance = estimate(sums[0]).variance(())
    assert abs(np.mean(errors**2) / variance - 1) < 6 * math.sqrt(2 / 400)
    assert abs(errors.mean()) < 6 * math.sqrt(variance / 400)


def test_one_cohort_is_itself() -> None:
    one = measured()
    assert combine([one]).plan == one.plan
    assert combine([one]).rho == one.rho


def other_plans() -> dict[str, tuple[Measurements, str]]:
    one = measured()
    first = one.plan.measurements[-1]
    shape = replace(first, shape=(1, *first.shape[1:]))
    return {
        "another schema": (replace(one, plan=replace(one.plan, sizes=(3, 2, 5))), "cohorts.schema"),
        "another length": (measured(length=2), "cohorts.length"),
        "a set less": (replace(one, plan=replace(one.plan, measurements=one.plan.measurements[:-1])), "cohorts.sets"),
        "another shape": (
            replace(one, plan=replace(one.plan, measurements=(*one.plan.measurements[:-1], shape))),
            "cohorts.sets",
        ),
        "another order": (
            replace(one, plan=replace(one.plan, measurements=one.plan.measurements[::-1])),
            "cohorts.sets",
        ),
        "real noise beside a test's": (replace(one, publishable=True), "cohorts.unpublishable"),
    }


@pytest.mark.parametrize("case", other_plans())
def test_what_does_not_fit_together_is_not_added(case: str) -> None:
    other, code = other_plans()[case]
    with pytest.raises(UserError) as caught:
        combine([measured(), other])
    assert caught.value.detail.code == code


def test_of_thinned_tables_the_cells_that_all_cohorts_measured_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wide variables followed differently: the sum equals the counts of everybody wherever it has an estimate."""
    monkeypatch.setattr("ctdc.privacy.selection.WIDE", 5)
    sizes = (6, 2, 9)
    plan = small_plan(sizes, 3, 8.0)
    parts = [some_people(sizes, rows, seed).matrix() for rows, seed in ((300, 1), (400, 5))]
    cohorts = [measure(part, plan, NoNoise()) for part in parts]
    assert cohorts[0].selection.describe() != cohorts[1].selection.describe()
    added = combine(cohorts)
    found = estimate(added)
    everybody = np.concatenate(parts, axis=1)
    for attributes in found.sets[1:]:
        counted = np.zeros([sizes[a] for a in attributes])
        np.add.at(counted, tuple(everybody[list(attributes)]), 1)
        table = found.table(attributes)
        known = ~np.isnan(table)
        assert known.sum() == found.measured_cells(attributes) > 0
        np.testing.assert_allclose(table[known], counted[known], atol=1e-9)
    later = measure(parts[1], plan, NoNoise(), selection=shared_selection(cohorts[:1]))
    assert later.selection.describe() == cohorts[0].selection.describe()
    assert shared_selection([]) is None


# ---- what a person pays ---------------------------------------------------------------------------------------------


def cohort(name: str, measurements: Measurements, epsilon: float, folder: Path) -> Cohort:
    file = folder / f"{name}.parquet"
    write_measurements(file, SCHEMA, measurements)
    return Cohort(name, f"all/{name}", Guarantee(epsilon, DELTA), "2026-03-01T12:00:00Z", measurements, file)


def test_the_guarantee_is_the_weakest_of_the_cohorts_and_not_their_sum(tmp_path: Path) -> None:
    cohorts = [cohort(f"c{epsilon:g}", measured(epsilon=epsilon), epsilon, tmp_path) for epsilon in (1.0, 4.0, 2.0)]
    facts = statement_facts(cohorts)
    assert (facts["epsilon"], facts["delta"]) == (4.0, DELTA)
    assert facts["certified_epsilon"] == cohorts[1].cost().epsilon(DELTA) <= 4.0
    assert [one["epsilon"] for one in facts["cohorts"]] == [1.0, 4.0, 2.0]
    assert heaviest(cohorts).rho == max(one.cost().rho for one in cohorts)
    assert combine([one.measurements for one in cohorts]).plan.cost().rho < cohorts[0].cost().rho, (
        "the noise of all cohorts together says nothing of what a person paid"
    )


def test_a_cohort_certified_by_zcdp_alone_leaves_zcdp_for_all(tmp_path: Path) -> None:
    little_noise = measured(epsilon=90.0)
    assert little_noise.plan.cost().mu_squared is None
    cohorts = [cohort("a", measured(), 2.0, tmp_path), cohort("b", little_noise, 90.0, tmp_path)]
    assert heaviest(cohorts) == Cost(little_noise.plan.cost().rho, None)


# ---- folders --------------------------------------------------------------------------------------------------------


def folder_of(path: Path, cohorts: list[Cohort], schema: object = SCHEMA) -> Path:
    path.mkdir()
    keep(path, cohorts)
    (path / "schema.json").write_text(json.dumps(schema.to_table_schema()))  # type: ignore[attr-defined]
    (path / "privacy.json").write_text(json.dumps(statement_facts(cohorts)))
    return path


@pytest.mark.slow
def test_a_cohort_in_two_folders_is_added_once(tmp_path: Path) -> None:
    a, b = cohort("a", measured(1), 2, tmp_path), cohort("b", measured(2), 2, tmp_path)
    folders = [folder_of(tmp_path / "first", [a]), folder_of(tmp_path / "second", [a, b])]
    found = gather(folders, SCHEMA, "c")
    assert [one.name for one in found] == ["a", "b"]
    assert found[1].measurements.plan == b.measurements.plan
    assert gather([], SCHEMA, "c") == ()


def edited(folder: Path, **changes: object) -> Path:
    facts = json.loads((folder / "privacy.json").read_text())
    facts["cohorts"][0] |= changes
    (folder / "privacy.json").write_text(json.dumps(facts))
    return folder


@pytest.mark.slow
def test_folders_that_cannot_be_added(tmp_path: Path) -> None:
    a = cohort("a", measured(1), 2, tmp_path)
    (tmp_path / "x").mkdir()
    also_a = cohort("a", measured(2), 2, tmp_path / "x")
    renamed = replace(a, name="b")
    good = folder_of(tmp_path / "good", [a])
    cases = {
        "cohorts.twice": [
            [good, folder_of(tmp_path / "same-name", [also_a])],
            [good, folder_of(tmp_path / "renamed", [renamed])],
            [folder_of(tmp_path / "new", [replace(a, name="new")])],
        ],
        "cohorts.folder": [[tmp_path / "nothing"], [edited(folder_of(tmp_path / "odd", [a]), epsilon="two")]],
        "cohorts.schema": [[folder_of(tmp_path / "schema", [a], small_schema((3, 2, 5)))]],
        "cohorts.changed": [[edited(folder_of(tmp_path / "changed", [a]), measurements_sha256="0" * 64)]],
        "cohorts.guarantee": [[edited(folder_of(tmp_path / "boast", [a]), epsilon=0.5)]],
        "cohorts.name": [[edited(folder_of(tmp_path / "away", [a]), name="../good/cohorts/a")]],
    }
    for code, all_folders in cases.items():
        for folders in all_folders:
            with pytest.raises(UserError) as caught:
                gather(folders, SCHEMA, "new")
            assert caught.value.detail.code == code, folders
