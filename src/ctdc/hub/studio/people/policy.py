"""Who may do what: one table, two doors.

Promise: `check` raises a sentence, `can` answers for templates, both from `RULES`; an act that is not in the table is
allowed to nobody. An act for one's own organisation only is denied for every other, whoever asks. The table is what
the matrix of the tests walks through.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied

from ctdc.hub.studio.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from ctdc.hub.studio.people.models import Organisation, Person


class Act(StrEnum):
    """Everything that somebody can want to do in a studio."""

    SEE_HOME = "see home"
    SEE_ORGANISATIONS = "see organisations"
    CHANGE_ORGANISATIONS = "change organisations"
    SEE_PEOPLE = "see people"
    CHANGE_PEOPLE = "change people"
    SEE_EVENTS = "see events"
    SEE_VAULT_LOG = "see vault log"
    SEE_AGREEMENTS = "see agreements"
    CHANGE_AGREEMENTS = "change agreements"
    SEE_DELIVERIES = "see deliveries"
    DELIVER = "deliver"
    CHECK_DELIVERIES = "check deliveries"
    SEE_MAPPINGS = "see mappings"
    PROPOSE_MAPPINGS = "propose mappings"
    APPROVE_MAPPINGS = "approve mappings"
    WITHDRAW_PEOPLE = "withdraw people"
    SEE_RELEASES = "see releases"
    PLAN_RELEASES = "plan releases"
    REVIEW_RELEASES = "review releases"
    PUBLISH_RELEASES = "publish releases"
    SEE_EVALUATIONS = "see evaluations"
    SEE_LEDGER = "see ledger"
    SET_BUDGETS = "set budgets"
    EDIT_STORIES = "edit stories"
    TRANSLATE_STORIES = "translate stories"
    PUBLISH_STORIES = "publish stories"
    SEE_FEEDBACK = "see feedback"
    ANSWER_FEEDBACK = "answer feedback"
    SEE_MONITORING = "see monitoring"
    SEE_USAGE = "see usage"
    SEE_CALENDAR = "see calendar"
    PLAN_UPDATES = "plan updates"
    SEE_CONTACTS = "see contacts"
    CHANGE_CONTACTS = "change contacts"
    SEE_JOBS = "see jobs"
    STOP_JOBS = "stop jobs"
    USE_WORKBENCH = "use workbench"


@dataclass(frozen=True)
class Rule:
    """Who may: in every organisation (everywhere), or in their own alone (at_home)."""

    everywhere: frozenset[Role] = frozenset()
    at_home: frozenset[Role] = frozenset()


def _rule(*everywhere: Role, at_home: tuple[Role, ...] = ()) -> Rule:
    return Rule(frozenset(everywhere), frozenset(at_home))


C, S, R, E, T, A, U = Role
RULES: dict[Act, Rule] = {
    Act.SEE_HOME: _rule(*Role),
    Act.SEE_ORGANISATIONS: _rule(S, R, A, U, at_home=(C,)),
    Act.CHANGE_ORGANISATIONS: _rule(A),
    Act.SEE_PEOPLE: _rule(A, U),
    Act.CHANGE_PEOPLE: _rule(A),
    Act.SEE_EVENTS: _rule(A, U),
    Act.SEE_VAULT_LOG: _rule(S, A, U),  # who opened what and why; no value of a case
    Act.SEE_AGREEMENTS: _rule(S, R, A, U, at_home=(C,)),
    Act.CHANGE_AGREEMENTS: _rule(A),
    Act.SEE_DELIVERIES: _rule(S, R, U, at_home=(C,)),
    Act.DELIVER: _rule(at_home=(C,)),
    Act.CHECK_DELIVERIES: _rule(S),
    Act.SEE_MAPPINGS: _rule(S, R, U, at_home=(C,)),
    Act.PROPOSE_MAPPINGS: _rule(S, at_home=(C,)),
    Act.APPROVE_MAPPINGS: _rule(S, R),
    Act.WITHDRAW_PEOPLE: _rule(S, at_home=(C,)),
    Act.SEE_RELEASES: _rule(S, R, U),
    Act.PLAN_RELEASES: _rule(S),
    Act.REVIEW_RELEASES: _rule(R, S),
    Act.PUBLISH_RELEASES: _rule(S),
    # They hold statistics of the true cases: for those who make and judge a release, and for nobody else.
    Act.SEE_EVALUATIONS: _rule(S, R),
    Act.SEE_LEDGER: _rule(S, R, A, U),
    Act.SET_BUDGETS: _rule(A),
    Act.EDIT_STORIES: _rule(E),
    Act.TRANSLATE_STORIES: _rule(E, T),
    Act.PUBLISH_STORIES: _rule(E),
    Act.SEE_FEEDBACK: _rule(S, E, U),
    Act.ANSWER_FEEDBACK: _rule(S, E),
    Act.SEE_MONITORING: _rule(S, R, A, U),
    Act.SEE_USAGE: _rule(S, R, E, A, U),
    Act.SEE_CALENDAR: _rule(S, R, A, U, at_home=(C,)),
    Act.PLAN_UPDATES: _rule(S, A),
    Act.SEE_CONTACTS: _rule(S, A),
    Act.CHANGE_CONTACTS: _rule(S, A),
    Act.SEE_JOBS: _rule(S, R, A, U),
    Act.STOP_JOBS: _rule(S, A),
    Act.USE_WORKBENCH: _rule(S, at_home=(C,)),  # a room is nobody's but its person's
}


class Denied(PermissionDenied):
    """Somebody may not do what they asked for. act: what it was."""

    def __init__(self, act: Act) -> None:
        super().__init__(f"You may not do this here: {act}.")
        self.act = act


_asked: ContextVar[list[Act] | None] = ContextVar("asked", default=None)


def begin_asking(asked: list[Act]) -> Token[list[Act] | None]:
    """From now on, `check` notes in `asked` what it was asked; until `end_asking` is given what this returns."""
    return _asked.set(asked)


def end_asking(token: Token[list[Act] | None]) -> None:
    """The end of what `begin_asking` began."""
    _asked.reset(token)


def can(person: Person | AnonymousUser, act: Act, organisation: Organisation | None = None) -> bool:
    """Whether `person` may do `act`, for `organisation` where it concerns one.

    Without an organisation the answer is for the person's own: whether there is anywhere that they may.
    """
    if not person.is_authenticated:
        return False
    at_home = organisation is None or organisation.pk == person.organisation_id
    return _allowed(act, person.roles, at_home)


def acts_of(person: Person | AnonymousUser) -> frozenset[Act]:
    """Everything that there is anywhere that `person` may do: what `can` says of each act, after one look at roles."""
    if not person.is_authenticated:
        return frozenset()
    roles = person.roles
    return frozenset(act for act in Act if _allowed(act, roles, at_home=True))


def _allowed(act: Act, roles: frozenset[Role], at_home: bool) -> bool:
    rule = RULES.get(act, Rule())
    return bool(rule.everywhere & roles) or (at_home and bool(rule.at_home & roles))


def check(person: Person | AnonymousUser, act: Act, organisation: Organisation | None = None) -> None:
    """Raise Denied unless `person` may do `act`."""
    asked = _asked.get()
    if asked is not None:
        asked.append(act)
    if not can(person, act, organisation):
        raise Denied(act)


def sees_all(person: Person, act: Act) -> bool:
    """Whether `person` may do `act` in every organisation."""
    return bool(RULES.get(act, Rule()).everywhere & person.roles)
