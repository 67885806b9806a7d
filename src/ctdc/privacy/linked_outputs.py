"""The folder that is published of two linked tables.

Promise: as `outputs`: every file is computed from the noisy measurements and public settings. The id that leads from a
synthetic linked row to its synthetic person is made here and means nothing anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ctdc.foundation.files import as_json, write_text
from ctdc.foundation.progress import Progress
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.alone import worse_than_alone
from ctdc.privacy.attach import attach
from ctdc.privacy.domain import write_domain
from ctdc.privacy.estimate import estimate
from ctdc.privacy.linked_estimates import LinkedEstimates, RowCounts
from ctdc.privacy.linked_workload import ACROSS, BESIDE, PEOPLE, ROWS, LinkedWorkload
from ctdc.privacy.measure import Measurements
from ctdc.privacy.outputs import (
    MAX_HELD,
    MEASUREMENTS,
    PRIVACY,
    Finish,
    check_records,
    privacy_statement,
    write_records,
    write_table,
)
from ctdc.privacy.plan import Plan
from ctdc.privacy.planning import spread_of_errors
from ctdc.privacy.report import LINKED_NEIGHBOURS, LINKED_UNIT, report_html
from ctdc.privacy.settings import Settings
from ctdc.privacy.stored import write_measurements
from ctdc.privacy.structure import forbidden_pairs
from ctdc.privacy.synthesise import synthesise
from ctdc.table.coded import CodedTable, table_from_matrix
from ctdc.table.linked import ID, MOST_LEFT_OUT, LinkedSchema

Codes = npt.NDArray[np.uint16]
Ints = npt.NDArray[np.int64]
LINKED_TABLE = "linked"


def of_people(plan: Plan, variables: int) -> Plan:
    """The part of a plan that is about the first so many variables."""
    chosen = (m for m in plan.measurements if not m.attributes or m.attributes[-1] < variables)
    return Plan(plan.sizes[:variables], plan.length, tuple(chosen), plan.resolution)


def _amount(found: tuple[float, float]) -> dict[str, float]:
    return {"count": round(found[0], 2), "standard_error": round(found[1], 4)}


def _errors(counts: RowCounts) -> dict[str, dict[str, float]]:
    """Smallest, median and largest standard error of a count of linked rows, by length."""
    by_length: dict[int, list[float]] = {}
    for attributes in counts.sets:
        by_length.setdefault(len(attributes), []).extend(counts.errors(attributes).ravel().tolist())
    return {str(length): spread_of_errors(values) for length, values in by_length.items()}


def linked_statement(estimates: LinkedEstimates, rows: int) -> dict[str, Any]:
    """What privacy.json says under ``linked``. rows: in the synthetic table of linked rows."""
    schema, total = estimates.schema, estimates.total_rows()
    people, left_out = estimates.left_out()
    counted = max(total[0], 0.0) + max(left_out[0], 0.0)
    kinds = [kind for kind, _ in LinkedWorkload(schema, estimates.length).tables]
    return {
        "most": schema.most,
        "number": schema.number,
        "schema_hash": schema.joint.content_hash(),
        "rows": rows,
        "count": _amount(total),
        "left_out": {
            "people": _amount(people),
            "rows": _amount(left_out),
            "share_of_rows": round(max(left_out[0], 0.0) / counted, 4) if counted else 0.0,
            "at_most_counted": MOST_LEFT_OUT,
        },
        "expected_standard_error": {"linked": _errors(estimates.rows), "across": _errors(estimates.across)},
        "sets": {kind: kinds.count(kind) for kind in (PEOPLE, ROWS, ACROSS, BESIDE)},
    }


def with_ids(table: pa.Table, ids: Iterable[int]) -> pa.Table:
    """The table with a first column `id`."""
    return table.add_column(0, ID, pa.array(ids, pa.int64()))


def _build(
    estimates: LinkedEstimates, records: int, seed: int, progress: Progress
) -> tuple[Codes, tuple[Codes, Ints], list[int]]:
    """The people, their linked rows with whose they are, and the lengths at which columns alone would fit better."""
    schema = estimates.schema
    forbidden = forbidden_pairs(schema.people)
    people = synthesise(estimates.people, records, seed, progress=progress, forbidden=forbidden)
    own = forbidden_pairs(schema.linked)
    check_records(int(people[0].sum(dtype=np.int64)), MAX_HELD)
    joint = estimates.joint.among(schema.left_out_place)
    linked, owner = attach(joint, schema, people, seed, progress=progress, forbidden=own)
    worse = set(worse_than_alone(estimates.people, people)) if records else set()
    if len(owner):
        worse |= set(worse_than_alone(estimates.rows, linked))
        worse |= set(worse_than_alone(estimates.across, np.concatenate([people[:, owner], linked])))
    return people, (linked, owner), sorted(worse)


def write_linked_outputs(
    folder: Path,
    schema: LinkedSchema,
    measurements: Measurements,
    settings: Settings,
    measured_at: str,
    progress: Progress,
    finish: Finish | None = None,
) -> dict[str, Any]:
    """Compute and write every file from the measurements; returns the content of privacy.json."""
    estimates = LinkedEstimates(schema, measurements.plan.length, estimate(measurements))
    plan = of_people(measurements.plan, len(schema.main_places))
    statement = privacy_statement(schema.people, measurements, estimates.people, settings, measured_at, plan=plan)
    check_records(statement["records"], MAX_HELD)
    people, (linked, owner), worse = _build(estimates, statement["records"], settings.seed, progress)
    statement |= {"unit": LINKED_UNIT, "neighbours": LINKED_NEIGHBOURS, "worse_than_alone": worse}
    statement["linked"] = linked_statement(estimates, len(owner))
    progress.start("Writing files")
    coded = _write_synthetic(folder, schema, people, linked, owner)
    chosen = settings.threshold, settings.every_aggregate
    aggregates = aggregate_table(schema.people, estimates.people, *chosen)
    write_table(folder, "aggregates", aggregates)
    write_table(folder, "linked_aggregates", aggregate_table(schema.linked, estimates.rows, *chosen))
    write_table(folder, "across_aggregates", aggregate_table(estimates.across_schema, estimates.across, *chosen))
    write_measurements(folder / MEASUREMENTS, schema.joint, measurements)
    write_domain(folder, schema)
    write_text(folder / PRIVACY, as_json(statement))
    write_text(folder / "report.html", report_html(statement, schema.people, aggregates))
    if finish is not None:
        finish(folder, lambda: iter([coded]))
    progress.finish()
    return statement


def _write_synthetic(folder: Path, schema: LinkedSchema, people: Codes, linked: Codes, owner: Ints) -> CodedTable:
    """Write both synthetic tables; returns the people's."""
    coded = table_from_matrix(schema.people, people)
    rows = table_from_matrix(schema.linked, linked)
    write_records(folder, "synthetic", with_ids(coded.to_arrow(), np.arange(1, coded.rows + 1)))
    write_records(folder, LINKED_TABLE, with_ids(rows.to_arrow(), owner + 1))
    return coded
