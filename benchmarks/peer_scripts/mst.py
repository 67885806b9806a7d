"""MST over the library mbi: noisy one-way tables, a private choice of a tree of pairs, noisy pairs, a graphical model.

Written from the paper (McKenna, Miklau, Sheldon, "Winning the NIST Contest", JPC 11(3), 2021, section 4); the library
supplies the estimation and the records. Budget: a third each for the one-way tables, the choice of the tree and the
pairs; the rest is in ``graphical.py``.

Options: ``iterations`` of the estimation.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peer_scripts.contract import load_job
from benchmarks.peer_scripts.graphical import code, estimator, measure, merges, rho_for, unmerge, write

if TYPE_CHECKING:
    import mbi  # type: ignore[import-not-found]

# The model of independent variables that precedes the choice is easy to fit.
INDEPENDENT_ITERATIONS = 1000


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


def main() -> None:
    """Run the mechanism."""
    job = load_job()
    job.versions("mbi", "jax", "numpy")
    draw = np.random.default_rng()
    fit = estimator().estimate
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
        independent = fit(data.domain, singles, iters=INDEPENDENT_ITERATIONS)
        tree = choose_tree(data, independent, rho / 3, draw)
    with job.phase("fit"):
        pairs = measure(data, tree, rho / 3, draw)
        model = fit(data.domain, singles + pairs, iters=iterations)
    with job.phase("sample"):
        columns = unmerge(model.synthetic_data(), mapping, draw)
    with job.phase("write records"):
        write(job, columns)


main()
