"""The charges of the privacy ledger one by one: when, for which release, how much, by whom; and what one more would do.

Promise: amounts are computed from the lines of the ledger by its own rules (`ctdc.privacy.budgets`). A charge is shown
with a release only when what the run left names its line, or when no other run was at work on these people then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ctdc.foundation.chain import Line
from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.desk import plans, rules
from ctdc.hub.studio.desk.models import ReleasePlan
from ctdc.hub.studio.desk.states import State
from ctdc.hub.studio.jobs.models import Job
from ctdc.privacy import budgets, ledger
from ctdc.privacy.accounting import Cost, Guarantee
from ctdc.privacy.ledger_events import LIFE, YEAR, total_cost
from ctdc.privacy.protect import PAID
from ctdc.workflow.protection import DATA
from ctdc.workflow.run import WORK

DELTA = 1e-6  # where a charge of long ago does not say which
RUN_JOB = "desk.run"
BEFORE_ITS_RUN = (State.PLANNED, State.TRIED)


@dataclass(frozen=True)
class Charge:
    """A line of the ledger. epsilon, delta: what it certifies by itself; together: epsilon of this one and all before.

    population: who was charged, which may be a whole or an overlapping one; release, by: None where the desk has none;
    unfinished: without a result.
    """

    at: datetime
    population: str
    epsilon: float
    delta: float
    together: float
    release: ReleasePlan | None
    by: str
    unfinished: bool


@dataclass(frozen=True)
class Two:
    """How charges compose: two like the last one. total: what adding their epsilons up would give."""

    epsilon: float
    together: float
    total: float


@dataclass(frozen=True)
class OneMore:
    """What one more release would come to. release: the planned one, None for one like the last; year: None for life.

    before, spent: epsilon without and with it, at delta; remaining: None where no budget is set; fits: whether the
    budget allows it.
    """

    release: ReleasePlan | None
    year: int | None
    epsilon: float
    delta: float
    before: float
    spent: float
    budget: float | None
    remaining: float | None
    fits: bool


@dataclass(frozen=True)
class Runs:
    """What the desk knows of its runs. paid_by: releases by the hash of the charge for them; jobs: oldest first."""

    paid_by: Mapping[str, ReleasePlan]
    jobs: tuple[tuple[Job, ReleasePlan], ...]

    @classmethod
    def known(cls) -> Runs:
        """As they are now, for the charges of every population."""
        return cls(_paid_by(), _jobs())


def charges(lines: tuple[Line, ...], population: str, delta: float, runs: Runs) -> tuple[Charge, ...]:
    """The charges that count in the account of a population, in order. delta: at which they are taken together."""
    counted = budgets.charges(lines, population)
    lost = {line.sequence for line in ledger.unfinished(lines)}
    found = []
    for number, line in enumerate(counted, start=1):
        release, by = _whose(line, runs)
        its_delta = _delta(line)
        found.append(
            Charge(
                _moment(line),
                line.event["population"],
                _epsilon(total_cost([line.event]), its_delta),
                its_delta,
                _epsilon(total_cost(one.event for one in counted[:number]), delta),
                release,
                by,
                line.sequence in lost,
            )
        )
    return tuple(found)


def two_like_the_last(lines: tuple[Line, ...], population: str) -> Two | None:
    """Why epsilons do not add up, by the last charge, at its own delta; None where there is none."""
    counted = budgets.charges(lines, population)
    if not counted:
        return None
    cost, delta = total_cost([counted[-1].event]), _delta(counted[-1])
    one = _epsilon(cost, delta)
    return Two(one, _epsilon(cost + cost, delta), 2 * one)


def one_more(lines: tuple[Line, ...], population: str, year: int, delta: float) -> tuple[OneMore, ...]:
    """What the release that is planned next for these people would come to, for life and in a year that has a budget.

    Where none is planned, or it could not be measured: one like the last; nothing where there was none.
    """
    planned, cost = _next(lines, population)
    if cost is None:
        return ()
    found = []
    # Others whom it concerns, such as a part of these people that was charged alone, may have no room for it either.
    refused = budgets.breaches(lines, population, cost, year)
    for period, its_year in ((LIFE, None), (YEAR, year)):
        breach = next((one for one in refused if one.limit.period == period), None)
        bounds = [one.guarantee for one in budgets.limits(lines, population) if one.period == period]
        if breach:
            found.append(_with(breach.before, cost, [breach.limit.guarantee], delta, planned, its_year))
        elif bounds or period == LIFE:
            before = budgets.spent(lines, population, its_year)
            found.append(_with(before, cost, bounds, delta, planned, its_year))
    return tuple(found)


def _with(
    before: Cost, cost: Cost, bounds: list[Guarantee], delta: float, planned: ReleasePlan | None, year: int | None
) -> OneMore:
    after = before + cost
    tightest = min(bounds, key=lambda one: budgets.remaining(after, one), default=None)
    at = tightest.delta if tightest else delta
    return OneMore(
        planned,
        year,
        _epsilon(cost, at),
        at,
        _epsilon(before, at),
        _epsilon(after, at),
        tightest.epsilon if tightest else None,
        budgets.remaining(after, tightest) if tightest else None,
        all(after.satisfies(one) for one in bounds),
    )


def _next(lines: tuple[Line, ...], population: str) -> tuple[ReleasePlan | None, Cost | None]:
    planned = ReleasePlan.objects.filter(population=population, state__in=BEFORE_ITS_RUN).order_by("-pk")
    waiting = next((one for one in planned if not rules.is_paid(one)), None)
    if waiting is not None:
        try:
            return waiting, plans.cost_of(waiting)
        except UserError:
            pass  # a plan that could not be measured says nothing of what it would cost
    counted = budgets.charges(lines, population)
    return None, total_cost([counted[-1].event]) if counted else None


def _delta(line: Line) -> float:
    return float((line.event.get("details") or {}).get("delta", DELTA))


def _epsilon(cost: Cost, delta: float) -> float:
    return cost.epsilon(delta) if cost.rho else 0.0


def _moment(line: Line) -> datetime:
    return datetime.strptime(line.event["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _paid_by() -> dict[str, ReleasePlan]:
    """Hash of a charge to the release whose measurements it paid for, as they say themselves."""
    found = {}
    for release in ReleasePlan.objects.exclude(state__in=(State.DRAFT, State.PLANNED)):
        for path in (plans.folder_of(release) / plans.RUN / WORK).glob(f"measure-*/{DATA}/{PAID}"):
            try:
                found[str(json.loads(path.read_text(encoding="utf-8")).get("charge") or "")] = release
            except (OSError, ValueError, AttributeError):
                continue  # it is being written, or damaged: the charge is then looked up by its time
    return found


def _jobs() -> tuple[tuple[Job, ReleasePlan], ...]:
    """Every run that was begun, with its release, oldest first."""
    releases = ReleasePlan.objects.in_bulk()
    begun = Job.objects.filter(kind=RUN_JOB, began__isnull=False).select_related("by").order_by("pk")
    return tuple((job, releases[job.details["release"]]) for job in begun if job.details.get("release") in releases)


def _whose(line: Line, runs: Runs) -> tuple[ReleasePlan | None, str]:
    """The release that a charge paid for, and the name of the person who asked for the run."""
    at, named = _moment(line), runs.paid_by.get(line.hash)
    then = [
        (job, release)
        for job, release in runs.jobs
        if (release == named if named else release.population == line.event["population"])
        # A moment of the ledger is a whole second.
        and (job.began or at).replace(microsecond=0) <= at <= (job.ended or now())
    ]
    if len({release.pk for _, release in then}) != 1:
        return named, ""
    job, release = then[-1]
    return release, job.by.name if job.by else ""
