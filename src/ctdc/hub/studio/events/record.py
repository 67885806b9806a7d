"""Writing events, and what surrounds every act that changes something.

Promise: an act decorated with `performs` asks the policy before it changes anything, and leaves at least one event in
the same transaction, or nothing of it happens: an act that forgot either is a fault that undoes itself. `verify` finds
a line that was changed, removed or put in.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.db import transaction
from django.db.models import Max

from ctdc.foundation.chain import Line
from ctdc.foundation.clock import now, timestamp
from ctdc.foundation.errors import UserError
from ctdc.hub.studio.events.kinds import KINDS
from ctdc.hub.studio.events.models import ChainEnd, Event
from ctdc.hub.studio.people import policy

if TYPE_CHECKING:
    from ctdc.hub.studio.people.models import Organisation, Person

P = ParamSpec("P")
T = TypeVar("T")
WORKER = "worker"
_recorded: ContextVar[list[str] | None] = ContextVar("recorded", default=None)


def record(
    kind: str, by: Person | str, *, about: str = "", organisation: Organisation | None = None, **details: Any
) -> Event:
    """Write one line, within the transaction of the act. Raises ValueError for what an event of this kind cannot say.

    by: a person, or the name of what acts by itself; about: id of what it was done to, with its kind in front.
    """
    if kind not in KINDS or set(details) != set(KINDS[kind]):
        raise ValueError(f"an event {kind!r} says {KINDS.get(kind)}, not {sorted(details)}")
    actor = by if isinstance(by, str) else by.log_name
    event = Event(
        at=timestamp(now()),
        kind=kind,
        actor=actor,
        organisation=organisation.slug if organisation else "",
        about=about,
        details=details,
    )
    with transaction.atomic():
        end = hold_end()
        line = Line.after(Line(end.sequence, "", {}, end.hash) if end.sequence else None, event.content())
        event.sequence, event.previous, event.hash = line.sequence, line.previous, line.hash
        event.save(force_insert=True)
        end.sequence, end.hash = line.sequence, line.hash
        end.save()
    seen = _recorded.get()
    if seen is not None:
        seen.append(kind)
    return event


def hold_end() -> ChainEnd:
    """The end of the log, held until the transaction ends: acts that hold it before they read come one after the other.

    `record` holds it too; it is for acts on what no row of the database stands for.
    """
    return ChainEnd.objects.select_for_update().get_or_create(id=1)[0]


def performs(*kinds: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a function as an act that leaves an event of one of `kinds`, as one transaction.

    Unless it is performed by a program (`unattended`), the function has to ask `policy.check`. Raises RuntimeError,
    and undoes the act, when it has recorded nothing or asked nobody.
    """
    if wrong := set(kinds) - set(KINDS):
        raise ValueError(f"there are no events {sorted(wrong)}")

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
            seen: list[str] = []
            asked: list[policy.Act] = []
            token, asking = _recorded.set(seen), policy.begin_asking(asked)
            try:
                with transaction.atomic():
                    result = function(*args, **kwargs)
                    if not set(seen) & set(kinds):
                        raise RuntimeError(f"{function.__name__} left no event")
                    if not asked and not getattr(function, "unattended", False):
                        raise RuntimeError(f"{function.__name__} did not ask whether it may")
                    return result
            finally:
                _recorded.reset(token)
                policy.end_asking(asking)

        wrapper.events = kinds  # type: ignore[attr-defined]  # what the test of all acts reads
        return wrapper

    return decorate


def unattended(function: Callable[P, T]) -> Callable[P, T]:
    """Mark an act that nobody asks for (a job's result, an accepted invitation): stands below `performs`."""
    function.unattended = True  # type: ignore[attr-defined]
    return function


def verify() -> int:
    """How many lines there are, all of them genuine. Raises UserError (``studio.events``) naming the first bad one."""
    # The end comes first: what is written while the lines are read follows it, and is none of this look's.
    end = ChainEnd.objects.filter(id=1).first()
    last = end.sequence if end else 0
    before: Line | None = None
    for event in Event.objects.filter(sequence__lte=last).order_by("sequence").iterator():
        line = Line.after(before, event.content())
        if (event.sequence, event.previous, event.hash) != (line.sequence, line.previous, line.hash):
            raise _broken(before.sequence + 1 if before else 1)
        before = line
    if (last, end.hash if end else "") != (
        before.sequence if before else 0,
        before.hash if before else "",
    ):
        raise _broken(last)
    _check_nothing_behind()
    return last


def _check_nothing_behind() -> None:
    """A line comes with the end that names it: read in this order, no genuine one lies behind the end."""
    top = Event.objects.aggregate(top=Max("sequence"))["top"] or 0
    end = ChainEnd.objects.filter(id=1).first()
    if top > (end.sequence if end else 0):
        raise _broken(top)


def _broken(number: int) -> UserError:
    return UserError(
        "studio.events",
        "The log of the studio has been changed.",
        where=f"event {number}",
        do="Treat it as an incident: find out who had access to the database.",
    )
