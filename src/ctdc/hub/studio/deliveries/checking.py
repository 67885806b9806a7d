"""Checking a delivery: opened in memory, read with the approved mapping, reported, closed again.

Promise: what leaves this module is a sealed report, and for the database numbers and codes. What the person who
delivered can put right holds a delivery back; what cannot be what they sent, or is not allowed, refuses it. What the
studio itself lacks (a key, a vault) does neither, and the work counts as not done.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Cancelled, ErrorDetail, Refused, UserError
from ctdc.foundation.files import as_json
from ctdc.foundation.progress import Progress
from ctdc.hub.studio.agreements.rules import Purpose, check_agreement
from ctdc.hub.studio.deliveries import reports
from ctdc.hub.studio.deliveries.acts import Found
from ctdc.hub.studio.deliveries.memory import private_folder
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.opening import open_files, vault_with_keys
from ctdc.hub.studio.deliveries.states import State
from ctdc.hub.studio.mappings import files as mapping_files
from ctdc.hub.studio.mappings.models import MappingVersion
from ctdc.hub.studio.web.problems import kept
from ctdc.intake import harmonise
from ctdc.intake.delivery import DeliveryReport
from ctdc.intake.export import can_annotate, write_annotated, write_draft, write_row_errors
from ctdc.intake.mapping import Mapping, load_mapping


class Quiet:
    """Progress whose tasks have no names: intake's name files, and what a file is called is nobody else's business."""

    def __init__(self, inner: Progress) -> None:
        self._inner = inner

    def start(self, task: str, total: float | None = None) -> None:
        """A task begins."""
        self._inner.start("", total)

    def advance(self, amount: float = 1.0) -> None:
        """More of the task is done."""
        self._inner.advance(amount)

    def finish(self) -> None:
        """The task is done."""
        self._inner.finish()


def check(delivery: Delivery, progress: Progress) -> Found:
    """Check a delivery and keep its report. Raises UserError for what the studio lacks, Cancelled."""
    quiet = Quiet(progress)
    try:
        check_agreement(delivery.organisation, Purpose.DELIVER, now().date())
    except Refused as error:
        return stopped(delivery, State.REFUSED, error.detail)
    vault = vault_with_keys()
    with private_folder() as folder:
        try:
            sources = open_files(delivery, vault, folder / "sources", quiet)
        except Cancelled:
            raise
        except UserError as error:
            return stopped(delivery, State.REFUSED, error.detail)
        return _read(delivery, sources, folder, quiet)


def _read(delivery: Delivery, sources: Path, folder: Path, progress: Progress) -> Found:
    version = mapping_files.approved(delivery.organisation)
    if version is None:
        detail = ErrorDetail("mapping.none", "No mapping was approved for this organisation yet.")
        return stopped(delivery, State.HELD_BACK, detail)
    try:
        mapping = load_mapping(mapping_files.write(folder / "mapping", version.structure, version.values))
        report = harmonise.check(sources, mapping, progress=progress)
    except Cancelled:
        raise
    except UserError as error:
        return stopped(delivery, State.HELD_BACK, error.detail, version)
    number = delivery.checks + 1
    reports.store(delivery, number, _parts(report, mapping, sources, folder))
    state = State.READY if report.promotable else State.HELD_BACK
    return Found(state, number, "" if report.promotable else "delivery.values", _counts(report), version)


def stopped(delivery: Delivery, state: State, detail: ErrorDetail, version: MappingVersion | None = None) -> Found:
    """A check that an error ended: what the error says goes, sealed, to those who may read the report."""
    number = delivery.checks + 1
    reports.store(delivery, number, {reports.PROBLEM: as_json(kept(detail)).encode()})
    return Found(state, number, detail.code, {}, version)


def _counts(report: DeliveryReport) -> dict[str, Any]:
    return {
        "rows": report.rows_read,
        "cases": report.rows_written,
        "tables": len(report.receipts),
        "row_errors": report.issues_total,
        "values": len(report.quarantined),
        "blockers": {blocker.code: blocker.count for blocker in report.blockers},
    }


def _parts(report: DeliveryReport, mapping: Mapping, sources: Path, folder: Path) -> dict[str, bytes]:
    out = folder / "report"
    out.mkdir(mode=0o700)
    if report.issues:
        write_row_errors(report, out / reports.ROW_ERRORS)
    if report.quarantined:
        write_draft(report, out / reports.VALUES)
    if report.has_marks and can_annotate(report, mapping):
        write_annotated(report, mapping, sources, out / reports.ANNOTATED)
    parts = {path.name: path.read_bytes() for path in out.iterdir()}
    return parts | {reports.REPORT: as_json(report.as_dict()).encode()}
