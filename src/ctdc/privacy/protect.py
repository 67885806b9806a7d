"""From a coded table to a folder of protected outputs: plan, charge, measure; then estimate, build records, write.

Promise: the ledger is charged before anything is measured; folders appear whole or not at all; every file in them
is computed from the noisy measurements and public settings; no message, name or size depends on a record
otherwise. What was measured is kept until it is published, so that a failure in between is not paid for twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.clock import timestamp
from ctdc.foundation.errors import UserError
from ctdc.foundation.files import as_json, atomic_folder, check_new_folder, write_text
from ctdc.foundation.hashing import hash_file, hash_value
from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy import ledger
from ctdc.privacy.cohorts import Cohort, check_alike, combine, shared_selection
from ctdc.privacy.domain import Domain, People, counted, joint, plan_of, read_domain, shortening, write_domain
from ctdc.privacy.linked_outputs import write_linked_outputs
from ctdc.privacy.measure import Measurements, count_ahead, measure
from ctdc.privacy.noise import NoiseSource, OpenDPNoise
from ctdc.privacy.outputs import MEASUREMENTS, Finish, write_outputs
from ctdc.privacy.plan import Plan
from ctdc.privacy.settings import Settings
from ctdc.privacy.stored import read_measurements, write_measurements
from ctdc.table.linked import LinkedSchema
from ctdc.table.passes import PassedRows
from ctdc.table.schema import Schema

PAID = "paid.json"  # what the measurements were paid with; stays beside them, is not published


def _charge_details(schema: Schema, plan: Plan, settings: Settings, identity: str) -> dict[str, Any]:
    return {
        "epsilon": settings.guarantee.epsilon,
        "delta": settings.guarantee.delta,
        "length": settings.length,
        "schema_hash": schema.content_hash(),
        "plan_hash": hash_value(plan.describe()),
        **({"work": identity} if identity else {}),
    }


def measure_records(
    load: Callable[[], People],
    schema: Domain,
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
    plan = plan_of(schema, settings.guarantee, settings.declared_workload())
    for cohort in earlier:
        check_alike(plan, cohort.measurements.plan, cohort.file)
    with atomic_folder(out) as folder:
        table = load()
        if table.schema != schema:
            raise ValueError("the records are coded with another schema")
        selection = shared_selection([cohort.measurements for cohort in earlier])
        # A cohort has to be measured as those are to which it is added, and a declared workload as it was declared.
        shorten = None if settings.cohort or settings.workload else shortening(schema)
        details = _charge_details(joint(schema), plan, settings, identity)
        people = counted(table)  # before the charge: it takes memory, and may fail
        if isinstance(people, PassedRows):
            count_ahead(people, plan)  # before the charge: rows are read for the first time
        charge = ledger.charge(ledger_path, settings.population, plan.cost(), details, when)
        measurements = measure(people, plan, noise or OpenDPNoise(), progress, selection, shorten=shorten)
        write_measurements(folder / MEASUREMENTS, joint(schema), measurements)
        write_domain(folder, schema)
        facts = {"measured_at": timestamp(when), "identity": identity, "charge": charge.hash}
        write_text(folder / PAID, as_json({**settings.paid(), **facts}))


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
    schema: Domain | None = None,
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
    stored = read_domain(measured)
    schema = schema or stored
    if schema.without_facts() != stored.without_facts():
        raise ValueError("what was measured has another schema")
    with atomic_folder(out) as folder:
        measurements = read_measurements(measured / MEASUREMENTS, joint(schema))
        cohorts: tuple[Cohort, ...] = ()
        if settings.cohort:
            cohorts = (*earlier, _new_cohort(measured, measurements, settings, paid["measured_at"]))
            measurements = combine([cohort.measurements for cohort in cohorts])
        if isinstance(schema, LinkedSchema):
            return write_linked_outputs(folder, schema, measurements, settings, paid["measured_at"], progress, finish)
        return write_outputs(folder, schema, measurements, settings, paid["measured_at"], progress, cohorts, finish)


def protect(
    load: Callable[[], People],
    schema: Domain,
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
