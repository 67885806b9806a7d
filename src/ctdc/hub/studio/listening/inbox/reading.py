"""The queue of messages, each with what was done about it.

Promise: the text of a message is read from its file when it is shown and kept nowhere else; what the file says about an
answer counts more than the database, so that answers given on the command line are known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404

from ctdc.foundation.errors import UserError
from ctdc.hub.feedback.message import Message
from ctdc.hub.feedback.queue import Queue
from ctdc.hub.studio.listening.inbox.states import OPEN, State
from ctdc.hub.studio.listening.inbox.urgent import may_ask_for_help
from ctdc.hub.studio.listening.models import Handled


@dataclass(frozen=True)
class Letter:
    """A message and what was done with it. handled: None for one that nobody has touched."""

    message: Message
    handled: Handled | None

    @property
    def state(self) -> State:
        """Where it is."""
        if self.message.answered:
            return State.ANSWERED
        return State(self.handled.state) if self.handled else State.NEW

    @property
    def may_ask_for_help(self) -> bool:
        """Whether somebody should look at it first."""
        return self.state is State.NEW and may_ask_for_help(self.message.message)


@dataclass(frozen=True)
class Inbox:
    """letters: in the order in which they should be read; damaged: names of files that are no messages."""

    letters: list[Letter]
    damaged: list[str]


def open_queue() -> Queue:
    """The folder of messages of this studio."""
    return Queue(settings.STUDIO.feedback)


def open_inbox(wanted: Callable[[State], bool]) -> Inbox:
    """The messages in these states: who asks for help first, then who may, then the oldest."""
    messages, damaged = open_queue().readable()
    known = Handled.objects.select_related("by").in_bulk()
    letters = [Letter(message, known.get(message.id)) for message in messages]
    chosen = sorted((one for one in letters if wanted(one.state)), key=_order)
    return Inbox(chosen, damaged)


def _order(letter: Letter) -> tuple[int, bool, str, str]:
    return list(State).index(letter.state), not letter.may_ask_for_help, letter.message.day, letter.message.id


def is_open(state: State) -> bool:
    """Whether something is still to be done."""
    return state in OPEN


def open_letter(identifier: str) -> Letter:
    """One message. Raises Http404 where there is none that can be read; the inbox names damaged files."""
    try:
        message = open_queue().read(identifier)
    except UserError:
        raise Http404 from None
    return Letter(message, Handled.objects.select_related("by").filter(pk=identifier).first())
