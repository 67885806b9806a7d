"""The calendar, the plan of one organisation, its contacts and the reminder."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from ctdc.foundation.clock import now
from ctdc.hub.studio.listening.calendar import acts
from ctdc.hub.studio.listening.calendar.days import lines, standing
from ctdc.hub.studio.listening.calendar.forms import ContactForm, PlanForm
from ctdc.hub.studio.listening.calendar.letters import reminder
from ctdc.hub.studio.listening.models import Contact, UpdatePlan
from ctdc.hub.studio.listening.monitoring.providers import latest_by_organisation
from ctdc.hub.studio.listening.telling import done, done_in
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.web.views import Request, does, page, shows, takes
from ctdc.standard.languages import direction


def visible(request: Request) -> list[Organisation]:
    """The organisations whose days the reader may see."""
    found = Organisation.objects.filter(is_hub=False, active=True)
    if not sees_all(request.user, Act.SEE_CALENDAR):
        found = found.filter(pk=request.user.organisation_id)
    return list(found)


@shows(Act.SEE_CALENDAR)
def calendar(request: Request) -> HttpResponse:
    """Who is due, most urgent first."""
    context = {"lines": lines(visible(request), now().date()), "arrived": latest_by_organisation()}
    return page(request, "listening/calendar.html", context)


def _organisation(slug: str) -> Organisation:
    return get_object_or_404(Organisation, slug=slug, is_hub=False)


def _plan(slug: str) -> UpdatePlan | None:
    return UpdatePlan.objects.select_related("organisation").filter(organisation__slug=slug).first()


@shows(Act.SEE_CONTACTS)
def organisation(request: Request, slug: str) -> HttpResponse:
    """One organisation: its plan, whom to write to, and the letters that a reminder would be."""
    found, plan, today = _organisation(slug), _plan(slug), now().date()
    contacts = list(found.contacts.all())
    letters = [reminder(contact, plan, today) for contact in contacts] if plan else []
    context: dict[str, Any] = {
        "organisation": found,
        "plan": plan,
        "contacts": contacts,
        "letters": letters,
        "today": today,
    }
    context |= {"standing": standing(plan, today), "arrived": latest_by_organisation().get(found.slug)}
    context["direction_of"] = direction
    return page(request, "listening/organisation.html", context)


@does(Act.PLAN_UPDATES)
def plan(request: Request, slug: str) -> HttpResponse:
    """Say when an organisation delivers."""
    found, known = _organisation(slug), _plan(slug)
    initial = {"months": known.months, "due": known.due} if known else {"months": 12}
    form = PlanForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data["months"], form.cleaned_data["due"]
        if done_in(form, lambda: acts.plan(request.user, found, *values)):
            return redirect("listening:organisation", slug=slug)
    return page(request, "listening/form.html", {"form": form, "what": "plan", "organisation": found})


@takes(Act.PLAN_UPDATES)
def received(request: Request, slug: str) -> HttpResponse:
    """Note that a delivery came."""
    known = get_object_or_404(UpdatePlan, organisation__slug=slug)
    done(request, lambda: acts.note_received(request.user, known))
    return redirect("listening:organisation", slug=slug)


@takes(Act.PLAN_UPDATES)
def remind(request: Request, slug: str) -> HttpResponse:
    """Send the letters."""
    known = get_object_or_404(UpdatePlan, organisation__slug=slug)
    done(request, lambda: acts.remind(request.user, known), "listening.done.reminded")
    return redirect("listening:organisation", slug=slug)


@does(Act.CHANGE_CONTACTS)
def add_contact(request: Request, slug: str) -> HttpResponse:
    """Keep whom to write to."""
    found = _organisation(slug)
    form = ContactForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and done_in(form, lambda: acts.add_contact(request.user, found, form.cleaned_data))
    ):
        return redirect("listening:organisation", slug=slug)
    return page(request, "listening/form.html", {"form": form, "what": "contact", "organisation": found})


@does(Act.CHANGE_CONTACTS)
def change_contact(request: Request, number: int) -> HttpResponse:
    """Change whom to write to."""
    contact = get_object_or_404(Contact.objects.select_related("organisation"), pk=number)
    form = ContactForm(request.POST or None, initial={name: getattr(contact, name) for name in acts.FIELDS})
    if (
        request.method == "POST"
        and form.is_valid()
        and done_in(form, lambda: acts.change_contact(request.user, contact, form.cleaned_data))
    ):
        return redirect("listening:organisation", slug=contact.organisation.slug)
    context = {"form": form, "what": "contact", "organisation": contact.organisation}
    return page(request, "listening/form.html", context)


@takes(Act.CHANGE_CONTACTS)
def remove_contact(request: Request, number: int) -> HttpResponse:
    """Forget whom to write to."""
    contact = get_object_or_404(Contact.objects.select_related("organisation"), pk=number)
    done(request, lambda: acts.remove_contact(request.user, contact), "listening.done.contact_removed")
    return redirect("listening:organisation", slug=contact.organisation.slug)
