"""From a contributor's files to harmonised cases.

Promise: reads in a stream and in constant memory (joined tables and 16 bytes per row for the ids apart); writes the
whole cases file or nothing; nothing that the mapping does not explain passes silently. `check` does everything that
`harmonise` does and stores nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ctdc.foundation.files import atomic_file, write_text
from ctdc.foundation.progress import Progress
from ctdc.intake.assemble import absorb, assemble
from ctdc.intake.batches import batches, open_delivery
from ctdc.intake.cases import CASES_VERSION, CasesWriter, sources_json
from ctdc.intake.delivery import DeliveryReport, Quarantined
from ctdc.intake.examples import run_examples
from ctdc.intake.linked_rows import linked_batches, linked_path, open_linked
from ctdc.intake.mapping import Mapping
from ctdc.intake.readers.header import column_letter
from ctdc.intake.readers.limits import DEFAULT_LIMITS, Limits
from ctdc.intake.subject import Subjects
from ctdc.intake.work import LinkedWork, Work
from ctdc.standard import load

COVERAGE_SUFFIX = ".coverage.json"


def check(sources: Path, mapping: Mapping, *, progress: Progress, limits: Limits = DEFAULT_LIMITS) -> DeliveryReport:
    """Do everything that `harmonise` does and store nothing: for the contributor's own machine."""
    examples = run_examples(mapping)
    work = open_delivery(sources, mapping, progress, limits)
    rows, people = 0, set[str]()
    for _, batch_rows, ids in batches(work, progress):
        rows += len(batch_rows)
        people.update(ids if mapping.linked else ())
    report = assemble(work, rows)
    for linked in open_linked(sources, mapping, work.delivery, progress, limits):
        found = sum(len(batch_rows) for _, batch_rows, _ in linked_batches(linked, people, progress))
        absorb(report, linked, found)
    report.examples_run = examples
    return report


def provenance_of(work: Work) -> dict[str, str]:
    """What every row of a delivery says of where it comes from."""
    receipt, mapping = work.main.receipt, work.mapping
    return {
        "_contributor": mapping.spec.contributor,
        "_delivery": work.delivery,
        "_file": receipt.file,
        "_sheet": receipt.sheet,
        "_mapping": mapping.id,
        "_mapping_version": mapping.spec.version,
        "_mapping_hash": mapping.hash,
    }


def variable_sources(work: Work) -> dict[str, list[dict[str, str]]]:
    """For each variable the cells that it is read from: table, file, sheet, column and the column's letter."""
    found: dict[str, list[dict[str, str]]] = {}
    for (targets, _), spec in zip(work.plan.fields, work.mapping.spec.fields, strict=True):
        cells = [_cell(work, table, column) for table, column in work.plan.columns_of(spec)]
        for target in targets:
            found[target.name] = cells
    return found


def _cell(work: Work, table: str, column: str) -> dict[str, str]:
    receipt = work.tables[table].receipt
    letter = column_letter(receipt.header.index(column)) if column in receipt.header else ""
    return {"table": table, "file": receipt.file, "sheet": receipt.sheet, "column": column, "letter": letter}


def metadata_of(work: Work, report: DeliveryReport) -> dict[str, str]:
    """What a cases file says of itself."""
    return {
        "ctdc.standard": load().version,
        "ctdc.cases": CASES_VERSION,
        "ctdc.promotable": "yes" if report.promotable else "no",
        "ctdc.quarantined_values": str(len(report.quarantined)),
        "ctdc.cells": sources_json(variable_sources(work)),
        "ctdc.joins": sources_json(
            {join.table: {"column": join.column, "several": join.several} for join in work.mapping.spec.joins}
        ),
    }


@contextmanager
def _closing(writer: CasesWriter) -> Iterator[CasesWriter]:
    try:
        yield writer
    except BaseException:
        writer.abandon()
        raise


def harmonise(
    sources: Path,
    mapping: Mapping,
    *,
    subject_key: bytes,
    out: Path,
    progress: Progress,
    allow_quarantine: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> DeliveryReport:
    """Harmonise a delivery into `out` (Parquet) with a coverage file beside it.

    Raises `Quarantined` (a UserError with the report) when something keeps the delivery from being promoted; with
    `allow_quarantine` the file is written all the same, its unexplained cells missing for the reason ``unmapped``, and
    marked as not promotable. Repeated or missing ids are refused always: a person must be one row.
    """
    examples = run_examples(mapping)
    work = open_delivery(sources, mapping, progress, limits)
    with (
        atomic_file(out, private=True) as temporary,
        _closing(CasesWriter(temporary, mapping.targets, provenance_of(work))) as writer,
    ):
        hasher = Subjects(subject_key, mapping.spec.contributor)
        people = set[str]()
        for outcomes, rows, ids in batches(work, progress):
            writer.write(outcomes, rows, hasher.hashes(ids))
            people.update(ids if mapping.linked else ())
        report = assemble(work, writer.rows)
        with ExitStack() as files:
            linked = [
                _write_linked(one, people, hasher, files, out, report, progress)
                for one in open_linked(sources, mapping, work.delivery, progress, limits)
            ]
            report.examples_run = examples
            if not report.promotable and (not allow_quarantine or is_refused(report)):
                raise Quarantined(report, str(sources))
            metadata = metadata_of(work, report)
            for entity, own in linked:
                own.close({**metadata, "ctdc.entity": entity, "ctdc.cells": "{}", "ctdc.joins": "{}"})
        writer.close(metadata)
    write_text(coverage_path(out), json.dumps(coverage(work), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return report


def _write_linked(
    linked: LinkedWork,
    people: set[str],
    hasher: Subjects,
    files: ExitStack,
    out: Path,
    report: DeliveryReport,
    progress: Progress,
) -> tuple[str, CasesWriter]:
    """Write the linked rows of an entity to a file that appears when `files` closes; tell the report of them."""
    temporary = files.enter_context(atomic_file(linked_path(out, linked.entity), private=True))
    writer = CasesWriter(temporary, linked.targets, provenance_of(linked.sources[0]))
    files.enter_context(_closing(writer))
    for outcomes, rows, ids in linked_batches(linked, people, progress):
        writer.write(outcomes, rows, hasher.hashes(ids))
    absorb(report, linked, writer.rows)
    return linked.entity, writer


def is_refused(report: DeliveryReport) -> bool:
    """Whether the delivery is not even written on request: a person must be one row."""
    return any(blocker.code in ("intake.id_repeated", "intake.id_empty") for blocker in report.blockers)


def coverage_path(out: Path) -> Path:
    """Where the coverage of a cases file stands."""
    return out.with_name(out.name + COVERAGE_SUFFIX)


def coverage(work: Work) -> dict[str, object]:
    """Contributor x variable: mapped or impossible, and why; with the years of registration that it speaks of."""
    impossible = work.mapping.impossible()
    years = work.quality.years()
    variables: dict[str, dict[str, str]] = {}
    for name in work.mapping.targets:
        if name in impossible:
            reason, because = impossible[name]
            variables[name] = {"state": "impossible", "reason": reason, "because": because}
        else:
            variables[name] = {"state": "mapped"}
    return {
        "contributor": work.mapping.spec.contributor,
        "mapping": work.mapping.id,
        "mapping_version": work.mapping.spec.version,
        "delivery": work.delivery,
        "first_year": years[0] if years else None,
        "last_year": years[1] if years else None,
        "variables": variables,
    }
