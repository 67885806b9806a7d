"""Pages of the release desk. Views show and pass on; everything that changes something is in `acts`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.desk import accounts, acts, checklist, plans, populations, rules, shown
from ctdc.hub.studio.desk.forms import BudgetForm, PlanForm, VoteForm, WithdrawForm, key_of
from ctdc.hub.studio.desk.models import ReleasePlan
from ctdc.hub.studio.desk.rules import Again, Asked
from ctdc.hub.studio.desk.states import BY_STEP, State, Step, Transition, next_steps
from ctdc.hub.studio.people.models import Organisation, Person
from ctdc.hub.studio.people.policy import RULES, Act, can
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import Request, does, page, shows, takes
from ctdc.privacy.ledger_events import YEAR
from ctdc.standard.languages import LANGUAGES
from ctdc.vault.access import Access
from ctdc.vault.delivery import Manifest
from ctdc.vault.store import deliveries
from ctdc.vault.vault import open_vault

# Steps that are taken by a button on the page of a release, each with the act that does it.
BUTTONS: dict[Step, Callable[[Person, ReleasePlan], Any]] = {
    Step.FIX: acts.fix,
    Step.REOPEN: acts.reopen,
    Step.TRY: acts.ask_trial,
    Step.RUN: acts.ask_run,
    Step.EVALUATE: acts.ask_evaluation,
    Step.SUBMIT: acts.submit,
    Step.GIVE_UP: acts.give_up,
}
# Steps that cannot be undone and cost the people something: their form has a box that has to be ticked.
SURE = (Step.RUN,)
UNTRIED = (State.DRAFT, State.PLANNED)
PAGES = {Step.APPROVE: "desk:review", Step.DOUBT: "desk:review", Step.WITHDRAW: "desk:withdraw"}


@dataclass(frozen=True)
class Next:
    """What can happen next. roles: who may; mine: whether the reader may; problem: why not now; page: where.

    sure: whether a box has to be ticked.
    """

    step: Step
    roles: tuple[str, ...]
    mine: bool
    problem: str
    page: str
    sure: bool


@shows(Act.SEE_RELEASES)
def releases(request: Request) -> HttpResponse:
    """All releases with how far each is, newest first."""
    return page(request, "desk/releases.html", {"releases": ReleasePlan.objects.select_related("job", "made_by")})


@shows(Act.SEE_RELEASES)
def release(request: Request, number: int) -> HttpResponse:
    """One release: where it is, what happens next and who has to do it."""
    found = _found(number)
    response = page(request, "desk/release.html", _context(request, found))
    if found.is_busy:
        response["Refresh"] = "3"  # seconds
    return response


def _found(number: int) -> ReleasePlan:
    return get_object_or_404(ReleasePlan.objects.select_related("job", "made_by", "publication"), pk=number)


def _context(request: Request, found: ReleasePlan) -> dict[str, Any]:
    content = rules.content_hash(found) if found.evaluation else ""
    return {
        "release": found,
        "nexts": [_next(one, found, request.user) for one in next_steps(State(found.state)) if one.act],
        "task": shown.task(found.job) if found.is_busy else "",
        "forecast": shown.forecast(found),
        "profile": shown.profile_title(found.profile),
        "evaluation_text": shown.words(),
        # A plan that was changed since has another trial before it.
        "trial": () if found.state in UNTRIED else shown.summary(plans.report(found, plans.TRIAL)),
        "tried_with": plans.people_of_trial(found),
        "organisations": _organisations(),
        "votes": found.votes.select_related("reviewer"),
        "standing": {vote.pk for vote in rules.standing(found, content)},
        "replaced": rules.replaced(found, content),
        "is_made": bool(found.identifier),
        "publication": getattr(found, "publication", None),
        "languages": LANGUAGES,
        "State": State,
    }


def _next(transition: Transition, found: ReleasePlan, person: Person) -> Next:
    act = transition.act or Act.SEE_HOME
    skipped = transition.step in (Step.APPROVE, Step.DOUBT, Step.WITHDRAW)  # a page of their own says what is amiss
    problem = "" if skipped else rules.problem(transition.step, Asked(found, person))
    where = "desk:publish" if transition.step is Step.PUBLISH else PAGES.get(transition.step, "")
    return Next(
        transition.step, tuple(sorted(RULES[act].everywhere)), can(person, act), problem, where, transition.step in SURE
    )


def _in_vault(request: Request) -> tuple[Manifest, ...]:
    """What lies in the vault with a table of cases; the vault's log says who looked. Nothing when there is no vault."""
    try:
        vault = open_vault(plans.place().vault)
        listed = deliveries(vault, Access(request.user.log_name, "plan a release"), now())
    except UserError as error:
        if error.detail.code != "vault.missing":
            messages.error(request, error.detail.what)
        return ()
    return tuple(one for one in listed if one.of_kind("table"))


def _organisations() -> dict[str, str]:
    """Short name to name of every organisation."""
    return dict(Organisation.objects.values_list("slug", "name"))


def _known(request: Request) -> tuple[str, ...]:
    """The populations that a form offers. None of a damaged ledger, with which nothing can be saved either."""
    try:
        return populations.known()
    except UserError as error:
        messages.error(request, error.detail.what)
        return ()


@does(Act.PLAN_RELEASES)
def begin(request: Request) -> HttpResponse:
    """Begin the draft of a release."""
    form = _plan_form(request)
    if request.method == "POST" and form.is_valid():
        try:
            made = acts.draft(request.user, form.values(), form.cleaned_data["new_population"])
        except Again as again:
            return redirect("desk:one", number=again.release.pk) if again.release else redirect("desk:list")
        except (ValidationError, UserError) as error:
            put_error(form, error)
        else:
            return redirect("desk:one", number=made.pk)
    return page(request, "desk/form.html", {"form": form, "what": "begin", "release": None})


def _plan_form(request: Request, initial: dict[str, Any] | None = None) -> PlanForm:
    found, known = _in_vault(request), _known(request)
    return PlanForm(request.POST or None, initial=initial, found=found, organisations=_organisations(), known=known)


@does(Act.PLAN_RELEASES)
def edit(request: Request, number: int) -> HttpResponse:
    """Change the draft of a release."""
    found = _found(number)
    if found.state != State.DRAFT:
        return redirect("desk:one", number=number)
    initial = {name: getattr(found, name) for name in acts.FIELDS if name not in ("titles", "deliveries")}
    initial |= {f"title_{code}": found.titles.get(code, "") for code in LANGUAGES}
    initial["deliveries"] = [key_of(one["organisation"], one["delivery"]) for one in found.deliveries]
    form = _plan_form(request, initial)
    if request.method == "POST" and form.is_valid():
        try:
            acts.change(request.user, found, form.values(), form.cleaned_data["new_population"])
        except (ValidationError, UserError) as error:
            put_error(form, error)
        else:
            return redirect("desk:one", number=number)
    return page(request, "desk/form.html", {"form": form, "what": "edit", "release": found})


@takes(Act.PLAN_RELEASES)
def step(request: Request, number: int) -> HttpResponse:
    """Take a step that needs no more than a button, and for some a ticked box."""
    found = _found(number)
    name = request.POST.get("step", "")
    if name not in BUTTONS:
        messages.error(request, text("desk.error.step"))
    elif Step(name) in SURE and not request.POST.get("sure"):
        messages.error(request, text("desk.error.sure"))
    else:
        _try(request, Step(name), number, lambda: BUTTONS[Step(name)](request.user, found))
    return redirect("desk:one", number=number)


@takes(Act.PUBLISH_RELEASES)
def publish(request: Request, number: int) -> HttpResponse:
    """Publish an approved release."""
    found = _found(number)
    _try(request, Step.PUBLISH, number, lambda: acts.ask_publication(request.user, found))
    return redirect("desk:one", number=number)


def _try(request: Request, asked: Step, number: int, act: Callable[[], Any]) -> None:
    """Perform an act; what does not hold is said above the next page, unless the same click has done it already."""
    try:
        act()
    except ValidationError as error:
        for sentence in () if _is_taken(asked, _found(number)) else error.messages:
            messages.error(request, sentence)
    except UserError as error:
        messages.error(request, error.detail.what)


def _is_taken(asked: Step, found: ReleasePlan) -> bool:
    """Whether a step has been taken, or is being: the second of two clicks need not be told that it cannot be."""
    transition = BY_STEP[asked]
    if transition.job:
        return found.is_busy and found.job is not None and found.job.kind == transition.job
    return found.state == transition.target


@does(Act.PUBLISH_RELEASES)
def withdraw(request: Request, number: int) -> HttpResponse:
    """Withdraw a published release, with the reason that readers will see."""
    found = _found(number)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            acts.ask_withdrawal(request.user, found, form.cleaned_data["reason"], form.words())
        except ValidationError as error:
            put_error(form, error)
        else:
            return redirect("desk:one", number=number)
    problem = "" if found.state == State.PUBLISHED else text("desk.error.state", state=_state(found))
    return page(request, "desk/form.html", {"form": form, "what": "withdraw", "release": found, "problem": problem})


def _state(found: ReleasePlan) -> str:
    return text(f"desk.state.{found.state}")


@shows(Act.SEE_RELEASES)
def privacy(request: Request, number: int) -> HttpResponse:
    """The privacy statement of the release that was made."""
    found = _found(number)
    return page(request, "desk/document.html", {"release": found, "what": "privacy", "sections": shown.privacy(found)})


@shows(Act.SEE_RELEASES)
def changes(request: Request, number: int) -> HttpResponse:
    """What is different from the release before."""
    found = _found(number)
    return page(request, "desk/document.html", {"release": found, "what": "changes", "sections": shown.changes(found)})


@shows(Act.SEE_EVALUATIONS)
def evaluation(request: Request, number: int) -> HttpResponse:
    """The report against the true cases, in short. Looking at it is logged."""
    found = _found(number)
    lines = shown.summary(plans.report(found))
    if lines:
        acts.read_evaluation(request.user, found)
    context = {"release": found, "lines": lines, "notice": shown.notice(), "evaluation_text": shown.words()}
    return page(request, "desk/evaluation.html", context)


@takes(Act.SEE_EVALUATIONS)
def evaluation_file(request: Request, number: int) -> HttpResponse:
    """The whole report, to be kept by the one who judges. Taking it is logged."""
    found = _found(number)
    path = plans.report(found, name=plans.PAGE)
    if not path.is_file():
        raise Http404
    acts.read_evaluation(request.user, found)
    response = HttpResponse(path.read_bytes(), content_type="text/html; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="evaluation-{found.pk}-private.html"'
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@does(Act.REVIEW_RELEASES)
def review(request: Request, number: int) -> HttpResponse:
    """Look at what is voted on, and vote."""
    found = _found(number)
    content = rules.content_hash(found) if found.evaluation else ""
    form = VoteForm(request.POST or None, initial={"of": content})
    problem = _cannot_vote(found, request.user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        answers = {point: point in given["answers"] for point in checklist.POINTS}
        try:
            acts.vote(request.user, found, given["says"] == "yes", given["reasons"], answers, given["of"])
        except Again:
            return redirect("desk:one", number=number)
        except ValidationError as error:
            put_error(form, error)
        else:
            return redirect("desk:one", number=number)
    context = {"form": form, "release": found, "content": content, "problem": problem}
    return page(request, "desk/review.html", context)


def _cannot_vote(found: ReleasePlan, person: Person) -> str:
    """Why somebody cannot vote now; empty when they can."""
    if found.state not in (State.IN_REVIEW, State.APPROVED):
        return text("desk.error.state", state=_state(found))
    for rule in (rule for rule in BY_STEP[Step.APPROVE].rules if rule.value != "votes"):
        try:
            rules.check_rule(rule, Asked(found, person))
        except ValidationError as error:
            return " ".join(error.messages)
    return ""


@shows(Act.SEE_LEDGER)
def ledger_page(request: Request) -> HttpResponse:
    """What was spent on whose privacy, and how much remains."""
    problem, found = "", tuple[accounts.State, ...]()
    try:
        found = accounts.states(plans.place().ledger, now().year)
    except UserError as error:
        problem = error.detail.what
    return page(request, "desk/ledger.html", {"states": found, "problem": problem})


@does(Act.SET_BUDGETS)
def budget(request: Request) -> HttpResponse:
    """Set the most that may be spent on a population."""
    form = BudgetForm(request.POST or None, known=_known(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            amounts = given["epsilon"], given["delta"], given["period"] == YEAR
            acts.set_budget(request.user, given["population"], *amounts, given["new_population"])
        except Again:
            return redirect("desk:ledger")
        except (ValidationError, UserError) as error:
            put_error(form, error)
        else:
            return redirect("desk:ledger")
    return page(request, "desk/form.html", {"form": form, "what": "budget", "release": None})


def put_error(form: Form, error: ValidationError | UserError) -> None:
    """Show in a form what was wrong: beside its field where one is named, else above all."""
    if isinstance(error, UserError):
        form.add_error(None, error.detail.what)
    elif hasattr(error, "error_dict") and set(error.error_dict) <= set(form.fields):
        form.add_error(None, error)
    else:
        form.add_error(None, error.messages)
