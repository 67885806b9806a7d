"""Pages of organisations."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from ctdc.hub.studio.people import acts
from ctdc.hub.studio.people.forms import OrganisationForm
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.people.policy import Act, can, sees_all
from ctdc.hub.studio.web.views import Request, does, page, shows, takes


def visible(request: Request) -> QuerySet[Organisation]:
    """The organisations that the reader may see: all, or their own."""
    found = Organisation.objects.all()
    if sees_all(request.user, Act.SEE_ORGANISATIONS):
        return found
    return found.filter(pk=request.user.organisation_id)


@shows(Act.SEE_ORGANISATIONS)
def organisations(request: Request) -> HttpResponse:
    """The organisations, and how many people each has."""
    found = visible(request).annotate(count=Count("people"))
    return page(request, "people/organisations.html", {"organisations": found})


@shows(Act.SEE_ORGANISATIONS)
def organisation(request: Request, slug: str) -> HttpResponse:
    """One organisation; its people for those who may see people."""
    found = get_object_or_404(visible(request), slug=slug)
    people = found.people.all() if can(request.user, Act.SEE_PEOPLE, found) else None
    return page(request, "people/organisation.html", {"one": found, "people": people})


@does(Act.CHANGE_ORGANISATIONS)
def make(request: Request) -> HttpResponse:
    """An organisation that is to contribute."""
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = acts.make_organisation(request.user, form.cleaned_data["slug"], form.cleaned_data["name"])
        except ValidationError as error:
            for field, reasons in error.message_dict.items():
                form.add_error(field if field in form.fields else None, reasons)
        else:
            return redirect("people:organisation", slug=made.slug)
    return page(request, "people/organisation_new.html", {"form": form})


def _set_active(request: Request, slug: str, active: bool) -> HttpResponse:
    try:
        acts.set_organisation_active(request.user, get_object_or_404(visible(request), slug=slug), active)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("people:organisation", slug=slug)


@takes(Act.CHANGE_ORGANISATIONS)
def close(request: Request, slug: str) -> HttpResponse:
    """Close an organisation to its people."""
    return _set_active(request, slug, False)


@takes(Act.CHANGE_ORGANISATIONS)
def reopen(request: Request, slug: str) -> HttpResponse:
    """Open it again."""
    return _set_active(request, slug, True)
