"""The narrow gate: the only code that reads true counts for anything that is released.

Promise: what is measured, in which order, with which shapes and scales, and every error and message, depends on
the plan and on noisy numbers that were released before, never on the records otherwise. Everything that leaves this
module is either noisy or part of the plan.

Two steps, after the total, which may tell that there are too few people for long combinations (`shorten`): all tables
of up to two variables, then the longer ones, in which wide variables are measured only where the
first step leaves something to see (`selection`). The plan declares and pays for the whole tables.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.accounting import Cost
from ctdc.privacy.noise import Integers, NoiseSource, OpenDPNoise
from ctdc.privacy.plan import Attributes, Measurement, Plan, spread, subsets
from ctdc.privacy.selection import THIN_FROM, Selection, request_of, select, wide_axes
from ctdc.table.count import Matrix
from ctdc.table.counting import Counting
from ctdc.table.tally import tally_of

# Numbers of one call of the sampler: enough that the call itself costs nothing beside them, few enough to share out.
BATCH = 4096
# A code or a pair of codes is followed into longer tables if so many people have it, in standard errors of those.
# Fewer could hardly be told from noise there; chosen on a published synthetic file (docs/explanation/engine.md).
FOLLOWED = 0.5


@dataclass(frozen=True)
class Measurements:
    """The noisy integers of a plan: `values[B]` has the shape of the plan's measurement of B, or, where B is thinned,
    (selected cells over its wide variables, then the shape of the others).

    rho: sum of OpenDP's privacy maps, which must not exceed the plan's; charged: cost of the declared plan;
    publishable: False when a test's noise was used.
    """

    plan: Plan
    values: dict[Attributes, Integers]
    rho: float
    publishable: bool
    selection: Selection = field(default_factory=lambda: Selection(()))
    charged: Cost = field(default_factory=lambda: Cost(0.0, 0.0))

    def cost(self) -> Cost:
        """What the whole mechanism costs one person: what was declared and charged before anything was measured.

        A plan that was shortened because of the noisy total may look cheaper; but that it was is itself an outcome, so
        the guarantee is that of the dearest. Never below the cost of the noise that was used.
        """
        used = self.plan.cost()
        certified = used.mu_squared is not None and self.charged.mu_squared is not None
        mu_squared = max(used.mu_squared or 0.0, self.charged.mu_squared or 0.0) if certified else None
        return Cost(max(used.rho, self.charged.rho), mu_squared)

    def numbers(self) -> int:
        """Noisy integers that were drawn."""
        return sum(values.size for values in self.values.values())


def exact_residual(table: Integers, plan: Plan, attributes: Attributes, selection: Selection | None = None) -> Integers:
    """(W_b1 x W_b2 x ...) m_B as in `plan`: integers of the measurement's shape, or of its `selected_shape`.

    table: the people counted over `attributes`, in compact places where a selection thins it (`request_of`).
    """
    wide = wide_axes(plan.sizes, attributes) if selection else ()
    residual = _residual(table, [plan.sizes[a] for a in attributes])
    if not selection or not wide:
        return residual
    axes = [attributes.index(attribute) for attribute in wide]
    return np.moveaxis(residual, axes, range(len(axes)))[selection.cells(attributes)]


def _residual(table: Integers, sizes: Sequence[int]) -> Integers:
    """Along each axis, n I - J of a variable of n > 2 categories, (1, -1) of two."""
    for axis, size in enumerate(sizes):
        table = size * table - table.sum(axis=axis, keepdims=True) if size > 2 else -np.diff(table, axis=axis)
    return table


def selected_shape(plan: Plan, measurement: Measurement, selection: Selection) -> tuple[int, ...]:
    """Shape of what is measured of a thinned table: selected cells first, then the variables that are not wide."""
    wide = wide_axes(plan.sizes, measurement.attributes)
    if not wide:
        return measurement.shape
    rest = [n for n, a in zip(measurement.shape, measurement.attributes, strict=True) if a not in wide]
    return (int(selection.cells(measurement.attributes).sum()), *rest)


def batches(measurements: Sequence[Measurement], shapes: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """Positions of measurements that are released together: neighbours with one scale, up to `BATCH` numbers."""
    groups: list[list[int]] = []
    numbers = 0
    for position, (measurement, shape) in enumerate(zip(measurements, shapes, strict=True)):
        size = math.prod(shape)
        joins = groups and measurements[groups[-1][-1]].scale == measurement.scale and numbers + size <= BATCH
        if not joins:
            groups.append([])
            numbers = 0
        groups[-1].append(position)
        numbers += size
    return groups


@dataclass(frozen=True)
class _Gate:
    """What the two steps share."""

    plan: Plan
    noise: NoiseSource
    progress: Progress
    values: dict[Attributes, Integers]
    costs: list[float]

    def release(self, people: Counting, measurements: Sequence[Measurement], selection: Selection | None) -> None:
        """Measure and keep. One vector of integers a batch, whose squared sensitivities add up."""
        shapes = [selected_shape(self.plan, m, selection) if selection else m.shape for m in measurements]
        groups = batches(measurements, shapes)
        tables = people.tables(request_of(self.plan.sizes, [m.attributes for m in measurements], selection))

        def exact_of(attributes: Attributes) -> Integers:
            return exact_residual(tables(attributes), self.plan, attributes, selection).ravel()

        def work(group: list[int]) -> tuple[Integers, float]:
            exact = [exact_of(measurements[position].attributes) for position in group]
            squared = sum(measurements[position].squared_sensitivity for position in group)
            return self.noise.add(np.concatenate(exact), measurements[group[0]].scale, squared)

        with ThreadPoolExecutor(os.cpu_count()) as workers:
            try:
                for group, (noisy, rho) in zip(groups, workers.map(work, groups), strict=True):
                    self._keep(group, measurements, shapes, noisy)
                    self.costs.append(rho)
                    self.progress.advance(sum(self.plan.numbers(measurements[position]) for position in group))
            except BaseException:
                workers.shutdown(cancel_futures=True)  # somebody who cancels need not wait for what is queued
                raise

    def _keep(
        self, group: list[int], measurements: Sequence[Measurement], shapes: Sequence[tuple[int, ...]], noisy: Integers
    ) -> None:
        ends = np.cumsum([math.prod(shapes[position]) for position in group])[:-1]
        for position, part in zip(group, np.split(noisy, ends), strict=True):
            self.values[measurements[position].attributes] = part.reshape(shapes[position])


def measure(
    records: Matrix | Counting,
    plan: Plan,
    noise: NoiseSource | None = None,
    progress: Progress | None = None,
    selection: Selection | None = None,
    shorten: Callable[[Plan, float], Plan] | None = None,
) -> Measurements:
    """Draw the plan's measurements of the coded records, shape (variables, rows), or of people who can be counted.

    selection: of an earlier release to which this one will be added, instead of one of its own; shorten: from the plan
    and the noisy total, which is measured first, the plan to go on with, of no higher cost and without what would drown
    in noise; the result's plan is that one. Progress counts planned numbers. Raises ValueError for another number of
    variables than the plan's (the compiled counting does not check), people who count otherwise than in the plan, or a
    selection of another domain, RuntimeError if OpenDP's own privacy map charges more than the plan declared: then the
    plan's arithmetic is wrong and nothing may be used.
    """
    people = _people(records)
    if people.variables != len(plan.sizes):
        raise ValueError("the records must have one row of codes per variable of the plan")
    if people.whole != plan.resolution:
        raise ValueError("a person counts more, or less, than the plan says")
    progress = progress or Silent()
    if selection is not None and selection.sizes != plan.sizes:
        raise ValueError("the selection is of another domain")
    declared = plan.cost()
    gate = _Gate(plan, noise or OpenDPNoise(), progress, {}, [])
    progress.start("Measuring with noise", plan.cells())
    if shorten:
        gate.release(people, plan.measurements[:1], None)
        plan = shorten(plan, float(gate.values[()]) / plan.resolution)
        if not plan.cost().at_most(declared):
            raise RuntimeError("a shortened plan costs more than was declared")
        gate = replace(gate, plan=plan)
    left = [measurement for measurement in plan.measurements if measurement.attributes not in gate.values]
    gate.release(people, [measurement for measurement in left if len(measurement.attributes) < THIN_FROM], None)
    selection = selection or select_cells(plan, gate.values)
    longer = [measurement for measurement in left if len(measurement.attributes) >= THIN_FROM]
    gate.release(people, longer, selection)
    progress.finish()
    total = math.fsum(gate.costs)
    if total > declared.rho:
        raise RuntimeError("the library's privacy map charges more than the plan declared")
    return Measurements(plan, gate.values, total, gate.noise.publishable, selection, declared)


def _people(records: Matrix | Counting) -> Counting:
    """Who is counted. Raises ValueError for an array of another shape than (variables, rows)."""
    if not isinstance(records, np.ndarray):
        return records
    if records.ndim != 2:
        raise ValueError("the records must have one row of codes per variable of the plan")
    return tally_of(records)


def count_ahead(people: Counting, plan: Plan) -> None:
    """Count what is counted in any case, so that rows that cannot be read are found before anything is paid for."""
    whole = [m.attributes for m in plan.measurements if not wide_axes(plan.sizes, m.attributes)]
    people.prepare(request_of(plan.sizes, whole, None))


def select_cells(plan: Plan, values: dict[Attributes, Integers]) -> Selection:
    """The selection that follows from the noisy tables of up to two variables; reads nothing else."""
    by_attributes = {m.attributes: m for m in plan.measurements}

    def table(attributes: Attributes) -> npt.NDArray[np.float64]:
        total = np.zeros(tuple(plan.sizes[attribute] for attribute in attributes))
        for inner in subsets(attributes):
            shape = [plan.sizes[a] if a in inner else 1 for a in attributes]
            residual = residual_table(values[inner], by_attributes[inner], plan)
            total += residual.reshape(shape) * math.sqrt(spread(plan.sizes, inner, attributes))
        return total

    def deviation(attributes: Attributes) -> float:
        return math.sqrt(plan.variance(attributes))

    longer = [
        deviation(m.attributes)
        for m in plan.measurements
        if len(m.attributes) == THIN_FROM and wide_axes(plan.sizes, m.attributes)
    ]
    least = FOLLOWED * min(longer, default=0.0)
    return select(plan.sizes, table, deviation, least, values) if longer else Selection(plan.sizes)


def residuals(measurements: Measurements) -> Iterator[tuple[Measurement, npt.NDArray[np.float64]]]:
    """Each measurement's residual table T_B = Q^T y_B over all categories, shape (sizes of B), compact where thinned.

    An unbiased estimate of the part of m_B that no smaller table explains; its cells have variance s_B^2 p_B
    (`plan.noise_share`).
    """
    plan = measurements.plan
    for measurement in plan.measurements:
        noisy = measurements.values[measurement.attributes]
        if wide_axes(plan.sizes, measurement.attributes):
            yield measurement, _compact_residual(noisy, measurement, plan, measurements.selection)
        else:
            yield measurement, residual_table(noisy, measurement, plan)


def residual_table(noisy: Integers, measurement: Measurement, plan: Plan) -> npt.NDArray[np.float64]:
    """T_B from the released integers: centre and divide along wide axes, mirror and halve along binary ones."""
    return _centred(
        np.asarray(noisy / plan.resolution), [plan.sizes[attribute] for attribute in measurement.attributes], 0
    )


def _centred(table: npt.NDArray[np.float64], sizes: Sequence[int], first: int) -> npt.NDArray[np.float64]:
    """Centre, or mirror, the axes from `first` on, which belong to variables of `sizes`."""
    for axis, size in enumerate(sizes, start=first):
        if size > 2:
            table = (table - table.mean(axis=axis, keepdims=True)) / size
        else:
            table = np.concatenate([table, -table], axis=axis) / 2
    return table


def _compact_residual(
    noisy: Integers, measurement: Measurement, plan: Plan, selection: Selection
) -> npt.NDArray[np.float64]:
    """T_B of a thinned table in compact places: what was measured, divided by the wide sizes; 0 elsewhere."""
    attributes, sizes = measurement.attributes, plan.sizes
    wide = wide_axes(sizes, attributes)
    rest = tuple(attribute for attribute in attributes if attribute not in wide)
    found = _centred(np.asarray(noisy / plan.resolution), [sizes[a] for a in rest], 1) / math.prod(
        sizes[a] for a in wide
    )
    cells = selection.cells(attributes)
    table = np.zeros((*cells.shape, *(sizes[a] for a in rest)))
    table[cells] = found
    return np.moveaxis(table, range(len(wide)), [attributes.index(a) for a in wide])
