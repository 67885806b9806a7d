"""Everything that changes a release, from its draft to its withdrawal.

Promise: each act is a step of the table (`states.STEPS`): it starts where the table says, its rules are looked at under
a lock, and it ends where the table says. The plan is fixed, and its hash logged, before any case is opened. A vote is
for exactly what the reviewer looked at: it counts while nothing of that changes. What was asked for twice, as by a
double click, is done once: the second time raises `Again`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError

from ctdc.foundation.clock import now
from ctdc.hub.studio.desk import checklist, plans, populations, rules
from ctdc.hub.studio.desk.accounts import BUDGET_SET
from ctdc.hub.studio.desk.models import Publication, ReleasePlan, Vote
from ctdc.hub.studio.desk.rules import Again, Asked, NotYet
from ctdc.hub.studio.desk.states import BY_STEP, Rule, State, Step
from ctdc.hub.studio.events.record import hold_end, performs, record, unattended
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.jobs.work import ask
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.models import Person
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text
from ctdc.privacy import budgets, ledger
from ctdc.privacy.accounting import Guarantee
from ctdc.privacy.ledger_events import LIFE, YEAR
from ctdc.release.tombstones import REASONS, Tombstone
from ctdc.standard.languages import LANGUAGES

FIELDS = (
    *("name", "titles", "profile", "population", "epsilon", "delta", "length", "threshold", "people", "deliveries"),
    *("terms", "edition", "contact", "simulated"),
)
LEAST_REASONS = 10  # letters
SAME_DRAFT = timedelta(minutes=1)  # within which the same draft of the same person is the same click


def _held(release: ReleasePlan) -> ReleasePlan:
    """The release as it is now, held until the act ends: of two acts, the second sees what the first did."""
    return ReleasePlan.objects.select_for_update(of=("self",)).get(pk=release.pk)


def _take(step: Step, by: Person, release: ReleasePlan, reason: str = "") -> ReleasePlan:
    """The release, held, when this step can be taken now. Raises NotYet."""
    held = _held(release)
    rules.check(step, Asked(held, by, reason))
    return held


def _arrive(release: ReleasePlan, step: Step) -> None:
    release.state = BY_STEP[step].target
    release.save()


def _ask(step: Step, by: Person, release: ReleasePlan) -> Job:
    """Ask for the job after which a step has been taken."""
    job = ask(BY_STEP[step].job, by, None, release=release.pk)
    release.job = job
    release.save()
    return job


@performs("release.drafted")
def draft(by: Person, values: Mapping[str, Any], new_population: bool = False) -> ReleasePlan:
    """A new draft. values: of `FIELDS`; new_population: it is said that nobody in it is in another one.

    Raises ValidationError for what cannot be, UserError (``ledger.broken``).
    """
    policy.check(by, Act.PLAN_RELEASES)
    hold_end()  # of two drafts, the second sees the first
    _check_not_drafted(by, values)
    release = ReleasePlan(made_by=by, **values)
    release.full_clean()
    begins = populations.check(release.population, populations.known(), new_population)
    release.save(force_insert=True)
    release.hands.add(by)
    record("release.drafted", by, about=release.log_name)
    if begins:
        record(populations.BEGUN, by, about=release.log_name, population=populations.mark(release.population))
    return release


def _check_not_drafted(by: Person, values: Mapping[str, Any]) -> None:
    recent = ReleasePlan.objects.filter(made_by=by, state=State.DRAFT, made__gte=now() - SAME_DRAFT)
    for one in recent:
        if all(getattr(one, name) == value for name, value in values.items()):
            raise Again(one)


@performs("release.changed")
def change(by: Person, release: ReleasePlan, values: Mapping[str, Any], new_population: bool = False) -> None:
    """Change a draft; otherwise as `draft`. Raises ValidationError, UserError (``ledger.broken``)."""
    policy.check(by, Act.PLAN_RELEASES)
    hold_end()
    release = _held(release)
    if release.state != State.DRAFT:
        raise NotYet(Rule.IDLE, text("desk.error.fixed"))
    for name, value in values.items():
        setattr(release, name, value)
    release.full_clean()
    begun = populations.is_begun(release)
    begins = populations.check(release.population, populations.known(release), new_population or begun)
    release.save()
    release.hands.add(by)
    record("release.changed", by, about=release.log_name)
    if begins and not begun:
        record(populations.BEGUN, by, about=release.log_name, population=populations.mark(release.population))


@performs("release.planned")
def fix(by: Person, release: ReleasePlan) -> None:
    """Declare the plan: from here on its hash stands for it. Raises NotYet."""
    policy.check(by, Act.PLAN_RELEASES)
    release = _take(Step.FIX, by, release)
    release.declared = plans.declare(release, rules.newest_published())
    release.plan_hash = plans.hash_of(release.declared)
    release.hands.add(by)
    _arrive(release, Step.FIX)
    record("release.planned", by, about=release.log_name, plan=release.plan_hash)


@performs("release.reopened")
def reopen(by: Person, release: ReleasePlan) -> None:
    """Make the plan a draft again, before it was run. Raises NotYet."""
    policy.check(by, Act.PLAN_RELEASES)
    release = _take(Step.REOPEN, by, release)
    release.declared, release.plan_hash = None, ""
    release.hands.add(by)
    _arrive(release, Step.REOPEN)
    record("release.reopened", by, about=release.log_name)


@performs("release.trial_asked")
def ask_trial(by: Person, release: ReleasePlan) -> Job:
    """Have the plan tried on invented people. Raises NotYet."""
    policy.check(by, Act.PLAN_RELEASES)
    release = _take(Step.TRY, by, release)
    release.hands.add(by)
    job = _ask(Step.TRY, by, release)
    record("release.trial_asked", by, about=release.log_name, job=job.pk)
    return job


@performs("release.tried")
@unattended
def tried(release: ReleasePlan) -> None:
    """The trial has been made and evaluated."""
    release = _held(release)
    if release.state in BY_STEP[Step.TRY].sources:
        _arrive(release, Step.TRY)
    record("release.tried", "worker", about=release.log_name)


@performs("release.run_asked")
def ask_run(by: Person, release: ReleasePlan) -> Job:
    """Have the release made from the cases in the vault: the one step that is paid for. Raises NotYet."""
    policy.check(by, Act.PLAN_RELEASES)
    release = _take(Step.RUN, by, release)
    release.hands.add(by)
    release.state = BY_STEP[Step.RUN].target
    job = _ask(Step.RUN, by, release)
    record("release.run_asked", by, about=release.log_name, job=job.pk, plan=release.plan_hash)
    return job


@performs("release.made")
@unattended
def made(release: ReleasePlan, folder: str, identifier: str) -> None:
    """The release has been made and verified."""
    release = _held(release)
    release.folder, release.identifier, release.evaluation = folder, identifier, ""
    if release.state in BY_STEP[Step.MAKE].sources:
        _arrive(release, Step.MAKE)
    release.save()
    record("release.made", "worker", about=release.log_name, release=identifier)


@performs("release.run_failed")
@unattended
def run_failed(release: ReleasePlan) -> None:
    """The run could not be done, or was stopped. What it had charged stays charged."""
    release = _held(release)
    if release.state in BY_STEP[Step.FAIL].sources:
        _arrive(release, Step.FAIL)
    record("release.run_failed", "worker", about=release.log_name)


@performs("release.evaluation_asked")
def ask_evaluation(by: Person, release: ReleasePlan) -> Job:
    """Have the release compared with the true cases. Raises NotYet."""
    policy.check(by, Act.PLAN_RELEASES)
    release = _take(Step.EVALUATE, by, release)
    release.hands.add(by)
    job = _ask(Step.EVALUATE, by, release)
    record("release.evaluation_asked", by, about=release.log_name, job=job.pk)
    return job


@performs("release.evaluated")
@unattended
def evaluated(release: ReleasePlan, evaluation: str) -> None:
    """The report is there. evaluation: its SHA-256. Votes that were given before no longer count."""
    release = _held(release)
    release.evaluation = evaluation
    if release.state in BY_STEP[Step.EVALUATE].sources:
        _arrive(release, Step.EVALUATE)
    release.save()
    record("release.evaluated", "worker", about=release.log_name, evaluation=evaluation)


@performs("release.evaluation_read")
def read_evaluation(by: Person, release: ReleasePlan) -> None:
    """Note that somebody looks at the report against the true cases."""
    policy.check(by, Act.SEE_EVALUATIONS)
    record("release.evaluation_read", by, about=release.log_name)


@performs("release.submitted")
def submit(by: Person, release: ReleasePlan) -> None:
    """Ask two others to look at it. Raises NotYet."""
    policy.check(by, Act.PLAN_RELEASES)
    release = _take(Step.SUBMIT, by, release)
    release.hands.add(by)
    _arrive(release, Step.SUBMIT)
    record("release.submitted", by, about=release.log_name, content=rules.content_hash(release))


@performs("release.voted")
def vote(by: Person, release: ReleasePlan, yes: bool, reasons: str, answers: Mapping[str, bool], of: str) -> Vote:
    """Say yes or no, with reasons. of: hash of what the reviewer looked at. Raises ValidationError.

    The second yes of others to the same content approves it; a no takes an approval back. A vote that says what the
    reviewer's last one says, of the same content, raises Again and changes nothing.
    """
    policy.check(by, Act.REVIEW_RELEASES)
    release = _held(release)
    _check_vote(by, release, yes, reasons, answers, of)
    answered = {point: bool(answers.get(point)) for point in checklist.POINTS}
    said: dict[str, Any] = {"yes": yes, "reasons": reasons.strip(), "answers": answered, "of": of}
    last = release.votes.filter(reviewer=by).order_by("-pk").first()
    if last is not None and all(getattr(last, name) == value for name, value in said.items()):
        raise Again(release)
    given = Vote.objects.create(release=release, reviewer=by, **said)
    record("release.voted", by, about=release.log_name, yes=int(yes), content=of)
    _count(by, release, of)
    return given


def _check_vote(
    by: Person, release: ReleasePlan, yes: bool, reasons: str, answers: Mapping[str, bool], of: str
) -> None:
    if release.state not in (State.IN_REVIEW, State.APPROVED):
        raise NotYet(Rule.IDLE, text("desk.error.state", state=text(f"desk.state.{release.state}")))
    asked = Asked(release, by)
    for rule in (Rule.IDLE, Rule.WHOLE, Rule.OUTSIDER):
        rules.check_rule(rule, asked)
    if not of or of != rules.content_hash(release):
        raise NotYet(Rule.VOTES, text("desk.error.changed"))
    if len(reasons.strip()) < LEAST_REASONS:
        raise ValidationError({"reasons": text("desk.error.reasons")})
    if yes and not all(answers.get(point) for point in checklist.POINTS):
        raise ValidationError({"answers": text("desk.error.checklist")})


def _count(by: Person, release: ReleasePlan, content: str) -> None:
    """Approve, or take the approval back, as the votes now are."""
    agreed = rules.has_votes(release)
    if agreed and release.state == State.IN_REVIEW:
        _arrive(release, Step.APPROVE)
        record("release.approved", by, about=release.log_name, content=content)
    elif not agreed and release.state == State.APPROVED:
        _arrive(release, Step.DOUBT)
        record("release.doubted", by, about=release.log_name, content=content)


@performs("release.publication_asked")
def ask_publication(by: Person, release: ReleasePlan) -> Job:
    """Have an approved release published. Raises NotYet."""
    policy.check(by, Act.PUBLISH_RELEASES)
    release = _take(Step.PUBLISH, by, release)
    job = _ask(Step.PUBLISH, by, release)
    content = rules.content_hash(release)
    record("release.publication_asked", by, about=release.log_name, job=job.pk, content=content)
    return job


@performs("release.published")
@unattended
def published(release: ReleasePlan, by: Person | None) -> None:
    """The release and its site are public. by: who asked for it."""
    release = _held(release)
    Publication.objects.get_or_create(
        release=release, defaults={"identifier": release.identifier, "folder": release.folder, "by": by}
    )
    if release.state in BY_STEP[Step.PUBLISH].sources:
        _arrive(release, Step.PUBLISH)
    record("release.published", "worker", about=release.log_name, release=release.identifier)


@performs("release.withdrawal_asked")
def ask_withdrawal(by: Person, release: ReleasePlan, reason: str, words: Mapping[str, str]) -> Job:
    """Have a published release withdrawn. reason: of `REASONS`; words: more about why, by language, for readers.

    Raises ValidationError.
    """
    policy.check(by, Act.PUBLISH_RELEASES)
    if reason not in REASONS or set(words) - set(LANGUAGES):
        raise ValidationError({"reason": text("desk.error.reason")})
    release = _take(Step.WITHDRAW, by, release, reason)
    publication = release.publication
    publication.reason, publication.withdrawn_by = reason, by
    publication.words = {language: given.strip() for language, given in words.items() if given.strip()}
    publication.save()
    job = _ask(Step.WITHDRAW, by, release)
    record("release.withdrawal_asked", by, about=release.log_name, job=job.pk, reason=reason)
    return job


@performs("release.withdrawn")
@unattended
def withdrawn(release: ReleasePlan, stone: Tombstone | None) -> None:
    """The release is gone from the site and from the folder of releases.

    stone: its tombstone, whose reason counts: readers have seen it, even if another was given when it was asked again.
    """
    release = _held(release)
    publication = release.publication
    if stone is not None:
        publication.reason, publication.words = stone.reason, dict(stone.words)
    publication.withdrawn = publication.withdrawn or now()
    publication.save()
    if release.state in BY_STEP[Step.WITHDRAW].sources:
        _arrive(release, Step.WITHDRAW)
    record(
        "release.withdrawn",
        "worker",
        about=release.log_name,
        release=publication.identifier,
        reason=publication.reason,
    )


@performs("release.given_up")
def give_up(by: Person, release: ReleasePlan) -> None:
    """Go no further with a release that was not published. What was charged stays charged. Raises NotYet."""
    policy.check(by, Act.PLAN_RELEASES)
    release = _take(Step.GIVE_UP, by, release)
    _arrive(release, Step.GIVE_UP)
    record("release.given_up", by, about=release.log_name)


@performs(BUDGET_SET)
def set_budget(
    by: Person, population: str, epsilon: float, delta: float, yearly: bool, new_population: bool = False
) -> None:
    """Set the most that may be spent on a population, for life or in a year.

    new_population: it is said that nobody in it is in another one. Raises ValidationError, UserError (``ledger.*``);
    Again for the budget that is set already.
    """
    policy.check(by, Act.SET_BUDGETS)
    hold_end()
    begins = populations.check(population, populations.known(), new_population)
    period, path, guarantee = YEAR if yearly else LIFE, plans.place().ledger, Guarantee(epsilon, delta)
    if budgets.budget(ledger.read(path), population, period) == guarantee:
        raise Again(None)
    line = ledger.set_budget(path, population, guarantee, now(), period)
    about = f"ledger:{line.sequence}"
    record(BUDGET_SET, by, about=about, line=line.hash)
    if begins:
        record(populations.BEGUN, by, about=about, population=populations.mark(population))
