"""Promotion: the cases harmonised, looked through for direct identifiers, and sealed into the vault.

Promise: what is stored was read with the mapping that its check was made with, under an agreement that allows it, and
until the day that the agreement says. Doing it again after a kill finds what was stored and stores nothing twice; what
was stored after an earlier check, and never told, is removed first, and is found again by whoever forgets a delivery.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused
from ctdc.foundation.progress import Progress
from ctdc.hub.studio.agreements.rules import Purpose, check_agreement, kept_until
from ctdc.hub.studio.deliveries.checking import Quiet
from ctdc.hub.studio.deliveries.columns import allowed_columns, column_codes
from ctdc.hub.studio.deliveries.memory import private_folder
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.opening import open_files, vault_with_keys
from ctdc.hub.studio.mappings import files as mapping_files
from ctdc.hub.studio.mappings.models import State as MappingState
from ctdc.hub.studio.web.texts import text
from ctdc.intake.harmonise import coverage_path, harmonise
from ctdc.intake.mapping import load_mapping
from ctdc.intake.subject import read_or_create_key
from ctdc.standard import load
from ctdc.vault import erase
from ctdc.vault.access import Access
from ctdc.vault.delivery import Manifest
from ctdc.vault.store import Deposit, manifest_of, put
from ctdc.vault.vault import Vault

CASES = "cases.parquet"


@dataclass(frozen=True)
class Stored:
    """What lies in the vault now. coverage: which variables the source has, and of which years it speaks."""

    name: str
    manifest: str
    until: date
    coverage: dict[str, Any]


def promote(delivery: Delivery, actor: str, progress: Progress) -> Stored:
    """Store a delivery. actor: who asked for it, as the vault's log names them.

    Raises Refused (``agreement.*``, ``delivery.mapping_changed``, ``vault.withdrawn``, ``vault.identifiers``),
    UserError (``intake.*``, ``vault.*``).
    """
    agreement = check_agreement(delivery.organisation, Purpose.PROCESS, now().date())
    if delivery.mapping is None or delivery.mapping.state != MappingState.APPROVED:
        raise Refused("delivery.mapping_changed", text("deliveries.refused.mapping_changed"))
    vault, name, access = vault_with_keys(), _name(delivery), Access(actor, "promotion of a delivery")
    remove_stored(vault, delivery, Access(actor, "promotion of a delivery after another check"), but=name)
    until = kept_until(agreement, now().date())
    with private_folder() as folder:
        sources = open_files(delivery, vault, folder / "sources", Quiet(progress))
        cases = _harmonise(delivery, sources, folder, Quiet(progress))
        coverage = json.loads(coverage_path(cases).read_text(encoding="utf-8"))
        manifest = _there(vault, delivery, name) or _put(
            vault, delivery, name, until, sources, cases, access, Quiet(progress)
        )
    kept = date.fromisoformat(manifest.identity.retain_until)
    return Stored(name, manifest.hash(), kept, coverage)


def _stem(delivery: Delivery) -> str:
    return f"delivery-{delivery.pk}-{delivery.folder[:8]}"


def _name(delivery: Delivery) -> str:
    """Another one after each check, which may have been made with another mapping: the vault takes a name once."""
    return f"{_stem(delivery)}-{delivery.checks}"


def remove_stored(vault: Vault, delivery: Delivery, access: Access, but: str = "") -> None:
    """Remove all that the vault has of a delivery, told or not. but: a name that stays. Raises UserError (``vault.*``).

    It does not ask `Delivery.stored_as`: that is empty when the work ended between storing and saying so.
    """
    erase.settle(vault, access, now())
    slug, stem = delivery.organisation.slug, _stem(delivery)
    for folder in vault.delivery_folders(slug):
        if folder.name != but and (folder.name == stem or folder.name.startswith(f"{stem}-")):
            erase.remove(vault, slug, folder.name, access, now())


def _harmonise(delivery: Delivery, sources: Path, folder: Path, progress: Progress) -> Path:
    version = delivery.mapping
    if version is None:
        raise Refused("delivery.mapping_changed", text("deliveries.refused.mapping_changed"))
    mapping = load_mapping(mapping_files.write(folder / "mapping", version.structure, version.values))
    key, _ = read_or_create_key(settings.STUDIO.subject_key)
    harmonise(sources, mapping, subject_key=key, out=folder / CASES, progress=progress)
    return folder / CASES


def _there(vault: Vault, delivery: Delivery, name: str) -> Manifest | None:
    """What an earlier try, killed before it could say so, has stored."""
    slug = delivery.organisation.slug
    return manifest_of(vault, slug, name) if vault.path(slug, name).exists() else None


def _put(
    vault: Vault,
    delivery: Delivery,
    name: str,
    until: date,
    sources: Path,
    cases: Path,
    access: Access,
    progress: Progress,
) -> Manifest:
    """Tables are named as their files: ``cases``, and for linked rows ``cases.perpetrator``."""
    deposit = Deposit(
        delivery.organisation.slug,
        name,
        files=sorted(sources.iterdir()),
        tables={path.stem: path for path in sorted(cases.parent.glob("cases*.parquet"))},
        schema=f"standard {load().version}",
        retain_until=until,
        leave_out_withdrawn=delivery.leave_out_withdrawn,
        allowed=allowed_columns(),
        accepted=frozenset(delivery.accepted),
        codes=column_codes(),
    )
    return put(vault, deposit, access, now(), progress)
