"""What a delivery can be, and how it gets from one state to the next: one table.

Promise: a move that is not in the table is refused, whoever asks. The page of the documentation is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ctdc.foundation.errors import Refused
from ctdc.hub.studio.people.policy import Act
from ctdc.hub.studio.web.texts import text


class State(StrEnum):
    """How far a delivery is."""

    RECEIVING = "receiving"
    RECEIVED = "received"
    CHECKING = "checking"
    HELD_BACK = "held_back"
    READY = "ready"
    SEALING = "sealing"
    SEALED = "sealed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Move:
    """From one state to another. act: what somebody has to be allowed to do; None for the worker."""

    before: State
    after: State
    act: Act | None


S = State
MOVES: tuple[Move, ...] = (
    Move(S.RECEIVING, S.RECEIVED, Act.DELIVER),
    Move(S.RECEIVED, S.CHECKING, None),
    Move(S.CHECKING, S.HELD_BACK, None),
    Move(S.CHECKING, S.READY, None),
    Move(S.CHECKING, S.REFUSED, None),
    Move(S.CHECKING, S.RECEIVED, None),  # the work was stopped, or something is broken: nothing was found out
    Move(S.HELD_BACK, S.RECEIVED, Act.CHECK_DELIVERIES),  # to be looked at again, with another mapping
    Move(S.READY, S.RECEIVED, Act.CHECK_DELIVERIES),
    Move(S.READY, S.SEALING, Act.CHECK_DELIVERIES),
    Move(S.SEALING, S.SEALED, None),
    Move(S.SEALING, S.HELD_BACK, None),
    Move(S.SEALING, S.READY, None),
    Move(S.SEALED, S.WITHDRAWN, None),  # the time for which the agreement lets it be kept is over
    Move(S.RECEIVED, S.REFUSED, Act.CHECK_DELIVERIES),
    Move(S.HELD_BACK, S.REFUSED, Act.CHECK_DELIVERIES),
    Move(S.READY, S.REFUSED, Act.CHECK_DELIVERIES),
    *(
        Move(before, S.WITHDRAWN, Act.WITHDRAW_PEOPLE)
        for before in (S.RECEIVING, S.RECEIVED, S.HELD_BACK, S.READY, S.SEALED)
    ),
)


def can_move(before: State | str, after: State, act: Act | None) -> bool:
    """Whether the table has such a move for this act; None: for the worker.

    Several acts lead to one state: a delivery that arrives a second time is not one that is to be checked again.
    """
    return Move(State(before), after, act) in MOVES


def check_move(before: State | str, after: State, act: Act | None) -> None:
    """Raise Refused (``delivery.state``) for a move that the table does not have for this act."""
    if not can_move(before, after, act):
        now = text(f"deliveries.state.{State(before)}")
        raise Refused("delivery.state", text("deliveries.refused.state", state=now))


def as_table() -> str:
    """The moves as a table for the documentation."""
    rows = [f"| {move.before} | {move.after} | {move.act or 'the worker'} |" for move in MOVES]
    return "\n".join(["| from | to | who may |", "|---|---|---|", *rows])
