"""A delivery opened, and its rows in batches of outcomes.

Promise: reads in a stream and in constant memory (joined tables and 16 bytes per row for the ids apart).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ctdc.foundation.hashing import hash_value
from ctdc.foundation.progress import Progress
from ctdc.intake.join import Joined
from ctdc.intake.mapping import Mapping
from ctdc.intake.model import RowRule
from ctdc.intake.outcomes import Outcomes, missing
from ctdc.intake.plan import Plan, Rows
from ctdc.intake.quality import Quality
from ctdc.intake.readers.frame import Frame, Needs, OpenTable, RowArray, concatenate, select
from ctdc.intake.readers.limits import DEFAULT_LIMITS, Limits
from ctdc.intake.readers.open import delivery_files, find_file, open_table
from ctdc.intake.text import column_key, fold
from ctdc.intake.work import Work


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


def selected(work: Work, frame: Frame) -> Frame:
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


def case_ids(work: Work, frame: Frame) -> list[str]:
    """The id of each row's case, noted so that ids that repeat are found; of cases without ids, the row's number."""
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
        frame = selected(work, frame)
        if not frame.length:
            continue
        mapped = work.plan.run(Rows(frame, work.joined, keys))
        outcomes = all_outcomes(work.mapping, mapped, frame.length)
        work.quality.add(outcomes, frame.rows)
        yield outcomes, frame.rows, case_ids(work, frame)
        progress.advance(frame.length)
    progress.finish()
