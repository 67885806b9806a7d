"""What must hold before a step: for each rule of the table one check, with a sentence when it does not.

Promise: `check` raises what a person reads in their language, `problem` answers the same for pages; a rule without a
check stops everything (fail-closed).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_file, hash_tree, hash_value
from ctdc.hub.studio.agreements.rules import Purpose, check_agreement
from ctdc.hub.studio.desk import checklist, plans, populations
from ctdc.hub.studio.desk.models import Publication, ReleasePlan, Vote
from ctdc.hub.studio.desk.states import BY_STEP, Rule, State, Step
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.web.formats import decimal
from ctdc.hub.studio.web.texts import text
from ctdc.privacy import budgets, ledger
from ctdc.release.manifest import MANIFEST
from ctdc.standard.languages import AUTONYMS, LANGUAGES
from ctdc.vault.store import manifest_of
from ctdc.vault.vault import open_vault
from ctdc.workflow.run import WORK

YES_NEEDED = 2
MOST_DELTA_PEOPLE = 0.1  # delta must be far below 1 / (number of people)


class NotYet(ValidationError):
    """A rule does not hold. rule: which."""

    def __init__(self, rule: Rule, sentence: str) -> None:
        super().__init__(sentence)
        self.rule = rule


class Again(ValidationError):
    """The same was asked for before, and is done. release: which one, where there is one. Nothing has changed."""

    def __init__(self, release: ReleasePlan | None) -> None:
        super().__init__(text("desk.error.again"))
        self.release = release


@dataclass(frozen=True)
class Asked:
    """What is asked for: a step of a release, by somebody, with what they gave."""

    release: ReleasePlan
    by: Person | None
    reason: str = ""


def check(step: Step, asked: Asked) -> None:
    """Raise NotYet with the first rule of a step that does not hold, or when it does not start where the release is."""
    transition = BY_STEP[step]
    if State(asked.release.state) not in transition.sources:
        raise NotYet(Rule.IDLE, text("desk.error.state", state=text(f"desk.state.{asked.release.state}")))
    for rule in transition.rules:
        check_rule(rule, asked)


def check_rule(rule: Rule, asked: Asked) -> None:
    """Raise NotYet when one rule does not hold, or cannot be looked at (a damaged ledger, a vault that is gone)."""
    try:
        _CHECKS[rule](asked)
    except UserError as error:
        raise NotYet(rule, error.detail.what) from None


def problem(step: Step, asked: Asked) -> str:
    """Why a step cannot be taken now; empty when it can."""
    try:
        check(step, asked)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def organisations(release: ReleasePlan) -> list[Organisation]:
    """Whose cases the release is made from. Raises NotYet for one that the studio does not know, or that is closed."""
    slugs = sorted({one["organisation"] for one in release.deliveries})
    found = {one.slug: one for one in Organisation.objects.filter(slug__in=slugs, active=True)}
    unknown = [slug for slug in slugs if slug not in found]
    if unknown or not slugs:
        raise NotYet(Rule.DELIVERIES, text("desk.error.organisation", names=", ".join(unknown) or "–"))
    return [found[slug] for slug in slugs]


def content_hash(release: ReleasePlan) -> str:
    """A hash of everything that a vote is on: plan, release, evaluation, checklist. Empty when one is missing."""
    folder, report = plans.made_folder(release), plans.report(release)
    if not (folder / MANIFEST).is_file() or not report.is_file():
        return ""
    parts = [release.plan_hash, hash_tree(folder), hash_file(report), checklist.version()]
    return hash_value(parts)


def standing(release: ReleasePlan, content: str) -> list[Vote]:
    """The last vote of each reviewer on exactly this content, by others than those who had a hand in it."""
    hands = set(release.hands.values_list("pk", flat=True))
    found: dict[int, Vote] = {}
    for vote in release.votes.select_related("reviewer").order_by("pk"):
        if content and vote.of == content and vote.reviewer_id not in hands:
            found[vote.reviewer_id] = vote
    return list(found.values())


def replaced(release: ReleasePlan, content: str) -> set[int]:
    """Ids of the votes on this content after which the same reviewer gave another one on it."""
    last: dict[int, int] = {}
    found = set()
    for vote in release.votes.filter(of=content).order_by("pk") if content else ():
        if vote.reviewer_id in last:
            found.add(last[vote.reviewer_id])
        last[vote.reviewer_id] = vote.pk
    return found


def has_votes(release: ReleasePlan) -> bool:
    """Whether two others have said yes to what is there now, and nobody no."""
    votes = standing(release, content_hash(release))
    return sum(vote.yes for vote in votes) >= YES_NEEDED and all(vote.yes for vote in votes)


def newest_published() -> str:
    """The folder of the newest release that is published; empty when there is none."""
    found = Publication.objects.filter(withdrawn=None).order_by("-pk").first()
    return found.folder if found else ""


def _idle(asked: Asked) -> None:
    if asked.release.is_busy:
        raise NotYet(Rule.IDLE, text("desk.error.busy"))


def _complete(asked: Asked) -> None:
    release = asked.release
    missing = [language for language in LANGUAGES if not release.titles.get(language, "").strip()]
    if missing:
        names = ", ".join(AUTONYMS[language] for language in missing)
        raise NotYet(Rule.COMPLETE, text("desk.error.titles", languages=names))
    if not release.deliveries:
        raise NotYet(Rule.COMPLETE, text("desk.error.deliveries"))
    if release.delta * release.people > MOST_DELTA_PEOPLE:
        raise NotYet(Rule.COMPLETE, text("desk.error.delta", people=str(release.people)))
    try:
        plans.cost_of(release)
    except UserError:
        raise NotYet(Rule.COMPLETE, text("desk.error.plan")) from None


def _population(asked: Asked) -> None:
    """It is one that is known, or was said to be new: the same people under two names would have two budgets."""
    release = asked.release
    try:
        populations.check(release.population, populations.known(release), populations.is_begun(release))
    except ValidationError as error:
        raise NotYet(Rule.POPULATION, " ".join(error.messages)) from None


def _deliveries(asked: Asked) -> None:
    vault = open_vault(plans.place().vault)
    for one in asked.release.deliveries:
        where = f"{one['organisation']}/{one['delivery']}"
        try:
            manifest = manifest_of(vault, one["organisation"], one["delivery"])
        except UserError:
            raise NotYet(Rule.DELIVERIES, text("desk.error.gone", delivery=where)) from None
        if manifest.hash() != one["manifest"]:
            raise NotYet(Rule.DELIVERIES, text("desk.error.other", delivery=where))
        if manifest.identity.is_over(now().date()):
            raise NotYet(Rule.DELIVERIES, text("desk.error.over", delivery=where))


def _agreements(rule: Rule, purpose: Purpose) -> Callable[[Asked], None]:
    def checked(asked: Asked) -> None:
        for organisation in organisations(asked.release):
            try:
                check_agreement(organisation, purpose, now().date(), asked.release.profile)
            except UserError as refused:
                raise NotYet(rule, refused.detail.what) from None

    return checked


def is_paid(release: ReleasePlan) -> bool:
    """Whether its cases were measured, which is charged before it is done."""
    return any((plans.folder_of(release) / plans.RUN / WORK).glob("measure-*/stage.json"))


def _budget(asked: Asked) -> None:
    """A budget is set for these people, and what the plan costs fits into it."""
    release = asked.release
    lines = ledger.read(plans.place().ledger)
    if not budgets.limits(lines, release.population):
        raise NotYet(Rule.BUDGET, text("desk.error.no_budget", population=release.population))
    if is_paid(release):
        return  # going on costs nothing, and the engine refuses what would
    for breach in budgets.breaches(lines, release.population, plans.cost_of(release), now().year):
        guarantee = breach.limit.guarantee
        raise NotYet(
            Rule.BUDGET,
            text(
                "desk.error.budget",
                population=breach.population,
                asked=decimal(breach.asked.epsilon(guarantee.delta)),
                remaining=decimal(budgets.remaining(breach.before, guarantee)),
                budget=decimal(guarantee.epsilon),
            ),
        )


def _previous(asked: Asked) -> None:
    if (asked.release.declared or {}).get("previous", "") != newest_published():
        raise NotYet(Rule.PREVIOUS, text("desk.error.previous"))


def _whole(asked: Asked) -> None:
    release = asked.release
    folder, report = plans.made_folder(release), plans.report(release)
    there = (folder / MANIFEST).is_file() and report.is_file()
    if not there or json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("id") != release.identifier:
        raise NotYet(Rule.WHOLE, text("desk.error.whole"))
    if hash_file(report) != release.evaluation:
        raise NotYet(Rule.WHOLE, text("desk.error.whole"))


def _outsider(asked: Asked) -> None:
    if asked.by is None or asked.release.hands.filter(pk=asked.by.pk).exists():
        raise NotYet(Rule.OUTSIDER, text("desk.error.own"))


def _votes(asked: Asked) -> None:
    if not has_votes(asked.release):
        raise NotYet(Rule.VOTES, text("desk.error.votes"))


def _reason(asked: Asked) -> None:
    if not asked.reason:
        raise NotYet(Rule.REASON, text("desk.error.reason"))


_CHECKS: dict[Rule, Callable[[Asked], None]] = {
    Rule.IDLE: _idle,
    Rule.COMPLETE: _complete,
    Rule.POPULATION: _population,
    Rule.DELIVERIES: _deliveries,
    Rule.PROCESS: _agreements(Rule.PROCESS, Purpose.PROCESS),
    Rule.RELEASE: _agreements(Rule.RELEASE, Purpose.RELEASE),
    Rule.BUDGET: _budget,
    Rule.PREVIOUS: _previous,
    Rule.WHOLE: _whole,
    Rule.OUTSIDER: _outsider,
    Rule.VOTES: _votes,
    Rule.REASON: _reason,
}


def unchecked() -> Iterable[Rule]:
    """Rules that nobody looks at: none, or the table says more than is done."""
    return set(Rule) - set(_CHECKS)
