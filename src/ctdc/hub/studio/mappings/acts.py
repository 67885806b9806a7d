"""Everything that changes mappings.

Promise: proposer and approver are two people, for each value and for the version as a whole. What is approved was read
by intake and has passed the mapping's own examples in this very act. Deliveries that wait are looked at again then.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import Max

from ctdc.foundation.clock import now
from ctdc.hub.studio.deliveries.acts import ask_check
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.states import State as DeliveryState
from ctdc.hub.studio.events.record import performs, record
from ctdc.hub.studio.mappings import files
from ctdc.hub.studio.mappings.models import Line, LineState, MappingVersion, State
from ctdc.hub.studio.mappings.workbench import Meaning, check_meaning
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text


@performs("mapping.proposed")
def propose(by: Person, organisation: Organisation, structure: str, values: str) -> MappingVersion:
    """A whole new version, that loads and passes its own examples.

    Raises UserError (``intake.*``), Refused (``mapping.*``), ValidationError when another one is open.
    """
    policy.check(by, Act.PROPOSE_MAPPINGS, organisation)
    if organisation.is_hub:
        raise ValidationError(text("mappings.error.hub"))
    if MappingVersion.objects.filter(organisation=organisation, state=State.OPEN).exists():
        raise ValidationError(text("mappings.error.open"))
    found, examples = files.checked(organisation, structure, values)
    version = _make(by, organisation, structure, values)
    version.hash, version.examples = found, examples
    version.save()
    return version


@performs("mapping.line_proposed")
def propose_line(by: Person, organisation: Organisation, meaning: Meaning) -> Line:
    """What one value should mean, for the next version. Raises UserError (``mapping.meaning``), ValidationError."""
    policy.check(by, Act.PROPOSE_MAPPINGS, organisation)
    base = files.approved(organisation)
    if base is None:
        raise ValidationError(text("mappings.error.none"))
    check_meaning(base, meaning)
    version = MappingVersion.objects.filter(organisation=organisation, state=State.OPEN).first()
    version = version or _make(by, organisation, base.structure, base.values)
    line = Line(version=version, proposed_by=by, **meaning.fields())
    line.full_clean()  # says so when there is one for this value already
    line.save(force_insert=True)
    _record("mapping.line_proposed", by, version, line=line.pk, version=version.pk)
    return line


def _make(by: Person, organisation: Organisation, structure: str, values: str) -> MappingVersion:
    last = MappingVersion.objects.filter(organisation=organisation).aggregate(last=Max("number"))["last"] or 0
    version = MappingVersion.objects.create(
        organisation=organisation, number=last + 1, structure=structure, values=values, proposed_by=by, proposed=now()
    )
    _record("mapping.proposed", by, version, version=version.pk)
    return version


@performs("mapping.line_decided")
def decide_line(by: Person, line: Line, approve: bool) -> None:
    """Approve or reject what somebody else proposed for a value. Raises ValidationError."""
    policy.check(by, Act.APPROVE_MAPPINGS, line.version.organisation)
    line = Line.objects.select_for_update(of=("self",)).select_related("version__organisation").get(pk=line.pk)
    if line.version.state != State.OPEN or line.state != LineState.PROPOSED:
        raise ValidationError(text("mappings.error.decided"))
    if line.proposed_by_id == by.pk:
        raise ValidationError(text("mappings.error.own"))
    line.state = (LineState.APPROVED if approve else LineState.REJECTED).value
    line.decided_by, line.decided = by, now()
    line.save()
    _record("mapping.line_decided", by, line.version, line=line.pk, outcome=line.state)


@performs("mapping.approved")
def approve(by: Person, version: MappingVersion) -> None:
    """Make an open version the one that counts.

    Raises ValidationError (not decided, one's own, nothing new), and UserError (``intake.*``, ``mapping.*``) when it
    does not load or its examples fail.
    """
    policy.check(by, Act.APPROVE_MAPPINGS, version.organisation)
    version = _held(version)
    lines = list(version.lines.select_related("proposed_by", "decided_by"))
    _check_two_people(by, version, lines)
    chosen = [line for line in lines if line.state == LineState.APPROVED]
    if lines:
        if not chosen:
            raise ValidationError(text("mappings.error.nothing"))
        version.values = files.compiled(version.values, chosen, now().date())
    version.hash, version.examples = files.checked(version.organisation, version.structure, version.values)
    MappingVersion.objects.filter(organisation=version.organisation, state=State.APPROVED).update(state=State.REPLACED)
    version.state, version.decided_by, version.decided = State.APPROVED.value, by, now()
    version.save()
    _record("mapping.approved", by, version, version=version.pk, hash=version.hash, lines=len(chosen))
    waiting = (DeliveryState.HELD_BACK, DeliveryState.READY)
    for delivery in Delivery.objects.filter(organisation=version.organisation, state__in=waiting):
        ask_check(by, delivery)


def _check_two_people(by: Person, version: MappingVersion, lines: Iterable[Line]) -> None:
    if any(line.state == LineState.PROPOSED for line in lines):
        raise ValidationError(text("mappings.error.undecided"))
    if not can_judge(by, version, lines):
        raise ValidationError(text("mappings.error.own"))


def can_judge(by: Person, version: MappingVersion, lines: Iterable[Line]) -> bool:
    """Whether somebody proposed neither the version nor a value in it: what is own, another one approves."""
    own = any(line.proposed_by_id == by.pk and line.state == LineState.APPROVED for line in lines)
    return version.proposed_by_id != by.pk and not own


@performs("mapping.rejected")
def reject(by: Person, version: MappingVersion) -> None:
    """Give an open version up, with all that was proposed for it. Raises ValidationError."""
    policy.check(by, Act.APPROVE_MAPPINGS, version.organisation)
    version = _held(version)
    version.state, version.decided_by, version.decided = State.REJECTED.value, by, now()
    version.save()
    _record("mapping.rejected", by, version, version=version.pk)


def _held(version: MappingVersion) -> MappingVersion:
    held = MappingVersion.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=version.pk)
    if held.state != State.OPEN:
        raise ValidationError(text("mappings.error.decided"))
    return held


def _record(kind: str, by: Person, about: MappingVersion, **details: str | int) -> None:
    record(kind, by, organisation=about.organisation, about=f"mapping:{about.pk}", **details)
