"""The whole way: deliveries, harmonised cases, published columns, protected data, a verified release.

Promise: this is the one place that brings raw cases and the privacy engine together. Each step is a stage, so a
killed run continues and a repeated one changes nothing. What a person hears (`Observer`) are names, times and
places: never a value or a count of case records. When an earlier attempt to protect was cut off, the next one says
that it is paid for again. What was opened from a vault is gone from the workspace when the run ends
(`ctdc.workflow.sealed`).

Everything is below the plan's folder: ``work/`` (private: cases and keys), ``ledger.jsonl``, ``releases/`` and
``latest``, a link to the release that the last run ended with.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from ctdc.foundation.errors import Refused
from ctdc.foundation.progress import Progress
from ctdc.intake.subject import DEFAULT_KEY_NAME, read_or_create_key
from ctdc.privacy.outputs import ENGINE_VERSION
from ctdc.release.certificate.evidence import Evidence, read_audit, read_twin
from ctdc.release.certificate.keys import PublicKey, SigningKey, read_signing_key
from ctdc.release.protected import PRIVACY, read_privacy
from ctdc.release.verify import require_verified
from ctdc.workflow.config import Delivery, Plan, SealedDelivery
from ctdc.workflow.evidence import account_of
from ctdc.workflow.harmonise import (
    HARMONISE,
    check_once,
    combine_stage,
    derive_stage,
    harmonise_stage,
    held_back,
    simulate_stage,
    simulated_deliveries,
)
from ctdc.workflow.protection import (
    charge_of,
    check_settings,
    lost_charges,
    measure_stage,
    population_of,
    protect_stage,
    protected_folder,
    record_measured,
    worse_records,
)
from ctdc.workflow.publish import release_stage, released_folder
from ctdc.workflow.sealed import (
    Opened,
    Opening,
    check_named_once,
    check_unchanged,
    forget_people,
    open_for,
    open_stage,
    state_of,
)
from ctdc.workflow.stages import Outcome, Stage, Workspace

WORK = "work"
STORE = "releases"
LEDGER = "ledger.jsonl"
LATEST = "latest"
# What a run says of each step while it is at it. Of `harmonise` and `open` the delivery's name follows.
TITLES: Mapping[str, str] = {
    "simulate": "Invent the contributors' files",
    "harmonise": "Harmonise",
    "open": "Open from the vault",
    "combine": "Combine, one row per person",
    "derive": "Derive the published columns",
    "measure": "Charge the privacy ledger and measure, with noise",
    "protect": "Build counts and records",
    "release": "Build the release",
    "verify": "Verify the release",
    "evaluate": "Evaluate the release against the true cases",
}


class Observer(Protocol):
    """Hears how a run goes."""

    def step(self, title: str) -> AbstractContextManager[Progress]:
        """A step begins; its progress is told while the context is open."""

    def done(self, title: str, seconds: float, *, reused: bool) -> None:
        """A step has ended, or was found finished."""

    def notice(self, text: str) -> None:
        """Something that the person has to know."""


@dataclass(frozen=True)
class RunResult:
    """A finished run. release: the verified folder; latest: the link to it; steps: what was done, in order."""

    release: Path
    latest: Path
    ledger: Path
    steps: tuple[Outcome, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {
            "release": str(self.release),
            "latest": str(self.latest),
            "ledger": str(self.ledger),
            "stages": [step.as_dict() for step in self.steps],
            "seconds": round(self.seconds, 1),
        }


class Runner:
    """Performs stages one after the other and tells the observer."""

    def __init__(self, workspace: Workspace, observer: Observer) -> None:
        self.workspace = workspace
        self.observer = observer
        self.steps: list[Outcome] = []

    def perform(self, stage: Stage, about: str = "") -> Outcome:
        """Find or do `stage`. about: of several of its kind, which one."""
        name = HARMONISE.rstrip("-") if stage.name.startswith(HARMONISE) else stage.name
        title = f"{TITLES[name]} {about}".strip()
        began = time.monotonic()
        with self.observer.step(title) as progress:
            outcome = self.workspace.perform(stage, progress)
        self.observer.done(title, time.monotonic() - began, reused=outcome.reused)
        self.steps.append(outcome)
        return outcome

    def harmonise(self, delivery: Delivery, key: bytes) -> Outcome:
        """Find or do the harmonising of one delivery."""
        stage = harmonise_stage(delivery, key)
        return self.perform(stage, f"{stage.name.removeprefix(HARMONISE)} ({delivery.source.name})")

    def open(self, delivery: SealedDelivery, opened: Opened) -> Outcome:
        """Find one delivery of the vault open, or open it."""
        return self.perform(open_stage(opened, delivery), f"{delivery.organisation}/{delivery.delivery}")

    def verify(self, release: Path, key: PublicKey | None = None) -> None:
        """Check a release from its files alone; done each time, for that is what a run promises at its end.

        key: with which it was to be signed.
        """
        title = TITLES["verify"]
        began = time.monotonic()
        with self.observer.step(title) as progress:
            require_verified(release, progress, key)
        self.observer.done(title, time.monotonic() - began, reused=False)


@contextmanager
def working(plan: Plan, observer: Observer) -> Iterator[Runner]:
    """Hold the workspace of a plan. At the end nothing is in it that was opened from a vault."""
    workspace = Workspace(plan.out / WORK)
    with workspace.locked():
        try:
            yield Runner(workspace, observer)
        finally:
            if plan.sealed:
                forget_people(workspace.folder)


def run(plan: Plan, observer: Observer, opening: Opening | None = None) -> RunResult:
    """Do what `plan` says, or find it done. opening: how the vault is opened, for a plan that names one.

    Raises UserError for what is wrong with an input, Refused for a delivery that intake holds back, for a privacy
    budget that does not suffice and for a release that does not verify.
    """
    began = time.monotonic()
    # Checked before anything is paid for: settings, a key or a report that cannot be used should cost nothing.
    check_settings(plan.privacy, plan.release)
    key = None if plan.signing_key is None else read_signing_key(plan.signing_key, plan.out / STORE)
    given = _given(plan)
    opened = open_for(plan.vault, opening) if plan.vault else None
    with working(plan, observer) as runner:
        states = [(one, state_of(opened, one)) for one in plan.sealed] if opened else []
        derived = _columns(plan, runner, opened)
        ledger = plan.privacy.ledger or plan.out / LEDGER
        measurement = measure_stage(derived, plan.privacy, plan.release, ledger)
        attempts = runner.workspace.earlier_attempts(measurement)
        lost = lost_charges(attempts, ledger, population_of(plan.privacy, plan.release))
        if lost:
            observer.notice(lost)
        if opened:
            check_unchanged(opened, states)
        measured = runner.perform(measurement)
        record_measured(measured, ledger)
        protected = runner.perform(protect_stage(measured, plan.privacy, plan.release))
        if worse := worse_records(protected):
            observer.notice(worse)
        evidence = replace(given, ledger=_account(measured, protected, ledger))
        release = _release(plan, runner, measured, protected, evidence, key)
        runner.verify(release, None if key is None else key.public)
        latest = _point(plan.out / LATEST, release)
    return RunResult(release, latest, ledger, tuple(runner.steps), time.monotonic() - began)


def combined_cases(plan: Plan, runner: Runner, opened: Opened | None) -> Outcome:
    """Every delivery harmonised or opened, and all of them combined, one row per person.

    Raises Refused (``run.held_back``) for a delivery that may not go further.
    """
    deliveries = plan.delivery
    if plan.simulation:
        deliveries = simulated_deliveries(runner.perform(simulate_stage(plan.simulation)))
    files = [one for one in deliveries if isinstance(one, Delivery)]
    key = read_or_create_key(plan.subject_key or plan.out / WORK / DEFAULT_KEY_NAME)[0] if files else b""
    check_once(files)
    check_named_once(plan.sealed)
    cases = [_cases(one, runner, key, opened) for one in deliveries]
    reports = [str(report) for outcome in cases if (report := held_back(outcome))]
    if reports:
        raise Refused(
            "run.held_back",
            f"{len(reports)} of {len(cases)} deliveries may not go further.",
            where="; ".join(reports),
            do="Read the reports, complete the mapping or ask the contributor, and run again: what is finished stays.",
        )
    return runner.perform(combine_stage(cases))


def _cases(delivery: Delivery | SealedDelivery, runner: Runner, key: bytes, opened: Opened | None) -> Outcome:
    if isinstance(delivery, Delivery):
        return runner.harmonise(delivery, key)
    if opened is None:
        raise RuntimeError("a sealed delivery without a vault")
    return runner.open(delivery, opened)


def _columns(plan: Plan, runner: Runner, opened: Opened | None) -> Outcome:
    """The cases of every delivery, brought to the published columns."""
    combined = combined_cases(plan, runner, opened)
    return runner.perform(derive_stage(combined, plan.release.profile, plan.privacy.facts))


def _given(plan: Plan) -> Evidence:
    """The evidence that the plan names, about the engine that this run uses."""
    audit, twin = plan.release.audit, plan.release.twin
    return Evidence(
        audit=None if audit is None else read_audit(audit, ENGINE_VERSION),
        twin=None if twin is None else read_twin(twin),
    )


def _account(measured: Outcome, protected: Outcome, ledger: Path) -> dict[str, Any] | None:
    """What the people had spent before this and after it; None if another ledger was charged."""
    folder = protected_folder(protected)
    return account_of(folder, read_privacy(folder / PRIVACY), ledger, charge_of(measured))


def _release(
    plan: Plan, runner: Runner, measured: Outcome, protected: Outcome, evidence: Evidence, key: SigningKey | None
) -> Path:
    """The release of `protected`, built anew when it is no longer in the store."""
    store = plan.out / STORE
    stage = release_stage(protected, measured.started, plan.release, store, evidence, key)
    found = runner.workspace.find(stage)
    if found is not None and released_folder(found, store) is None:
        runner.workspace.forget(stage)
    built = released_folder(runner.perform(stage), store)
    if built is None:
        raise RuntimeError("the release that was just built is not in the store")
    return built


def _point(link: Path, release: Path) -> Path:
    """Make `link` lead to `release`, relative so that the whole folder can be moved, and in one step."""
    target = os.path.relpath(release, link.parent)
    if not (link.is_symlink() and link.readlink() == Path(target)):
        fresh = link.with_name(f".{link.name}.part")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)
    return link
