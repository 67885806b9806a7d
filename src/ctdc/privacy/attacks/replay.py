"""Record and replay: does the gate do the same thing whoever is there, and does one person move it as far as declared?

Promise: both are settled without noise that could hide anything. In a replay the noise source ignores the true numbers
and answers every question with the same invented numbers, so whatever then differs between two neighbouring tables (a
question, a shape, an order, a step of the progress, an error, a released number) got past the noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from ctdc.foundation.errors import UserError
from ctdc.privacy.attacks.gate import Exact, Gate, Invented
from ctdc.privacy.attacks.people import Pair
from ctdc.privacy.domain import People
from ctdc.privacy.noise import Integers

SEEDS = (1, 2, 3)  # of what a replay invents: paths that depend on noisy numbers are walked more than once


@dataclass
class _Recorder:
    """Writes down every question to the noise source; the order is that of threads, so it is sorted later."""

    answers: Invented
    calls: list[tuple[object, ...]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    publishable = False

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        with self.lock:
            self.calls.append((exact.shape, str(exact.dtype), scale, squared_sensitivity))
        return self.answers.add(exact, scale, squared_sensitivity)


@dataclass
class _Listener:
    events: list[tuple[object, ...]] = field(default_factory=list)

    def start(self, task: str, total: float | None = None) -> None:
        self.events.append(("start", task, total))

    def advance(self, amount: float = 1.0) -> None:
        self.events.append(("advance", amount))

    def finish(self) -> None:
        self.events.append(("finish",))


@dataclass(frozen=True)
class Trace:
    """All that is seen of one run from outside, part by part. `error`: kind and text, empty when there was none."""

    calls: tuple[tuple[object, ...], ...] = ()
    progress: tuple[tuple[object, ...], ...] = ()
    tables: tuple[tuple[object, ...], ...] = ()
    numbers: tuple[bytes, ...] = ()
    cost: tuple[object, ...] = ()
    error: str = ""

    def differences(self, other: Trace) -> list[str]:
        """The parts in which two runs differ."""
        names = ("calls", "progress", "tables", "numbers", "cost", "error")
        return [name for name in names if getattr(self, name) != getattr(other, name)]


def trace(gate: Gate, people: People, seed: int) -> Trace:
    """Run the gate once with invented answers, and write down what is seen."""
    recorder, listener = _Recorder(Invented(seed)), _Listener()
    try:
        found = gate.measure(people, recorder, listener)
    except (UserError, ValueError, RuntimeError) as error:
        return Trace(tuple(sorted(recorder.calls)), tuple(listener.events), error=f"{type(error).__name__}: {error}")
    return Trace(
        tuple(sorted(recorder.calls)),
        tuple(listener.events),
        tuple((key, values.shape, str(values.dtype)) for key, values in found.values.items()),
        tuple(values.tobytes() for values in found.values.values()),
        (found.rho, found.publishable, found.cost()),
    )


def replayed(gate: Gate, pair: Pair, seeds: Sequence[int] = SEEDS) -> list[str]:
    """In what the two worlds of a pair can be told apart though every answer is invented; empty when in nothing."""
    found: dict[str, None] = {}
    for seed in seeds:
        one, other = (trace(gate, people, seed) for people in pair.worlds)
        found |= dict.fromkeys(one.differences(other))
    return list(found)


@dataclass(frozen=True)
class Distance:
    """How far a person moves what is released. mu: in standard deviations of the noise, over all tables; too_far: the
    tables that move further than was declared for them.
    """

    mu: float
    too_far: tuple[str, ...]


def distance(gate: Gate, pair: Pair) -> Distance:
    """By how much one person moves each table and all of them, without noise.

    Where the gate chooses what to measure, both worlds are measured as invented numbers chose. Raises ValueError when
    the two worlds are not measured in the same tables: then there is no distance.
    """
    selection = gate.measure(pair.without, Invented(SEEDS[0])).selection if gate.adaptive else None
    without, having = (gate.measure(people, Exact(), selection=selection) for people in pair.worlds)
    squares, too_far = [], []
    for m in gate.plan.measurements:
        one, other = (found.values.get(m.attributes) for found in (without, having))
        if one is None or other is None or one.shape != other.shape:
            raise ValueError("the two worlds have different tables")
        moved = sum(int(value) ** 2 for value in (other - one).flat)
        squares.append(moved / m.scale**2)
        if moved > m.squared_sensitivity:
            too_far.append(str(m.attributes))
    return Distance(math.sqrt(math.fsum(squares)), tuple(too_far))
