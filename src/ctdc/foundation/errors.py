"""Errors that a person can act on.

Promise: a `UserError` is somebody's input or environment being wrong, never a fault of ours; it says what
was wrong, where, what is allowed and what to do, and it never holds a person's values from a case file
unless the reader of the error is the one who supplied that file. Anything else that is raised is a fault
of the software and is shown with its traceback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class ErrorDetail:
    """The parts of an error, apart from each other so that an interface can lay them out or translate them.

    code: stable, dotted, lower case (``intake.encoding``); what: one sentence; where: file, sheet, row,
    column or option; allowed: what would have been right; do: the next step for the reader; facts: names and
    numbers that the sentences speak of (``columns``, ``row``), for an interface with sentences of its own.
    """

    code: str
    what: str
    where: str = ""
    allowed: str = ""
    do: str = ""
    facts: Facts = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The detail as lines of plain text, most important first."""
        parts = [self.what]
        for label, text in (("Where", self.where), ("Allowed", self.allowed), ("What to do", self.do)):
            if text:
                parts.append(f"{label}: {text}")
        return parts

    def as_dict(self) -> dict[str, Any]:
        """The detail as a JSON object, for ``--json``. Facts are in it where there are some."""
        said = {"code": self.code, "what": self.what, "where": self.where, "allowed": self.allowed, "do": self.do}
        return said | ({"facts": dict(self.facts)} if self.facts else {})


class UserError(Exception):
    """Input or environment that a person can put right. Exit code of the command line: 3."""

    exit_code = 3

    def __init__(
        self,
        code: str,
        what: str,
        *,
        where: str = "",
        allowed: str = "",
        do: str = "",
        facts: Facts | None = None,
    ) -> None:
        self.detail = ErrorDetail(code, what, where, allowed, do, facts or {})
        super().__init__("\n".join(self.detail.lines()))


class Refused(UserError):
    """A rule of the collaborative says no (budget exceeded, unverified release). Exit code 4."""

    exit_code = 4


class Cancelled(UserError):
    """The person stopped the work; nothing was left half written. Exit code 130, as shells expect."""

    exit_code = 130
