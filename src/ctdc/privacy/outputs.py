"""The folder that is published of one table: counts, records, measurements, statement and report.

Promise: every file is computed from the noisy measurements and public settings; no message, name or size depends on a
record otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, write_text
from ctdc.foundation.progress import Progress
from ctdc.privacy.accounting import strongest_attacker
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.alone import worse_counts, worse_than_alone
from ctdc.privacy.cohorts import Cohort, heaviest, keep, statement_facts
from ctdc.privacy.domain import write_domain
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.expand import AT_ONCE, Shards
from ctdc.privacy.measure import Measurements
from ctdc.privacy.plan import Plan
from ctdc.privacy.planning import expected_errors, sets_by_length
from ctdc.privacy.report import report_html
from ctdc.privacy.settings import Settings
from ctdc.privacy.stored import write_measurements
from ctdc.privacy.structure import forbidden_pairs
from ctdc.privacy.synthesise import synthesise
from ctdc.privacy.workload import Workload
from ctdc.table.coded import CodedTable, code_table, table_from_matrix
from ctdc.table.reporting import EXPECTED_FALSE
from ctdc.table.schema import Schema

ENGINE_VERSION = "2"
MAX_RECORDS = 2_000_000_000
MAX_HELD = 65_000_000  # of people with linked rows, whose records are built in one piece
Records = Callable[[], Iterator[CodedTable]]  # the synthetic records in pieces, as often as one likes
Finish = Callable[[Path, Records], None]  # adds files to the folder, made from the synthetic records
MEASUREMENTS = "measurements.parquet"
SYNTHETIC = "synthetic"
PRIVACY = "privacy.json"


def privacy_statement(
    schema: Schema,
    measurements: Measurements,
    estimates: Estimates,
    settings: Settings,
    measured_at: str,
    cohorts: Sequence[Cohort] = (),
    plan: Plan | None = None,
) -> dict[str, Any]:
    """The content of privacy.json: the guarantee, how it was spent, and what it was measured with.

    cohorts: those whose measurements were added up, the new one included; none for a release that is not of cohorts;
    plan: the part of what was measured that is about `schema`, by default all.
    """
    plan = plan or measurements.plan
    cost = heaviest(cohorts) if cohorts else measurements.cost()
    gaussian = cost.mu_squared is not None and cost.is_gaussian(settings.guarantee.delta)
    mu = math.sqrt(cost.mu_squared if gaussian and cost.mu_squared is not None else 2 * cost.rho)
    attacker = strongest_attacker(cost, settings.guarantee.delta)
    total, error = estimates.total()
    workload = settings.declared_workload()
    if plan.length < workload.length:  # so few people that longer combinations were left out
        workload = Workload(plan.length)
    return {
        **settings.facts,  # first, so that a declared fact cannot replace a measured one
        "engine_version": ENGINE_VERSION,
        "unit": "person",
        "neighbours": "add or remove one person's record",
        "mechanism": "discrete Gaussian noise on integer residuals of marginal tables, each measured once",
        "epsilon": settings.guarantee.epsilon,
        "delta": settings.guarantee.delta,
        "certified_epsilon": cost.epsilon(settings.guarantee.delta),
        "rho": cost.rho,
        "mu": mu,
        "certificate": "rounding lemma and Gaussian trade-off curve" if gaussian else "zCDP",
        "attacker_accuracy": attacker.accuracy,
        "attacker_power_at_1_percent": attacker.power,
        "length": workload.length,
        "asked_length": settings.declared_workload().length,
        "workload": workload.describe(),
        "threshold": settings.threshold,
        "expected_false": EXPECTED_FALSE,
        "aggregates": "all" if settings.every_aggregate else "threshold",
        "total": {"count": round(total, 2), "standard_error": round(error, 4)},
        "records": max(0, round(total)),
        "measurements": len(measurements.plan.measurements),
        "sets_by_length": sets_by_length(plan),
        "noisy_numbers": measurements.numbers(),
        "expected_standard_error": expected_errors(plan),
        "unprotected_quantities": [],
        "facts_by_definition": [fact.as_dict() for fact in schema.implications],
        "schema_hash": schema.content_hash(),
        "synthesis_seed": settings.seed,
        "population": settings.population,
        "publishable": measurements.publishable,
        "libraries": {name: version(name) for name in ("ctdc", "opendp", "numpy", "numba", "pyarrow")},
        "measured_at": measured_at,
        **(statement_facts(cohorts) if cohorts else {}),
    }


def write_table(folder: Path, name: str, table: pa.Table) -> None:
    """Write published counts as csv and parquet."""
    pa_csv.write_csv(table, folder / f"{name}.csv")
    pq.write_table(table, folder / f"{name}.parquet", compression="zstd")


def write_records(folder: Path, name: str, records: pa.Table) -> None:
    """Write synthetic records as csv and parquet."""
    write_pieces(folder / name, iter([records]))


def write_pieces(stem: Path, pieces: Iterator[pa.Table]) -> None:
    """Write the tables, at least one, one after the other as one csv file and one parquet file."""
    first = next(pieces)
    texts = pa.schema([(name, pa.int64() if kind == pa.int64() else pa.string()) for name, kind in _columns(first)])
    needed = pa_csv.WriteOptions(quoting_style="needed")
    with (
        pa_csv.CSVWriter(stem.with_suffix(".csv"), texts, write_options=needed) as csv,
        pq.ParquetWriter(stem.with_suffix(".parquet"), first.schema, compression="zstd") as parquet,
    ):
        for piece in chain([first], pieces):
            csv.write_table(piece.cast(texts))
            parquet.write_table(piece)


def _columns(table: pa.Table) -> Iterator[tuple[str, pa.DataType]]:
    return zip(table.column_names, table.schema.types, strict=True)


def check_records(records: int, most: int = MAX_RECORDS) -> None:
    """Raise UserError (``privacy.records``) for more than can be built."""
    if records > most:
        raise UserError("privacy.records", "More records would be built than this version can hold.")


def _synthetic(
    folder: Path, schema: Schema, estimates: Estimates, statement: dict[str, Any], progress: Progress
) -> tuple[Records, list[int]]:
    """Build and write the synthetic records; the records, and the lengths at which columns alone would fit better."""
    rows, seed, forbidden = statement["records"], statement["synthesis_seed"], forbidden_pairs(schema)
    if rows > AT_ONCE:
        shards = Shards(estimates, rows, seed, forbidden)
        statement["synthesis_shards"] = shards.number
        write_pieces(folder / SYNTHETIC, (table_from_matrix(schema, one).to_arrow() for one in shards.build(progress)))
        return written_records(folder, schema), worse_counts(estimates, shards.table, rows)
    matrix = synthesise(estimates, rows, seed, progress=progress, forbidden=forbidden)
    coded = table_from_matrix(schema, matrix)
    write_records(folder, SYNTHETIC, coded.to_arrow())
    return lambda: iter([coded]), worse_than_alone(estimates, matrix) if rows else []


def written_records(folder: Path, schema: Schema) -> Records:
    """The synthetic records of a folder, shard by shard, as they were built."""
    path = folder / f"{SYNTHETIC}.parquet"

    def read() -> Iterator[CodedTable]:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                yield code_table(file.read_row_group(number), schema, str(path))

    return read


def write_outputs(
    folder: Path,
    schema: Schema,
    measurements: Measurements,
    settings: Settings,
    measured_at: str,
    progress: Progress,
    cohorts: Sequence[Cohort] = (),
    finish: Finish | None = None,
) -> dict[str, Any]:
    """Compute and write every file from the measurements; returns the content of privacy.json."""
    estimates = estimate(measurements)
    statement = privacy_statement(schema, measurements, estimates, settings, measured_at, cohorts)
    check_records(statement["records"])
    records, statement["worse_than_alone"] = _synthetic(folder, schema, estimates, statement, progress)
    progress.start("Writing files")
    aggregates = aggregate_table(schema, estimates, settings.threshold, settings.every_aggregate)
    write_table(folder, "aggregates", aggregates)
    write_measurements(folder / MEASUREMENTS, schema, measurements)
    if cohorts:
        keep(folder, cohorts)
    write_domain(folder, schema)
    write_text(folder / PRIVACY, as_json(statement))
    write_text(folder / "report.html", report_html(statement, schema, aggregates))
    if finish is not None:
        finish(folder, records)
    progress.finish()
    return statement
