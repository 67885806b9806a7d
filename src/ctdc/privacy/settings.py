"""Everything that is decided before records are looked at.

Promise: settings are immutable, public, and checked when they are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.budgets import check_population
from ctdc.privacy.workload import Workload

DEFAULT_THRESHOLD = 10.0
MAX_THRESHOLD = 1e12  # more people than there are
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Settings:
    """Everything that is decided before the records are looked at. All of it is public.

    threshold: smallest count called reliable; every_aggregate: list combinations below it too; seed: of the record
    synthesis, which happens after the noise; population: whose budget is charged; facts: declared facts to be
    recorded with the result (profile, title, ...), JSON values; cohort: name of the people who are measured, when
    they are new and earlier ones' measurements are added (`ctdc.privacy.cohorts`); workload: what is measured and what
    it is for, where it is more than all sets of up to `length` variables with the engine's own weights.
    """

    guarantee: Guarantee
    length: int = 3
    threshold: float = DEFAULT_THRESHOLD
    every_aggregate: bool = False
    seed: int = 0
    population: str = "default"
    cohort: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    workload: Workload | None = None

    def __post_init__(self) -> None:
        if self.workload is not None and self.workload.length != self.length:
            raise ValueError("the settings and their workload have different lengths")
        if not 0 <= self.threshold <= MAX_THRESHOLD:
            raise UserError(
                "privacy.threshold",
                f"The reporting threshold is {self.threshold}.",
                allowed=f"a number of at least 0 and at most {MAX_THRESHOLD:g}",
                do="Choose --threshold, for example 10.",
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise UserError(
                "privacy.seed",
                "The seed of the synthesis is out of range.",
                allowed=f"a whole number of at least 0 and at most {MAX_SEED}",
                do="Choose --seed, or leave it out.",
            )
        check_population(self.population)

    def declared_workload(self) -> Workload:
        """The workload, the default one written out."""
        return self.workload or Workload(self.length)

    def paid(self) -> dict[str, Any]:
        """The settings that decide what is measured and what it costs; the others can change without a payment."""
        return {
            "epsilon": self.guarantee.epsilon,
            "delta": self.guarantee.delta,
            "length": self.length,
            "population": self.population,
            # Left out where none is declared, so that what was paid for before there were workloads stays paid.
            **({"workload": self.workload.describe()} if self.workload else {}),
            **({"cohort": self.cohort} if self.cohort else {}),
        }
