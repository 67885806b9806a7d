"""Pages of agreements."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.agreements import acts
from ctdc.hub.studio.agreements.forms import AgreementForm, BeginForm, EndForm, SignedForm, current_language
from ctdc.hub.studio.agreements.models import Agreement, State
from ctdc.hub.studio.agreements.templates import prefilled
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import Request, does, page, shows, takes


def visible(request: Request) -> QuerySet[Agreement]:
    """The agreements that the reader may see: all, or those of their organisation."""
    found = Agreement.objects.select_related("organisation", "replaces", "made_by")
    if sees_all(request.user, Act.SEE_AGREEMENTS):
        return found
    return found.filter(organisation_id=request.user.organisation_id)


@shows(Act.SEE_AGREEMENTS)
def agreements(request: Request) -> HttpResponse:
    """All of them, by organisation, newest first."""
    return page(request, "agreements/agreements.html", {"agreements": visible(request), "today": now().date()})


@shows(Act.SEE_AGREEMENTS)
def agreement(request: Request, number: int) -> HttpResponse:
    """One agreement with all that it says."""
    found = get_object_or_404(visible(request), pk=number)
    follower = Agreement.objects.filter(replaces=found).first()
    context = {"agreement": found, "follower": follower, "State": State, "today": now().date()}
    return page(request, "agreements/agreement.html", context)


@does(Act.CHANGE_AGREEMENTS)
def begin(request: Request) -> HttpResponse:
    """Choose with whom, and which language's template to begin with."""
    form = BeginForm(request.POST or None, initial=current_language())
    if request.method == "POST" and form.is_valid():
        organisation: Organisation = form.cleaned_data["organisation"]
        hub = Organisation.objects.get(is_hub=True)
        values = prefilled(organisation, hub, form.cleaned_data["language"], now().date())
        return redirect("agreements:edit", number=acts.draft(request.user, organisation, values).pk)
    return page(request, "agreements/form.html", {"form": form, "what": "begin", "agreement": None})


@does(Act.CHANGE_AGREEMENTS)
def edit(request: Request, number: int) -> HttpResponse:
    """Change a draft."""
    found = get_object_or_404(visible(request), pk=number)
    if not found.can_change:
        return redirect("agreements:one", number=number)
    initial = {name: getattr(found, name) for name in acts.FIELDS}
    form = AgreementForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            acts.change(request.user, found, form.cleaned_data)
        except (ValidationError, UserError) as error:
            put_error(form, error)
        else:
            messages.success(request, text("agreements.saved"))
            return redirect("agreements:one", number=number)
    return page(request, "agreements/form.html", {"form": form, "what": "edit", "agreement": found})


@does(Act.CHANGE_AGREEMENTS)
def sign(request: Request, number: int) -> HttpResponse:
    """Hand in the signed copy."""
    found = get_object_or_404(visible(request), pk=number)
    form = SignedForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        paper = form.cleaned_data["paper"]
        try:
            acts.attach_signed(request.user, found, paper.name, paper.read())
        except (ValidationError, UserError) as error:
            put_error(form, error)
        else:
            return redirect("agreements:one", number=number)
    return page(request, "agreements/form.html", {"form": form, "what": "sign", "agreement": found})


@takes(Act.CHANGE_AGREEMENTS)
def force(request: Request, number: int) -> HttpResponse:
    """Put an agreement into force."""
    found = get_object_or_404(visible(request), pk=number)
    try:
        acts.put_into_force(request.user, found, request.POST.get("signed", ""))
    except ValidationError as error:
        tell(request, error)
    return redirect("agreements:one", number=number)


@takes(Act.CHANGE_AGREEMENTS)
def revise(request: Request, number: int) -> HttpResponse:
    """Draft the agreement that will replace this one."""
    found = get_object_or_404(visible(request), pk=number)
    try:
        fresh = acts.revise(request.user, found)
    except ValidationError as error:
        tell(request, error)
        return redirect("agreements:one", number=number)
    return redirect("agreements:edit", number=fresh.pk)


@does(Act.CHANGE_AGREEMENTS)
def end(request: Request, number: int) -> HttpResponse:
    """End an agreement, with the reason."""
    found = get_object_or_404(visible(request), pk=number)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            acts.end(request.user, found, form.cleaned_data["because"])
        except ValidationError as error:
            put_error(form, error)
        else:
            return redirect("agreements:one", number=number)
    return page(request, "agreements/form.html", {"form": form, "what": "end", "agreement": found})


def put_error(form: Form, error: ValidationError | UserError) -> None:
    """Show in a form what was wrong: beside its field where one is named, else above all."""
    if isinstance(error, UserError):
        form.add_error(None, " ".join(part for part in (error.detail.what, error.detail.do) if part))
    elif hasattr(error, "error_dict") and set(error.error_dict) <= set(form.fields):
        form.add_error(None, error)
    else:
        form.add_error(None, error.messages)


def tell(request: Request, error: ValidationError) -> None:
    """Show above the next page what was wrong."""
    for sentence in error.messages:
        messages.error(request, sentence)
