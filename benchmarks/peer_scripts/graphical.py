"""What the mechanisms over the library mbi share: coding, accounting, noisy tables, merging of rare values, writing.

Zero-concentrated privacy to (epsilon, delta) by Canonne, Kamath and Steinke 2020, proposition 12, the tightest of the
conversions that the published mechanisms have used. Floating-point noise from NumPy, as there: fair in accuracy and
generous in time, but no production quality.

To be imported before the library itself: the library's precision is set here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax  # type: ignore[import-not-found]

jax.config.update("jax_enable_x64", True)  # the library warns that single precision stalls above 100,000 records
jax.config.update("jax_enable_compilation_cache", False)  # and that a cache on disk makes it slower

import mbi  # type: ignore[import-not-found]  # noqa: E402
import numpy as np  # noqa: E402
from scipy.optimize import brentq, minimize_scalar  # noqa: E402

from benchmarks.peer_scripts.contract import Job  # noqa: E402

# Values whose noisy count is under this many standard deviations are merged before longer tables are measured.
MERGE_BELOW = 3.0


def delta_of(rho: float, epsilon: float) -> float:
    """The smallest delta that the proposition proves for a rho-zCDP mechanism at `epsilon`."""

    def log_delta(log_excess: float) -> float:
        alpha = 1 + math.exp(log_excess)
        return (alpha - 1) * (alpha * rho - epsilon) + alpha * math.log1p(-1 / alpha) - math.log(alpha - 1)

    best = minimize_scalar(log_delta, bounds=(math.log(1e-3), math.log(1e4)), method="bounded")
    return math.exp(min(best.fun, 0.0))


def rho_for(epsilon: float, delta: float) -> float:
    """The largest rho that satisfies (epsilon, delta)."""
    return float(brentq(lambda rho: delta_of(rho, epsilon) - delta, 1e-9, epsilon, xtol=1e-12))


def estimator() -> Any:
    """The library's first method of fitting a model, which the published mechanisms use."""
    return mbi.estimation.MirrorDescent()


def code(job: Job) -> mbi.Dataset:
    """The input as integers: 0 is missing, then the schema's codes in order."""
    columns = {}
    for name, codes, values in zip(job.names, job.codes, zip(*job.rows(), strict=True), strict=True):
        index = {"": 0} | {value: place for place, value in enumerate(codes, start=1)}
        columns[name] = np.array([index[value] for value in values])
    return mbi.Dataset(columns, mbi.Domain(job.names, [len(codes) + 1 for codes in job.codes]))


def measure(data: mbi.Dataset, cliques: Sequence[tuple[str, ...]], rho: float, draw: np.random.Generator) -> list[Any]:
    """Noisy tables of `cliques`, each at an equal share of `rho`; one person moves each table by 1."""
    sigma = math.sqrt(len(cliques) / (2 * rho))
    measurements = []
    for clique in cliques:
        table = np.asarray(data.project(clique).datavector())
        measurements.append(mbi.LinearMeasurement(table + draw.normal(0, sigma, table.size), clique, sigma))
    return measurements


def merges(measurements: list[Any]) -> dict[str, Any]:
    """For each variable the new place of each value: the frequent ones first, then one place for all the rare."""
    mapping = {}
    for measurement in measurements:
        frequent = np.asarray(measurement.noisy_measurement) >= MERGE_BELOW * measurement.stddev
        if not frequent.all():
            mapping[measurement.clique[0]] = np.where(frequent, np.cumsum(frequent) - 1, frequent.sum())
    return mapping


def unmerge(records: mbi.Dataset, mapping: dict[str, Any], draw: np.random.Generator) -> dict[str, Any]:
    """Records over the original domain; a rare value is drawn evenly from those that were merged."""
    columns = {}
    for name, values in records.to_dict().items():
        if name in mapping:
            originals = [np.flatnonzero(mapping[name] == place) for place in range(mapping[name].max() + 1)]
            chosen = np.empty(len(values), dtype=np.int64)
            for place, options in enumerate(originals):
                here = np.flatnonzero(values == place)
                chosen[here] = draw.choice(options, size=len(here)) if len(options) > 1 else options[0]
            values = chosen
        columns[name] = values
    return columns


def write(job: Job, columns: dict[str, Any]) -> None:
    """Write the records with the schema's codes."""
    texts = [
        np.array(["", *codes], dtype=object)[np.asarray(columns[name], dtype=np.int64)]
        for name, codes in zip(job.names, job.codes, strict=True)
    ]
    job.write_synthetic(zip(*texts, strict=True))
