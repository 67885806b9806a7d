"""The inbox, one message, and the public answers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect

from ctdc.hub.studio.listening.inbox import acts
from ctdc.hub.studio.listening.inbox.forms import AnswerForm, AsideForm
from ctdc.hub.studio.listening.inbox.published import open_entry, open_published
from ctdc.hub.studio.listening.inbox.reading import is_open, open_inbox, open_letter
from ctdc.hub.studio.listening.inbox.states import NEXT, State
from ctdc.hub.studio.listening.telling import Problem, done, done_in, sentences
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.views import Request, does, page, shows, takes
from ctdc.standard.languages import LANGUAGES, direction

ON_A_PAGE = 50


@shows(Act.SEE_FEEDBACK)
def inbox(request: Request) -> HttpResponse:
    """What is still to be done."""
    return _inbox(request, show_done=False)


@shows(Act.SEE_FEEDBACK)
def closed(request: Request) -> HttpResponse:
    """What was answered or set aside, newest first."""
    return _inbox(request, show_done=True)


def _inbox(request: Request, show_done: bool) -> HttpResponse:
    found = open_inbox(lambda state: is_open(state) is not show_done)
    letters = found.letters[::-1] if show_done else found.letters
    shown = Paginator(letters, ON_A_PAGE).get_page(request.GET.get("page"))
    asks = sum(one.state is State.HELP or one.may_ask_for_help for one in letters)
    context = {"letters": shown, "damaged": found.damaged, "show_done": show_done, "State": State, "asks": asks}
    context["as_day"] = date.fromisoformat
    return page(request, "listening/inbox.html", context)


@shows(Act.SEE_FEEDBACK)
def message(request: Request, identifier: str) -> HttpResponse:
    """One message with what can be done about it."""
    return _message(request, identifier)


def _message(request: Request, identifier: str, aside: AsideForm | None = None, status: int = 200) -> HttpResponse:
    letter = open_letter(identifier)
    context = {"letter": letter, "State": State, "next": NEXT[letter.state], "aside": aside or AsideForm(letter.state)}
    context["as_day"] = date.fromisoformat
    return page(request, "listening/message.html", context, status)


@takes(Act.ANSWER_FEEDBACK)
def take(request: Request, identifier: str) -> HttpResponse:
    """Take a message in hand."""
    done(request, lambda: acts.take(request.user, identifier))
    return redirect("listening:message", identifier=identifier)


@takes(Act.ANSWER_FEEDBACK)
def put_back(request: Request, identifier: str) -> HttpResponse:
    """Make a message new again."""
    done(request, lambda: acts.put_back(request.user, identifier))
    return redirect("listening:message", identifier=identifier)


@takes(Act.ANSWER_FEEDBACK)
def mark_help(request: Request, identifier: str) -> HttpResponse:
    """Say that somebody asks for help."""
    done(request, lambda: acts.mark_help(request.user, identifier))
    return redirect("listening:message", identifier=identifier)


@takes(Act.ANSWER_FEEDBACK)
def set_aside(request: Request, identifier: str) -> HttpResponse:
    """Close a message without an answer."""
    form = AsideForm(open_letter(identifier).state, request.POST)
    if not form.is_valid():
        return _message(request, identifier, form)
    reason = form.cleaned_data["reason"]
    if done(request, lambda: acts.set_aside(request.user, identifier, reason), "listening.done.set_aside"):
        return redirect("listening:inbox")
    return redirect("listening:message", identifier=identifier)


@does(Act.ANSWER_FEEDBACK)
def remove(request: Request, identifier: str) -> HttpResponse:
    """Ask whether a message is to go for good, and take it away."""
    letter = open_letter(identifier)
    if request.method == "POST":
        done(request, lambda: acts.remove(request.user, identifier), "listening.done.removed")
        return redirect("listening:inbox")
    return page(request, "listening/remove.html", {"letter": letter})


@does(Act.ANSWER_FEEDBACK)
def answer(request: Request, identifier: str) -> HttpResponse:
    """Answer a message in public."""
    letter = open_letter(identifier)
    if State.ANSWERED not in NEXT[letter.state]:
        return redirect("listening:message", identifier=identifier)
    form = AnswerForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and done_in(form, lambda: acts.answer(request.user, identifier, *form.words))
    ):
        return redirect("listening:answers")
    return page(request, "listening/answer.html", {"form": form, "letter": letter, "key": ""})


@shows(Act.SEE_FEEDBACK)
def answers(request: Request) -> HttpResponse:
    """What stands in public."""
    context: dict[str, Any] = {"answers": {}, "problem": "", "all_languages": LANGUAGES, "direction_of": direction}
    context["as_day"] = date.fromisoformat
    try:
        context["answers"] = open_published()
    except Problem as error:
        context["problem"] = sentences(error)[0]
    return page(request, "listening/answers.html", context)


@does(Act.ANSWER_FEEDBACK)
def publish(request: Request) -> HttpResponse:
    """Say in public what was said and done, without one message behind it."""
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and done_in(form, lambda: acts.publish(request.user, *form.words)):
        return redirect("listening:answers")
    return page(request, "listening/answer.html", {"form": form, "letter": None, "key": ""})


@does(Act.ANSWER_FEEDBACK)
def change(request: Request, key: str) -> HttpResponse:
    """Say a public answer in other words or more languages."""
    form = AnswerForm(request.POST or None, initial=AnswerForm.filled(open_entry(key)))
    if (
        request.method == "POST"
        and form.is_valid()
        and done_in(form, lambda: acts.change(request.user, key, *form.words))
    ):
        return redirect("listening:answers")
    return page(request, "listening/answer.html", {"form": form, "letter": None, "key": key})


@takes(Act.ANSWER_FEEDBACK)
def withdraw(request: Request, key: str) -> HttpResponse:
    """Take a public answer out of the file."""
    done(request, lambda: acts.withdraw(request.user, key), "listening.done.withdrawn")
    return redirect("listening:answers")
