"""The engine with one mistake each, for tests only: what an audit must not let pass.

Each is the true gate with one method replaced, and claims what the true engine claims. `MUTANTS` says what catches it:
`replay` and `distance` need no noise and no luck, `attack` is the game of the audit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ctdc.foundation.progress import Progress
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.attacks.gate import Exact, Gate, gate_of
from ctdc.privacy.domain import People, counted
from ctdc.privacy.measure import Measurements
from ctdc.privacy.noise import Integers, NoiseSource, OpenDPNoise
from ctdc.privacy.plan import Attributes, Measurement, Plan, make_plan
from ctdc.privacy.selection import Selection
from ctdc.table.coded import table_from_matrix
from ctdc.table.count import Counts, Matrix
from ctdc.table.linked import LinkedSchema, LinkedTable
from ctdc.table.schema import Schema
from ctdc.table.tally import Tally, tally_of
from ctdc.table.variable import Variable

GUARANTEE = Guarantee(2.0, 1e-6)  # at which the Gaussian curve is the claim, and tight
SINGLE = Schema((Variable("situation", ("one", "two")), Variable("flag", ("1",))))
LINKED = LinkedSchema(Schema((Variable("flag", ("1",)),)), Schema((Variable("works", ("1",)),)), 2, "members")
REPLAY, DISTANCE, ATTACK = "replay", "distance", "attack"


def true_gate(domain: Schema | LinkedSchema = SINGLE) -> Gate:
    return gate_of(domain, GUARANTEE, 2)


def with_plan(gate: Gate, change: Callable[[Measurement], Measurement]) -> Gate:
    """The same gate with every measurement changed, and the old claim."""
    return replace(gate, plan=replace(gate.plan, measurements=tuple(map(change, gate.plan.measurements))))


def sensitivity_of_one() -> Gate:
    """Noise is chosen as if a person moved each table by 1, whatever its contrasts are."""

    def change(m: Measurement) -> Measurement:
        return replace(m, scale=m.scale / math.sqrt(m.squared_sensitivity), squared_sensitivity=1)

    return with_plan(true_gate(), change)


def lower_orders_for_nothing() -> Gate:
    """The whole budget is spent on the longest tables, and the shorter ones are measured beside them."""
    gate = true_gate()
    costs = {m.attributes: m.squared_sensitivity / m.scale**2 for m in gate.plan.measurements}
    longest = math.fsum(cost for key, cost in costs.items() if len(key) == gate.plan.length)
    factor = math.sqrt(longest / math.fsum(costs.values()))
    return with_plan(gate, lambda m: replace(m, scale=m.scale * factor))


class Quiet:
    """Production noise with three quarters of the standard deviation that was asked for."""

    publishable = False

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        return OpenDPNoise().add(exact, 0.75 * scale, squared_sensitivity)[0], squared_sensitivity / (2 * scale**2)


def a_quarter_less_noise() -> Gate:
    return replace(true_gate(), noise=Quiet())


class TwoRows(Gate):
    """Everybody stands in the records twice, once from each of two contributors, and nobody noticed."""

    def people(self, people: People) -> Matrix | Tally:
        return np.repeat(counted(people), 2, axis=1)


class SuppressedTally(Tally):
    """Cells below ten are set to nothing before anything else happens."""

    def table(self, *arguments: object) -> Counts:
        found = super().table(*arguments)  # type: ignore[arg-type]
        return np.where(found < 10, 0, found)


class SmallCellsDropped(Gate):
    """k-anonymity's habit in front of the noise."""

    def people(self, people: People) -> Matrix | Tally:
        own = tally_of(counted(people))
        return SuppressedTally(own.layers, own.whole)


class ExactTotal(Gate):
    """The number of records is published as it is, beside protected tables."""

    def measure(self, people: People, noise: NoiseSource, *more: object, **options: object) -> Measurements:
        found = super().measure(people, noise, *more, **options)  # type: ignore[arg-type]
        exact = super().measure(people, Exact())
        return replace(found, values=found.values | {(): exact.values[()]})

    def draw(self, people: People, runs: int) -> Iterator[tuple[Attributes, Integers]]:
        for key, drawn in super().draw(people, runs):
            yield key, drawn if key else np.full_like(drawn, int(self.exact(people)[()]))


class DomainFromData(Gate):
    """Only codes that occur are counted."""

    def plan_for(self, people: People) -> Plan:
        sizes = counted(people).max(axis=1, initial=0) + 1
        return make_plan([max(2, int(size)) for size in sizes], GUARANTEE, self.plan.length)

    def measure(
        self,
        people: People,
        noise: NoiseSource,
        progress: Progress | None = None,
        plan: Plan | None = None,
        selection: Selection | None = None,
    ) -> Measurements:
        return super().measure(people, noise, progress, self.plan_for(people), selection)

    def draw(self, people: People, runs: int) -> Iterator[tuple[Attributes, Integers]]:
        return Gate(self.domain, self.plan_for(people), self.claim).draw(people, runs)


class FixedSeed(Gate):
    """Noise of the right size that is the same in every run."""

    def draw(self, people: People, runs: int) -> Iterator[tuple[Attributes, Integers]]:
        random, exact = np.random.default_rng(7), self.exact(people)
        for m in self.plan.measurements:
            numbers = exact[m.attributes].ravel()
            noise = np.rint(random.normal(0, m.scale, numbers.shape)).astype(np.int64)
            yield m.attributes, np.tile(numbers + noise, (runs, 1))


class BoundFromData(Gate):
    """As many linked rows count as the one in the middle has: nobody fixed the number beforehand."""

    def people(self, people: People) -> Matrix | Tally:
        assert isinstance(people, LinkedTable)
        links = np.bincount(people.owner, minlength=people.main.rows)
        bound = int(np.sort(links)[(len(links) - 1) // 2])
        rank = np.array([int((people.owner[:row] == owner).sum()) for row, owner in enumerate(people.owner)])
        kept = rank < bound
        rows = table_from_matrix(people.schema.linked, people.linked.matrix()[:, kept].astype(np.int64))
        return counted(LinkedTable(people.schema, people.main, rows, people.owner[kept]))


def same_with(kind: type[Gate], domain: Schema | LinkedSchema = SINGLE) -> Callable[[], Gate]:
    """The true gate as one of the kinds above."""

    def make() -> Gate:
        gate = true_gate(domain)
        return kind(gate.domain, gate.plan, gate.claim)

    return make


@dataclass(frozen=True)
class Mutant:
    """gate: makes the variant; person: start of the name of the pair that shows it; caught: by what; runs: a world."""

    name: str
    gate: Callable[[], Gate]
    person: str
    caught: tuple[str, ...]
    runs: int = 2000


FILLS, THRESHOLD, MIDDLE = "fills every field", "brings a group", "moves the middle"
MUTANTS = (
    Mutant("sensitivity taken as 1 for all tables", sensitivity_of_one, FILLS, (DISTANCE, ATTACK)),
    Mutant("lower orders not charged", lower_orders_for_nothing, FILLS, (DISTANCE, ATTACK)),
    Mutant("noise a quarter too small", a_quarter_less_noise, FILLS, (ATTACK,), 20_000),
    Mutant("a person with two rows", same_with(TwoRows), FILLS, (DISTANCE, ATTACK)),
    Mutant("small cells dropped before the noise", same_with(SmallCellsDropped), THRESHOLD, (DISTANCE, ATTACK)),
    Mutant("exact total published", same_with(ExactTotal), FILLS, (REPLAY, ATTACK)),
    Mutant("domain taken from the data", same_with(DomainFromData), FILLS, (REPLAY, DISTANCE, ATTACK)),
    Mutant("noise from a fixed seed", same_with(FixedSeed), FILLS, (ATTACK,)),
    Mutant("bound chosen by looking at the data", same_with(BoundFromData, LINKED), MIDDLE, (DISTANCE, ATTACK)),
)
