"""Who wants what of the vault, and why: the values that every act begins with.

Promise: names that become paths hold nothing but lower-case letters, digits and ``.-_``; an actor and a purpose are
always there, on one line, and a purpose holds nothing that looks like a telephone number, an address in the net, a
passport, a case number or a name with a title; a name alone looks like any other words. Counts in the log are rounded
up to tens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ctdc.foundation.errors import UserError
from ctdc.table.identifiers import kind_of, looks_like_case_id, without_dates

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_DELIVERY = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_ACTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_YEARS = re.compile(r"(?<!\d)20\d\d[-/]20\d\d(?!\d)")  # "report CTDC 2025/2026" is no case number
_SUBJECT = re.compile(r"[0-9a-f]{32}")
MAX_PURPOSE = 200
STEP = 10


def _wrong(code: str, what: str, allowed: str) -> UserError:
    return UserError(f"vault.{code}", what, allowed=allowed)


@dataclass(frozen=True)
class Access:
    """Who acts, and what for. Raises UserError (``vault.actor``, ``vault.purpose``)."""

    actor: str
    purpose: str

    def __post_init__(self) -> None:
        if not _ACTOR.fullmatch(self.actor):
            raise _wrong("actor", "The name of the one who acts cannot be logged.", "letters, digits and ._@-")
        text = self.purpose.strip()
        if not text or len(text) > MAX_PURPOSE or not text.isprintable():
            raise _wrong("purpose", "An access needs a purpose.", f"one line of up to {MAX_PURPOSE} characters")
        apart = _YEARS.sub("", without_dates(text))
        if kind_of(apart) in ("phone", "email", "passport", "url", "name") or looks_like_case_id(apart):
            raise _wrong(
                "purpose",
                "The purpose looks as if it named a person. The log is kept for ever, also when a person withdraws.",
                "what the access is for, without names and numbers of people",
            )


def check_organisation(name: str) -> str:
    """`name`, or UserError (``vault.organisation``)."""
    if not _NAME.fullmatch(name):
        raise _wrong("organisation", "This cannot be the id of an organisation.", "a-z, 0-9, - and _, up to 64")
    return name


def check_delivery(name: str) -> str:
    """`name`, or UserError (``vault.delivery``)."""
    if not _DELIVERY.fullmatch(name):
        raise _wrong("delivery", "This cannot be the id of a delivery.", "a-z, 0-9, ., - and _, up to 100")
    return name


def check_subject(text: str) -> str:
    """`text` if it is a keyed id, or UserError (``vault.subject``) that does not repeat it: it may be a raw id."""
    if not _SUBJECT.fullmatch(text):
        raise UserError(
            "vault.subject",
            "What stands for a person is no keyed id.",
            allowed="32 hexadecimal digits, as `ctdc intake harmonise` writes them into `_subject`",
            do="Never give the vault an id that the contributor uses.",
        )
    return text


def rounded(count: int) -> int:
    """`count` rounded up to tens, for the log."""
    return -(-count // STEP) * STEP
