"""The narrow gate: the only code that reads true counts.

Promise: what is measured, in which order, with which shapes and scales, and every error and message, depends on
the plan alone, never on the records. Everything that leaves this module is either noisy or part of the plan.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.noise import Integers, NoiseSource, OpenDPNoise
from ctdc.privacy.plan import Attributes, Measurement, Plan
from ctdc.table.count import Matrix, marginal


@dataclass(frozen=True)
class Measurements:
    """The noisy integers of a plan: `values[B]` has the shape of the plan's measurement of B.

    rho: sum of OpenDP's privacy maps, which must not exceed the plan's; publishable: False when a test's noise
    was used.
    """

    plan: Plan
    values: dict[Attributes, Integers]
    rho: float
    publishable: bool


def exact_residual(matrix: Matrix, plan: Plan, measurement: Measurement) -> Integers:
    """(W_b1 x W_b2 x ...) m_B as in `plan`: integers of shape measurement.shape."""
    table = marginal(matrix, plan.sizes, measurement.attributes)
    for axis, attribute in enumerate(measurement.attributes):
        size = plan.sizes[attribute]
        wide = size > 2
        table = size * table - table.sum(axis=axis, keepdims=True) if wide else -np.diff(table, axis=axis)
    return table


def _release(matrix: Matrix, plan: Plan, measurement: Measurement, noise: NoiseSource) -> tuple[Integers, float]:
    exact = exact_residual(matrix, plan, measurement)
    noisy, rho = noise.add(exact.ravel(), measurement.scale, measurement.squared_sensitivity)
    return noisy.reshape(measurement.shape), rho


def measure(
    matrix: Matrix, plan: Plan, noise: NoiseSource | None = None, progress: Progress | None = None
) -> Measurements:
    """Draw the plan's measurements of the coded records `matrix`, shape (variables, rows).

    Progress counts noisy numbers, which the plan fixes. Raises ValueError for another number of variables than the
    plan's (the compiled counting does not check), RuntimeError if OpenDP's own privacy map charges
    more than the plan declared: then the plan's arithmetic is wrong and nothing may be used.
    """
    if matrix.ndim != 2 or matrix.shape[0] != len(plan.sizes):
        raise ValueError("the records must have one row of codes per variable of the plan")
    noise = noise or OpenDPNoise()
    progress = progress or Silent()
    values: dict[Attributes, Integers] = {}
    costs: list[float] = []
    progress.start("Measuring with noise", plan.cells())
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        results = workers.map(lambda measurement: _release(matrix, plan, measurement, noise), plan.measurements)
        try:
            for measurement, (noisy, rho) in zip(plan.measurements, results, strict=True):
                values[measurement.attributes] = noisy
                costs.append(rho)
                progress.advance(noisy.size)
        except BaseException:
            workers.shutdown(cancel_futures=True)  # somebody who cancels need not wait for what is queued
            raise
    progress.finish()
    total = math.fsum(costs)
    if total > plan.cost().rho:
        raise RuntimeError("the library's privacy map charges more than the plan declared")
    return Measurements(plan, values, total, noise.publishable)


def residuals(measurements: Measurements) -> Iterator[tuple[Measurement, npt.NDArray[np.float64]]]:
    """Each measurement's residual table T_B = Q^T y_B over all categories, shape (sizes of B).

    An unbiased estimate of the part of m_B that no smaller table explains; its cells have variance s_B^2 p_B.
    """
    plan = measurements.plan
    for measurement in plan.measurements:
        yield measurement, residual_table(measurements.values[measurement.attributes], measurement, plan.sizes)


def residual_table(noisy: Integers, measurement: Measurement, sizes: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """T_B from the released integers: centre and divide along wide axes, mirror and halve along binary ones."""
    table = noisy.astype(np.float64)
    for axis, attribute in enumerate(measurement.attributes):
        size = sizes[attribute]
        if size > 2:
            table = (table - table.mean(axis=axis, keepdims=True)) / size
        else:
            table = np.concatenate([table, -table], axis=axis) / 2
    return table
