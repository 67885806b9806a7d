"""Everything that changes agreements.

Promise: what was put into force stays as it was signed; an end needs its reason; the signed copy is sealed into the
vault before its hash stands here, so that no agreement is in force on a paper that nobody kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from ctdc.foundation.clock import now
from ctdc.foundation.hashing import hash_bytes
from ctdc.hub.studio.agreements.models import CLAUSES, Agreement, Purpose, State
from ctdc.hub.studio.agreements.paper import seal_paper
from ctdc.hub.studio.events.record import performs, record
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text

FIELDS = (
    *("title", "language", *CLAUSES),
    *("retention_months", "purposes", "populations", "valid_from", "valid_until"),
)


@performs("agreement.drafted")
def draft(by: Person, organisation: Organisation, values: Mapping[str, Any]) -> Agreement:
    """A new draft. values: of `FIELDS`. Raises ValidationError for what cannot be."""
    policy.check(by, Act.CHANGE_AGREEMENTS, organisation)
    if organisation.is_hub:
        raise ValidationError(text("agreements.error.hub"))
    agreement = Agreement(organisation=organisation, made_by=by, **values)
    _check(agreement)
    agreement.save(force_insert=True)
    _record("agreement.drafted", by, agreement, version=agreement.version)
    return agreement


@performs("agreement.changed")
def change(by: Person, agreement: Agreement, values: Mapping[str, Any]) -> None:
    """Change a draft. Its signed copy is worth nothing any more. Raises ValidationError."""
    policy.check(by, Act.CHANGE_AGREEMENTS, agreement.organisation)
    agreement = _held(agreement)
    if not agreement.can_change:
        raise ValidationError(text("agreements.error.fixed"))
    for name, value in values.items():
        setattr(agreement, name, value)
    agreement.signed, agreement.signed_bytes, agreement.sealed_as = "", 0, ""
    _check(agreement)
    agreement.save()
    _record("agreement.changed", by, agreement)


@performs("agreement.signed")
def attach_signed(by: Person, agreement: Agreement, name: str, data: bytes) -> None:
    """Seal the signed copy into the vault, and keep its hash. Raises ValidationError, UserError (``vault.*``)."""
    policy.check(by, Act.CHANGE_AGREEMENTS, agreement.organisation)
    agreement = _held(agreement)
    if not agreement.can_change:
        raise ValidationError(text("agreements.error.fixed"))
    if not data:
        raise ValidationError(text("agreements.error.empty"))
    agreement.sealed_as = f"agreement-{agreement.pk}-{secrets.token_hex(4)}"
    seal_paper(agreement.sealed_as, name, data, by)
    agreement.signed, agreement.signed_bytes = hash_bytes(data), len(data)
    agreement.save()
    _record("agreement.signed", by, agreement, signed=agreement.signed)


@performs("agreement.in_force")
def put_into_force(by: Person, agreement: Agreement, signed: str) -> None:
    """Make an agreement count; the one that it replaces ends.

    signed: the hash of the signed copy that `by` has looked at. Raises ValidationError.
    """
    policy.check(by, Act.CHANGE_AGREEMENTS, agreement.organisation)
    agreement = _held(agreement)
    if not agreement.goes_to(State.IN_FORCE):
        raise ValidationError(text("agreements.error.fixed"))
    if not agreement.signed or agreement.signed != signed:
        raise ValidationError(text("agreements.error.unsigned"))
    _check(agreement)
    if agreement.valid_until < now().date():
        raise ValidationError(text("agreements.error.over"))
    old = agreement.replaces and _held(agreement.replaces)
    if old and old.goes_to(State.ENDED):
        _end(by, old, text("agreements.ended.replaced"), f"agreement:{agreement.pk}")
    agreement.state, agreement.in_force_since = State.IN_FORCE, now()
    agreement.save()
    _record("agreement.in_force", by, agreement, signed=agreement.signed)


@performs("agreement.drafted")
def revise(by: Person, agreement: Agreement) -> Agreement:
    """A draft with the same clauses, that will replace this one. Raises ValidationError when there is one already."""
    policy.check(by, Act.CHANGE_AGREEMENTS, agreement.organisation)
    agreement = _held(agreement)
    if agreement.can_change or hasattr(agreement, "replaced_by"):
        raise ValidationError(text("agreements.error.revised"))
    values = {name: getattr(agreement, name) for name in FIELDS}
    fresh = Agreement(organisation=agreement.organisation, made_by=by, **values)
    fresh.version, fresh.replaces = agreement.version + 1, agreement
    fresh.save(force_insert=True)
    _record("agreement.drafted", by, fresh, version=fresh.version)
    return fresh


@performs("agreement.ended")
def end(by: Person, agreement: Agreement, because: str) -> None:
    """End an agreement, or give up a draft. From now on nothing is allowed by it. Raises ValidationError."""
    policy.check(by, Act.CHANGE_AGREEMENTS, agreement.organisation)
    agreement = _held(agreement)
    if not agreement.goes_to(State.ENDED):
        raise ValidationError(text("agreements.error.fixed"))
    if not because.strip():
        raise ValidationError(text("agreements.error.reason"))
    _end(by, agreement, because.strip(), "")


def _end(by: Person, agreement: Agreement, because: str, replaced_by: str) -> None:
    agreement.state, agreement.ended, agreement.ended_because = State.ENDED, now(), because
    agreement.save()
    _record("agreement.ended", by, agreement, replaced_by=replaced_by)


def _held(agreement: Agreement) -> Agreement:
    """The agreement as it is now, held until the act ends: of two acts, the second sees what the first did."""
    return Agreement.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=agreement.pk)


def _check(agreement: Agreement) -> None:
    agreement.full_clean()
    if not agreement.purposes or set(agreement.purposes) - {one.value for one in Purpose}:
        raise ValidationError({"purposes": text("agreements.error.purposes")})
    if not isinstance(agreement.valid_until, date) or agreement.valid_until < agreement.valid_from:
        raise ValidationError({"valid_until": text("agreements.error.days")})


def _record(kind: str, by: Person, agreement: Agreement, **details: str | int) -> None:
    record(kind, by, organisation=agreement.organisation, about=f"agreement:{agreement.pk}", **details)
