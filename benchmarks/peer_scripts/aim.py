"""AIM over the library mbi: rounds that each measure the table which the model knows worst, until the budget is used.

Written from the paper (McKenna, Mullins, Sheldon, Miklau, "AIM: An Adaptive and Iterative Mechanism for Differentially
Private Synthetic Data", PVLDB 15(11), 2022, algorithms 1 to 4); the library supplies the estimation and the records.
The workload is all sets of as many variables as the job's length, candidates are they and all their subsets. As the
paper takes prepared data, rare values are merged first, from its own noisy one-way tables, as MST does.

The exponential mechanism is drawn by adding Gumbel noise to the scores and taking the best candidate that the model has
room for; this is the same distribution as a draw among those alone, since room is a matter of the model and not of the
data, and saves the size of a junction tree for thousands of candidates a round.

Options: ``iterations`` of the estimation, ``max_megabytes`` of the model.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peer_scripts.contract import Job, load_job
from benchmarks.peer_scripts.graphical import code, estimator, measure, merges, rho_for, unmerge, write
from benchmarks.peer_scripts.junction import Array, Calibrated, Clique, megabytes

if TYPE_CHECKING:
    import mbi  # type: ignore[import-not-found]

# The paper's: most rounds for each variable, the share of a round's budget that goes to measuring.
ROUNDS_A_VARIABLE = 16
MEASURED_SHARE = 0.9
BYTES = 8
# The expected absolute value of a normal number of deviation 1.
NORMAL_SIZE = math.sqrt(2 / math.pi)


@dataclass
class Budget:
    """What is left, and what the next round spends: `sigma` of its table, `epsilon` of its choice (in rho)."""

    rho: float
    used: float
    sigma: float
    epsilon: float

    def spend(self) -> None:
        """Pay for one round."""
        self.used += 1 / (2 * self.sigma**2) + self.epsilon**2 / 8

    def anneal(self, learned: float, cells: int) -> None:
        """After a round: twice the precision where noise hid what there was to learn; all that is left at the end."""
        if learned <= self.sigma * NORMAL_SIZE * cells:
            self.sigma, self.epsilon = self.sigma / 2, 2 * self.epsilon
        left = self.rho - self.used
        if 0 < left <= 2 * (1 / (2 * self.sigma**2) + self.epsilon**2 / 8):
            self.sigma = math.sqrt(1 / (2 * MEASURED_SHARE * left))
            self.epsilon = math.sqrt(8 * (1 - MEASURED_SHARE) * left)

    def over(self) -> bool:
        """Whether nothing is left but what rounding leaves."""
        return self.used >= self.rho * (1 - 1e-9)


def candidates(domain: mbi.Domain, length: int, max_megabytes: float) -> Iterator[Clique]:
    """All sets of up to `length` variables whose table alone does not fill the model."""
    for order in range(1, length + 1):
        for clique in itertools.combinations(domain.attributes, order):
            if domain.size(clique) * BYTES <= max_megabytes * 2**20:
                yield clique


def choose(
    truth: dict[Clique, Array], model: Calibrated, budget: Budget, max_megabytes: float, draw: np.random.Generator
) -> Clique:
    """The candidate of this round: a large error, beyond what its noise would be, of a table the model has room for.

    A set of k variables meets every workload set it shares variables with; over all sets of one order that is a weight
    proportional to k.
    """
    cliques: list[Clique] = list(truth)
    scores = np.empty(len(cliques))
    for place, clique in enumerate(cliques):
        error = np.abs(truth[clique] - model.table(clique)).sum()
        scores[place] = len(clique) * (error - NORMAL_SIZE * budget.sigma * truth[clique].size)
    sensitivity = max(len(clique) for clique in cliques)
    noisy = scores * budget.epsilon / (2 * sensitivity) + draw.gumbel(size=len(cliques))
    room = max_megabytes * budget.used / budget.rho
    held = set(model.measured)
    for place in np.argsort(-noisy):
        clique = cliques[int(place)]
        if clique in held or megabytes(model.domain, [*model.measured, clique]) <= room:
            return clique
    raise ValueError("no candidate fits the model")


def rounds(job: Job, data: mbi.Dataset, model: Any, measurements: list[Any], budget: Budget) -> Any:
    """Choose, measure, estimate, until the budget is used; the last model."""
    draw = np.random.default_rng()
    fit = estimator().estimate
    iterations = int(job.options["iterations"])
    limit = float(job.options["max_megabytes"])
    truth = {
        clique: np.asarray(data.project(clique).datavector()) for clique in candidates(data.domain, job.length, limit)
    }
    done = 0
    while not budget.over():
        budget.spend()
        calibrated = Calibrated(model)
        clique = choose(truth, calibrated, budget, limit, draw)
        before = calibrated.table(clique)
        measurements += measure(data, [clique], 1 / (2 * budget.sigma**2), draw)
        model = fit(data.domain, measurements, iters=iterations, warm_start=model)
        learned = float(np.abs(np.asarray(model.project(clique).datavector()) - before).sum())
        done += 1
        job.progress(f"round {done}, {budget.used / budget.rho:.0%} of the budget used")
        budget.anneal(learned, len(before))
    job.note(rounds=done, candidates=len(truth))
    return model


def main() -> None:
    """Run the mechanism."""
    job = load_job()
    job.versions("mbi", "jax", "numpy")
    draw = np.random.default_rng()
    with job.phase("read"):
        data = code(job)
    rho = rho_for(job.epsilon, job.delta)
    most = ROUNDS_A_VARIABLE * len(job.names)
    sigma = math.sqrt(most / (2 * MEASURED_SHARE * rho))
    budget = Budget(rho, len(job.names) / (2 * sigma**2), sigma, math.sqrt(8 * (1 - MEASURED_SHARE) * rho / most))
    job.note(rho=rho)
    with job.phase("one-way tables"):
        singles = measure(data, [(name,) for name in job.names], budget.used, draw)
        mapping = merges(singles)
        singles = [measurement.compress(mapping, data.domain) for measurement in singles]
        data = data.compress(mapping)
        model = estimator().estimate(data.domain, singles, iters=int(job.options["iterations"]))
    with job.phase("rounds"):
        model = rounds(job, data, model, singles, budget)
    with job.phase("sample"):
        columns = unmerge(model.synthetic_data(), mapping, draw)
    with job.phase("write records"):
        write(job, columns)


main()
