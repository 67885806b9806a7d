"""Work in progress on screen. The page of a job that runs loads itself again until it has ended."""

from __future__ import annotations

import re

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from ctdc.foundation.errors import Refused
from ctdc.hub.studio.jobs import work
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.web.problems import said
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import Request, page, shows, takes

ON_A_PAGE = 50
LOADED_AGAIN = 3  # seconds
KEY = re.compile(r"[a-z]+\.step\.[a-z_]+")


def visible(request: Request) -> QuerySet[Job]:
    """The jobs that the reader may see: all, or those of their organisation."""
    found = Job.objects.select_related("by", "organisation")
    if sees_all(request.user, Act.SEE_JOBS):
        return found
    return found.filter(organisation_id=request.user.organisation_id)


def task_words(job: Job) -> str:
    """What a job is at, in the reader's language where its task is the key of a text (``desk.step.measure``)."""
    return text(job.task) if KEY.fullmatch(job.task) else job.task


@shows(Act.SEE_JOBS)
def jobs(request: Request) -> HttpResponse:
    """Newest first."""
    pages = Paginator(visible(request), ON_A_PAGE)
    return page(request, "jobs/jobs.html", {"jobs": pages.get_page(request.GET.get("page"))})


@shows(Act.SEE_JOBS)
def job(request: Request, number: int) -> HttpResponse:
    """One job."""
    found = get_object_or_404(visible(request), pk=number)
    problem = said(found.problem) if found.problem else None
    findings = work.KINDS[found.kind].found(found) if found.has_ended else []
    context = {"job": found, "task": task_words(found), "problem": problem, "said": findings}
    response = page(request, "jobs/job.html", context)
    if not found.has_ended:
        response["Refresh"] = str(LOADED_AGAIN)
    return response


@takes(Act.STOP_JOBS)
def stop(request: Request, number: int) -> HttpResponse:
    """Ask a job to stop."""
    try:
        work.stop(request.user, get_object_or_404(visible(request), pk=number))
    except Refused as refused:
        messages.error(request, refused.detail.what)
    return redirect("jobs:one", number=number)
