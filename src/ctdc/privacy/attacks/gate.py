"""The gate as an attacker may use it: whole, with its noise replaced, or with its noise drawn many times over.

Promise: people reach `measure` as they do in a protection, and noise that counts is drawn by `noise` alone. The noise
sources of this module hide nothing or invent everything; what is measured with them is never publishable. A variant of
the engine that is broken on purpose overrides one of these methods and is audited like the engine itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ctdc.foundation.progress import Progress
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.attacks.claims import Claim, claim_of
from ctdc.privacy.domain import Domain, People, counted, plan_of
from ctdc.privacy.measure import Measurements, measure
from ctdc.privacy.noise import Integers, NoiseSource, OpenDPNoise
from ctdc.privacy.plan import Attributes, Plan
from ctdc.privacy.selection import Selection, wide_axes
from ctdc.privacy.workload import Workload
from ctdc.table.count import Matrix
from ctdc.table.counting import Counting

Numbers = dict[Attributes, Integers]
DRAWN_AT_ONCE = 200_000  # numbers of one call of the sampler: a second or two, a few megabytes


class Exact:
    """Adds nothing: what an attacker works out who knows everybody."""

    publishable = False

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        """See `NoiseSource`."""
        return exact.copy(), squared_sensitivity / (2 * scale**2)


@dataclass(frozen=True)
class Invented:
    """Ignores the true numbers and returns others that follow from the question and a seed alone: a replay."""

    seed: int
    publishable = False

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        """See `NoiseSource`."""
        asked = repr((self.seed, exact.shape, scale, squared_sensitivity)).encode()
        random = np.random.default_rng(int.from_bytes(hashlib.sha256(asked).digest()[:8]))
        invented = np.rint(random.normal(0, 3 * scale, exact.shape)).astype(np.int64)
        return invented, squared_sensitivity / (2 * scale**2)


@dataclass(frozen=True)
class Gate:
    """The engine with a plan, as it is audited.

    domain: public; plan: what is measured; claim: what is promised; noise: what a protection adds.
    """

    domain: Domain
    plan: Plan
    claim: Claim
    noise: NoiseSource = field(default_factory=OpenDPNoise)

    def people(self, people: People) -> Matrix | Counting:
        """The people as `measure` takes them, each once."""
        return counted(people)

    def measure(
        self,
        people: People,
        noise: NoiseSource,
        progress: Progress | None = None,
        plan: Plan | None = None,
        selection: Selection | None = None,
    ) -> Measurements:
        """One run of the true gate. plan, selection: of an earlier run, to work out what it would have been exactly."""
        return measure(self.people(people), plan or self.plan, noise, progress, selection)

    def exact(self, people: People, plan: Plan | None = None, selection: Selection | None = None) -> Numbers:
        """What would be released without noise."""
        return self.measure(people, Exact(), plan=plan, selection=selection).values

    @cached_property
    def adaptive(self) -> bool:
        """Whether what is measured depends on noisy numbers, so that only whole runs show what happens."""
        return any(wide_axes(self.plan.sizes, m.attributes) for m in self.plan.measurements)

    def draw(self, people: People, runs: int) -> Iterator[tuple[Attributes, Integers]]:
        """Each table of a plan that is not `adaptive`, drawn `runs` times: shape (runs, numbers).

        Only the noise is drawn anew; it is asked for with the arguments with which `measure` asks for it.
        """
        exact = self.exact(people)
        for m in self.plan.measurements:
            numbers = exact[m.attributes].ravel()
            pieces = []
            for begin in range(0, runs, most := max(1, DRAWN_AT_ONCE // max(1, len(numbers)))):
                many = np.tile(numbers, min(most, runs - begin))
                pieces.append(self.noise.add(many, m.scale, m.squared_sensitivity)[0])
            yield m.attributes, np.concatenate(pieces).reshape(runs, len(numbers))


def gate_of(domain: Domain, guarantee: Guarantee, length: int) -> Gate:
    """The engine as it protects this domain. Raises UserError for what cannot be planned."""
    plan = plan_of(domain, guarantee, Workload(length))
    return Gate(domain, plan, claim_of(plan.cost(), guarantee))
