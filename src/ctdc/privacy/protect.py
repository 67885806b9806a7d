"""From a coded table to a folder of protected outputs: plan, charge, measure; then estimate, build records, write.

Promise: the ledger is charged before anything is measured; folders appear whole or not at all; every file in them
is computed from the noisy measurements and public settings; no message, name or size depends on a record
otherwise. What was measured is kept until it is published, so that a failure in between is not paid for twice.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from ctdc.foundation.clock import timestamp
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import atomic_folder, check_new_folder, write_text
from ctdc.foundation.hashing import hash_file, hash_value
from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy import ledger
from ctdc.privacy.accounting import Guarantee, strongest_attacker
from ctdc.privacy.aggregates import aggregate_table
from ctdc.privacy.alone import worse_than_alone
from ctdc.privacy.cohorts import Cohort, check_alike, combine, heaviest, keep, shared_selection, statement_facts
from ctdc.privacy.estimate import Estimates, estimate
from ctdc.privacy.measure import Measurements, measure
from ctdc.privacy.noise import NoiseSource, OpenDPNoise
from ctdc.privacy.plan import Plan
from ctdc.privacy.planning import expected_errors, sets_by_length
from ctdc.privacy.report import report_html
from ctdc.privacy.stored import read_measurements, write_measurements
from ctdc.privacy.structure import forbidden_pairs
from ctdc.privacy.synthesise import synthesise
from ctdc.privacy.workload import Workload, plan_workload
from ctdc.table.coded import CodedTable, table_from_matrix
from ctdc.table.reporting import EXPECTED_FALSE
from ctdc.table.schema import Schema, read_schema

ENGINE_VERSION = "2"
DEFAULT_THRESHOLD = 10.0
MAX_RECORDS = 65_000_000
Finish = Callable[[Path, CodedTable], None]  # adds files to the folder, made from the synthetic records
MEASUREMENTS = "measurements.parquet"
SCHEMA = "schema.json"
PRIVACY = "privacy.json"
PAID = "paid.json"  # what the measurements were paid with; stays beside them, is not published


@dataclass(frozen=True)
class Settings:
    """Everything that is decided before the records are looked at. All of it is public.

    threshold: smallest count called reliable; every_aggregate: list combinations below it too; seed: of the record
    synthesis, which happens after the noise; population: whose budget is charged; facts: declared facts to be
    recorded with the result (profile, title, ...), JSON values; cohort: name of the people who are measured, when
    they are new and earlier ones' measurements are added (`ctdc.privacy.cohorts`); workload: what is measured and what
    it is for, where it is more than all sets of up to `length` variables with the engine's own weights.
    """

    guarantee: Guarantee
    length: int = 3
    threshold: float = DEFAULT_THRESHOLD
    every_aggregate: bool = False
    seed: int = 0
    population: str = "default"
    cohort: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    workload: Workload | None = None

    def __post_init__(self) -> None:
        if self.workload is not None and self.workload.length != self.length:
            raise ValueError("the settings and their workload have different lengths")
        if not (math.isfinite(self.threshold) and self.threshold >= 0):
            raise UserError(
                "privacy.threshold", f"The reporting threshold is {self.threshold}.", allowed="a number of at least 0"
            )

    def declared_workload(self) -> Workload:
        """The workload, the default one written out."""
        return self.workload or Workload(self.length)

    def paid(self) -> dict[str, Any]:
        """The settings that decide what is measured and what it costs; the others can change without a payment."""
        return {
            "epsilon": self.guarantee.epsilon,
            "delta": self.guarantee.delta,
            "length": self.length,
            "population": self.population,
            # Left out where none is declared, so that what was paid for before there were workloads stays paid.
            **({"workload": self.workload.describe()} if self.workload else {}),
            **({"cohort": self.cohort} if self.cohort else {}),
        }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _charge_details(schema: Schema, plan: Plan, settings: Settings, identity: str) -> dict[str, Any]:
    return {
        "epsilon": settings.guarantee.epsilon,
        "delta": settings.guarantee.delta,
        "length": settings.length,
        "schema_hash": schema.content_hash(),
        "plan_hash": hash_value(plan.describe()),
        **({"work": identity} if identity else {}),
    }


def privacy_statement(
    schema: Schema,
    measurements: Measurements,
    estimates: Estimates,
    settings: Settings,
    measured_at: str,
    cohorts: Sequence[Cohort] = (),
) -> dict[str, Any]:
    """The content of privacy.json: the guarantee, how it was spent, and what it was measured with.

    cohorts: those whose measurements were added up, the new one included; none for a release that is not of cohorts.
    """
    cost = heaviest(cohorts) if cohorts else measurements.cost()
    gaussian = cost.mu_squared is not None and cost.is_gaussian(settings.guarantee.delta)
    mu = math.sqrt(cost.mu_squared if gaussian and cost.mu_squared is not None else 2 * cost.rho)
    attacker = strongest_attacker(cost, settings.guarantee.delta)
    total, error = estimates.total()
    workload = settings.declared_workload()
    if measurements.plan.length < workload.length:  # so few people that longer combinations were left out
        workload = Workload(measurements.plan.length)
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
        "sets_by_length": sets_by_length(measurements.plan),
        "noisy_numbers": measurements.numbers(),
        "expected_standard_error": expected_errors(measurements.plan),
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


def _write_table(folder: Path, name: str, table: pa.Table) -> None:
    pa_csv.write_csv(table, folder / f"{name}.csv")
    pq.write_table(table, folder / f"{name}.parquet", compression="zstd")


def _plain_text(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))


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
    if statement["records"] > MAX_RECORDS:
        raise UserError("privacy.records", "More records would be built than this version can hold.")
    forbidden = forbidden_pairs(schema)
    matrix = synthesise(estimates, statement["records"], settings.seed, progress=progress, forbidden=forbidden)
    statement["worse_than_alone"] = worse_than_alone(estimates, matrix) if statement["records"] else []
    progress.start("Writing files")
    aggregates = aggregate_table(schema, estimates, settings.threshold, settings.every_aggregate)
    coded = table_from_matrix(schema, matrix)
    records = coded.to_arrow()
    pa_csv.write_csv(_plain_text(records), folder / "synthetic.csv", pa_csv.WriteOptions(quoting_style="needed"))
    pq.write_table(records, folder / "synthetic.parquet", compression="zstd")
    _write_table(folder, "aggregates", aggregates)
    write_measurements(folder / MEASUREMENTS, schema, measurements)
    if cohorts:
        keep(folder, cohorts)
    write_text(folder / SCHEMA, _json(schema.to_table_schema()))
    write_text(folder / PRIVACY, _json(statement))
    write_text(folder / "report.html", report_html(statement, schema, aggregates))
    if finish is not None:
        finish(folder, coded)
    progress.finish()
    return statement


def measure_records(
    load: Callable[[], CodedTable],
    schema: Schema,
    settings: Settings,
    out: Path,
    ledger_path: Path,
    when: datetime,
    *,
    identity: str = "",
    earlier: Sequence[Cohort] = (),
    noise: NoiseSource | None = None,
    progress: Progress | None = None,
) -> None:
    """The paid half: charge the ledger, measure what `load` returns, and write the new folder `out`.

    The plan is made and checked from public settings first; records are loaded and checked next, so that a broken
    file costs nothing; then the ledger is charged; only then is anything measured. identity: whatever tells this
    work from other work, kept with it and with the charge (so it must tell nothing of the records: a keyed hash).
    earlier: cohorts to which this one will be added; checked before paying. Whoever has put `out` where it stays
    calls `record_end`. Raises UserError or Refused.
    """
    plan = plan_workload(schema, settings.guarantee, settings.declared_workload())
    for cohort in earlier:
        check_alike(plan, cohort.measurements.plan, cohort.file)
    with atomic_folder(out) as folder:
        table = load()
        if table.schema != schema:
            raise ValueError("the records are coded with another schema")
        selection = shared_selection([cohort.measurements for cohort in earlier])
        # A cohort has to be measured as those are to which it is added, and a declared workload as it was declared.
        shorten = not settings.cohort and settings.workload is None
        details = _charge_details(schema, plan, settings, identity)
        charge = ledger.charge(ledger_path, settings.population, plan.cost(), details, when)
        measurements = measure(table.matrix(), plan, noise or OpenDPNoise(), progress, selection, shorten=shorten)
        write_measurements(folder / MEASUREMENTS, schema, measurements)
        write_text(folder / SCHEMA, _json(schema.to_table_schema()))
        facts = {"measured_at": timestamp(when), "identity": identity, "charge": charge.hash}
        write_text(folder / PAID, _json({**settings.paid(), **facts}))


def record_end(measured: Path, ledger_path: Path, when: datetime) -> None:
    """Note in the ledger that what `measure_records` wrote to `measured` is safe. Repeating it changes nothing."""
    charge = json.loads((measured / PAID).read_text(encoding="utf-8")).get("charge")
    if charge and ledger_path.exists():
        ledger.finish(ledger_path, charge, hash_file(measured / MEASUREMENTS), when)


def _new_cohort(measured: Path, own: Measurements, settings: Settings, measured_at: str) -> Cohort:
    """The new people as a cohort."""
    name, population = settings.cohort, settings.population
    return Cohort(name, population, settings.guarantee, measured_at, own, measured / MEASUREMENTS)


def publish_measurements(
    measured: Path,
    settings: Settings,
    out: Path,
    *,
    schema: Schema | None = None,
    earlier: Sequence[Cohort] = (),
    progress: Progress | None = None,
    finish: Finish | None = None,
) -> dict[str, Any]:
    """The free half: everything that is published, from the folder that `measure_records` wrote, as the folder `out`.

    schema: the measured one with other facts, which the measured records satisfy; facts are not paid for; earlier:
    cohorts that are added, when the settings name the new one; each one's measurements are kept in `out`; finish: adds
    files of the caller's, made from the synthetic records. Returns the content of privacy.json. Raises ValueError for
    settings that are not those that were paid for.
    """
    progress = progress or Silent()
    paid = json.loads((measured / PAID).read_text(encoding="utf-8"))
    if any(paid.get(name) != value for name, value in ({"workload": None} | settings.paid()).items()):
        raise ValueError("these settings are not those that the measurements were paid with")
    stored = read_schema(measured / SCHEMA)
    schema = schema or stored
    if schema.without_facts() != stored.without_facts():
        raise ValueError("what was measured has another schema")
    with atomic_folder(out) as folder:
        measurements = read_measurements(measured / MEASUREMENTS, schema)
        cohorts: tuple[Cohort, ...] = ()
        if settings.cohort:
            cohorts = (*earlier, _new_cohort(measured, measurements, settings, paid["measured_at"]))
            measurements = combine([cohort.measurements for cohort in cohorts])
        return write_outputs(folder, schema, measurements, settings, paid["measured_at"], progress, cohorts, finish)


def protect(
    load: Callable[[], CodedTable],
    schema: Schema,
    settings: Settings,
    out: Path,
    ledger_path: Path,
    when: datetime,
    *,
    identity: str = "",
    earlier: Sequence[Cohort] = (),
    notice: Callable[[str], None] | None = None,
    noise: NoiseSource | None = None,
    progress: Progress | None = None,
    finish: Finish | None = None,
) -> dict[str, Any]:
    """Both halves, one after the other: protect the records that `load` returns and write the folder `out`.

    With an `identity` (a hash of the records and of all settings) measurements that an earlier call with the same
    one left beside `out`, because it was stopped while publishing, are published without a second payment; where
    the ledger knows of a payment for it whose result is lost, `notice` hears so before it is paid again. earlier: see
    `publish_measurements`. Returns the content of privacy.json; raises UserError or Refused.
    """
    check_new_folder(out)
    measured = out.with_name(f".{out.name}.measured")
    if not _left_by(measured, identity):
        if notice and (sentence := _paid_before(ledger_path, identity)):
            notice(sentence)
        options: dict[str, Any] = {"identity": identity, "earlier": earlier, "noise": noise, "progress": progress}
        measure_records(load, schema, settings, measured, ledger_path, when, **options)
    record_end(measured, ledger_path, when)
    statement = publish_measurements(measured, settings, out, earlier=earlier, progress=progress, finish=finish)
    shutil.rmtree(measured)
    return statement


def _paid_before(ledger_path: Path, identity: str) -> str:
    """What a person has to know before paying again for work whose result was lost; empty when there is none."""
    earlier = ledger.lost(ledger.read(ledger_path), identity)
    if not earlier:
        return ""
    times = ", ".join(f"line {line.sequence} of {line.event['at']}" for line in earlier)
    return (
        f"These records were charged before with the same settings ({times}), and what was paid for is lost, or "
        "another process is measuring it now. Those charges stay, for the noise may have been drawn; this attempt is "
        "charged again. See 'ctdc ledger show'."
    )


def _left_by(measured: Path, identity: str) -> bool:
    """Whether `measured` holds this very work. Raises UserError (``protect.other_work``) for somebody else's."""
    if not measured.exists():
        return False
    if identity and json.loads((measured / PAID).read_text(encoding="utf-8"))["identity"] == identity:
        return True
    raise UserError(
        "protect.other_work",
        "Measurements of other records or settings, already paid for, wait here to be published.",
        where=str(measured),
        allowed="the same records and settings as then, which would publish them without a second charge",
        do="Repeat the command that was stopped, choose another --out, or remove this folder and lose what was paid.",
    )
