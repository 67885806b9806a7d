"""The attack on the measurements: the ideal attacker, who knows everybody but one, and the noise's exact size.

Promise: the score of a run is the projection of what was released, less what would be expected without the person, on
the way that the person would move it, each table weighed by its noise (Neyman & Pearson 1933: for Gaussian noise no
other score recognises more members). Beside it each table's own projection and the count of the numbers, for mistakes
that leave most of the release in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ctdc.privacy.attacks.claims import Claim, Finding, judge, most_telling
from ctdc.privacy.attacks.gate import Gate, Numbers
from ctdc.privacy.attacks.people import Pair
from ctdc.privacy.domain import People
from ctdc.privacy.noise import Integers
from ctdc.privacy.plan import Attributes, Measurement, Plan

Floats = npt.NDArray[np.float64]
ALL, ONE, LENGTH = "all numbers together", "the most telling table", "how many numbers there are"
# Part of the risk of a false alarm that each attack may use. The first is the best there can be against an engine that
# is in order, and shows the audit's power; the others find mistakes that show themselves plainly.
ATTACKS = {ALL: 0.8, ONE: 0.1, LENGTH: 0.1}


@dataclass(frozen=True)
class MeasuredGame:
    """Runs of the gate on two neighbouring tables, and the scores of an attacker who knows all but the person."""

    gate: Gate
    pair: Pair
    level = "measurements"

    @cached_property
    def _tables(self) -> list[Measurement]:
        return list(self.gate.plan.measurements)

    def play(self, runs: int) -> Floats:
        """Scores, shape (2 worlds, 2 + tables, runs): all together, each table's, the number of numbers."""
        play = self._whole_run if self.gate.adaptive else self._replayed
        return np.stack([play(people, runs) for people in self.pair.worlds])

    @cached_property
    def _expected(self) -> tuple[Numbers, Numbers]:
        """What would be released without noise, in both worlds."""
        without, having = self.pair.worlds
        return self.gate.exact(without), self.gate.exact(having)

    def _replayed(self, people: People, runs: int) -> Floats:
        """Only the noise is drawn anew."""
        drawn = dict(self.gate.draw(people, runs))
        scores = [_projection(drawn.get(m.attributes), m, self._expected, runs) for m in self._tables]
        lengths = np.full(runs, float(sum(values.shape[1] for values in drawn.values())))
        return np.stack([np.sum(scores, axis=0), *scores, lengths])

    def _whole_run(self, people: People, runs: int) -> Floats:
        """The gate is run again and again, because what it measures depends on what it has drawn."""
        return np.stack([self._one_run(people) for _ in range(runs)], axis=1)

    def _one_run(self, people: People) -> Floats:
        found = self.gate.measure(people, self.gate.noise)
        without, having = (self.gate.exact(one, found.plan, found.selection) for one in self.pair.worlds)
        scores = project(found.values, (without, having), found.plan)
        each = [scores.get(m.attributes, 0.0) for m in self._tables]
        return np.array([sum(scores.values()), *each, float(found.numbers())])

    def judged(self, scores: Floats, claim: Claim, risk: float) -> list[Finding]:
        """What each attack shows; of the single tables only the one that does best on the fifth for choosing rules."""
        telling = 1 + most_telling(scores[:, 1:-1], risk * ATTACKS[ONE])
        places = {ALL: 0, ONE: telling, LENGTH: scores.shape[1] - 1}
        return [
            judge(name, scores[0, place], scores[1, place], claim, risk * ATTACKS[name])
            for name, place in places.items()
        ]


def _projection(drawn: Integers | None, m: Measurement, expected: tuple[Numbers, Numbers], runs: int) -> Floats:
    """One table's score of each run; 0 where the worlds have no such table in common."""
    without, having = (one.get(m.attributes) for one in expected)
    if drawn is None or without is None or having is None or without.shape != having.shape:
        return np.zeros(runs)
    moved = (having - without).ravel().astype(np.float64)
    if drawn.shape[1] != len(moved):
        return np.zeros(runs)
    scores: Floats = (drawn - without.ravel()).astype(np.float64) @ moved / m.scale**2
    return scores


def project(values: Numbers, expected: tuple[Numbers, Numbers], plan: Plan) -> dict[Attributes, float]:
    """Each released table's score in one run."""
    return {
        m.attributes: float(_projection(values[m.attributes].reshape(1, -1), m, expected, 1)[0])
        for m in plan.measurements
        if m.attributes in values
    }
