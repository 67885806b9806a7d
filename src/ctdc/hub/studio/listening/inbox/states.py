"""The states of a message, and which follows which.

Promise: a message in which somebody asks for help is never answered in public; one that was answered stays answered.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What was done with a message."""

    HELP = "help"
    NEW = "new"
    IN_HAND = "in_hand"
    ANSWERED = "answered"
    SET_ASIDE = "set_aside"


OPEN = (State.HELP, State.NEW, State.IN_HAND)
NEXT: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.HELP, State.IN_HAND, State.ANSWERED, State.SET_ASIDE}),
    State.IN_HAND: frozenset({State.NEW, State.HELP, State.ANSWERED, State.SET_ASIDE}),
    State.HELP: frozenset({State.NEW, State.SET_ASIDE}),
    State.ANSWERED: frozenset(),
    State.SET_ASIDE: frozenset({State.NEW}),
}


class Reason(StrEnum):
    """Why a message is set aside. A closed list: what somebody would write might tell of the message."""

    NO_ANSWER = "no_answer"
    KNOWN = "known"
    WRITTEN = "written"
    NOT_OURS = "not_ours"
    SPAM = "spam"
    HELP_GIVEN = "help_given"
    NOT_REACHED = "not_reached"


AFTER_HELP = frozenset({Reason.HELP_GIVEN, Reason.NOT_REACHED})


def reasons(state: State) -> tuple[Reason, ...]:
    """Why a message in this state can be set aside."""
    return tuple(one for one in Reason if (one in AFTER_HELP) is (state is State.HELP))
