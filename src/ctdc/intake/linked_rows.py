"""Rows that belong to cases, in batches of outcomes as cases are.

Promise: rows of cases that are not there, or are left out, are counted and go no further.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ctdc.foundation.progress import Progress
from ctdc.intake.batches import Batch, all_outcomes, case_ids, open_delivery, selected
from ctdc.intake.mapping import Mapping
from ctdc.intake.plan import Plan, Rows
from ctdc.intake.readers.frame import Frame, Needs
from ctdc.intake.readers.limits import Limits
from ctdc.intake.readers.unread import Unread
from ctdc.intake.text import column_key, tidy
from ctdc.intake.work import LinkedWork, Work


def linked_path(cases: Path, entity: str) -> Path:
    """Where the linked rows of a cases file stand."""
    return cases.with_name(f"{cases.stem}.{entity}.parquet")


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
        opened[linked.entity] = open_delivery(sources, linked.mapping, progress, limits, also=needs, unread=False)
        opened[linked.entity].delivery = delivery
        if linked.block:  # in rows that are left out, what blocks read is looked at by nothing else
            opened[linked.entity].unread = {linked.mapping.spec.main: Unread(Needs())}
        work.sources.append(opened[linked.entity])
    return list(found.values())


def linked_batches(linked: LinkedWork, people: set[str], progress: Progress) -> Iterator[Batch]:
    """Outcomes, source rows and ids of linked rows of `people`; a block of columns in which nothing is known is no row.

    Rows of nobody among `people` are counted.
    """
    first = linked.sources[0]
    progress.start(f"Harmonising {linked.entity}", None)
    for frame in first.main.frames():
        frame = selected(first, frame, linked.sources)
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
        return case_ids(work, frame)
    column = frame.columns[column_key(work.mapping.main.id)]
    texts = [tidy(text) for text in column.texts]
    return [texts[index] for index in column.indices.tolist()]
