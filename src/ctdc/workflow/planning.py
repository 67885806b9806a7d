"""What a protection would be worth, from public settings alone: no file of cases is opened and nothing is charged.

Promise: the domain, the checks of epsilon and delta, and the plan are those of `workflow.protect`, so that what is
forecast is what a protection with the same settings has.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctdc.foundation.errors import UserError
from ctdc.foundation.progress import Progress, Silent
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.planning import Forecast, Outlook, curve_epsilons, forecast, smallest_epsilon
from ctdc.privacy.precheck import MAX_PEOPLE
from ctdc.privacy.workload import Names
from ctdc.standard.loader import load
from ctdc.table.schema import Schema, read_schema
from ctdc.workflow.config import DEFAULT_PROFILE
from ctdc.workflow.protect import schema_of_profile, settings_of

DEFAULT_EPSILONS = (0.5, 1.0, 2.0, 4.0, 8.0)


def domain(profile: str | None, schema: Path | None) -> tuple[str, Schema]:
    """The domain that is planned for: its profile's id, empty for a schema file. Raises UserError (``plan.domain``)."""
    if profile and schema:
        raise UserError("plan.domain", "Both a profile and a schema are given.", do="Give --profile or --schema.")
    if schema:
        return "", read_schema(schema)
    found = load().profile(profile or DEFAULT_PROFILE)
    return found.id, schema_of_profile(found)


def look_ahead(
    epsilons: Sequence[float] = (),
    *,
    delta: float = 1e-6,
    length: int = 3,
    profile: str | None = None,
    schema: Path | None = None,
    workload: Path | None = None,
    cases: int = 0,
    threshold: float = 10.0,
    tables: Sequence[Names] = (),
    at_most: float | None = None,
    for_length: int | None = None,
    progress: Progress | None = None,
) -> Outlook:
    """Forecasts for `epsilons`, by default 0.5 to 8, and a curve around them.

    cases: how many people there are, as declared; tables: names of variables whose counts' error is wanted; at_most:
    adds the smallest epsilon whose median standard error of combinations of `for_length` (2) is no larger. Raises
    UserError for settings that could not be protected with.
    """
    progress = progress or Silent()
    if not 0 <= cases <= MAX_PEOPLE:
        raise UserError("plan.cases", "The number of people is out of range.", allowed=f"0 to {MAX_PEOPLE:,}")
    name, table = domain(profile, schema)
    wanted = list(epsilons) or ([] if at_most else list(DEFAULT_EPSILONS))
    settings = [settings_of(epsilon=one, delta=delta, length=length, workload=workload) for one in wanted]
    declared = settings_of(epsilon=1.0, delta=delta, length=length, threshold=threshold, workload=workload)
    found = None
    if at_most is not None:
        progress.start("Searching epsilon")
        found = smallest_epsilon(
            table, delta, declared.declared_workload(), 2 if for_length is None else for_length, at_most
        )
        settings.append(settings_of(epsilon=found, delta=delta, length=length, workload=workload))
        progress.finish()
    chosen = sorted({one.guarantee.epsilon for one in settings})
    points = curve_epsilons(chosen)
    progress.start("Planning", len(chosen) + len(points))

    def at(epsilon: float, named: Sequence[Names]) -> Forecast:
        result = forecast(
            table,
            Guarantee(epsilon, delta),
            declared.declared_workload(),
            cases=cases,
            threshold=threshold,
            tables=named,
        )
        progress.advance()
        return result

    forecasts = tuple(at(epsilon, tables) for epsilon in chosen)
    curve = tuple(at(epsilon, ()) for epsilon in points)
    progress.finish()
    return Outlook(
        name, len(table.variables), delta, declared.declared_workload(), threshold, cases, forecasts, curve, found
    )
