"""From a contributor's files to harmonised cases.

Promise: reads in a stream and in constant memory (joined tables and 16 bytes per row for the ids apart); writes the
whole cases file or nothing; nothing that the mapping does not explain passes silently. `check` does everything that
`harmonise` does and stores nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ctdc.foundation.files import atomic_file, write_text
from ctdc.foundation.hashing import hash_value
from ctdc.foundation.progress import Progress
from ctdc.intake.assemble import absorb, assemble
from ctdc.intake.cases import CASES_VERSION, CasesWriter, sources_json
from ctdc.intake.delivery import DeliveryReport, Quarantined
from ctdc.intake.examples import run_examples
from ctdc.intake.ids import IdCheck
from ctdc.intake.join import Joined
from ctdc.intake.mapping import Mapping
from ctdc.intake.model import RowRule
from ctdc.intake.outcomes import Outcomes, Target, missing
from ctdc.intake.plan import Plan, Rows
from ctdc.intake.quality import Quality
from ctdc.intake.readers.frame import Frame, Needs, OpenTable, RowArray, concatenate, select
from ctdc.intake.readers.header import column_letter
from ctdc.intake.readers.limits import DEFAULT_LIMITS, Limits
from ctdc.intake.readers.open import delivery_files, find_file, open_table
from ctdc.intake.subject import Subjects
from ctdc.intake.text import column_key, fold, tidy
from ctdc.standard import load

COVERAGE_SUFFIX = ".coverage.json"


@dataclass
class Work:
    """Everything that one pass over a delivery gathers."""

    mapping: Mapping
    tables: dict[str, OpenTable]
    joined: dict[str, Joined]
    plan: Plan
    quality: Quality
    delivery: str
    unused_files: list[str]
    ids: IdCheck = field(default_factory=IdCheck)
    excluded: Counter[str] = field(default_factory=Counter)
    id_texts: dict[str, int] = field(default_factory=dict)

    @property
    def main(self) -> OpenTable:
        """The opened main table."""
        return self.tables[self.mapping.spec.main]


def _delivery_hash(tables: MappingType[str, OpenTable]) -> str:
    """SHA-256 of the source file; for several files, of the sorted list of their hashes."""
    hashes = sorted({table.receipt.sha256 for table in tables.values()})
    return hashes[0] if len(hashes) == 1 else hash_value(hashes)


def open_delivery(
    sources: Path,
    mapping: Mapping,
    progress: Progress,
    limits: Limits = DEFAULT_LIMITS,
    also: Sequence[Mapping] = (),
) -> Work:
    """Open all tables of a delivery, read the joined ones, and compile the plan.

    also: mappings that will read the same tables, whose columns are imported too. Raises UserError for anything that is
    wrong with files, sheets, encodings or headers.
    """
    files = delivery_files(sources)
    tables: dict[str, OpenTable] = {}
    joined: dict[str, Joined] = {}
    used = set()
    # The main table is opened last: an open workbook keeps a child process and its memory.
    for spec in sorted(mapping.spec.tables, key=lambda table: table.name == mapping.spec.main):
        path = find_file(spec, files)
        used.add(path)
        progress.start(f"Opening {path.name}" + (f", sheet {spec.sheet}" if spec.sheet else ""))
        tables[spec.name] = table = open_table(path, spec, _needs(mapping, also, spec.name), limits)
        if spec.name != mapping.spec.main:
            where = f"{path.name}{f', sheet {spec.sheet}' if spec.sheet else ''}"
            joined[spec.name] = Joined(mapping.join(spec.name), concatenate(list(table.frames())), where)
        progress.finish()
    try:
        plan = Plan(mapping, {name: table.receipt.header for name, table in tables.items()})
    except BaseException:
        tables[mapping.spec.main].close()
        raise
    unused = [path.name for path in files if path not in used]
    return Work(mapping, tables, joined, plan, Quality(mapping.targets), _delivery_hash(tables), unused)


def _needs(mapping: Mapping, also: Sequence[Mapping], table: str) -> Needs:
    needs = [one.needs(table) for one in (mapping, *also)]
    prefixes = tuple(sorted({prefix for one in needs for prefix in one.prefixes}))
    return Needs(frozenset(name for one in needs for name in one.columns), prefixes)


def _excludes(rule: RowRule, frame: Frame) -> npt.NDArray[np.bool_]:
    column = frame.columns[column_key(rule.exclude.column)]
    listed = {fold(text) for text in rule.exclude.values or rule.exclude.other_than or ()}
    inside = np.fromiter((fold(text) in listed for text in column.texts), np.bool_, len(column.texts))
    return (inside if rule.exclude.values is not None else ~inside)[column.indices]


def _selected(work: Work, frame: Frame) -> Frame:
    """The frame without the rows that the mapping excludes; each row counts for the first rule that excludes it."""
    keep = np.ones(frame.length, np.bool_)
    for rule in work.mapping.spec.rows:
        out = _excludes(rule, frame) & keep
        work.excluded[rule.reason] += int(out.sum())
        keep &= ~out
    return frame if keep.all() else select(frame, keep)


def fixed_outcomes(mapping: Mapping) -> dict[str, int]:
    """Outcomes of the variables that the source cannot give."""
    return {name: missing(reason) for name, (reason, _) in mapping.impossible().items()}


def all_outcomes(mapping: Mapping, mapped: dict[str, Outcomes], rows: int) -> dict[str, Outcomes]:
    """Outcomes of every harmonised variable, those that the source cannot give included."""
    fixed = fixed_outcomes(mapping)
    # Sources without most of the variables are common: equal columns share one array.
    shared = {outcome: np.full(rows, outcome, np.int32) for outcome in set(fixed.values())}
    return {name: mapped[name] if name in mapped else shared[fixed[name]] for name in mapping.targets}


def key_columns(mapping: Mapping) -> dict[str, str]:
    """For each joined table the column of the main table that holds its key."""
    return {join.table: column_key(join.main_column or mapping.main.id or "") for join in mapping.spec.joins}


def _ids(work: Work, frame: Frame) -> list[str]:
    if work.mapping.main.id is None:
        return [f"{work.delivery[:32]}\x00{row}" for row in frame.rows.tolist()]
    column = frame.columns[column_key(work.mapping.main.id)]
    if len(work.id_texts) < 200:  # a sample for the scan: does the id look like a name or a telephone number?
        work.id_texts.update(dict.fromkeys(column.texts[:200], 1))
    return work.ids.add(column, frame.rows)


Batch = tuple[dict[str, Outcomes], RowArray, list[str]]


def batches(work: Work, progress: Progress) -> Iterator[Batch]:
    """Outcomes, source rows and ids of each batch of the main table."""
    keys = key_columns(work.mapping)
    progress.start(f"Harmonising {work.main.receipt.file}", None)
    for frame in work.main.frames():
        frame = _selected(work, frame)
        if not frame.length:
            continue
        mapped = work.plan.run(Rows(frame, work.joined, keys))
        outcomes = all_outcomes(work.mapping, mapped, frame.length)
        work.quality.add(outcomes, frame.rows)
        yield outcomes, frame.rows, _ids(work, frame)
        progress.advance(frame.length)
    progress.finish()


def linked_path(cases: Path, entity: str) -> Path:
    """Where the linked rows of a cases file stand."""
    return cases.with_name(f"{cases.stem}.{entity}.parquet")


@dataclass
class LinkedWork:
    """The linked rows of one entity: what each source of them gathered, and how many rows belong to no case.

    in_blocks: whether the sources are blocks of columns of the cases' table, and not a table of their own.
    """

    entity: str
    sources: list[Work]
    in_blocks: bool
    orphans: int = 0

    @property
    def targets(self) -> MappingType[str, Target]:
        """The entity's variables."""
        return self.sources[0].mapping.targets


def open_linked(sources: Path, mapping: Mapping, delivery: str, progress: Progress, limits: Limits) -> list[LinkedWork]:
    """Open everything that holds linked rows, by entity. Blocks of columns share their table, which is read once.

    delivery: name of the whole delivery, which is part of the identity of cases without ids.
    """
    found: dict[str, LinkedWork] = {}
    opened: dict[str, Work] = {}
    for linked in mapping.linked:
        work = found.setdefault(linked.entity, LinkedWork(linked.entity, [], linked.block > 0))
        if linked.block > 1:
            first = opened[linked.entity]
            plan = Plan(linked.mapping, {name: table.receipt.header for name, table in first.tables.items()})
            # One quality for all blocks: their rows are rows of one table.
            work.sources.append(Work(linked.mapping, first.tables, {}, plan, first.quality, delivery, []))
            continue
        needs = [one.mapping for one in mapping.linked if one.entity == linked.entity and one.block]
        opened[linked.entity] = open_delivery(sources, linked.mapping, progress, limits, also=needs)
        opened[linked.entity].delivery = delivery
        work.sources.append(opened[linked.entity])
    return list(found.values())


def linked_batches(linked: LinkedWork, people: set[str], progress: Progress) -> Iterator[Batch]:
    """Outcomes, source rows and ids of linked rows of `people`; a block of columns in which nothing is known is no row.

    Rows of nobody among `people` are counted.
    """
    first = linked.sources[0]
    progress.start(f"Harmonising {linked.entity}", None)
    for frame in first.main.frames():
        frame = _selected(first, frame)
        ids = np.array(_linked_ids(first, frame), dtype=object)
        known = np.fromiter((text in people for text in ids), np.bool_, len(ids))
        linked.orphans += int((~known).sum())
        for work in linked.sources:
            outcomes = all_outcomes(work.mapping, work.plan.run(Rows(frame, {}, {})), frame.length)
            there = known & work.plan.tells(outcomes) if linked.in_blocks else known
            chosen = {name: values[there] for name, values in outcomes.items()}
            work.quality.add(chosen, frame.rows[there])
            yield chosen, frame.rows[there], ids[there].tolist()
        progress.advance(frame.length)
    progress.finish()


def _linked_ids(work: Work, frame: Frame) -> list[str]:
    """The id of the case of each linked row; rows of one case have the same."""
    if work.mapping.main.id is None:
        return _ids(work, frame)
    column = frame.columns[column_key(work.mapping.main.id)]
    texts = [tidy(text) for text in column.texts]
    return [texts[index] for index in column.indices.tolist()]


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


def _provenance(work: Work) -> dict[str, str]:
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


def _metadata(work: Work, report: DeliveryReport) -> dict[str, str]:
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
        _closing(CasesWriter(temporary, mapping.targets, _provenance(work))) as writer,
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
            if not report.promotable and (not allow_quarantine or _never(report)):
                raise Quarantined(report, str(sources))
            metadata = _metadata(work, report)
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
    writer = CasesWriter(temporary, linked.targets, _provenance(linked.sources[0]))
    files.enter_context(_closing(writer))
    for outcomes, rows, ids in linked_batches(linked, people, progress):
        writer.write(outcomes, rows, hasher.hashes(ids))
    absorb(report, linked, writer.rows)
    return linked.entity, writer


def _never(report: DeliveryReport) -> bool:
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
