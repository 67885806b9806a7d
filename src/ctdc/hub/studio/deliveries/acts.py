"""Everything that changes deliveries.

Promise: every act looks the state up in the table of moves, under a lock; the agreement is asked for when a delivery
begins, before it is checked and before it is stored. Files are destroyed by jobs, after the act that allowed it stands
in the log. Acts of the worker leave lines too.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ctdc.foundation.clock import now
from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.hashing import hash_value
from ctdc.hub.studio.agreements.rules import Purpose, check_agreement
from ctdc.hub.studio.deliveries import letters
from ctdc.hub.studio.deliveries.announced import Announced, check_files
from ctdc.hub.studio.deliveries.columns import check_columns
from ctdc.hub.studio.deliveries.models import Delivery, DeliveryFile
from ctdc.hub.studio.deliveries.reports import seal_name
from ctdc.hub.studio.deliveries.states import State, can_move, check_move
from ctdc.hub.studio.demonstration import rules as demonstration
from ctdc.hub.studio.events.record import WORKER, performs, record, unattended
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.work import ask
from ctdc.hub.studio.mappings.models import MappingVersion
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text

CHECK, PROMOTE, FORGET, PERSON = (
    "deliveries.check",
    "deliveries.promote",
    "deliveries.forget",
    "deliveries.withdraw_person",
)
# Why a person or a delivery is withdrawn: what stands in the logs is one of these, never words that may name somebody.
REASONS = ("asked", "mistake", "ended", "other")
OVER = "over"  # the reason that nobody gives: the time of keeping is over
MOST_OPEN = 5  # deliveries of one organisation that are on their way
LONGEST_WAY = timedelta(days=7)
SENT_AGAIN = timedelta(days=1)  # for so long the same files are taken for the same delivery
ARRIVED = (State.RECEIVED, State.CHECKING, State.HELD_BACK, State.READY, State.SEALING, State.SEALED)


@dataclass(frozen=True)
class Found:
    """What a check found. number: of the report; counts: numbers of rows, files and blockers, by code."""

    state: State
    number: int
    problem: str = ""
    counts: Mapping[str, Any] = field(default_factory=dict)
    mapping: MappingVersion | None = None


def open_delivery(by: Person, files: Sequence[Announced], replaces: Delivery | None = None) -> Delivery | None:
    """The delivery of exactly these files with which whoever was cut off goes on; None when they are new.

    It is on its way to the studio, or all of it has arrived and the sender may not have heard so. The latter only for
    a day, for the same person and the same correction, and while it has not ended: the vault shall not hold it twice.
    """
    own = Delivery.objects.filter(organisation=by.organisation).prefetch_related("files")
    arrived = own.filter(by=by, state__in=ARRIVED, received__gte=now() - SENT_AGAIN)
    if replaces:
        arrived = arrived.filter(replaces=replaces)
    wanted = [(one.length, one.sha256) for one in files]
    for delivery in (*own.filter(state=State.RECEIVING), *arrived):
        if [(one.length, one.sha256) for one in delivery.files.all()] == wanted:
            return delivery
    return None


@performs("delivery.begun")
def begin(by: Person, files: Sequence[Announced], replaces: Delivery | None = None) -> Delivery:
    """A delivery of one's own organisation, of which nothing has arrived yet.

    Raises Refused (``agreement.*``, ``delivery.many``), UserError (``delivery.announced``).
    """
    organisation = by.organisation
    policy.check(by, Act.DELIVER, organisation)
    agreement = check_agreement(organisation, Purpose.DELIVER, now().date())
    files = check_files(files)
    demonstration.check_files(files)
    _drop_stale(by, organisation)
    if Delivery.objects.filter(organisation=organisation, state=State.RECEIVING).count() >= MOST_OPEN:
        raise Refused("delivery.many", text("deliveries.refused.many", most=MOST_OPEN))
    if replaces and (replaces.organisation_id != organisation.pk or replaces.state != State.HELD_BACK):
        raise Refused("delivery.replaces", text("deliveries.refused.replaces"))
    folder = secrets.token_hex(16)
    delivery = Delivery.objects.create(
        organisation=organisation, by=by, made=now(), agreement=agreement, folder=folder, replaces=replaces
    )
    for position, one in enumerate(files, 1):
        name = seal_name(folder, one.name)
        DeliveryFile.objects.create(
            delivery=delivery, position=position, name=name, length=one.length, sha256=one.sha256
        )
    _record("delivery.begun", by, delivery, files=len(files), bytes=delivery.length)
    return delivery


def _drop_stale(by: Person, organisation: Organisation) -> None:
    """What was begun and not sent for a week is given up."""
    stale = Delivery.objects.filter(organisation=organisation, state=State.RECEIVING, made__lt=now() - LONGEST_WAY)
    for delivery in stale:
        _withdraw(by, delivery, "stale")


@performs("delivery.received")
def complete(by: Person, delivery: Delivery) -> Job:
    """All of it has arrived: have it checked. A delivery that it replaces is withdrawn.

    Raises Refused (``delivery.incomplete``, ``delivery.state``).
    """
    policy.check(by, Act.DELIVER, delivery.organisation)
    delivery = _moved(delivery, State.RECEIVED, Act.DELIVER)
    files = list(delivery.files.all())
    if any(one.offset != one.length for one in files):
        raise Refused("delivery.incomplete", text("deliveries.refused.incomplete"))
    delivery.received = now()
    delivery.save()
    content = hash_value([[one.length, one.sha256] for one in files])
    _record("delivery.received", by, delivery, content=content)
    # It may have been looked at again, and understood, while the corrected files were on their way.
    if delivery.replaces and can_move(delivery.replaces.state, State.WITHDRAWN, Act.WITHDRAW_PEOPLE):
        _withdraw(by, delivery.replaces, "replaced")
    return ask(CHECK, by, delivery.organisation, delivery=delivery.pk)


@performs("delivery.check_asked")
def recheck(by: Person, delivery: Delivery) -> Job:
    """Have it checked again, with the mapping as it is now. Raises Refused (``delivery.state``)."""
    policy.check(by, Act.CHECK_DELIVERIES, delivery.organisation)
    return ask_check(by, delivery)


def ask_check(by: Person, delivery: Delivery) -> Job:
    """Within an act: back to where it is checked from."""
    if delivery.state != State.RECEIVED:  # there it is when an earlier check was stopped
        delivery = _moved(delivery, State.RECEIVED, Act.CHECK_DELIVERIES)
        delivery.save()
    _record("delivery.check_asked", by, delivery)
    return ask(CHECK, by, delivery.organisation, delivery=delivery.pk)


@performs("delivery.checking")
@unattended
def begin_check(delivery: Delivery) -> Delivery:
    """The worker looks at it."""
    delivery = _moved(delivery, State.CHECKING, None)
    delivery.save()
    _record("delivery.checking", WORKER, delivery)
    return delivery


@performs("delivery.checked")
@unattended
def end_check(delivery: Delivery, found: Found) -> None:
    """What the worker found."""
    delivery = _moved(delivery, found.state, None)
    delivery.checks, delivery.checked = found.number, now()
    delivery.problem, delivery.counts, delivery.mapping = found.problem, dict(found.counts), found.mapping
    delivery.save()
    _record(
        "delivery.checked",
        WORKER,
        delivery,
        outcome=found.state.value,
        problem=found.problem,
        mapping=found.mapping.hash if found.mapping else "",
    )
    if found.state == State.REFUSED:
        ask(FORGET, None, delivery.organisation, delivery=delivery.pk)


@performs("delivery.check_stopped")
@unattended
def give_up_check(delivery: Delivery) -> None:
    """The check was stopped, or could not be done: nothing was found out."""
    delivery = _moved(delivery, State.RECEIVED, None)
    delivery.save()
    _record("delivery.check_stopped", WORKER, delivery)


@performs("delivery.promotion_asked")
def promote(by: Person, delivery: Delivery, accepted: Collection[str] = (), leave_out: bool = False) -> Job:
    """Have the harmonised cases and the files stored in the vault.

    accepted: columns that look like identifiers, and that `by` has looked at; leave_out: store the others when people
    who have withdrawn are among the rows. Raises Refused (``agreement.*``, ``delivery.state``), UserError
    (``delivery.columns``).
    """
    policy.check(by, Act.CHECK_DELIVERIES, delivery.organisation)
    check_agreement(delivery.organisation, Purpose.PROCESS, now().date())
    columns = check_columns(accepted)
    delivery = _moved(delivery, State.SEALING, Act.CHECK_DELIVERIES)
    delivery.accepted, delivery.leave_out_withdrawn = columns, leave_out
    delivery.save()
    _record("delivery.promotion_asked", by, delivery, accepted=columns, leave_out=leave_out)
    return ask(PROMOTE, by, delivery.organisation, delivery=delivery.pk)


@performs("delivery.sealed")
@unattended
def stored(delivery: Delivery, name: str, manifest: str, until: date, coverage: Mapping[str, Any]) -> None:
    """It lies in the vault."""
    delivery = _moved(delivery, State.SEALED, None)
    delivery.stored_as, delivery.manifest, delivery.retain_until = name, manifest, until
    delivery.stored, delivery.problem, delivery.coverage = now(), "", dict(coverage)
    delivery.save()
    _record("delivery.sealed", WORKER, delivery, manifest=manifest, agreement=delivery.agreement_id)


@performs("delivery.held_back")
@unattended
def hold_back(delivery: Delivery, number: int, problem: str) -> None:
    """It could not be stored, for a reason that a person has to see to."""
    delivery = _moved(delivery, State.HELD_BACK, None)
    delivery.checks, delivery.problem = number, problem
    delivery.save()
    _record("delivery.held_back", WORKER, delivery, problem=problem)


@performs("delivery.check_stopped")
@unattended
def give_up_promotion(delivery: Delivery) -> None:
    """The work was stopped, or could not be done: it is as ready as before."""
    delivery = _moved(delivery, State.READY, None)
    delivery.save()
    _record("delivery.check_stopped", WORKER, delivery)


@performs("delivery.refused")
def refuse(by: Person, delivery: Delivery, because: str) -> None:
    """Do not take it. because: one of `REASONS`. Raises Refused (``delivery.state``)."""
    policy.check(by, Act.CHECK_DELIVERIES, delivery.organisation)
    delivery = _moved(delivery, State.REFUSED, Act.CHECK_DELIVERIES)
    delivery.ended_because = _reason(because)
    delivery.save()
    _record("delivery.refused", by, delivery, because=because)
    ask(FORGET, by, delivery.organisation, delivery=delivery.pk)


@performs("delivery.withdrawn")
def withdraw(by: Person, delivery: Delivery, because: str) -> None:
    """Forget all of it, wherever it lies. because: one of `REASONS`. Raises Refused (``delivery.state``)."""
    policy.check(by, Act.WITHDRAW_PEOPLE, delivery.organisation)
    _withdraw(by, delivery, _reason(because))


@performs("delivery.withdrawn")
@unattended
def expire(delivery: Delivery) -> None:
    """Forget a delivery whose time is over. Raises Refused (``delivery.state``) for one that is not stored."""
    _withdraw(None, delivery, OVER)


def _withdraw(by: Person | None, delivery: Delivery, because: str) -> None:
    # A person withdraws it, or what they deliver does: a correction, and whatever comes after one that was given up.
    delivery = _moved(delivery, State.WITHDRAWN, Act.WITHDRAW_PEOPLE if by else None)
    delivery.ended_because = because
    delivery.save()
    _record("delivery.withdrawn", by or WORKER, delivery, because=because)
    ask(FORGET, by, delivery.organisation, delivery=delivery.pk)


@performs("delivery.forgotten")
@unattended
def forgotten(delivery: Delivery) -> None:
    """Nothing of it is left but what stands in the logs."""
    _record("delivery.forgotten", WORKER, delivery)


@performs("job.asked")
@unattended
def forget_again(delivery: Delivery) -> Job:
    """The work that should have forgotten it was stopped, or failed."""
    return ask(FORGET, None, delivery.organisation, delivery=delivery.pk)


@performs("job.asked")
@unattended
def withdraw_person_again(job: Job) -> Job:
    """The work that should have forgotten somebody was stopped, or failed. job: that work."""
    return ask(PERSON, None, job.organisation, **job.details)


@performs("withdrawal.asked")
def withdraw_person(by: Person, organisation: Organisation, case_id: str, because: str) -> Job:
    """Have a person forgotten. case_id: the organisation's own; it is sealed for the worker and stands nowhere else.

    Raises UserError (``withdrawal.id``, ``withdrawal.reason``, ``vault.missing``).
    """
    policy.check(by, Act.WITHDRAW_PEOPLE, organisation)
    if not case_id.strip() or len(case_id) > letters.LONGEST:
        raise UserError("withdrawal.id", text("deliveries.refused.case_id"))
    because = _reason(because)
    letter = letters.seal(case_id)  # the last that is looked at: nothing takes a letter back
    record("withdrawal.asked", by, organisation=organisation, because=because)
    return ask(PERSON, by, organisation, letter=letter, because=because)


@performs("withdrawal.done")
@unattended
def person_withdrawn(job: Job, deliveries: int, files: int, unknown: int) -> None:
    """A person was forgotten. unknown: deliveries in which nobody can tell who is in them."""
    details = {"deliveries": deliveries, "files": files, "unknown": unknown}
    record("withdrawal.done", WORKER, organisation=job.organisation, about=f"job:{job.pk}", **details)


@performs("delivery.copy_taken")
def take_copy(by: Person, delivery: Delivery, part: str) -> None:
    """Somebody takes a part of a report with them."""
    policy.check(by, Act.SEE_DELIVERIES, delivery.organisation)
    _record("delivery.copy_taken", by, delivery, part=part)


def _reason(because: str) -> str:
    if because not in REASONS:
        raise UserError("withdrawal.reason", text("deliveries.refused.reason"), allowed=", ".join(REASONS))
    return because


def _moved(delivery: Delivery, after: State, act: Act | None) -> Delivery:
    """The delivery as it is now, held until the act ends, in its new state. act: whose move it is, as the table has it.

    Raises Refused (``delivery.state``).
    """
    held = Delivery.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=delivery.pk)
    check_move(held.state, after, act)
    held.state = after.value
    return held


def _record(kind: str, by: Person | str, delivery: Delivery, **details: Any) -> None:
    record(kind, by, organisation=delivery.organisation, about=f"delivery:{delivery.pk}", **details)
