"""The narrow gate: what goes through it, in which order, and who may draw noise."""

import ast
import itertools
import math
import os
from pathlib import Path

import numpy as np
import pytest
from tests.support.engine import Integers, Invented, Listener, NoNoise, Recorder, residual_of, small_plan, some_people

import ctdc.privacy
import ctdc.privacy.measure as module
from ctdc.privacy.estimate import estimate
from ctdc.privacy.measure import batches, measure
from ctdc.privacy.noise import OpenDPNoise
from ctdc.table.tally import tally_of

ROOM = Path(ctdc.privacy.__file__).parent
RANDOM = {"random", "secrets", "numpy.random", "uuid", "scipy"}
BEFORE_AND_AT_THE_GATE = [
    "accounting", "aggregates", "allocation", "estimate", "ledger", "measure", "noise", "plan", "selection", "stored",
]  # fmt: skip


def names_used(module: str) -> set[str]:
    """Every imported module and every dotted name in a file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOM / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute):
            names.add(ast.unparse(node).replace("np.", "numpy."))
    return names


@pytest.mark.parametrize("module", BEFORE_AND_AT_THE_GATE)
def test_no_other_randomness_is_near_the_gate(module: str) -> None:
    used = {name for name in names_used(module) if name in RANDOM or name.startswith("numpy.random")}
    assert not used


def test_only_one_module_draws_noise() -> None:
    modules = [path.relative_to(ROOM).with_suffix("").as_posix() for path in ROOM.rglob("*.py")]
    assert [m for m in modules if any(name.split(".")[0] == "opendp" for name in names_used(m))] == ["noise"]


def test_only_the_gate_reads_true_counts() -> None:
    """Only `measure` counts the people it is given; `alone` and `attach` count synthetic records. The audit runs it;
    attacks on a release count people in `marginals`, for the steward who has them.
    """
    users = [path.stem for path in ROOM.rglob("*.py") if "exact_residual" in path.read_text(encoding="utf-8")]
    counting = {"ctdc.table.count.marginal", "ctdc.table.tally.tally_of"}
    attacks = [path.stem for path in (ROOM / "attacks").glob("*.py")]
    assert [name for name in attacks if counting & names_used(f"attacks/{name}")] == ["marginals"]
    counters = sorted(path.stem for path in ROOM.glob("*.py") if "ctdc.table.count.marginal" in names_used(path.stem))
    assert users == ["measure"]
    assert counters == ["alone", "attach"]
    assert [path.stem for path in ROOM.glob("*.py") if "ctdc.table.tally.tally_of" in names_used(path.stem)] == [
        "measure"
    ]


def test_nothing_that_is_released_knows_of_an_evaluation_or_an_attack() -> None:
    """Both count true records, for the steward; import-linter holds the other rooms to the same."""
    steward = {"evaluation", "attacks"}
    modules = [path for path in ROOM.rglob("*.py") if not steward & set(path.relative_to(ROOM).parts)]
    names = {name for path in modules for name in names_used(path.relative_to(ROOM).with_suffix("").as_posix())}
    assert not [name for name in names if name.startswith(tuple(f"ctdc.privacy.{room}" for room in steward))]


def test_the_noise_has_no_seed() -> None:
    noise = OpenDPNoise()
    zeros = np.zeros(200, np.int64)
    first, second = (noise.add(zeros, 50.0, 1)[0] for _ in range(2))
    assert not np.array_equal(first, second)
    assert noise.publishable


@pytest.mark.parametrize(("scale", "squared"), [(1.3, 1), (40.0, 56), (8451.85, 3_873_750_000)])
def test_the_library_charges_what_the_plan_declares(scale: float, squared: int) -> None:
    _, rho = OpenDPNoise().add(np.zeros(1, np.int64), scale, squared)
    assert squared / (2 * scale**2) * (1 - 1e-15) <= rho <= squared / (2 * scale**2) * (1 + 1e-12)


@pytest.mark.parametrize("sizes", [(2, 3), (3, 4, 2), (9, 5, 2, 2)])
@pytest.mark.parametrize("epsilon", [0.01, 1, 12])
def test_the_library_and_the_plan_agree_on_the_whole_cost(sizes: tuple[int, ...], epsilon: float) -> None:
    plan = small_plan(sizes, epsilon=epsilon)
    measured = measure(some_people(sizes, 30).matrix(), plan)
    assert measured.rho <= plan.cost().rho <= measured.rho * (1 + 1e-10)
    assert measured.publishable


class Dear(NoNoise):
    """A library whose privacy map charges a millionth more than the plan thinks."""

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        noisy, rho = super().add(exact, scale, squared_sensitivity)
        return noisy, rho * (1 + 1e-6)


def test_nothing_is_used_when_the_library_charges_more() -> None:
    with pytest.raises(RuntimeError, match="charges more"):
        measure(some_people((3, 2), 5).matrix(), small_plan((3, 2)), Dear())


def test_other_noise_is_never_publishable() -> None:
    matrix, plan = some_people((3, 2), 5).matrix(), small_plan((3, 2))
    assert not measure(matrix, plan, NoNoise()).publishable
    assert not measure(matrix, plan, Invented()).publishable


def test_measurements_are_asked_for_in_the_plan_s_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    plan, recorder, listener = small_plan((3, 2, 4)), Recorder(), Listener()
    measure(some_people((3, 2, 4), 50).matrix(), plan, recorder, listener)
    groups = itertools.groupby(plan.measurements, lambda m: m.scale)
    assert recorder.calls == [
        ((sum(math.prod(m.shape) for m in group),), "int64", scale, sum(m.squared_sensitivity for m in group))
        for scale, group in ((scale, list(group)) for scale, group in groups)
    ]
    advances = [amount for kind, amount, *_ in listener.events[1:-1] if kind == "advance"]
    assert listener.events[0] == ("start", "Measuring with noise", plan.cells())
    assert sum(advances) == plan.cells()  # type: ignore[arg-type]


@pytest.mark.parametrize("most", [1, 5, 24, 4096])
@pytest.mark.parametrize("sizes", [(2, 2, 2, 2), (3, 2, 3, 3), (4, 4, 4, 4)])
def test_one_call_holds_neighbours_with_one_scale_and_not_too_many(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...], most: int
) -> None:
    monkeypatch.setattr(module, "BATCH", most)
    measurements = small_plan(sizes).measurements
    groups = batches(measurements, [m.shape for m in measurements])
    assert [position for group in groups for position in group] == list(range(len(measurements)))
    for group in groups:
        assert len({measurements[position].scale for position in group}) == 1
        numbers = sum(math.prod(measurements[position].shape) for position in group)
        assert numbers <= most or len(group) == 1
    for one, two in itertools.pairwise(groups):
        together = sum(math.prod(measurements[position].shape) for position in [*one, two[0]])
        assert together > most or measurements[one[0]].scale != measurements[two[0]].scale, "these could have been one"


@pytest.mark.parametrize("most", [1, 24, 4096])
def test_tables_come_out_of_a_call_as_they_went_in(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(module, "BATCH", most)
    sizes = (3, 2, 3, 2, 3)
    plan, matrix = small_plan(sizes), some_people(sizes, 60).matrix()
    measured = measure(matrix, plan, NoNoise())
    assert list(measured.values) == [m.attributes for m in plan.measurements]
    for m in plan.measurements:
        assert measured.values[m.attributes].shape == m.shape
        np.testing.assert_array_equal(measured.values[m.attributes], residual_of(tally_of(matrix), plan, m))


def test_nobody_at_all_can_be_measured() -> None:
    plan = small_plan((3, 2, 4))
    empty = measure(some_people((3, 2, 4), 0).matrix(), plan, NoNoise())
    assert all(not values.any() for values in empty.values.values())
    assert estimate(empty).total() == (0.0, plan.measurements[0].deviation)


@pytest.mark.parametrize("sizes", [(3, 2, 4), (2, 2, 2), (5, 3)])
def test_without_noise_the_estimates_are_the_counts(sizes: tuple[int, ...]) -> None:
    people = some_people(sizes, 200)
    found = estimate(measure(people.matrix(), small_plan(sizes), NoNoise()))
    for attributes in found.sets:
        counted = np.zeros([sizes[a] for a in attributes])
        np.add.at(counted, tuple(people.columns[a] for a in attributes), 1) if attributes else counted.fill(200)
        np.testing.assert_allclose(found.table(attributes), counted, atol=1e-9)


def test_the_largest_table_that_can_be_planned_stays_within_64_bits() -> None:
    """65 million people in one cell of a table over three variables of 368 codes: the limit of plan and synthesis."""
    sizes = (368, 368, 368)
    plan = small_plan(sizes, length=1)
    assert 368**3 * 65_000_000 < 2**63
    matrix = np.zeros((3, 10), np.uint16)
    residual = residual_of(tally_of(matrix), plan, plan.measurements[1])
    assert residual.dtype == np.int64
    assert residual[0] == 10 * 367
