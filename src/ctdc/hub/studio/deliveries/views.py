"""Pages of deliveries."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from markupsafe import Markup

from ctdc.foundation.clock import now
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.agreements.rules import Purpose, check_agreement
from ctdc.hub.studio.deliveries import acts, arriving, reports
from ctdc.hub.studio.deliveries.announced import Announced
from ctdc.hub.studio.deliveries.differences import Differences, differences
from ctdc.hub.studio.deliveries.forms import DeliverForm, EndForm, PersonForm, PromoteForm
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.deliveries.states import State, can_move
from ctdc.hub.studio.deliveries.visible import visible
from ctdc.hub.studio.jobs.models import Job
from ctdc.hub.studio.mappings import files as mapping_files
from ctdc.hub.studio.people import policy
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.problems import Said, said
from ctdc.hub.studio.web.texts import language, text
from ctdc.hub.studio.web.views import Request, does, page, shows, takes
from ctdc.intake.export import annotated_in, row_errors_in
from ctdc.intake.report import render_body, render_page

ON_A_PAGE = 50
LOADED_AGAIN = 3  # seconds, while the worker is at it
PAGE = "report.html"
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "html": "text/html; charset=utf-8"}


@shows(Act.SEE_DELIVERIES)
def deliveries(request: Request) -> HttpResponse:
    """Newest first."""
    pages = Paginator(visible(request), ON_A_PAGE)
    context = {"deliveries": pages.get_page(request.GET.get("page")), "missing": _missing_agreement(request)}
    return page(request, "deliveries/deliveries.html", context)


def _missing_agreement(request: Request) -> Said | None:
    """Why the reader's organisation may not deliver now; None when it may, or does not deliver at all."""
    if not policy.can(request.user, Act.DELIVER):
        return None
    try:
        check_agreement(request.user.organisation, Purpose.DELIVER, now().date())
    except UserError as error:
        return said(error)
    return None


@shows(Act.SEE_DELIVERIES)
def delivery(request: Request, number: int) -> HttpResponse:
    """One delivery: how far it is, and its receipt. While the worker is at it, the page loads itself again."""
    found = get_object_or_404(visible(request), pk=number)
    files = [(reports.open_name(found.folder, one.name), one) for one in found.files.all()]
    busy = found.state in (State.RECEIVED, State.CHECKING, State.SEALING)
    context = {
        "delivery": found,
        "files": files,
        "problem": said(kept) if found.problem and (kept := reports.problem(found)) else None,
        "parts": reports.names(found),
        "job": _failed_job(found) if found.state in (State.RECEIVED, State.READY) else None,
        "busy": busy,
        "promote_form": PromoteForm(),
        "can_move": lambda after, act: can_move(found.state, State(after), act),
    }
    response = page(request, "deliveries/delivery.html", context)
    if busy and context["job"] is None:
        response["Refresh"] = str(LOADED_AGAIN)
    return response


def _failed_job(found: Delivery) -> Job | None:
    """The latest work on this delivery, if it could not be done."""
    latest = Job.objects.filter(organisation=found.organisation, details__delivery=found.pk).first()
    return latest if latest and latest.state in ("failed", "stopped") else None


@does(Act.DELIVER)
def new(request: Request) -> HttpResponse:
    """Deliver: in pieces where JavaScript runs, else as one form."""
    form = DeliverForm(request.user, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("deliveries:one", number=_take(request, form).pk)
        except UserError as error:
            form.add_error(None, _sentence(error))
    context = {
        "form": form,
        "missing": _missing_agreement(request),
        "piece": arriving.MOST_BYTES // 2,
        "expected": mapping_files.expected(mapping_files.approved(request.user.organisation)),
    }
    return page(request, "deliveries/new.html", context)


def _take(request: Request, form: DeliverForm) -> Delivery:
    """The same way as in pieces, from a form. Raises UserError."""
    files = form.cleaned_data["chosen"]
    announced = [Announced(one.name, one.size, _hash(one)) for one in files]
    replaces = form.cleaned_data.get("replaces")
    found = acts.open_delivery(request.user, announced, replaces)
    if found and found.received:
        messages.info(request, text("deliveries.sent_already"))
        return found
    made = found or acts.begin(request.user, announced, replaces)
    for file, upload in zip(made.files.select_related("delivery__organisation"), files, strict=True):
        upload.seek(file.offset)
        offset = file.offset
        while data := upload.read(arriving.MOST_BYTES):
            offset = arriving.receive(request.user, file, offset, data)
    acts.complete(request.user, made)
    return made


def _hash(upload: Any) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()


@shows(Act.SEE_DELIVERIES)
def report(request: Request, number: int) -> HttpResponse:
    """The report of the latest check."""
    found = get_object_or_404(visible(request), pk=number)
    shown = reports.latest(found)
    if shown is None:
        raise Http404
    body = Markup(render_body(shown, language(), in_studio=True))  # noqa: S704  made by a template that escapes what it is given
    context = {"delivery": found, "body": body, "parts": reports.names(found)}
    before, changes = _compared(found, shown)
    return page(request, "deliveries/report.html", context | {"before": before, "changes": changes})


def _compared(found: Delivery, shown: dict[str, Any]) -> tuple[Delivery | None, Differences | None]:
    """The organisation's delivery before this one that has rows and a report, and what changed since.

    Beside one without rows every value is new, or gone.
    """
    earlier = Delivery.objects.filter(organisation=found.organisation, pk__lt=found.pk).exclude(checks=0)
    earlier = earlier.filter(counts__cases__gt=0) if shown["rows_written"] else earlier.none()
    for one in earlier[:10]:
        if (old := reports.latest(one)) is not None and old["rows_written"]:
            return one, differences(old, shown)
    return None, None


@takes(Act.SEE_DELIVERIES)
def take(request: Request, number: int) -> HttpResponse:
    """A part of the report as a file. A copy of what was delivered goes to those alone who delivered it."""
    found = get_object_or_404(visible(request), pk=number)
    part = request.POST.get("part", "")
    if part == reports.ANNOTATED:
        policy.check(request.user, Act.DELIVER, found.organisation)
    data = _part(found, part)
    acts.take_copy(request.user, found, part)
    kind = TYPES.get(part.rpartition(".")[2], "application/octet-stream")
    disposition = f'attachment; filename="delivery-{found.pk}-{part}"'
    return HttpResponse(data, content_type=kind, headers={"Content-Disposition": disposition})


def _part(found: Delivery, part: str) -> bytes:
    """A part of the report in the reader's language. Raises Http404 for one that is not there."""
    if part == reports.ANNOTATED:
        return annotated_in(reports.read(found, part), language())
    if part not in (PAGE, reports.ROW_ERRORS):
        return reports.read(found, part)
    shown = reports.latest(found)
    if shown is None or (part != PAGE and part not in reports.names(found)):
        raise Http404
    said = render_page(shown, language(), in_studio=True) if part == PAGE else row_errors_in(shown, language())
    return said.encode()


@takes(Act.CHECK_DELIVERIES)
def recheck(request: Request, number: int) -> HttpResponse:
    """Have a delivery checked again."""
    return _done(request, number, lambda found: acts.recheck(request.user, found))


@takes(Act.CHECK_DELIVERIES)
def promote(request: Request, number: int) -> HttpResponse:
    """Have a delivery stored in the vault."""
    form = PromoteForm(request.POST)
    if not form.is_valid():
        raise Http404
    columns, leave_out = form.columns(), form.cleaned_data["leave_out"]
    return _done(request, number, lambda found: acts.promote(request.user, found, columns, leave_out))


def _done(request: Request, number: int, act: Any) -> HttpResponse:
    found = get_object_or_404(visible(request), pk=number)
    try:
        act(found)
    except UserError as error:
        messages.error(request, _sentence(error))
    return redirect("deliveries:one", number=number)


@does(Act.CHECK_DELIVERIES)
def refuse(request: Request, number: int) -> HttpResponse:
    """Do not take a delivery."""
    return _end(request, number, "refuse")


@does(Act.WITHDRAW_PEOPLE)
def withdraw(request: Request, number: int) -> HttpResponse:
    """Forget a whole delivery."""
    return _end(request, number, "withdraw")


def _end(request: Request, number: int, what: str) -> HttpResponse:
    found = get_object_or_404(visible(request), pk=number)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = acts.refuse if what == "refuse" else acts.withdraw
        try:
            act(request.user, found, form.cleaned_data["because"])
        except UserError as error:
            form.add_error(None, _sentence(error))
        else:
            return redirect("deliveries:one", number=number)
    return page(request, "deliveries/end.html", {"form": form, "delivery": found, "what": what})


@does(Act.WITHDRAW_PEOPLE)
def person(request: Request) -> HttpResponse:
    """Forget one person. What is typed here is sealed for the worker and shown to nobody again."""
    form = PersonForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        organisation, given = form.cleaned_data["organisation"], form.cleaned_data
        try:
            acts.withdraw_person(request.user, organisation, given["case_id"], given["because"])
        except (UserError, ValidationError) as error:
            form.add_error(None, _sentence(error) if isinstance(error, UserError) else error.messages)
        else:
            messages.success(request, text("deliveries.person.asked"))
            return redirect("deliveries:list")
    return page(request, "deliveries/person.html", {"form": form})


def _sentence(error: UserError) -> str:
    return said(error).line()
