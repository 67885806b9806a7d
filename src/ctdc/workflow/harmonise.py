"""Deliveries in, one table of cases out: each contributor's file through its mapping, then all of them together.

Promise: a delivery that intake holds back (unmapped values, unreadable rows) stops the run with the place of its
report, before anything is protected; nothing of it passes silently. Each delivery is a stage of its own, so that
correcting one mapping repeats one delivery.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from pathlib import Path

from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import write_text
from ctdc.foundation.hashing import hash_file, hash_tree, hash_value
from ctdc.foundation.progress import Progress
from ctdc.intake.delivery import Quarantined
from ctdc.intake.harmonise import harmonise
from ctdc.intake.linked_rows import linked_path
from ctdc.intake.mapping import load_mapping
from ctdc.intake.report import write_report
from ctdc.simulate.declared import invent, read_recipe
from ctdc.simulate.write import SimulatedDelivery, write_deliveries
from ctdc.standard.loader import load
from ctdc.workflow.combine import combine, combine_linked, content_hash, derive_linked_rows, derive_profile
from ctdc.workflow.config import Delivery, Simulation
from ctdc.workflow.stages import Outcome, Stage, code_hash

HARMONISE = "harmonise-"  # start of the names of these stages; the mapping's id follows
CASES = "cases.parquet"
REPORT = "report"
COLUMNS = "columns.parquet"
LINKED_COLUMNS = "linked.parquet"
CONTENT = "content.sha256"
DELIVERIES = "deliveries.json"


def simulate_stage(simulation: Simulation) -> Stage:
    """Invent the contributors' files. Output: their files, the truth, and ``deliveries.json``."""

    def work(folder: Path, progress: Progress) -> None:
        deliveries = _invented(folder / "files", simulation, progress)
        listed = [
            {"source": delivery.source.relative_to(folder).as_posix(), "mapping": delivery.mapping}
            for delivery in deliveries
        ]
        write_text(folder / DELIVERIES, json.dumps(listed, indent=2) + "\n")

    inputs = {**simulation.model_dump(mode="json"), "code": code_hash("simulate", "standard")}
    recipe = current().part("invention")
    if recipe is not None:
        inputs["recipe"] = hash_file(recipe)
    return Stage("simulate", 1, inputs, work)


def _invented(folder: Path, simulation: Simulation, progress: Progress) -> tuple[SimulatedDelivery, ...]:
    """The deliveries of the collaborative's recipe; without one, those of the five contributors that are built in.

    Raises UserError (``run.no_dirt``) for dirt, which recipes do not have.
    """
    recipe = current().part("invention")
    if recipe is None:
        return write_deliveries(folder, simulation.cases, simulation.seed, simulation.dirt, progress).deliveries
    if simulation.dirt:
        raise UserError("run.no_dirt", "A recipe has no wrong cells.", where=str(recipe), do="Take out 'dirt'.")
    return invent(read_recipe(recipe), folder, simulation.cases, simulation.seed).deliveries


def simulated_deliveries(simulated: Outcome) -> tuple[Delivery, ...]:
    """The deliveries that `simulate_stage` wrote."""
    listed = json.loads((simulated.folder / DELIVERIES).read_text(encoding="utf-8"))
    return tuple(Delivery(source=simulated.folder / one["source"], mapping=one["mapping"]) for one in listed)


def source_hash(source: Path) -> str:
    """SHA-256 of a delivery. Raises UserError (``run.no_source``) when there is none."""
    if source.is_dir():
        return hash_tree(source)
    if not source.is_file():
        raise UserError("run.no_source", "A delivery does not exist.", where=str(source), do="Check the path.")
    return hash_file(source)


def check_once(deliveries: Sequence[Delivery]) -> None:
    """Raise UserError (``run.delivered_twice``) when one file is listed twice: its people would be counted twice."""
    seen: dict[str, Path] = {}
    for delivery in deliveries:
        earlier = seen.setdefault(source_hash(delivery.source), delivery.source)
        if earlier is not delivery.source:
            raise UserError(
                "run.delivered_twice",
                "Two deliveries have the same content; each person in them would be counted twice.",
                where=f"{earlier} and {delivery.source}",
                allowed="every file once",
                do="Remove one of them from the plan.",
            )


def key_fingerprint(key: bytes) -> str:
    """A name for the key of the pseudonyms that says nothing about it: equal for equal keys."""
    return hmac.digest(key, b"ctdc: fingerprint of the key of the pseudonyms", "sha256").hex()


def harmonise_stage(delivery: Delivery, key: bytes) -> Stage:
    """Bring one delivery to the standard. Output: ``cases.parquet`` and ``report/``; the report only when held back."""
    mapping = load_mapping(delivery.mapping)

    def work(folder: Path, progress: Progress) -> None:
        try:
            report = harmonise(delivery.source, mapping, subject_key=key, out=folder / CASES, progress=progress)
        except Quarantined as held:
            report = held.report
        write_report(report, mapping, delivery.source, folder / REPORT)

    inputs = {
        "source": source_hash(delivery.source),
        "mapping": mapping.hash,
        "subject_key": key_fingerprint(key),
        "code": code_hash("intake", "table", "standard"),
    }
    return Stage(HARMONISE + mapping.id, 1, inputs, work)


def held_back(harmonised: Outcome) -> Path | None:
    """Where the report of a delivery is that may not go further; None for one that may."""
    return None if CASES in harmonised.outputs else harmonised.folder / REPORT


def combine_stage(harmonised: Sequence[Outcome]) -> Stage:
    """Put the deliveries together, one row per person. Output: ``cases.parquet``, and beside it, for each entity of
    which a case may have several, their rows.
    """

    entities = tuple(load().entities)

    def work(folder: Path, progress: Progress) -> None:
        files = [outcome.folder / CASES for outcome in harmonised]
        combine(files, folder / CASES, progress)
        for entity in entities:
            rows = [path if (path := linked_path(file, entity)).exists() else None for file in files]
            combine_linked(files, rows, linked_path(folder / CASES, entity))

    files = [CASES, *(linked_path(Path(CASES), entity).name for entity in entities)]
    inputs = {"cases": [[outcome.outputs.get(name, "") for name in files] for outcome in harmonised]}
    return Stage("combine", 2, inputs, work)


def derive_stage(combined: Outcome, profile_id: str, facts: bool = True) -> Stage:
    """Derive a release profile's columns, in agreement with its facts by definition unless they are left out.

    Output: ``columns.parquet``, of a linked profile ``linked.parquet`` too, and the hash of their content.
    """
    profile = load().profile(profile_id)
    rows = linked_path(Path(CASES), profile.links.entity).name if profile.links else ""

    def work(folder: Path, progress: Progress) -> None:
        derive_profile(combined.folder / CASES, profile, folder / COLUMNS, progress, facts=facts)
        if rows:
            cases, columns = combined.folder / CASES, folder / COLUMNS
            derive_linked_rows(cases, combined.folder / rows, profile, columns, folder / LINKED_COLUMNS)
        found = [content_hash(folder / name) for name in (COLUMNS, *([LINKED_COLUMNS] if rows else []))]
        write_text(folder / CONTENT, (hash_value(found) if rows else found[0]) + "\n")

    inputs = {"cases": combined.outputs[CASES], "profile": profile_id, "facts": facts, "code": code_hash("standard")}
    return Stage("derive", 1, inputs | ({"linked": combined.outputs[rows]} if rows else {}), work)


def columns_content(derived: Outcome) -> str:
    """The hash of the derived table's content."""
    return (derived.folder / CONTENT).read_text(encoding="ascii").strip()
