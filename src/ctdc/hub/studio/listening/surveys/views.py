"""Pages of surveys."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.listening.models import SurveyRound
from ctdc.hub.studio.listening.surveys import acts
from ctdc.hub.studio.listening.surveys.forms import SurveyForm
from ctdc.hub.studio.listening.surveys.results import results
from ctdc.hub.studio.listening.telling import done, done_in, sentences
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.views import Request, does, page, shows, takes
from ctdc.release.numbers import END_ISOLATE, ISOLATE


@shows(Act.SEE_FEEDBACK)
def surveys(request: Request) -> HttpResponse:
    """All surveys, newest first."""
    today = now().date()
    context = {"rounds": SurveyRound.objects.all(), "today": today, "asked_now": acts.open_round(today)}
    return page(request, "listening/surveys.html", context)


@does(Act.ANSWER_FEEDBACK)
def begin(request: Request) -> HttpResponse:
    """Begin a survey."""
    form = SurveyForm(request.POST) if request.method == "POST" else SurveyForm()
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["opens"], form.cleaned_data["closes"]
        if done_in(form, lambda: acts.begin(request.user, *days, form.questions)):
            return redirect("listening:surveys")
    return page(request, "listening/survey_begin.html", {"form": form})


@shows(Act.SEE_FEEDBACK)
def survey(request: Request, number: int) -> HttpResponse:
    """One survey with its totals."""
    found = get_object_or_404(SurveyRound, pk=number)
    name = f"{ISOLATE}{found.name}{END_ISOLATE}"  # a day in figures, which Arabic would turn round
    context = {"round": found, "name": name, "today": now().date(), "people": None, "results": [], "problem": ""}
    try:
        context["people"], context["results"] = results(found)
    except UserError as error:
        context["problem"] = sentences(error)[0]
    return page(request, "listening/survey.html", context)


@takes(Act.ANSWER_FEEDBACK)
def end(request: Request, number: int) -> HttpResponse:
    """Ask no longer."""
    found = get_object_or_404(SurveyRound, pk=number)
    done(request, lambda: acts.end(request.user, found))
    return redirect("listening:survey", number=number)
