"""Protecting as two stages: measuring, which is paid for, and publishing what was measured, which is not.

Promise: the paid stage's inputs are the cases' content, the domain and the parameters, and no version of any
program, so that an upgrade never charges the same release again. Where the ledger lies is not an input either.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctdc.foundation import clock
from ctdc.foundation.hashing import hash_value
from ctdc.foundation.progress import Progress
from ctdc.privacy.domain import plan_of
from ctdc.privacy.ledger import read, unfinished
from ctdc.privacy.outputs import PRIVACY
from ctdc.privacy.protect import PAID, publish_measurements, record_end
from ctdc.privacy.workload import read_workload
from ctdc.standard.loader import load
from ctdc.workflow.config import Privacy, Release
from ctdc.workflow.harmonise import COLUMNS, LINKED_COLUMNS, columns_content
from ctdc.workflow.protect import domain_of_profile, measure, settings_of
from ctdc.workflow.stages import Outcome, Stage, code_hash

DATA = "protected"


def population_of(privacy: Privacy, release: Release) -> str:
    """Whose losses the ledger adds up: the plan's population, by default the people of the release's name."""
    return privacy.population or release.name


def domain_hash(profile_id: str) -> str:
    """SHA-256 of a profile's columns and codes: equal as long as the same tables fit it, whatever the labels say."""
    profile = load().profile(profile_id)
    columns = [[column.name, list(column.codes)] for column in profile.columns]
    if profile.links is None:
        return hash_value(columns)
    linked = [[column.name, list(column.codes)] for column in profile.links.columns]
    return hash_value([columns, linked, profile.links.most, profile.links.number])


def check_settings(privacy: Privacy, release: Release) -> None:
    """Raise UserError for settings that no protection could have: before a case is read, and so before any charge."""
    chosen = settings_of(
        epsilon=privacy.epsilon,
        delta=privacy.delta,
        length=privacy.length,
        population=population_of(privacy, release),
        seed=privacy.seed,
        threshold=privacy.threshold,
        aggregates=privacy.aggregates,
        workload=privacy.workload,
    )
    domain = domain_of_profile(load().profile(release.profile), facts=False)
    plan_of(domain, chosen.guarantee, chosen.declared_workload())


PAID_FOR = {"epsilon", "delta", "length"}


def declared_workload(privacy: Privacy) -> dict[str, Any]:
    """The content of the plan's workload file as an input of stages; nothing where there is none."""
    return {"workload": read_workload(privacy.workload).describe()} if privacy.workload else {}


def measure_stage(derived: Outcome, privacy: Privacy, release: Release, ledger: Path) -> Stage:
    """Charge the ledger and measure the derived columns. Output: noisy measurements, not yet published."""
    population = population_of(privacy, release)
    paid = privacy.model_dump(mode="json", include=PAID_FOR)

    def work(folder: Path, progress: Progress) -> None:
        measure(
            derived.folder / COLUMNS,
            folder / DATA,
            profile=release.profile,
            ledger=ledger,
            linked=derived.folder / LINKED_COLUMNS if load().profile(release.profile).links else None,
            population=population,
            progress=progress,
            workload=privacy.workload,
            **paid,
        )

    inputs = {
        "columns": columns_content(derived),
        "profile": release.profile,
        "domain": domain_hash(release.profile),
        "population": population,
        **paid,
        **declared_workload(privacy),
    }
    return Stage("measure", 1, inputs, work, paid=True)


def charge_of(measured: Outcome) -> str:
    """Hash of the ledger's line that paid for what was measured."""
    paid = json.loads((measured.folder / DATA / PAID).read_text(encoding="utf-8"))
    return str(paid.get("charge") or "")


def record_measured(measured: Outcome, ledger: Path) -> None:
    """Note in the ledger that what was paid for is safe; once, however often the stage is found finished."""
    record_end(measured.folder / DATA, ledger, clock.now())


def protect_stage(measured: Outcome, privacy: Privacy, release: Release) -> Stage:
    """Build counts and records from what was measured; costs nothing. Output: what ``ctdc protect`` writes."""
    parameters = privacy.model_dump(mode="json", exclude={"ledger", "population", "workload"})
    schema = domain_of_profile(load().profile(release.profile), privacy.facts)

    def work(folder: Path, progress: Progress) -> None:
        settings = settings_of(
            profile=release.profile,
            population=population_of(privacy, release),
            workload=privacy.workload,
            **parameters,
        )
        publish_measurements(measured.folder / DATA, settings, folder / DATA, schema=schema, progress=progress)

    inputs = {
        "measured": measured.content,
        "schema": schema.content_hash(),
        **parameters,
        **declared_workload(privacy),
        "code": code_hash("privacy", "table"),
    }
    return Stage("protect", 1, inputs, work)


def lost_charges(attempts: Sequence[str], ledger: Path, population: str) -> str:
    """What the person has to know when earlier attempts were cut off: a sentence, empty when they cost nothing.

    attempts: when they began (`Workspace.earlier_attempts`). The ledger tells whether any got as far as to pay.
    """
    if not attempts:
        return ""
    charges = [
        line.event["at"]
        for line in unfinished(read(ledger))
        if line.event["population"] == population and line.event["at"] >= attempts[0]
    ]
    if not charges:
        return ""
    return (
        f"An attempt to protect these cases, begun at {attempts[-1]}, was cut off, and its result is lost. Since the "
        f"first such attempt the ledger holds {len(charges)} charge(s) for {population!r} without a result. They stay, "
        "for what was paid for may have been measured; this attempt is charged again. See 'ctdc ledger show'."
    )


def worse_records(protected: Outcome) -> str:
    """A sentence where the synthetic records are worth less than columns drawn alone; empty where they are not."""
    statement = json.loads((protected_folder(protected) / PRIVACY).read_text(encoding="utf-8"))
    lengths = statement.get("worse_than_alone", [])
    if not lengths:
        return ""
    return (
        f"For combinations of {' and '.join(map(str, lengths))} variables the synthetic records fit the counts worse "
        "than records whose columns are drawn independently of each other. Use the counts, not the records."
    )


def protected_folder(protected: Outcome) -> Path:
    """Where the protected data lie."""
    return protected.folder / DATA
