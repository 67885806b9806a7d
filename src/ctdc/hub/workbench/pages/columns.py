"""The columns: what each is, which values it may have, and that a person has confirmed it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.choices import (
    BANDED,
    KINDS,
    LISTED,
    PERIODS,
    SEPARATORS,
    WRITTEN,
    Choice,
    all_confirmed,
    choice_from,
    with_choice,
    write_choices,
)
from ctdc.hub.workbench.frame import Asked, go, page, status_of
from ctdc.hub.workbench.prepare import Misfit, misfit_of
from ctdc.hub.workbench.profile import Look, from_json
from ctdc.hub.workbench.project import read_json


def show(asked: Asked) -> Response:
    """All columns."""
    if not asked.is_read:
        return go(asked, "file/")
    looks = [from_json(one) for one in _stored(asked)]
    waiting = [place for place, choice in enumerate(asked.choices) if not choice.confirmed]
    return page(
        asked,
        "columns",
        "columns.html.j2",
        rows=list(zip(looks, asked.choices, strict=True)),
        total=asked.reading.result["rows"],
        left=len(waiting),
        next=waiting[0] if waiting else None,
        ready=all_confirmed(asked.choices),
        proposed_out=sum(asked.choices[place].kind == "out" for place in waiting),
    )


def _stored(asked: Asked) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(asked.project.profile) or []
    return found


def act(asked: Asked) -> Response:
    """Confirm that the columns are left out that are proposed to be."""
    if asked.is_read and asked.value("act") == "leave-out":
        changed = [replace(one, confirmed=True) if one.kind == "out" else one for one in asked.choices]
        write_choices(asked.project, changed)
    return go(asked, "columns/")


def show_one(
    asked: Asked, choice: Choice | None = None, problem: UserError | None = None, misfit: Misfit | None = None
) -> Response:
    """One column. choice: as it was sent and not taken."""
    place = asked.number - 1
    if not asked.is_read or not 0 <= place < len(asked.choices):
        return go(asked, "columns/")
    stored = _stored(asked)[place]
    look = from_json(stored)
    said = choice or _said(asked, asked.choices[place], look, choice_from(stored["proposed"]))
    return page(
        asked,
        "columns",
        "column.html.j2",
        heading=look.name,
        problem=problem,
        status=status_of(problem) if problem else 422 if misfit else 200,
        look=look,
        choice=said,
        misfit=misfit,
        place=place,
        all=len(asked.choices),
        kinds=KINDS,
        separators=SEPARATORS,
        periods=PERIODS,
        written=WRITTEN,
    )


def _said(asked: Asked, stored: Choice, look: Look, proposed: Choice) -> Choice:
    """What the page shows: what was said, or for another kind what the column's values suggest."""
    kind = asked.value("kind") or stored.kind
    if kind == stored.kind or kind not in KINDS:
        return stored
    if kind == proposed.kind:
        return proposed
    return suggested(look, kind)


def suggested(look: Look, kind: str) -> Choice:
    """A beginning for a column of this kind, from the values that occur, if these are few enough to be a list."""
    values = [text for text, _ in look.values] if look.complete else []
    if kind == "codes":
        return Choice(look.name, kind, codes=tuple(sorted(values)))
    if kind == "several":
        mark = next((one for one in SEPARATORS if any(one in text for text in values)), SEPARATORS[0])
        pieces = {piece.strip() for text in values for piece in text.split(mark)} - {""}
        return Choice(look.name, kind, codes=tuple(sorted(pieces)), separator=mark)
    return Choice(look.name, kind)


def save_one(asked: Asked) -> Response:
    """Take what was said about a column, if every cell of it can be read so."""
    place = asked.number - 1
    if not asked.is_read or not 0 <= place < len(asked.choices):
        return go(asked, "columns/")
    try:
        choice = _sent(asked, asked.choices[place].name)
    except ValueError:
        return go(asked, asked.path)
    try:
        choice.check()
        choice.require_confirmed()
    except UserError as error:
        return show_one(asked, choice, error)
    misfit = misfit_of(asked.project.table, choice)
    if misfit is not None:
        return show_one(asked, replace(choice, confirmed=False), None, misfit)
    changed = with_choice(asked.choices, place, choice)
    write_choices(asked.project, changed)
    following = [number for number in range(len(changed)) if not changed[number].confirmed]
    after = next((number for number in following if number > place), following[0] if following else None)
    return go(asked, "columns/" if after is None else f"columns/{after + 1}/")


def _sent(asked: Asked, name: str) -> Choice:
    """The choice that a form says. Raises ValueError for what no form of ours sends."""
    kind = asked.value("kind")
    choice = Choice(name, kind, confirmed=bool(asked.value("confirm")))
    if kind in LISTED:
        separator = asked.value("separator") or SEPARATORS[0]
        if separator not in SEPARATORS:
            raise ValueError("an unknown separator")
        codes = _lines(asked, "codes")
        choice = replace(choice, codes=codes, separator=separator, rest_code=asked.value("rest_code"))
    if kind == "numbers":
        edges = tuple(part for part in re.split(r"[\s,;]+", asked.value("edges")) if part)
        choice = replace(choice, edges=edges, whole=asked.value("whole") != "0")
    if kind == "dates":
        first, last = asked.value("first"), asked.value("last")
        choice = replace(choice, by=asked.value("by"), first=first, last=last, written=asked.value("written"))
    if kind in BANDED:
        choice = replace(choice, outside=asked.value("outside"))
    if choice.used:
        choice = replace(choice, absent=_lines(asked, "absent"), rest=asked.value("rest") or "refuse")
    return choice


def _lines(asked: Asked, name: str) -> tuple[str, ...]:
    """The lines of a field, each once, without space around them and without empty ones."""
    return tuple(dict.fromkeys(line.strip() for line in asked.value(name).splitlines() if line.strip()))
