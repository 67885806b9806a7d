"""Where a release can be, and how it gets from one state to the next: one table.

Promise: a release changes its state by a step of `STEPS` and in no other way; who may take it and what must hold is
said here and nowhere else. The diagram in ``docs/explanation/release-desk.md`` is made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ctdc.hub.studio.people.policy import Act


class State(StrEnum):
    """How far a release is."""

    DRAFT = "draft"
    PLANNED = "planned"
    TRIED = "tried"
    RUNNING = "running"
    MADE = "made"
    EVALUATED = "evaluated"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    GIVEN_UP = "given_up"


class Step(StrEnum):
    """What can be done with a release."""

    FIX = "fix"
    REOPEN = "reopen"
    TRY = "try"
    RUN = "run"
    MAKE = "make"
    FAIL = "fail"
    EVALUATE = "evaluate"
    SUBMIT = "submit"
    APPROVE = "approve"
    DOUBT = "doubt"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    GIVE_UP = "give_up"


class Rule(StrEnum):
    """What must hold when a step is taken. `rules.CHECKS` says how each is looked at."""

    IDLE = "idle"  # no job is at work on it
    COMPLETE = "complete"  # everything is filled in, and could be protected with
    POPULATION = "population"  # known, or said to be a new one
    DELIVERIES = "deliveries"  # each is in the vault, as planned, and may be kept
    PROCESS = "process"  # every organisation's agreement allows processing today
    RELEASE = "release"  # every organisation's agreement allows a release today
    BUDGET = "budget"  # a budget is set for these people, and enough of it remains
    PREVIOUS = "previous"  # the release to compare with is the newest that is published
    WHOLE = "whole"  # release and evaluation are there, byte for byte as they were made
    OUTSIDER = "outsider"  # by somebody who did nothing of what they judge
    VOTES = "votes"  # two others have said yes to exactly this, and nobody no
    REASON = "reason"  # a reason is given


@dataclass(frozen=True)
class Transition:
    """One line of the table. act: who may, None for the studio itself; job: the long work after which it happens."""

    step: Step
    sources: tuple[State, ...]
    target: State
    act: Act | None
    rules: tuple[Rule, ...] = ()
    job: str = ""


S, R = State, Rule
_UNPUBLISHED = (S.DRAFT, S.PLANNED, S.TRIED, S.RUNNING, S.MADE, S.EVALUATED, S.IN_REVIEW, S.APPROVED)
_PLAN = Act.PLAN_RELEASES
STEPS: tuple[Transition, ...] = (
    Transition(Step.FIX, (S.DRAFT,), S.PLANNED, _PLAN, (R.IDLE, R.COMPLETE, R.POPULATION, R.DELIVERIES, R.PROCESS)),
    Transition(Step.REOPEN, (S.PLANNED, S.TRIED), S.DRAFT, _PLAN, (R.IDLE,)),
    Transition(Step.TRY, (S.PLANNED, S.TRIED), S.TRIED, _PLAN, (R.IDLE,), "desk.try"),
    # From running too: a run that was stopped is begun again, and goes on where it was.
    Transition(
        Step.RUN,
        (S.TRIED, S.RUNNING),
        S.RUNNING,
        _PLAN,
        (R.IDLE, R.DELIVERIES, R.PREVIOUS, R.PROCESS, R.BUDGET),
        "desk.run",
    ),
    Transition(Step.MAKE, (S.RUNNING,), S.MADE, None),
    Transition(Step.FAIL, (S.RUNNING,), S.TRIED, None),
    Transition(
        Step.EVALUATE,
        (S.MADE, S.EVALUATED, S.IN_REVIEW, S.APPROVED),
        S.EVALUATED,
        _PLAN,
        (R.IDLE, R.DELIVERIES, R.PROCESS),
        "desk.evaluate",
    ),
    Transition(Step.SUBMIT, (S.EVALUATED,), S.IN_REVIEW, _PLAN, (R.IDLE, R.WHOLE)),
    Transition(Step.APPROVE, (S.IN_REVIEW,), S.APPROVED, Act.REVIEW_RELEASES, (R.IDLE, R.WHOLE, R.OUTSIDER, R.VOTES)),
    Transition(Step.DOUBT, (S.APPROVED,), S.IN_REVIEW, Act.REVIEW_RELEASES, (R.IDLE,)),
    Transition(
        Step.PUBLISH,
        (S.APPROVED,),
        S.PUBLISHED,
        Act.PUBLISH_RELEASES,
        (R.IDLE, R.WHOLE, R.VOTES, R.RELEASE),
        "desk.publish",
    ),
    Transition(Step.WITHDRAW, (S.PUBLISHED,), S.WITHDRAWN, Act.PUBLISH_RELEASES, (R.IDLE, R.REASON), "desk.withdraw"),
    Transition(Step.GIVE_UP, _UNPUBLISHED, S.GIVEN_UP, _PLAN, (R.IDLE,)),
)
BY_STEP = {one.step: one for one in STEPS}


def next_steps(state: State) -> tuple[Transition, ...]:
    """What can be done from a state, in the order of the table."""
    return tuple(one for one in STEPS if state in one.sources)
