"""What tests of the engine share: noise sources of their own, small domains, tables, and a listening progress."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.measure import exact_residual
from ctdc.privacy.plan import Measurement, Plan, make_plan
from ctdc.privacy.selection import Selection, request_of
from ctdc.table.coded import CodedTable, table_from_matrix
from ctdc.table.counting import Counting
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Integers = npt.NDArray[np.int64]
WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def residual_of(people: Counting, plan: Plan, m: Measurement, selection: Selection | None = None) -> Integers:
    """What the gate measures of people before the noise, counted as the gate counts."""
    counted = people.tables(request_of(plan.sizes, [m.attributes], selection))
    return exact_residual(counted(m.attributes), plan, m.attributes, selection)


class NoNoise:
    """Adds nothing: what leaves the gate is exact. Never publishable."""

    publishable = False

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        return exact.copy(), squared_sensitivity / (2 * scale**2)


class Invented:
    """Ignores the true numbers and returns invented ones that depend on the plan alone."""

    publishable = False

    def __init__(self, total: int = 40, whole: int = 1) -> None:
        """total: the number of people that is invented; whole: what a person counts (`Tally.whole`)."""
        self.total, self.whole = total, whole

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        key = hashlib.sha256(repr((exact.shape, scale, squared_sensitivity)).encode()).digest()
        random = np.random.default_rng(int.from_bytes(key[:8]))
        invented = np.rint(random.normal(0, scale, exact.shape)).astype(np.int64)
        rho = squared_sensitivity / (2 * scale**2)
        is_total = exact.shape == (1,) and squared_sensitivity == self.whole**2
        return (np.full(1, self.total * self.whole) if is_total else invented), rho


@dataclass
class Recorder:
    """Writes down every call, without the numbers, and passes it on."""

    publishable = False
    calls: list[tuple[tuple[int, ...], str, float, int]] = field(default_factory=list)

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        self.calls.append((exact.shape, str(exact.dtype), scale, squared_sensitivity))
        return NoNoise().add(exact, scale, squared_sensitivity)


class Failing:
    """Fails at the first measurement."""

    publishable = False

    def add(self, exact: Integers, scale: float, squared_sensitivity: int) -> tuple[Integers, float]:
        raise OSError("the machine stops here")


@dataclass
class Listener:
    """A progress that remembers all that it is told."""

    events: list[tuple[object, ...]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, task: str, total: float | None = None) -> None:
        self.events.append(("start", task, total))

    def advance(self, amount: float = 1.0) -> None:
        self.events.append(("advance", amount))

    def finish(self) -> None:
        self.events.append(("finish",))


def small_schema(sizes: Sequence[int]) -> Schema:
    """Variables a, b, c ... with `sizes` categories, the empty one included."""
    names = (chr(ord("a") + number) for number in range(len(sizes)))
    return Schema(
        tuple(
            Variable(name, tuple(f"{name}{code}" for code in range(1, n))) for name, n in zip(names, sizes, strict=True)
        )
    )


def some_people(sizes: Sequence[int], rows: int, seed: int = 1) -> CodedTable:
    """Records whose variables depend on each other: all are noisy copies of one hidden number."""
    random = np.random.default_rng(seed)
    hidden = random.beta(1.5, 2.5, rows)
    matrix = [np.minimum(n - 1, (n * np.clip(hidden + random.normal(0, 0.15, rows), 0, 1)).astype(int)) for n in sizes]
    return table_from_matrix(small_schema(sizes), np.array(matrix).reshape(len(sizes), rows))


def small_plan(sizes: Sequence[int], length: int = 3, epsilon: float = 2.0, delta: float = 1e-6) -> Plan:
    """The plan for a small domain."""
    return make_plan(sizes, Guarantee(epsilon, delta), length)
