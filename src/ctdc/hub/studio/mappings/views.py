"""Pages of mappings: the versions, and the workbench."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from ctdc.foundation.errors import UserError
from ctdc.hub.studio.deliveries import reports
from ctdc.hub.studio.deliveries.models import Delivery
from ctdc.hub.studio.mappings import acts, files
from ctdc.hub.studio.mappings.forms import ProposeForm
from ctdc.hub.studio.mappings.models import Line, LineState, MappingVersion, State
from ctdc.hub.studio.mappings.workbench import meaning_of, unexplained
from ctdc.hub.studio.people.models import Organisation
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.web.problems import said
from ctdc.hub.studio.web.texts import language, text
from ctdc.hub.studio.web.views import Request, does, page, shows, takes
from ctdc.intake.words import texts


def visible(request: Request) -> QuerySet[MappingVersion]:
    """The versions that the reader may see: all, or those of their organisation."""
    found = MappingVersion.objects.select_related("organisation", "proposed_by", "decided_by")
    if sees_all(request.user, Act.SEE_MAPPINGS):
        return found
    return found.filter(organisation_id=request.user.organisation_id)


@shows(Act.SEE_MAPPINGS)
def mappings(request: Request) -> HttpResponse:
    """All versions, by organisation, newest first."""
    return page(request, "mappings/mappings.html", {"versions": visible(request)})


@shows(Act.SEE_MAPPINGS)
def mapping(request: Request, number: int) -> HttpResponse:
    """One version, with what was proposed for it."""
    found = get_object_or_404(visible(request), pk=number)
    lines = found.lines.select_related("proposed_by", "decided_by")
    own = not acts.can_judge(request.user, found, lines)
    context = {"version": found, "lines": lines, "own": own, **_harmless(found), "State": State, "LineState": LineState}
    return page(request, "mappings/mapping.html", context)


def _harmless(version: MappingVersion) -> dict[str, object]:
    """The columns that a version declares to identify nobody, for whoever decides on it, as intake reads them: a search
    in the text would miss what YAML spells in another way. Or whether it does not load, and they cannot be known.
    """
    try:
        with files.loaded(version.structure, version.values) as mapping:
            declared = mapping.spec.harmless
    except UserError:  # such as of an earlier standard: it cannot be approved either
        return {"harmless": [], "unreadable": True}
    words = texts()[language()]
    shown = [
        {
            "column": f"{one.table}: {one.column}" if one.table else one.column,
            "kinds": ", ".join(words[f"kind.{kind}"] for kind in one.looks_like),
            "because": one.because,
        }
        for one in declared
    ]
    return {"harmless": shown, "unreadable": False}


@does(Act.PROPOSE_MAPPINGS)
def propose(request: Request) -> HttpResponse:
    """Hand in a whole version."""
    form = ProposeForm(request.user, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            organisation: Organisation = form.cleaned_data["organisation"]
            version = acts.propose(request.user, organisation, *form.contents())
        except (ValidationError, UserError) as error:
            form.add_error(None, words_of(error))
        else:
            return redirect("mappings:one", number=version.pk)
    return page(request, "mappings/propose.html", {"form": form})


@does(Act.PROPOSE_MAPPINGS)
def values(request: Request, number: int) -> HttpResponse:
    """The workbench: the values that keep a delivery back, one by one."""
    delivery = get_object_or_404(_deliveries(request), pk=number)
    report, base = reports.latest(delivery), files.approved(delivery.organisation)
    if report is None or base is None:
        return page(request, "mappings/values.html", {"delivery": delivery, "values": [], "lines": {}, "version": None})
    if request.method == "POST":
        try:
            row = int(request.POST.get("row", "-1"))
            meaning = meaning_of(report, row, request.POST.get("choice", ""))
            acts.propose_line(request.user, delivery.organisation, meaning)
        except (ValidationError, UserError, ValueError) as error:
            _tell(request, error)
        return redirect(f"{request.path}#value-{request.POST.get('row', '')}")
    version = MappingVersion.objects.filter(organisation=delivery.organisation, state=State.OPEN).first()
    lines = list(version.lines.exclude(state=LineState.REJECTED)) if version else []
    proposed: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        proposed.setdefault((line.column, line.value), []).append(line)
    found = unexplained(report, base)
    context = {"delivery": delivery, "values": found, "lines": proposed, "version": version}
    return page(request, "mappings/values.html", context)


def _deliveries(request: Request) -> QuerySet[Delivery]:
    found = Delivery.objects.select_related("organisation")
    if sees_all(request.user, Act.PROPOSE_MAPPINGS):
        return found
    return found.filter(organisation_id=request.user.organisation_id)


@takes(Act.APPROVE_MAPPINGS)
def decide(request: Request, number: int) -> HttpResponse:
    """Approve or reject one value."""
    line = get_object_or_404(Line.objects.filter(version__in=visible(request)), pk=number)
    try:
        acts.decide_line(request.user, line, request.POST.get("outcome") == "approve")
    except ValidationError as error:
        _tell(request, error)
    return redirect("mappings:one", number=line.version_id)


@takes(Act.APPROVE_MAPPINGS)
def approve(request: Request, number: int) -> HttpResponse:
    """Make a version the one that counts, or give it up."""
    found = get_object_or_404(visible(request), pk=number)
    act = acts.approve if request.POST.get("outcome") == "approve" else acts.reject
    try:
        act(request.user, found)
    except (ValidationError, UserError) as error:
        _tell(request, error)
    else:
        messages.success(request, text("mappings.done"))
    return redirect("mappings:one", number=number)


def words_of(error: ValidationError | UserError | ValueError) -> list[str]:
    """What was wrong, in sentences for a page."""
    if isinstance(error, UserError):
        return [said(error).line()]
    return list(error.messages) if isinstance(error, ValidationError) else [text("mappings.error.meaning")]


def _tell(request: Request, error: ValidationError | UserError | ValueError) -> None:
    for sentence in words_of(error):
        messages.error(request, sentence)
