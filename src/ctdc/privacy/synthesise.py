"""Synthetic records that match all noisy tables at once: post-processing, no privacy cost.

Promise: reads estimates and a seed, never a record; the same estimates and seed give the same records on any
number of threads. Method: coordinate descent on sum over A of w_A |m_A(records) - estimate_A|^2 over whole
records; projecting noisy answers onto what records can produce removes noise (Nikolov, Talwar & Zhang 2013).
Changing variable i of a record from a to b changes the objective by twice the sum over A containing i of
w_A (E_A[cell with b] - E_A[cell with a] + 1), E_A being the difference tables: look-ups only.

Variables enter one by one, those with most categories first, each dealt out so that all its tables with those before
it grow evenly, with a sweep over all of them now and then: a start of this kind is worth several full sweeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.estimate import Estimates
from ctdc.privacy.fit import Codes, Fit, Floats, Ints, Reach, new_fit
from ctdc.privacy.kernels import apply_changes
from ctdc.privacy.scores import proposals
from ctdc.privacy.structure import Forbidden, repair
from ctdc.table.nearest import implied_pairs

SINGLES = 10.0  # what single variables count in the last sweep beside one over their variance
NO_MIRRORS = (np.zeros((0, 0), dtype=np.int64), np.zeros(0, dtype=np.int64))
MOST_TRIED = 40_000  # of the records that ask for a change in one pass; the others can ask again


@dataclass(frozen=True)
class Effort:
    """How long to search. rounds: passes over a new variable; every: variables between sweeps over those placed;
    sweeps: at most so many over all at the end, at least one; gain: go on to the last one when a sweep improves the
    objective by less than this share; patience: so many refusals in a row are borne, after one more the rest of a pass
    is not tried.
    """

    rounds: int = 1
    every: int = 9
    sweeps: int = 4
    gain: float = 0.004
    patience: int = 5000


Improve = Callable[[Any, int, Effort, np.random.Generator], object]  # of a fit of one kind or another


def improve(fit: Fit, variable: int, effort: Effort, random: np.random.Generator) -> int:
    """Propose the best category of `variable` for every record, apply what still helps; returns how many.

    Those that promise most go first: when a hundred records ask for the same gap, it is filled by those that also mend
    something of their own.
    """
    reach = fit.reach(variable)
    best, gain = proposals(fit, variable, reach, random)
    return change(fit, variable, reach, best, gain, effort)


def change(
    fit: Fit,
    variable: int,
    reach: Reach,
    best: Codes,
    gain: Floats,
    effort: Effort,
    mirrored: tuple[Ints, Ints] = NO_MIRRORS,
) -> int:
    """Apply of what was proposed what still helps; returns how many. mirrored: see `kernels.apply_changes`."""
    candidates = np.flatnonzero(gain + reach.resistance * fit.amounts < 0)
    if len(candidates) > MOST_TRIED:
        candidates = candidates[np.argpartition(gain[candidates], MOST_TRIED)[:MOST_TRIED]]
    order = candidates[np.argsort(gain[candidates], kind="stable")]
    changed = apply_changes(
        fit.records,
        variable,
        fit.compact_columns.get(variable, -1),
        fit.estimates.selection.places(variable),
        order,
        gain,
        best,
        effort.patience,
        fit.differences,
        reach.whole,
        reach.weights,
        reach.offsets,
        reach.own,
        reach.others,
        reach.strides,
        fit.amounts,
        reach.steps,
        *mirrored,
    )
    return int(changed)


def sweep(fit: Fit, effort: Effort, random: np.random.Generator, better: Improve = improve) -> None:
    """Improve every placed variable once, in random order. better: how, by default `improve`."""
    fit.release()
    for variable in random.permutation([one for one in fit.placed if one in fit.searched]):
        better(fit, int(variable), effort, random)


def grow(fit: Fit, effort: Effort, random: np.random.Generator, progress: Progress, better: Improve = improve) -> None:
    """Place all variables, those with most categories first, matching each to those before it.

    Wide variables are the dearest to deal and to change, and are cheap as long as few others are there.
    """
    by_size = sorted(fit.searched, key=lambda variable: -fit.sizes[variable])
    for number, variable in enumerate(by_size, start=1):
        fit.place(variable, random.permutation(len(fit.records)))
        for _ in range(effort.rounds):
            better(fit, variable, effort, random)
        if number % effort.every == 0 and number < len(by_size):
            sweep(fit, effort, random, better)
        progress.advance()


def search(
    fit: Fit, effort: Effort, random: np.random.Generator, progress: Progress, better: Improve = improve
) -> None:
    """Place all variables, and sweep over them until it hardly helps."""
    grow(fit, effort, random, progress, better)
    last = fit.objective()
    for _ in range(effort.sweeps - 1):
        sweep(fit, effort, random, better)
        progress.advance()
        now = fit.objective()
        if now > (1 - effort.gain) * last:
            break
        last = now
    # The last sweep puts single variables right: they are quoted most, and hundreds of tables outvote them.
    fit.favour_singles(SINGLES)
    sweep(fit, effort, random, better)


def synthesise(
    estimates: Estimates,
    rows: int,
    seed: int | Sequence[int],
    effort: Effort | None = None,
    progress: Progress | None = None,
    forbidden: Forbidden | None = None,
) -> npt.NDArray[np.uint16]:
    """`rows` synthetic records, shape (variables, rows), that match the estimates as well as records can.

    rows >= 0, usually the rounded noisy total; seed: any whole number or several, recorded beside the result;
    forbidden: pairs of values that no record may have, whatever the estimates say.
    """
    effort = effort or Effort()
    progress = progress or Silent()
    random = np.random.default_rng(seed)
    fit = new_fit(estimates, rows, dict(implied_pairs(estimates.sizes, forbidden)) if forbidden else None)
    if rows:
        progress.start("Building records", len(estimates.sizes) + effort.sweeps)
        search(fit, effort, random, progress)
        progress.finish()
    records = np.ascontiguousarray(fit.matrix()[:, random.permutation(rows)])
    return repair(records, estimates.sizes, forbidden, random) if forbidden else records
