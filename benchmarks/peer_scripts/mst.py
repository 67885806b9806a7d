"""MST over the library mbi: noisy one-way tables, a private choice of a tree of pairs, noisy pairs, a graphical model.

Written from the paper (McKenna, Miklau, Sheldon, "Winning the NIST Contest", JPC 11(3), 2021, section 4); the library
supplies the estimation and the records. Budget: a third each for the one-way tables, the choice of the tree and the
pairs. Zero-concentrated privacy to (epsilon, delta) by Canonne, Kamath and Steinke 2020, proposition 12, the tightest
of the conversions that the published mechanism has used. Floating-point noise from NumPy, as there: fair in accuracy
and generous in time, but no production quality.

Options: ``iterations`` of the estimation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import jax  # type: ignore[import-not-found]

jax.config.update("jax_enable_x64", True)  # the library warns that single precision stalls above 100,000 records
jax.config.update("jax_enable_compilation_cache", False)  # and that a cache on disk makes it slower

import mbi  # type: ignore[import-not-found]  # noqa: E402
import numpy as np  # noqa: E402
from scipy.optimize import brentq, minimize_scalar  # noqa: E402

from benchmarks.peer_scripts.contract import Job, load_job  # noqa: E402

# Values whose noisy count is under this many standard deviations are merged before pairs are measured.
MERGE_BELOW = 3.0
# The model of independent variables that precedes the choice is easy to fit.
INDEPENDENT_ITERATIONS = 1000


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


def unknown_of(data: mbi.Dataset, model: Any) -> dict[tuple[str, str], float]:
    """How many records' worth of each pair's table a model of independent variables gets wrong (L1).

    The product of the one-way tables is computed here: the library's projection on a pair that the model has not
    measured compiles a program for each, which takes ten times as long as all the rest of the mechanism.
    """
    singles = {name: np.asarray(model.project((name,)).datavector()) for name in data.domain.attributes}
    result = {}
    for pair in itertools.combinations(data.domain.attributes, 2):
        guess = np.outer(singles[pair[0]], singles[pair[1]]) / float(model.total)
        table = np.asarray(data.project(pair).datavector(flatten=False))
        result[pair] = float(np.abs(table - guess).sum())
    return result


def choose_tree(data: mbi.Dataset, model: Any, rho: float, draw: np.random.Generator) -> list[tuple[str, str]]:
    """A spanning tree of pairs, each edge by the exponential mechanism on how badly the model knows the pair."""
    unknown = unknown_of(data, model)
    pairs = list(unknown)
    rounds = len(data.domain.attributes) - 1
    epsilon = math.sqrt(8 * rho / rounds)
    part = {name: name for name in data.domain.attributes}  # which connected part of the tree a variable is in
    chosen = []
    for _ in range(rounds):
        pairs = [pair for pair in pairs if part[pair[0]] != part[pair[1]]]
        scores = 0.5 * epsilon * np.array([unknown[pair] for pair in pairs])
        weights = np.exp(scores - scores.max())
        pair = pairs[draw.choice(len(pairs), p=weights / weights.sum())]
        chosen.append(pair)
        joined, into = part[pair[0]], part[pair[1]]
        part = {name: into if home == joined else home for name, home in part.items()}
    return chosen


def write(job: Job, columns: dict[str, Any]) -> None:
    """Write the records with the schema's codes."""
    texts = [
        np.array(["", *codes], dtype=object)[np.asarray(columns[name], dtype=np.int64)]
        for name, codes in zip(job.names, job.codes, strict=True)
    ]
    job.write_synthetic(zip(*texts, strict=True))


def main() -> None:
    """Run the mechanism."""
    job = load_job()
    job.versions("mbi", "jax", "numpy")
    draw = np.random.default_rng()
    estimator = mbi.estimation.MirrorDescent()
    iterations = int(job.options["iterations"])
    with job.phase("read"):
        data = code(job)
    rho = rho_for(job.epsilon, job.delta)
    job.note(rho=rho)
    with job.phase("one-way tables"):
        singles = measure(data, [(name,) for name in job.names], rho / 3, draw)
        mapping = merges(singles)
        singles = [measurement.compress(mapping, data.domain) for measurement in singles]
        data = data.compress(mapping)
    with job.phase("choose pairs"):
        independent = estimator.estimate(data.domain, singles, iters=INDEPENDENT_ITERATIONS)
        tree = choose_tree(data, independent, rho / 3, draw)
    with job.phase("fit"):
        pairs = measure(data, tree, rho / 3, draw)
        model = estimator.estimate(data.domain, singles + pairs, iters=iterations)
    with job.phase("sample"):
        columns = unmerge(model.synthetic_data(), mapping, draw)
    with job.phase("write records"):
        write(job, columns)


main()
