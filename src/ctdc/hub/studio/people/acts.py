"""Everything that changes organisations, people and their roles.

Promise: nobody makes themselves an account: a person joins by an invitation, once, within its time. Roles that may not
go together are refused; the last administrator cannot be removed. What a letter holds is stored as a hash alone.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.entrance import acts as entrance
from ctdc.hub.studio.events.record import performs, record, unattended
from ctdc.hub.studio.people import policy, tokens
from ctdc.hub.studio.people.models import Grant, Invitation, Organisation, Person, Token
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.people.roles import Role, allowed_roles, clash
from ctdc.hub.studio.web.texts import text
from ctdc.standard.languages import DEFAULT

INVITED_FOR = timedelta(days=7)


@performs("studio.made", "person.invited")
@unattended
def make_studio(hub: str, email: str, name: str) -> tuple[Invitation, str]:
    """The hub's organisation, and an invitation for its first administrator with the secret of its letter.

    As often as it is needed until somebody has joined; earlier letters for administrators then count no more. Raises
    UserError (``studio.administrator``) when there is an administrator: they invite whoever else is needed.
    """
    if Grant.objects.filter(role=Role.ADMINISTRATOR).exists():
        raise UserError(
            "studio.administrator",
            "This studio has an administrator.",
            do="Ask them to invite whoever is needed; 'ctdc studio rescue' helps one who cannot sign in.",
        )
    organisation = Organisation.objects.filter(is_hub=True).first()
    if organisation is None:
        organisation = Organisation.objects.create(slug="hub", name=hub, is_hub=True)
        record("studio.made", "command line", organisation=organisation)
    Invitation.objects.filter(organisation=organisation, by=None, person=None).update(withdrawn=now())
    return _invite(None, organisation, email, name, {Role.ADMINISTRATOR}, DEFAULT)


@performs("organisation.made")
def make_organisation(by: Person, slug: str, name: str) -> Organisation:
    """A new organisation that contributes. Raises ValidationError for a name that cannot be."""
    policy.check(by, Act.CHANGE_ORGANISATIONS)
    organisation = Organisation(slug=slug, name=name)
    organisation.full_clean()
    organisation.save(force_insert=True)
    record("organisation.made", by, about=f"organisation:{organisation.slug}", organisation=organisation)
    return organisation


@performs("organisation.closed", "organisation.opened")
def set_organisation_active(by: Person, organisation: Organisation, active: bool) -> None:
    """Close an organisation to its people, or open it again. The hub cannot be closed (ValidationError)."""
    policy.check(by, Act.CHANGE_ORGANISATIONS)
    if organisation.is_hub:
        raise ValidationError(text("people.error.hub_closed"))
    organisation.active = active
    organisation.save(update_fields=["active"])  # nothing else of what was read some time ago
    kind = "organisation.opened" if active else "organisation.closed"
    record(kind, by, about=f"organisation:{organisation.slug}", organisation=organisation)


@performs("person.invited")
def invite(
    by: Person, organisation: Organisation, email: str, name: str, roles: Collection[Role], language: str
) -> tuple[Invitation, str]:
    """An invitation, and the secret that its letter holds. Raises ValidationError for roles that cannot be."""
    policy.check(by, Act.CHANGE_PEOPLE)
    return _invite(by, organisation, email, name, roles, language)


def _invite(
    by: Person | None, organisation: Organisation, email: str, name: str, roles: Collection[Role], language: str
) -> tuple[Invitation, str]:
    check_roles(organisation, roles)
    if not organisation.active:
        raise ValidationError(text("people.error.organisation_closed"))
    open_ones = Invitation.objects.filter(email__iexact=email, person=None, withdrawn=None, until__gt=now())
    earlier = list(open_ones.select_for_update())  # before looking for the person: one may just be accepted
    if Person.objects.filter(email__iexact=email).exists():
        raise ValidationError(text("people.error.known"))
    for one in earlier:
        _withdraw(by or "command line", one)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        email=email.lower(),
        name=name,
        organisation=organisation,
        roles=sorted(roles),
        language=language,
        secret=_hashed(secret),
        by=by,
        until=now() + INVITED_FOR,
    )
    invitation.full_clean(exclude=["person"])
    invitation.save(force_insert=True)
    record(
        "person.invited",
        by or "command line",
        organisation=organisation,
        about=f"invitation:{invitation.pk}",
        invitation=invitation.pk,
        roles=sorted(roles),
    )
    return invitation, secret


def check_roles(organisation: Organisation, roles: Collection[Role]) -> None:
    """Raise ValidationError unless somebody of `organisation` may have these roles together."""
    if not roles or set(roles) - allowed_roles(organisation.is_hub):
        raise ValidationError(text("people.error.roles_home" if organisation.is_hub else "people.error.roles_away"))
    if pair := clash(frozenset(roles)):
        first, second = sorted(text(f"people.role.{role}") for role in pair)
        raise ValidationError(text("people.error.roles_clash", first=first, second=second))


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def open_invitation(secret: str, moment: datetime, *, lock: bool = False) -> Invitation | None:
    """The invitation whose letter holds `secret`, while it can be accepted. lock: nobody else changes it meanwhile."""
    known = Invitation.objects.select_for_update() if lock else Invitation.objects
    found = known.filter(secret=_hashed(secret), person=None, withdrawn=None, until__gt=moment).first()
    return found if found and found.organisation.active else None


@performs("person.invitation_withdrawn")
def withdraw_invitation(by: Person, invitation: Invitation) -> None:
    """Make an invitation worthless. Raises ValidationError for one that was accepted, or withdrawn already."""
    policy.check(by, Act.CHANGE_PEOPLE)
    found = Invitation.objects.select_for_update().filter(pk=invitation.pk, person=None, withdrawn=None).first()
    if found is None:
        raise ValidationError(text("people.error.invitation_used"))
    _withdraw(by, found)


def _withdraw(by: Person | str, invitation: Invitation) -> None:
    invitation.withdrawn = now()
    invitation.save(update_fields=["withdrawn"])
    record(
        "person.invitation_withdrawn",
        by,
        organisation=invitation.organisation,
        invitation=invitation.pk,
        about=f"invitation:{invitation.pk}",
    )


@performs("person.joined")
@unattended
def join(secret: str, password: str) -> Person:
    """The person that an invitation was for. Raises ValidationError for one that is over, or a weak password."""
    # Looked at under a lock: of two answers to one letter, one makes a person, and none once it is withdrawn.
    invitation = open_invitation(secret, now(), lock=True)
    if invitation is None:
        raise ValidationError(text("people.error.invitation_over"))
    person = Person(
        email=invitation.email,
        name=invitation.name,
        organisation=invitation.organisation,
        language=invitation.language,
    )
    validate_password(password, person)
    person.set_password(password)
    person.full_clean()
    person.save(force_insert=True)
    for role in invitation.roles:
        Grant.objects.create(person=person, role=role, by=invitation.by)
    # The invitation was for this address, so it is theirs.
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    invitation.person = person
    invitation.save(update_fields=["person"])
    record("person.joined", person, organisation=person.organisation, about=person.log_name, invitation=invitation.pk)
    return person


@performs("person.roles_changed")
def set_roles(by: Person, person: Person, roles: Collection[Role]) -> None:
    """Give a person exactly these roles. Raises ValidationError for what cannot be, or for the last administrator."""
    policy.check(by, Act.CHANGE_PEOPLE)
    check_roles(person.organisation, roles)
    _wait_for_turn()
    person.grants.exclude(role__in=roles).delete()
    held = set(Grant.objects.filter(person=person).values_list("role", flat=True))  # as it is now, in our turn
    for role in set(roles) - held:
        Grant.objects.create(person=person, role=role, by=by)
    _check_administrator()
    record(
        "person.roles_changed",
        by,
        organisation=person.organisation,
        about=person.log_name,
        person=person.pk,
        roles=sorted(roles),
    )


@performs("person.closed", "person.opened")
def set_active(by: Person, person: Person, active: bool) -> None:
    """Close the account of a person, or open it again. Raises ValidationError for the last administrator.

    What was open ends with it: sessions and tokens do not come back when the account is opened again.
    """
    policy.check(by, Act.CHANGE_PEOPLE)
    _wait_for_turn()
    if not active:
        _end_ways_in(by, person)
    person.is_active = active
    person.save(update_fields=["is_active"])  # nothing else of what was read some time ago
    _check_administrator()
    kind = "person.opened" if active else "person.closed"
    record(kind, by, organisation=person.organisation, about=person.log_name, person=person.pk)


def _end_ways_in(by: Person, person: Person) -> None:
    entrance.end_sessions(by, person)
    for token in Token.objects.filter(person=person, withdrawn=None, until__gt=now()):
        withdraw_token(by, token)


def _wait_for_turn() -> None:
    """Hold what all changes of people hold: of two administrators who close each other, the second sees the first."""
    Organisation.objects.select_for_update().get(is_hub=True)


def _check_administrator() -> None:
    if not Grant.objects.filter(role=Role.ADMINISTRATOR, person__is_active=True).exists():
        raise ValidationError(text("people.error.last_administrator"))


@performs("token.made")
def make_token(by: Person, name: str, days: int) -> tuple[Token, str]:
    """A token for one's own programs, and its secret. days: 1 to 90. Raises ValidationError for one that cannot be."""
    policy.check(by, Act.DELIVER, by.organisation)
    if not 1 <= days <= tokens.LONGEST.days:
        raise ValidationError(text("people.error.token_days", most=tokens.LONGEST.days))
    if Token.objects.filter(person=by, withdrawn=None, until__gt=now()).count() >= tokens.MOST:
        raise ValidationError(text("people.error.token_many", most=tokens.MOST))
    secret = tokens.new_secret()
    token = Token(person=by, name=name, secret=tokens.hashed(secret), until=now() + timedelta(days=days))
    token.full_clean()
    token.save(force_insert=True)
    record("token.made", by, organisation=by.organisation, about=f"token:{token.pk}", token=token.pk)
    return token, secret


@performs("token.withdrawn")
def withdraw_token(by: Person, token: Token) -> None:
    """Make a token worthless: whoever it belongs to may, and whoever may change people."""
    own = token.person_id == by.pk
    policy.check(by, Act.DELIVER if own else Act.CHANGE_PEOPLE, token.person.organisation)
    Token.objects.filter(pk=token.pk, withdrawn=None).update(withdrawn=now())
    record("token.withdrawn", by, organisation=token.person.organisation, about=f"token:{token.pk}", token=token.pk)
