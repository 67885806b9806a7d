"""The whole way: deliveries, harmonised cases, published columns, protected data, a verified release.

Promise: this is the one place that brings raw cases and the privacy engine together. Each step is a stage, so a
killed run continues and a repeated one changes nothing. What a person hears (`Observer`) are names, times and
places: never a value or a count of case records. When an earlier attempt to protect was cut off, the next one says
that it is paid for again.

Everything is below the plan's folder: ``work/`` (private: cases and keys), ``ledger.jsonl``, ``releases/`` and
``latest``, a link to the release that the last run ended with.
"""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
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
from ctdc.workflow.config import Delivery, Plan
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
from ctdc.workflow.stages import Outcome, Stage, Workspace

WORK = "work"
STORE = "releases"
LEDGER = "ledger.jsonl"
LATEST = "latest"


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


class _Runner:
    """Performs stages one after the other and tells the observer."""

    def __init__(self, workspace: Workspace, observer: Observer) -> None:
        self.workspace = workspace
        self.observer = observer
        self.steps: list[Outcome] = []

    def perform(self, stage: Stage, title: str) -> Outcome:
        """Find or do `stage`."""
        began = time.monotonic()
        with self.observer.step(title) as progress:
            outcome = self.workspace.perform(stage, progress)
        self.observer.done(title, time.monotonic() - began, reused=outcome.reused)
        self.steps.append(outcome)
        return outcome

    def harmonise(self, delivery: Delivery, key: bytes) -> Outcome:
        """Find or do the harmonising of one delivery."""
        stage = harmonise_stage(delivery, key)
        return self.perform(stage, f"Harmonise {stage.name.removeprefix(HARMONISE)} ({delivery.source.name})")

    def verify(self, release: Path, key: PublicKey | None = None) -> None:
        """Check a release from its files alone; done each time, for that is what a run promises at its end.

        key: with which it was to be signed.
        """
        title = "Verify the release"
        began = time.monotonic()
        with self.observer.step(title) as progress:
            require_verified(release, progress, key)
        self.observer.done(title, time.monotonic() - began, reused=False)


def run(plan: Plan, observer: Observer) -> RunResult:
    """Do what `plan` says, or find it done.

    Raises UserError for what is wrong with an input, Refused for a delivery that intake holds back, for a privacy
    budget that does not suffice and for a release that does not verify.
    """
    began = time.monotonic()
    # Checked before anything is paid for: settings, a key or a report that cannot be used should cost nothing.
    check_settings(plan.privacy, plan.release)
    key = None if plan.signing_key is None else read_signing_key(plan.signing_key, plan.out / STORE)
    given = _given(plan)
    workspace = Workspace(plan.out / WORK)
    with workspace.locked():
        runner = _Runner(workspace, observer)
        derived = _columns(plan, runner)
        ledger = plan.privacy.ledger or plan.out / LEDGER
        measurement = measure_stage(derived, plan.privacy, plan.release, ledger)
        lost = lost_charges(workspace.earlier_attempts(measurement), ledger, population_of(plan.privacy, plan.release))
        if lost:
            observer.notice(lost)
        measured = runner.perform(measurement, "Charge the privacy ledger and measure, with noise")
        record_measured(measured, ledger)
        protected = runner.perform(protect_stage(measured, plan.privacy, plan.release), "Build counts and records")
        if worse := worse_records(protected):
            observer.notice(worse)
        evidence = replace(given, ledger=_account(measured, protected, ledger))
        release = _release(plan, runner, measured, protected, evidence, key)
        runner.verify(release, None if key is None else key.public)
        latest = _point(plan.out / LATEST, release)
    return RunResult(release, latest, ledger, tuple(runner.steps), time.monotonic() - began)


def _columns(plan: Plan, runner: _Runner) -> Outcome:
    """Every delivery harmonised, combined, and brought to the published columns."""
    deliveries = plan.delivery
    if plan.simulation:
        simulated = runner.perform(simulate_stage(plan.simulation), "Invent the contributors' files")
        deliveries = simulated_deliveries(simulated)
    key, _ = read_or_create_key(plan.subject_key or plan.out / WORK / DEFAULT_KEY_NAME)
    check_once(deliveries)
    harmonised = [runner.harmonise(delivery, key) for delivery in deliveries]
    reports = [str(report) for outcome in harmonised if (report := held_back(outcome))]
    if reports:
        raise Refused(
            "run.held_back",
            f"{len(reports)} of {len(harmonised)} deliveries may not go further.",
            where="; ".join(reports),
            do="Read the reports, complete the mapping or ask the contributor, and run again: what is finished stays.",
        )
    combined = runner.perform(combine_stage(harmonised), "Combine, one row per person")
    return runner.perform(
        derive_stage(combined, plan.release.profile, plan.privacy.facts), "Derive the published columns"
    )


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
    plan: Plan, runner: _Runner, measured: Outcome, protected: Outcome, evidence: Evidence, key: SigningKey | None
) -> Path:
    """The release of `protected`, built anew when it is no longer in the store."""
    store = plan.out / STORE
    stage = release_stage(protected, measured.started, plan.release, store, evidence, key)
    found = runner.workspace.find(stage)
    if found is not None and released_folder(found, store) is None:
        runner.workspace.forget(stage)
    built = released_folder(runner.perform(stage, "Build the release"), store)
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
