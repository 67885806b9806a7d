"""Deliveries that lie in the vault, opened for a run: harmonised cases, from their seal into the run's workspace.

Promise: nothing is opened before a line of the vault's access log says who opens it and what for. An opening is a stage
whose inputs are the delivery's manifest and everybody who has withdrawn from that organisation, so that a withdrawal
makes the next run open it anew, without the person. What was opened, and what was made of it that still has a row for
each person, is removed from the workspace when the run ends, however it ends; after a kill, when the next one ends.
What may no longer be kept is not opened.

The vault keeps cases that are harmonised already: there is no mapping to apply, only a check that they follow the
standard of this program.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import atomic_file
from ctdc.foundation.hashing import hash_value
from ctdc.foundation.progress import Progress
from ctdc.intake.linked_rows import linked_path
from ctdc.standard.loader import load
from ctdc.vault.access import Access
from ctdc.vault.accesslog import scan
from ctdc.vault.delivery import Manifest
from ctdc.vault.sources import KeySource
from ctdc.vault.store import manifest_of, read_table, table_names
from ctdc.vault.vault import Vault, open_vault
from ctdc.workflow.config import SealedDelivery, VaultPlace
from ctdc.workflow.stages import Stage, code_hash

CASES = "cases.parquet"
OPEN = "open"
OF_PEOPLE = (OPEN, "combine", "derive")  # stages whose files have a row for each person of the vault


@dataclass(frozen=True)
class Opening:
    """With what the vault is opened, and as whom. keys: enough of them for the vault's quorum."""

    keys: tuple[KeySource, ...]
    actor: str


@dataclass(frozen=True)
class Opened:
    """The vault, open for one purpose."""

    vault: Vault
    access: Access


def open_for(place: VaultPlace, opening: Opening | None) -> Opened:
    """The vault of a plan. Raises UserError (``sealed.keys`` for no key, and what `open_vault` raises)."""
    if opening is None or not opening.keys:
        raise UserError(
            "sealed.keys",
            "The plan has deliveries in a vault, and no key was named.",
            where=str(place.folder),
            do="Name where the key is with --key, or in the environment variable CTDC_VAULT_KEY.",
        )
    return Opened(open_vault(place.folder, opening.keys), Access(opening.actor, place.purpose))


def check_named_once(deliveries: Sequence[SealedDelivery]) -> None:
    """Raise UserError (``run.delivered_twice``) when one sealed table is listed twice."""
    named = [(one.organisation, one.delivery, one.table) for one in deliveries]
    twice = sorted({f"{one[0]}/{one[1]}" for one in named if named.count(one) > 1})
    if twice:
        raise UserError(
            "run.delivered_twice",
            "A delivery of the vault is listed twice; each person in it would be counted twice.",
            where=", ".join(twice),
            do="Remove one of them from the plan.",
        )


def state_of(opened: Opened, delivery: SealedDelivery) -> dict[str, str]:
    """What decides which people an opening gives: the manifest's hash, and a hash of who has withdrawn.

    Raises UserError (``vault.no_delivery``), Refused (``sealed.other``) when it is not the delivery of the plan, and
    (``sealed.over``) when it may no longer be kept.
    """
    manifest = manifest_of(opened.vault, delivery.organisation, delivery.delivery)
    _check(manifest, delivery, now())
    withdrawn = sorted(scan(opened.vault.log).of(delivery.organisation))
    return {"manifest": manifest.hash(), "withdrawn": hash_value(withdrawn)}


def _check(manifest: Manifest, delivery: SealedDelivery, when: datetime) -> None:
    where = f"{delivery.organisation}/{delivery.delivery}"
    if delivery.manifest and delivery.manifest != manifest.hash():
        raise Refused("sealed.other", "This is not the delivery that was planned with.", where=where, do="Plan anew.")
    if manifest.identity.is_over(when.date()):
        raise Refused("sealed.over", "This delivery may no longer be kept, so it is not opened.", where=where)


def open_stage(opened: Opened, delivery: SealedDelivery) -> Stage:
    """Open the cases of one delivery, and the rows that are linked to them.

    Output: ``cases.parquet`` and a file for each entity, without the people who have withdrawn.
    """

    def work(folder: Path, progress: Progress) -> None:
        progress.start(f"Opening {delivery.organisation}/{delivery.delivery}")
        for name, target in _tables(opened, delivery, folder / CASES):
            table = read_table(opened.vault, delivery.organisation, delivery.delivery, name, opened.access, now())
            _check_cases(table, delivery)
            with atomic_file(target, private=True) as part:
                pq.write_table(table, part, compression="zstd")
        progress.finish()

    inputs = {
        "vault": opened.vault.keyring.vault,
        "organisation": delivery.organisation,
        "delivery": delivery.delivery,
        "table": delivery.table,
        **state_of(opened, delivery),
        "code": code_hash("vault"),
    }
    return Stage(OPEN, 1, inputs, work)


def _tables(opened: Opened, delivery: SealedDelivery, cases: Path) -> list[tuple[str, Path]]:
    """The table of cases and those of rows linked to it, each with the file that it is opened into."""
    names = set(table_names(opened.vault, manifest_of(opened.vault, delivery.organisation, delivery.delivery)))
    entities = tuple(load().entities)
    linked = {f"{name}.{entity}": (name, entity) for name in names for entity in entities}
    main = {delivery.table} & names if delivery.table else names - set(linked)
    if len(main) != 1:
        raise UserError(
            "sealed.table",
            "The delivery has no such table of cases." if delivery.table else "Which table holds the cases?",
            where=f"{delivery.organisation}/{delivery.delivery}",
            allowed=", ".join(sorted(names - set(linked))) or "a delivery with a table of harmonised cases",
            do="Name it in the plan: table = ...",
        )
    (name,) = main
    beside = [(f"{name}.{entity}", linked_path(cases, entity)) for entity in entities if f"{name}.{entity}" in names]
    return [(name, cases), *beside]


def _check_cases(table: pa.Table, delivery: SealedDelivery) -> None:
    """Raise UserError (``sealed.standard``) or Refused (``sealed.held_back``) for what no run may go on with."""
    said = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items() if key[:5] == b"ctdc."}
    where = f"{delivery.organisation}/{delivery.delivery}"
    if said.get("ctdc.standard") != load().version or "ctdc.cases" not in said:
        raise UserError(
            "sealed.standard",
            f"These cases follow {'the standard ' + said.get('ctdc.standard', '') if said else 'no standard'}.",
            where=where,
            allowed=f"cases that were harmonised to the standard {load().version}",
            do="Harmonise the delivery again, and put it into the vault under a new name.",
        )
    if said.get("ctdc.promotable") != "yes":
        raise Refused("sealed.held_back", "These cases hold values that nobody has explained yet.", where=where)


def check_unchanged(opened: Opened, states: Iterable[tuple[SealedDelivery, dict[str, str]]]) -> None:
    """Raise Refused (``sealed.withdrawn``) when somebody has withdrawn since the cases were opened."""
    changed = [one for one, state in states if state_of(opened, one) != state]
    if changed:
        raise Refused(
            "sealed.withdrawn",
            "Somebody withdrew after the cases were opened. Nothing was charged.",
            where=", ".join(sorted({f"{one.organisation}/{one.delivery}" for one in changed})),
            do="Run again: the cases are then opened anew, without them.",
        )


def forget_people(workspace: Path) -> None:
    """Remove every stage with a row for each person from a workspace. The caller holds it (`Workspace.locked`)."""
    for name in OF_PEOPLE:
        for folder in workspace.glob(f"{name}-*"):
            shutil.rmtree(folder)
