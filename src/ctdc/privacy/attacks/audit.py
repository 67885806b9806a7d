"""The audit: does the engine keep what it claims, and would this audit have noticed if it did not?

Promise: what is audited is the engine that protects, on invented people; nothing is read of anybody. An audit is
passed only if nothing is rejected *and* the attacks reached at least `claims.POWER` of the claimed mu; otherwise it
says that it is inconclusive. With probability `risk` at most, a true claim is rejected (split over all attacks,
Bonferroni). An audit that was stopped goes on where it was: parts that are done are kept and never drawn again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_file
from ctdc.foundation.hashing import hash_file, hash_value
from ctdc.foundation.progress import Progress
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.attacks.claims import INCONCLUSIVE, REJECTED, SHOWN, Claim, Finding
from ctdc.privacy.attacks.gate import Gate, gate_of
from ctdc.privacy.attacks.measured import MeasuredGame
from ctdc.privacy.attacks.people import Pair, pairs
from ctdc.privacy.attacks.replay import Distance, distance, replayed
from ctdc.privacy.attacks.whole import WholeGame
from ctdc.privacy.domain import Domain
from ctdc.privacy.outputs import ENGINE_VERSION
from ctdc.privacy.settings import Settings

Floats = npt.NDArray[np.float64]
PART, WHOLE_PART = 1000, 25  # runs of a part: some seconds, so that little is lost when an audit is stopped
FEWEST_RUNS = 20
MOST_DRAWS = 5_000_000_000  # half a day on one core
OTHERS = 60  # people beside those that matter, in whole protections
SLACK = 1e-9  # relative, of the comparison of two sums of squares
AUDITED = ("privacy", "table")  # the rooms whose code decides what is released


@dataclass(frozen=True)
class AuditSettings:
    """What is audited and how hard. runs, whole_runs: of each world, of the measurements and of whole protections; 0:
    none; seed: of the invented people, never of noise; risk: of rejecting a true claim, over the whole audit; people:
    of the list of `people.pairs` only the first so many; 0: all.

    Raises UserError (``audit.runs``, ``audit.people``, ``audit.risk``).
    """

    guarantee: Guarantee
    length: int = 3
    runs: int = 6000
    whole_runs: int = 0
    seed: int = 1
    risk: float = 0.05
    people: int = 0

    def __post_init__(self) -> None:
        for runs in (self.runs, self.whole_runs):
            if runs and runs < FEWEST_RUNS:
                raise UserError(
                    "audit.runs",
                    f"The number of runs is {runs}.",
                    allowed=f"0 for none, or at least {FEWEST_RUNS}; fewer than some thousands show little",
                    do="Choose another --runs or --whole-runs.",
                )
        if not self.runs and not self.whole_runs:
            raise UserError("audit.runs", "There is nothing to run.", do="Choose --runs or --whole-runs above 0.")
        if self.people < 0:
            raise UserError("audit.people", f"The number of people is {self.people}.", allowed="0 for all, or more")
        if not 0 < self.risk < 1:
            raise UserError("audit.risk", f"The risk is {self.risk}.", allowed="a number between 0 and 1")

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "length": self.length,
            "runs": self.runs,
            "whole_runs": self.whole_runs,
            "seed": self.seed,
            "risk": self.risk,
            "people": self.people,
        }


def code_version() -> dict[str, str]:
    """Which program was audited: versions, and a hash of the sources of the rooms that decide what is released."""
    root = Path(__file__).parents[2]
    files = sorted(path for room in AUDITED for path in (root / room).rglob("*.py"))
    source = hash_value([[path.relative_to(root).as_posix(), hash_file(path)] for path in files])
    return {
        "ctdc": version("ctdc"),
        "engine": ENGINE_VERSION,
        "opendp": version("opendp"),
        "source": source[:12],
    }


class Game(Protocol):
    """Something that can be played again and again in two worlds, and judged."""

    @property
    def gate(self) -> Gate:
        """What is played against."""

    @property
    def pair(self) -> Pair:
        """The two worlds."""

    @property
    def level(self) -> str:
        """What is looked at, in a word."""

    def play(self, runs: int) -> Floats:
        """Scores, shape (2 worlds, scores, runs)."""

    def judged(self, scores: Floats, claim: Claim, risk: float) -> list[Finding]:
        """What the attacks of the game show; risk: of rejecting a true claim by any of them."""


@dataclass(frozen=True)
class Trial:
    """One game of one pair of neighbouring tables. table: which domain it is, in a word."""

    table: str
    game: Game
    runs: int
    part: int

    def parts(self) -> list[int]:
        """Runs of each part."""
        whole, rest = divmod(self.runs, self.part)
        return [self.part] * whole + ([rest] if rest else [])


@dataclass(frozen=True)
class Checked:
    """What was found without noise about one pair. differences: in a replay; distance: None when it has none."""

    table: str
    person: str
    differences: tuple[str, ...]
    distance: Distance | None

    def rejects(self, claim: Claim) -> bool:
        """Whether the claim cannot hold."""
        far = self.distance
        return bool(self.differences) or far is None or bool(far.too_far) or far.mu > claim.mu * (1 + SLACK)


@dataclass(frozen=True)
class Result:
    """What one attack showed on one pair."""

    table: str
    level: str
    person: str
    finding: Finding


@dataclass(frozen=True)
class Report:
    """The outcome of an audit. claims: of each table; code: which program was audited."""

    claims: Mapping[str, Claim]
    settings: AuditSettings
    checked: tuple[Checked, ...]
    results: tuple[Result, ...]
    code: Mapping[str, str]

    def verdict_of(self, table: str, level: str) -> str:
        """Of one kind of game on one table: the worst of its rejections, else the best of its powers."""
        claim = self.claims[table]
        own = [one.finding.verdict(claim) for one in self.results if (one.table, one.level) == (table, level)]
        return next((word for word in (REJECTED, SHOWN) if word in own), INCONCLUSIVE)

    @property
    def games(self) -> list[tuple[str, str]]:
        """(table, level) of all games, in their order."""
        return list(dict.fromkeys((one.table, one.level) for one in self.results))

    @property
    def verdict(self) -> str:
        """Of everything: rejected if anything is, power shown if all games have shown it."""
        if any(one.rejects(self.claims[one.table]) for one in self.checked):
            return REJECTED
        words = {self.verdict_of(table, level) for table, level in self.games}
        return next((word for word in (REJECTED, INCONCLUSIVE) if word in words), SHOWN)

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        guarantee = self.settings.guarantee
        return {
            "verdict": self.verdict,
            "epsilon": guarantee.epsilon,
            "delta": guarantee.delta,
            "settings": self.settings.as_dict(),
            "code": dict(self.code),
            "claims": {
                name: {"rho": claim.rho, "mu": claim.mu, "curve": claim.curve} for name, claim in self.claims.items()
            },
            "games": [
                {"table": table, "level": level, "verdict": self.verdict_of(table, level)}
                for table, level in self.games
            ],
            "replayed": [_checked_dict(one, self.claims[one.table]) for one in self.checked],
            "attacks": [
                {
                    "table": one.table,
                    "level": one.level,
                    "person": one.person,
                    **one.finding.as_dict(),
                    "verdict": one.finding.verdict(self.claims[one.table]),
                }
                for one in self.results
            ],
        }

    def line(self, result: Result) -> str:
        """One attack as a line that can be quoted by itself."""
        claim, found = self.claims[result.table], result.finding
        return (
            f"claim epsilon {claim.epsilon:g}, delta {claim.delta:g}, rho {claim.rho:.4f}, mu {claim.mu:.3f}; "
            f"{found.runs:,} runs a world; the person {result.person} ({result.table} table, {result.level}); "
            f"attack: {found.attack}; false positives {found.false_positives:.4f} (at most {found.false_high:.4f}), "
            f"true positives {found.true_positives:.4f} (at least {found.true_low:.4f}); "
            f"lower bounds: mu {found.mu:.3f}, epsilon {found.epsilon:.2f} through the curve, "
            f"{found.epsilon_direct:.2f} directly; "
            f"{found.verdict(claim)}; ctdc {self.code['ctdc']}, source {self.code['source']}"
        )


def _checked_dict(one: Checked, claim: Claim) -> dict[str, Any]:
    return {
        "table": one.table,
        "person": one.person,
        "differences": list(one.differences),
        "mu": one.distance.mu if one.distance else None,
        "moved_too_far": list(one.distance.too_far) if one.distance else [],
        "verdict": REJECTED if one.rejects(claim) else "the same, and no further than declared",
    }


def check(table: str, gate: Gate, pair: Pair) -> Checked:
    """What a pair shows without noise: replay and distance."""
    try:
        far = distance(gate, pair)
    except ValueError:
        far = None
    return Checked(table, pair.name, tuple(replayed(gate, pair)), far)


def _draws(trials: Sequence[Trial]) -> float:
    return float(sum(2 * trial.runs * trial.game.gate.plan.cells() for trial in trials))


def trials_of(domains: Mapping[str, Domain], settings: AuditSettings, stopwatch: Callable[[], float]) -> list[Trial]:
    """All games of an audit. stopwatch: seconds, for the attack on run time. Raises UserError (``audit.too_long``)."""
    found: list[Trial] = []
    for name, domain in domains.items():
        gate = gate_of(domain.without_facts(), settings.guarantee, settings.length)
        random = np.random.default_rng(settings.seed)
        if settings.runs:
            chosen = pairs(domain, random)[: settings.people or None]
            found += [Trial(name, MeasuredGame(gate, pair), settings.runs, PART) for pair in chosen]
        if settings.whole_runs:
            how = Settings(settings.guarantee, settings.length)
            chosen = pairs(domain, random, OTHERS)[: settings.people or None]
            games = (WholeGame(gate, pair, how, stopwatch) for pair in chosen)
            found += [Trial(name, game, settings.whole_runs, WHOLE_PART) for game in games]
    if _draws(found) > MOST_DRAWS:
        raise UserError(
            "audit.too_long",
            f"These runs would draw {_draws(found):,.0f} noisy numbers.",
            allowed=f"at most {MOST_DRAWS:,}, which take half a day of one core",
            do="Choose fewer --runs, a smaller --length, or a schema with fewer columns or codes.",
        )
    return found


def audit(
    domains: Mapping[str, Domain],
    settings: AuditSettings,
    store: Path,
    *,
    stopwatch: Callable[[], float],
    progress: Progress,
    workers: int = 1,
) -> Report:
    """Audit the engine on each of these domains. store: folder for parts that are done; whoever has kept the report
    removes it.

    workers: processes. Raises UserError for settings or domains that cannot be audited.
    """
    trials = trials_of(domains, settings, stopwatch)
    code = code_version()
    progress.start("Replaying without noise", len(trials))
    checked = []
    for trial in trials:
        if isinstance(trial.game, MeasuredGame) or not settings.runs:
            checked.append(check(trial.table, trial.game.gate, trial.game.pair))
        progress.advance()
    progress.finish()
    scores = _played(trials, settings, code, store, progress, workers)
    risk = settings.risk / len(trials)
    results = [
        Result(trial.table, trial.game.level, trial.game.pair.name, finding)
        for trial, found in zip(trials, scores, strict=True)
        for finding in trial.game.judged(found, trial.game.gate.claim, risk)
    ]
    claims = {trial.table: trial.game.gate.claim for trial in trials}
    return Report(claims, settings, tuple(checked), tuple(results), code)


@dataclass(frozen=True)
class _Task:
    """A part of a trial, and the file that keeps its scores."""

    game: Game
    runs: int
    path: Path


def _play(game: Game, runs: int) -> Floats:
    return game.play(runs)


def _leave_stopping_to_the_parent() -> None:
    """Of a process that plays: Ctrl-C is the parent's business, and nobody plays on for a parent that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _tasks(trials: Sequence[Trial], settings: AuditSettings, code: Mapping[str, str], store: Path) -> list[list[_Task]]:
    """The parts of each trial; a file's name tells the domain, the settings, the program and the part."""
    guarantee = settings.guarantee
    what = [guarantee.epsilon, guarantee.delta, settings.as_dict(), dict(code)]
    found = []
    for trial in trials:
        own = [*what, trial.game.gate.domain.content_hash(), trial.game.level, trial.game.pair.name]
        found.append(
            [
                _Task(trial.game, runs, store / f"{hash_value([*own, number])[:24]}.npy")
                for number, runs in enumerate(trial.parts())
            ]
        )
    return found


def _played(
    trials: Sequence[Trial],
    settings: AuditSettings,
    code: Mapping[str, str],
    store: Path,
    progress: Progress,
    workers: int,
) -> list[Floats]:
    """The scores of all trials, from files where they are there, else played now and kept."""
    tasks = _tasks(trials, settings, code, store)
    every = [task for own in tasks for task in own]
    progress.start("Playing against the engine", sum(task.runs for task in every))
    waiting = []
    for task in every:
        if task.path.exists():
            progress.advance(task.runs)
        else:
            waiting.append(task)
    with _playing(workers) as play:
        for task, scores in play(waiting):
            with atomic_file(task.path) as temporary, temporary.open("wb") as stream:
                np.save(stream, scores, allow_pickle=False)
            progress.advance(task.runs)
    progress.finish()
    return [np.concatenate([np.load(task.path, allow_pickle=False) for task in own], axis=2) for own in tasks]


Player = Callable[[Sequence[_Task]], Iterator[tuple[_Task, Floats]]]


@contextmanager
def _playing(workers: int) -> Iterator[Player]:
    """Something that plays tasks, here or in other processes, and hands each on as soon as it is done."""
    if workers <= 1:
        yield lambda tasks: ((task, _play(task.game, task.runs)) for task in tasks)
        return
    # A fresh interpreter each: a copy of this one would inherit the locks of its threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _leave_stopping_to_the_parent) as pool:

        def play(tasks: Sequence[_Task]) -> Iterator[tuple[_Task, Floats]]:
            left = iter(tasks)
            running: dict[Future[Floats], _Task] = {}
            while True:
                while len(running) < 2 * workers and (task := next(left, None)) is not None:
                    running[pool.submit(_play, task.game, task.runs)] = task
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(done), done.result()

        try:
            yield play
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
