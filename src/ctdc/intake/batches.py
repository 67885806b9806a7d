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
from ctdc.intake.model import RowRule, TableSpec
from ctdc.intake.outcomes import Outcomes, missing
from ctdc.intake.plan import Plan, Rows
from ctdc.intake.quality import Quality
from ctdc.intake.readers.frame import Frame, Needs, OpenTable, RowArray, concatenate, select
from ctdc.intake.readers.header import check_declared
from ctdc.intake.readers.limits import DEFAULT_LIMITS, Limits
from ctdc.intake.readers.open import delivery_files, find_file, open_table
from ctdc.intake.readers.unread import Unread
from ctdc.intake.rules import BLOCKING
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
    unread: bool = True,
) -> Work:
    """Open all tables of a delivery, read the joined ones, and compile the plan.

    also: mappings that will read the same tables, whose columns are imported too. unread: whether columns that no field
    explains are looked at; once in a delivery is enough. Raises UserError for anything that is wrong with files,
    sheets, encodings or headers.
    """
    files = delivery_files(sources)
    unexplained = {spec.name: unread_of(mapping, spec) for spec in mapping.spec.tables} if unread else {}
    tables: dict[str, OpenTable] = {}
    joined: dict[str, Joined] = {}
    used = set()
    # The main table is opened last: an open workbook keeps a child process and its memory.
    for spec in sorted(mapping.spec.tables, key=lambda table: table.name == mapping.spec.main):
        path = find_file(spec, files)
        used.add(path)
        progress.start(f"Opening {path.name}" + (f", sheet {spec.sheet}" if spec.sheet else ""))
        tables[spec.name] = table = open_table(
            path, spec, _needs(mapping, also, spec.name), limits, unexplained.get(spec.name)
        )
        if spec.name != mapping.spec.main:
            where = f"{path.name}{f', sheet {spec.sheet}' if spec.sheet else ''}"
            joined[spec.name] = Joined(mapping.join(spec.name), concatenate(list(table.frames())), where)
        progress.finish()
    try:
        for name, table in tables.items():
            check_declared(table.receipt.header, mapping.harmless(name), table.receipt.file)
        plan = Plan(mapping, {name: table.receipt.header for name, table in tables.items()})
    except BaseException:
        tables[mapping.spec.main].close()
        raise
    unused = [path.name for path in files if path not in used]
    quality = Quality(mapping.targets)
    return Work(mapping, tables, joined, plan, quality, _delivery_hash(tables), unused, unread=unexplained)


def unread_of(mapping: Mapping, spec: TableSpec) -> Unread:
    """What looks at the columns of a table that no field of the mapping explains, with nothing seen yet.

    Ids, of cases and of joined rows, are explained by nothing either.
    """
    same = [table.name for table in mapping.spec.tables if (table.file, table.sheet) == (spec.file, spec.sheet)]
    explained = Needs().with_those_of(mapping.explained(name) for name in same)
    nothing = [token.token for token in spec.null_tokens]
    return Unread(explained, mapping.keys(spec.name), nothing, mapping.harmless(spec.name))


def _needs(mapping: Mapping, also: Sequence[Mapping], table: str) -> Needs:
    return mapping.needs(table).with_those_of(one.needs(table) for one in also)


def _excludes(rule: RowRule, frame: Frame) -> npt.NDArray[np.bool_]:
    column = frame.columns[column_key(rule.exclude.column)]
    listed = {fold(text) for text in rule.exclude.values or rule.exclude.other_than or ()}
    inside = np.fromiter((fold(text) in listed for text in column.texts), np.bool_, len(column.texts))
    return (inside if rule.exclude.values is not None else ~inside)[column.indices]


def selected(work: Work, frame: Frame, also: Sequence[Work] = ()) -> Frame:
    """The frame without the rows that the mapping excludes; each row counts for the first rule that excludes it.

    also: further works that read the same rows.
    """
    keep = np.ones(frame.length, np.bool_)
    for rule in work.mapping.spec.rows:
        out = _excludes(rule, frame) & keep
        work.excluded[rule.reason] += int(out.sum())
        keep &= ~out
    if keep.all():
        return frame
    _look_at_left_out(work, [work, *(other for other in also if other is not work)], frame, ~keep)
    return select(frame, keep)


def _look_at_left_out(work: Work, readers: Sequence[Work], frame: Frame, out: npt.NDArray[np.bool_]) -> None:
    """Texts that nothing explains in rows that are left out: the file is kept whole, these rows with it.

    readers: the works whose fields read these rows; what they find is noted once, in `work`.
    """
    main = work.mapping.spec.main
    if (unread := work.unread.get(main)) is None:
        return
    header = work.main.receipt.header
    rules = [rule for reader in readers for rule in reader.plan.rules if rule.table == main]
    for name in dict.fromkeys(rule.column for rule in rules):
        column, mine = frame.columns[name], [rule for rule in rules if rule.column == name]
        counts = np.bincount(column.indices[out], minlength=len(column.texts)).tolist()
        there = [(text, count) for text, count in zip(column.texts, counts, strict=True) if count]
        unknown = {text: count for text, count in there if any(rule.meaning(text).status in BLOCKING for rule in mine)}
        unread.look_left_out(header.index(name), name, unknown)


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
    return work.ids.add(column, frame.rows)


Batch = tuple[dict[str, Outcomes], RowArray, list[str]]


def recoded(work: Work, frame: Frame) -> Batch | None:
    """Outcomes, source rows and ids of a frame's rows, counted in `work`; None where the mapping excludes all."""
    frame = selected(work, frame)
    if not frame.length:
        return None
    mapped = work.plan.run(Rows(frame, work.joined, key_columns(work.mapping)))
    outcomes = all_outcomes(work.mapping, mapped, frame.length)
    work.quality.add(outcomes, frame.rows)
    return outcomes, frame.rows, case_ids(work, frame)


def batches(work: Work, progress: Progress) -> Iterator[Batch]:
    """Outcomes, source rows and ids of each batch of the main table."""
    progress.start(f"Harmonising {work.main.receipt.file}", None)
    some = False
    for frame in work.main.frames():
        if found := recoded(work, frame):
            some = True
            yield found
            progress.advance(len(found[1]))
    if not some:
        _read_joined(work)
    progress.finish()


def _read_joined(work: Work) -> None:
    """Apply the rules of joined tables where there was no case to read them for: their files are kept, too."""
    for rule in work.plan.rules:
        if (joined := work.joined.get(rule.table)) is not None and joined.frame.length:
            rule.apply(joined.frame)
