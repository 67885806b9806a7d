"""Synthetic records that match all noisy tables at once: post-processing, no privacy cost.

Promise: reads estimates and a seed, never a record; the same estimates and seed give the same records on any
number of threads. Method: coordinate descent on sum over A of w_A |m_A(records) - estimate_A|^2 over whole
records; projecting noisy answers onto what records can produce removes noise (Nikolov, Talwar & Zhang 2013).
Changing variable i of a record from a to b changes the objective by twice the sum over A containing i of
w_A (E_A[cell with b] - E_A[cell with a] + 1), E_A being the difference tables: look-ups only.

Variables enter one by one along the tree of strongest pairs, each matched to those before it, with a sweep over
all of them now and then: on real data a start of this kind is worth several full sweeps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.estimate import Estimates
from ctdc.privacy.fit import Fit, new_fit
from ctdc.privacy.kernels import apply_changes
from ctdc.privacy.scores import grouped, proposals
from ctdc.privacy.start import strongest_pairs
from ctdc.privacy.structure import Forbidden, repair


@dataclass(frozen=True)
class Effort:
    """How long to search. rounds: passes over a new variable; every: variables between sweeps over those placed;
    sweeps: at most so many over all at the end; gain: stop when a sweep improves the objective by less than this
    share.
    """

    rounds: int = 3
    every: int = 4
    sweeps: int = 6
    gain: float = 0.01


def improve(fit: Fit, variable: int, random: np.random.Generator) -> int:
    """Propose the best category of `variable` for every record, apply what still helps; returns how many."""
    best, gain = proposals(fit, variable, random)
    reach = fit.reach(variable)
    candidates = np.flatnonzero(gain + reach[0].sum() < 0)
    order, groups = grouped(fit, candidates, fit.placed, random)
    return int(apply_changes(fit.records, variable, order, groups, best, fit.differences, *reach))


def sweep(fit: Fit, random: np.random.Generator) -> None:
    """Improve every placed variable once, in random order."""
    for variable in random.permutation(fit.placed):
        improve(fit, int(variable), random)


def expected_objective(fit: Fit) -> float:
    """What the true records would score on average: one for every cell, since each weighs one over its variance.

    Known without looking at data. Below it, going on would fit the noise.
    """
    return float(sum(math.prod(fit.shape(attributes)) for attributes in fit.sets))


def grow(fit: Fit, effort: Effort, random: np.random.Generator, progress: Progress) -> None:
    """Place all variables along the tree, matching each to those before it."""
    tree = strongest_pairs(fit.estimates)
    for number, (parent, child) in enumerate(tree.edges):
        fit.place(child, tree.column(parent, child, fit.records, random))
        for _ in range(effort.rounds):
            if improve(fit, child, random) < len(fit.records) / 500:
                break
        if number % effort.every == effort.every - 1:
            sweep(fit, random)
        progress.advance()


def synthesise(
    estimates: Estimates,
    rows: int,
    seed: int,
    effort: Effort | None = None,
    progress: Progress | None = None,
    forbidden: Forbidden | None = None,
) -> npt.NDArray[np.uint16]:
    """`rows` synthetic records, shape (variables, rows), that match the estimates as well as records can.

    rows >= 0, usually the rounded noisy total; seed: any whole number, recorded beside the result; forbidden: pairs
    of values that no record may have, whatever the estimates say.
    """
    effort = effort or Effort()
    progress = progress or Silent()
    random = np.random.default_rng(seed)
    fit = new_fit(estimates, rows)
    if rows:
        progress.start("Building records", len(estimates.sizes) + effort.sweeps)
        grow(fit, effort, random, progress)
        last = fit.objective()
        for _ in range(effort.sweeps):
            sweep(fit, random)
            progress.advance()
            now = fit.objective()
            if now <= expected_objective(fit) or now > (1 - effort.gain) * last:
                break
            last = now
        progress.finish()
    records = np.ascontiguousarray(fit.records[random.permutation(rows), :-1].T)
    return repair(records, estimates.sizes, forbidden, random) if forbidden else records
