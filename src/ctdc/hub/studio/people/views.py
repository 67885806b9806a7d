"""Pages of people, their invitations and their tokens. Those of organisations are in `organisation_views`."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import translation

from ctdc.foundation.clock import now
from ctdc.hub.studio.entrance import acts as entrance
from ctdc.hub.studio.people import acts, letters
from ctdc.hub.studio.people.forms import InvitationForm, JoinForm, RolesForm, TokenForm
from ctdc.hub.studio.people.models import Invitation, Person, Token
from ctdc.hub.studio.people.policy import Act, sees_all
from ctdc.hub.studio.web import letters as post
from ctdc.hub.studio.web.languages import has_chosen, remember
from ctdc.hub.studio.web.texts import text
from ctdc.hub.studio.web.views import Request, confirmed, does, page, public, shows, takes

ON_A_PAGE = 100


def visible(request: Request) -> QuerySet[Person]:
    """The people whom the reader may see."""
    found = Person.objects.select_related("organisation").prefetch_related("grants")
    if sees_all(request.user, Act.SEE_PEOPLE):
        return found
    return found.filter(organisation_id=request.user.organisation_id)


def _open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(person=None, withdrawn=None, until__gt=now()).select_related("organisation")


@shows(Act.SEE_PEOPLE)
def people(request: Request) -> HttpResponse:
    """Everybody, with their roles, and who is invited."""
    pages = Paginator(visible(request), ON_A_PAGE)
    found = {"people": pages.get_page(request.GET.get("page")), "invitations": _open_invitations()}
    return page(request, "people/people.html", found)


@shows(Act.SEE_PEOPLE)
def person(request: Request, number: int) -> HttpResponse:
    """One person."""
    found = get_object_or_404(visible(request), pk=number)
    return page(
        request,
        "people/person.html",
        {
            "one": found,
            "steps": set(Authenticator.objects.filter(user_id=found.pk).values_list("type", flat=True)),
            "tokens": Token.objects.filter(person=found, withdrawn=None, until__gt=now()),
        },
    )


@does(Act.CHANGE_PEOPLE)
@confirmed
def invite(request: Request) -> HttpResponse:
    """Invite somebody: the letter goes out, and its link is shown once."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            invitation, secret = acts.invite(
                request.user, values["organisation"], values["email"], values["name"], form.chosen(), values["language"]
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            sent = letters.send_invitation(invitation, secret)
            shown = {"invitation": invitation, "link": letters.link(secret), "sent": sent}
            return page(request, "people/invited.html", shown)
    return page(request, "people/invite.html", {"form": form})


@takes(Act.CHANGE_PEOPLE)
def withdraw_invitation(request: Request, number: int) -> HttpResponse:
    """Make an invitation worthless."""
    try:
        acts.withdraw_invitation(request.user, get_object_or_404(Invitation, pk=number))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("people:list")


@does(Act.CHANGE_PEOPLE)
@confirmed
def roles(request: Request, number: int) -> HttpResponse:
    """Give somebody of the hub other roles."""
    found = get_object_or_404(visible(request), pk=number)
    held = [grant.role for grant in found.grants.all()]  # those of a closed account, too
    form = RolesForm(request.POST or None, initial={"roles": held})
    if request.method == "POST" and form.is_valid():
        try:
            acts.set_roles(request.user, found, form.chosen())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("people:one", number=number)
    return page(request, "people/roles.html", {"form": form, "one": found})


def _set_active(request: Request, number: int, active: bool) -> HttpResponse:
    try:
        acts.set_active(request.user, get_object_or_404(visible(request), pk=number), active)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        if number == request.user.pk:
            request.session.flush()  # it has ended with the account, and cannot be saved
    return redirect("people:one", number=number)


@takes(Act.CHANGE_PEOPLE)
def close(request: Request, number: int) -> HttpResponse:
    """Close an account."""
    return _set_active(request, number, False)


@takes(Act.CHANGE_PEOPLE)
@confirmed
def reopen(request: Request, number: int) -> HttpResponse:
    """Open an account again."""
    return _set_active(request, number, True)


@does(Act.CHANGE_PEOPLE)
@confirmed
def remove_second_step(request: Request, number: int) -> HttpResponse:
    """Let somebody who lost everything set up a second step anew, after a page that says what to make sure of."""
    found = get_object_or_404(visible(request), pk=number)
    if request.method != "POST":
        return page(request, "people/second_step.html", {"one": found})
    try:
        entrance.remove_second_step(request.user, found)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        post.send(found.email, found.language, "entrance.letter.step_removed", name=found.name)
        messages.success(request, text("people.second_step.removed"))
    return redirect("people:one", number=number)


@takes(Act.CHANGE_PEOPLE)
def end_sessions(request: Request, number: int) -> HttpResponse:
    """End everything that somebody has open."""
    found = get_object_or_404(visible(request), pk=number)
    entrance.end_sessions(request.user, found)
    messages.success(request, text("people.sessions.ended"))
    return redirect("people:one", number=number)


@does(Act.DELIVER)
@confirmed
def tokens(request: Request) -> HttpResponse:
    """One's own tokens; a new one is shown once."""
    form, secret = TokenForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = acts.make_token(request.user, form.cleaned_data["name"], form.cleaned_data["days"])
            form = TokenForm()
        except ValidationError as error:
            form.add_error(None, error)
    own = Token.objects.filter(person=request.user, withdrawn=None, until__gt=now())
    return page(request, "people/tokens.html", {"form": form, "secret": secret, "tokens": own})


@takes(Act.DELIVER)
def withdraw_token(request: Request, number: int) -> HttpResponse:
    """Make one's own token worthless."""
    acts.withdraw_token(request.user, get_object_or_404(Token, pk=number, person=request.user))
    return redirect("people:tokens")


@takes(Act.CHANGE_PEOPLE)
def withdraw_token_of(request: Request, number: int) -> HttpResponse:
    """Make somebody's token worthless."""
    token = get_object_or_404(Token, pk=number)
    acts.withdraw_token(request.user, token)
    return redirect("people:one", number=token.person_id)


@public("GET", "HEAD", "POST")
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Accept an invitation: choose a password, and go on to the second step."""
    invitation = acts.open_invitation(secret, now())
    if invitation is None:
        return page(request, "people/invitation_over.html", status=410)
    if not has_chosen(request):
        translation.activate(invitation.language)
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            joined = acts.join(secret, form.cleaned_data["password"])
        except ValidationError as error:
            form.add_error("password", error)
        else:
            return _come_in(request, joined)
    return page(request, "people/join.html", {"form": form, "invitation": invitation})


def _come_in(request: HttpRequest, joined: Person) -> HttpResponse:
    # The password was chosen just now: what follows need not ask for it again.
    record_authentication(request, joined, "password", reauthenticated=True)
    login(request, joined, backend="allauth.account.auth_backends.AuthenticationBackend")
    UserSession.objects.create_from_request(request)  # the library lists those that begin at its own page alone
    return remember(request, redirect("mfa_index"), joined.language)
