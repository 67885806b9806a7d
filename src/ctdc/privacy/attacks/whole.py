"""The end-to-end game: a whole protection, run again and again with and without one person, and all that is seen of it.

Promise: each run is `protect` itself, ledger, files and all, in a folder that is removed; only the people are
invented. Scores are what somebody outside could look at. The first is that of the ideal attacker, from the published
measurements; those that look at synthetic records alone prove little, because records forget most of what an attacker
could use.
"""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.privacy.attacks.claims import Claim, Finding, judge
from ctdc.privacy.attacks.gate import Gate
from ctdc.privacy.attacks.measured import ALL, project
from ctdc.privacy.attacks.people import Pair
from ctdc.privacy.domain import joint
from ctdc.privacy.estimate import estimate
from ctdc.privacy.outputs import MEASUREMENTS
from ctdc.privacy.protect import protect
from ctdc.privacy.settings import Settings
from ctdc.privacy.stored import read_measurements
from ctdc.table.coded import CodedTable
from ctdc.table.linked import LinkedTable
from ctdc.table.passes import PassedRows

Floats = npt.NDArray[np.float64]
FAILURE, RUN_TIME = "failures", "run time"
ATTACKS = (
    *(ALL, "size of the noise", "estimated number of people", "how many numbers there are"),
    *("synthetic records", "records that look like the person", "counts of what the person has"),
    *("length of the list of counts", "size of the files", RUN_TIME, FAILURE),
)
# The first attack may use half of the risk of a false alarm, because it shows what the game could have found.
RISKS = (0.5, *(0.5 / (len(ATTACKS) - 1),) * (len(ATTACKS) - 1))
WHEN = datetime(2026, 1, 1, tzinfo=UTC)  # of every run: a date must not tell them apart


@dataclass(frozen=True)
class WholeGame:
    """Whole protections of two neighbouring tables. gate: what is claimed and planned; stopwatch: seconds."""

    gate: Gate
    pair: Pair
    settings: Settings
    stopwatch: Callable[[], float]
    level = "whole protections"

    def play(self, runs: int) -> Floats:
        """Scores, shape (2 worlds, attacks, runs). Who goes first is drawn, so that a warm machine favours nobody."""
        scores = np.empty((2, len(ATTACKS), runs))
        random = np.random.default_rng()
        for run in range(runs):
            for world in random.permutation(2).tolist():
                scores[world, :, run] = self._one_run(world)
        return scores

    def _one_run(self, world: int) -> list[float]:
        """What is seen of one protection. One that fails has nothing else to be seen of it."""
        people = self.pair.worlds[world]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            begin = self.stopwatch()
            try:
                protect(lambda: people, people.schema, self.settings, folder / "out", folder / "ledger", WHEN)
            except (UserError, ValueError, RuntimeError):
                return [-math.inf] * (len(ATTACKS) - 2) + [self.stopwatch() - begin, 1.0]
            seconds = self.stopwatch() - begin
            return [*self._numbers(folder / "out"), *self._files(folder / "out"), seconds, 0.0]

    def _numbers(self, out: Path) -> list[float]:
        """From the published measurements: projection, size of the noise, total, numbers."""
        found = read_measurements(out / MEASUREMENTS, joint(self.gate.domain))
        without, having = (self.gate.exact(one, found.plan, found.selection) for one in self.pair.worlds)
        scales = {m.attributes: m.scale for m in found.plan.measurements}
        noise = sum(float((((y - without[key]) / scales[key]) ** 2).sum()) for key, y in found.values.items())
        total = float(found.values[()]) / found.plan.resolution
        projection = sum(project(found.values, (without, having), found.plan).values())
        return [projection, noise, total, float(found.numbers())]

    def _files(self, out: Path) -> list[float]:
        """From the other files: records, those like the person, the person's counts, listed counts, sizes."""
        with (out / "synthetic.csv").open(encoding="utf-8", newline="") as stream:
            records = list(csv.DictReader(stream))
        alike = sum(all(record[name] == text for name, text in self._texts.items()) for record in records)
        listed = len((out / "aggregates.csv").read_text(encoding="utf-8").splitlines())
        size = sum(path.stat().st_size for path in out.iterdir())
        return [float(len(records)), float(alike), self._counts(out), float(listed), float(size)]

    @property
    def _person(self) -> CodedTable:
        """Everybody's own columns; the person stands last."""
        people = self.pair.having
        if isinstance(people, PassedRows):
            raise TypeError("the audit's people are held in memory")
        return people.main if isinstance(people, LinkedTable) else people

    @property
    def _texts(self) -> dict[str, str]:
        """The person's codes as they stand in a file."""
        table = self._person
        codes = [("", *variable.codes) for variable in table.schema.variables]
        values = (texts[int(column[-1])] for texts, column in zip(codes, table.columns, strict=True))
        return dict(zip(table.schema.names, values, strict=True))

    def _counts(self, out: Path) -> float:
        """The estimated counts of the person's combinations, each over its variance, added up."""
        estimates = estimate(read_measurements(out / MEASUREMENTS, joint(self.gate.domain)))
        first = 1 if isinstance(self.pair.having, LinkedTable) else 0  # after the number of linked rows
        codes = {first + place: int(column[-1]) for place, column in enumerate(self._person.columns)}
        seen = [chosen for chosen in estimates.sets if set(chosen) <= set(codes)]
        cells = ((chosen, tuple(codes[variable] for variable in chosen)) for chosen in seen)
        counts = [float(estimates.table(chosen)[cell]) / estimates.variance(chosen) for chosen, cell in cells]
        return math.fsum(count for count in counts if not math.isnan(count))

    def judged(self, scores: Floats, claim: Claim, risk: float) -> list[Finding]:
        """What each attack shows."""
        both = enumerate(zip(ATTACKS, RISKS, strict=True))
        return [judge(name, scores[0, n], scores[1, n], claim, risk * part) for n, (name, part) in both]
