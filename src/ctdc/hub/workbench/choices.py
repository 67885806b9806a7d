"""What a person said about each column of their table, and the declaration that follows from it.

Promise: a choice is immutable and checked when it is made; the declaration names only columns that were chosen, and no
value that was not declared; nothing is confirmed but by the person. What a cell becomes follows from the choice and
that cell alone, whoever else is in the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.hub.workbench.project import Project, read_json, write_json
from ctdc.table.bands import iso_date
from ctdc.table.declare import Declaration, parse_declaration

KINDS = ("codes", "several", "numbers", "dates", "person", "out")
LISTED = ("codes", "several")
BANDED = ("numbers", "dates")
RESTS = ("refuse", "empty", "code")  # what becomes of a cell that the choice does not know
OUTSIDE = ("open", "empty", "error")
PERIODS = ("year", "quarter", "month")
WRITTEN = ("iso", "dmy", "mdy")
SEPARATORS = (";", ",", "|", "/")
PERSON = "person"  # what the column is called that says whose row it is: its own name goes no further
MOST_CODES = 5_000
MOST_TEXT = 200  # characters of a code
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")
DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[ T].*)?")
Meaning = Callable[[str], str | None]  # from a cell's text to what is protected, None for empty


class Unfit(Exception):
    """A cell that is not known to the choice, where the choice refuses such cells."""


@dataclass(frozen=True)
class Choice:
    """What was said about one column.

    codes: all that may occur (of ``codes`` and ``several``); separator: between the codes in one cell; edges: of the
    bands of numbers, as written; whole: whether the numbers are whole; outside: what becomes of numbers and dates
    beyond the bands; by, first, last: periods of dates; written: how dates are written; absent: texts that mean not
    known; rest, rest_code: what becomes of other cells; confirmed: by the person.
    """

    name: str
    kind: str = "out"
    codes: tuple[str, ...] = ()
    separator: str = ";"
    edges: tuple[str, ...] = ()
    whole: bool = True
    outside: str = "open"
    by: str = "year"
    first: str = ""
    last: str = ""
    written: str = "iso"
    absent: tuple[str, ...] = ()
    rest: str = "refuse"
    rest_code: str = ""
    confirmed: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for what no form of ours sends."""
        closed = ((self.kind, KINDS), (self.outside, OUTSIDE), (self.by, PERIODS), (self.written, WRITTEN))
        if any(value not in allowed for value, allowed in (*closed, (self.rest, RESTS))):
            raise ValueError("an unknown choice")

    @property
    def used(self) -> bool:
        """Whether the column is protected and published."""
        return self.kind in (*LISTED, *BANDED)

    @property
    def all_codes(self) -> tuple[str, ...]:
        """The codes, the one for all other cells among them."""
        more = (self.rest_code,) if self.rest == "code" and self.rest_code not in self.codes else ()
        return (*self.codes, *more)

    def entry(self) -> dict[str, Any]:
        """The column as a field of a Table Schema."""
        if self.kind == "codes":
            return {"name": self.name, "type": "string", "constraints": {"enum": list(self.all_codes)}}
        if self.kind == "several":
            enum = {"enum": list(self.all_codes)}
            return {"name": self.name, "type": "string", "constraints": enum, "ctdc": {"split": self.separator}}
        if self.kind == "numbers":
            edges = [_edge(text, self.whole) for text in self.edges]
            bands: dict[str, Any] = {"edges": edges, "outside": self.outside}
            return {"name": self.name, "type": "integer" if self.whole else "number", "ctdc": {"bands": bands}}
        bands = {"by": self.by, "from": self.first, "to": self.last, "outside": self.outside}
        return {"name": self.name, "type": "date", "ctdc": {"bands": bands}}

    def meaning(self) -> Meaning:
        """What becomes of a cell. It raises `Unfit` where this choice refuses."""
        absent = frozenset(self.absent)
        known = _MEANINGS[self.kind](self)

        def read(text: str) -> str | None:
            return None if not text or text in absent else known(text)

        return read

    def strange(self, text: str) -> tuple[str, ...]:
        """What of a cell's text the choice does not know: the values that stand on no list, or all of it."""
        if self.kind != "several":
            return (text,)
        pieces = [piece.strip() for piece in text.split(self.separator)]
        return tuple(one for one in pieces if one and one not in self.codes and one not in self.absent)

    def check(self) -> None:
        """Raise UserError for what cannot be declared: the same that declaring it would raise."""
        if self.used:
            if self.kind in LISTED:
                _check_codes(self)
            parse_declaration(document_of([self]), self.name)

    def require_confirmed(self) -> None:
        """Raise UserError (``workbench.unconfirmed``) for a column that would be published and is not confirmed."""
        if self.used and not self.confirmed:
            raise UserError("workbench.unconfirmed", "It was not confirmed.", where=self.name)


def _edge(text: str, whole: bool) -> int | float | str:
    """An edge as a number; what is none stays a text, which the declaration refuses."""
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def _check_codes(choice: Choice) -> None:
    if choice.rest == "code" and not choice.rest_code:
        raise UserError("workbench.rest_code", "Other values get a code, and it is not said which.", where=choice.name)
    if not choice.all_codes:
        raise UserError("workbench.no_codes", "The list is empty.", where=choice.name)
    if len(choice.codes) > MOST_CODES or any(len(code) > MOST_TEXT for code in choice.codes):
        allowed = f"at most {MOST_CODES:,} values of at most {MOST_TEXT} characters"
        raise UserError("workbench.many_codes", "The list is too long.", where=choice.name, allowed=allowed)


def _rest(choice: Choice) -> str | None:
    if choice.rest == "refuse":
        raise Unfit
    return choice.rest_code if choice.rest == "code" and choice.kind in LISTED else None


def _of_codes(choice: Choice) -> Meaning:
    known = frozenset(choice.codes)
    return lambda text: text if text in known else _rest(choice)


def _of_several(choice: Choice) -> Meaning:
    known, absent = frozenset(choice.codes), frozenset(choice.absent)

    def read(text: str) -> str | None:
        pieces = [piece.strip() for piece in text.split(choice.separator)]
        kept = [one if one in known else _rest(choice) for one in pieces if one and one not in absent]
        return choice.separator.join(dict.fromkeys(one for one in kept if one)) or None

    return read


def _of_numbers(choice: Choice) -> Meaning:
    low, high = float(choice.edges[0]), float(choice.edges[-1])

    def read(text: str) -> str | None:
        if not NUMBER.fullmatch(text) or (choice.whole and not float(text).is_integer()):
            return _rest(choice)
        if choice.outside == "error" and not low <= float(text) < high:
            return _rest(choice)
        return text

    return read


def _of_dates(choice: Choice) -> Meaning:
    def read(text: str) -> str | None:
        day = day_of(text, choice.written)
        return _rest(choice) if day is None else day.isoformat()

    return read


_MEANINGS: Mapping[str, Callable[[Choice], Meaning]] = {
    "codes": _of_codes,
    "several": _of_several,
    "numbers": _of_numbers,
    "dates": _of_dates,
    "person": lambda choice: lambda text: text,
    "out": lambda choice: lambda text: None,
}


def day_of(text: str, written: str) -> date | None:
    """The day that a text names, a time after it left alone; None when it names none."""
    if written == "iso":
        return iso_date(re.split(r"[ T]", text, maxsplit=1)[0])
    found = DAY_FIRST.fullmatch(text)
    if found is None:
        return None
    first, second, year = (int(part) for part in found.groups())
    day, month = (first, second) if written == "dmy" else (second, first)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def document_of(choices: Sequence[Choice]) -> dict[str, Any]:
    """The Table Schema of the columns that are used. The person's column has a name that tells nothing."""
    fields = [choice.entry() for choice in choices if choice.used]
    person = {"subject_id": PERSON} if any(choice.kind == "person" for choice in choices) else {}
    return {"fields": fields, "missingValues": [""], "ctdc": {"columns": [field["name"] for field in fields], **person}}


def declaration_of(choices: Sequence[Choice]) -> Declaration:
    """The declaration of the columns that are used. Raises UserError (``workbench.nothing_chosen``, or as parsed)."""
    if not any(choice.used for choice in choices):
        raise UserError("workbench.nothing_chosen", "Every column is left out: nothing would be protected.")
    if any(choice.used and choice.name == PERSON for choice in choices):
        raise UserError("workbench.reserved", f"A column that is published cannot be called {PERSON!r}.")
    return parse_declaration(document_of(choices), "choices")


def read_choices(project: Project) -> tuple[Choice, ...]:
    """The choices of all columns, in the table's order; empty before there are any."""
    return tuple(choice_from(one) for one in read_json(project.choices) or [])


def choice_from(stored: Mapping[str, Any]) -> Choice:
    """A choice as `dataclasses.asdict` and JSON keep it."""
    return Choice(**{**stored, **{name: tuple(stored[name]) for name in ("codes", "edges", "absent")}})


def write_choices(project: Project, choices: Sequence[Choice]) -> None:
    """Keep the choices."""
    write_json(project.choices, [asdict(choice) for choice in choices])


def with_choice(choices: Sequence[Choice], place: int, new: Choice) -> tuple[Choice, ...]:
    """The choices with another one at a place. One column only says whose row it is: the others are left out then."""
    changed = [
        replace(one, kind="out", confirmed=False) if new.kind == "person" and one.kind == "person" else one
        for one in choices
    ]
    changed[place] = new
    return tuple(changed)


def all_confirmed(choices: Sequence[Choice]) -> bool:
    """Whether a person has confirmed every column, and something is left to protect."""
    return bool(choices) and all(choice.confirmed for choice in choices) and any(choice.used for choice in choices)
