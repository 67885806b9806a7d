"""A reader's message, cleaned and checked.

Promise: a message holds what its writer chose to write and nothing about them: no address, no program, no hour. It is
bounded in size, and has no character that could deceive whoever reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ctdc.standard.languages import LANGUAGES

FORMAT = "ctdc-feedback/1"
KINDS = ("data", "page", "idea")
SURVEY = "survey"  # kind of what somebody wrote at the end of a survey; no form offers it
ANSWERS = ("yes", "no")
MOST_CHARACTERS = {"message": 2000, "contact": 200, "about": 200}
ABOUT = re.compile(rf"/({'|'.join(LANGUAGES)})/[A-Za-z0-9/_.%-]*")
ID = re.compile(r"[0-9a-f]{16}")
# Characters that turn the direction of what follows, and could make a reader see another text than is there.
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Refusal(Exception):
    """A form that cannot be taken. key: the text that says why; field: which one is meant, or ""."""

    def __init__(self, key: str, field: str = "") -> None:
        super().__init__(key)
        self.key, self.field = key, field


@dataclass(frozen=True)
class Message:
    """What a reader sent. id: 16 random hexadecimal digits; day: YYYY-MM-DD; language: of the page with the form.

    about: address of the page that is meant, or ""; useful: one of `ANSWERS` or ""; kind: one of `KINDS`, `SURVEY` or
    ""; answered: day of a public answer, or "".
    """

    id: str
    day: str
    language: str
    about: str = ""
    useful: str = ""
    kind: str = ""
    message: str = ""
    contact: str = ""
    answered: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The message as a JSON object."""
        return {"format": FORMAT, **asdict(self)}


def cleaned(text: str, lines: bool = False) -> str:
    """The text without control characters and turns of direction; line breaks stay if `lines`."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (
        letter if lines or letter != "\n" else " "
        for letter in text
        if letter == "\n" or (letter not in TURNS and unicodedata.category(letter) not in ("Cc", "Cs", "Co", "Cn"))
    )
    return "".join(kept).strip()


def about_of(text: str) -> str:
    """The address of a page if it is one of this site, "" for anything else."""
    right = len(text) <= MOST_CHARACTERS["about"] and ABOUT.fullmatch(text) and ".." not in text and "//" not in text
    return text if right else ""


def text_of(fields: Mapping[str, str], name: str = "message") -> str:
    """What somebody wrote into a field, cleaned. Raises Refusal for too much."""
    text = cleaned(fields.get(name, ""), lines=name == "message")
    if len(text) > MOST_CHARACTERS[name]:
        raise Refusal(f"error.long.{name}", name)
    return text


def message_from(fields: Mapping[str, str], identifier: str, day: str, language: str) -> Message:
    """The message in a form's fields. Raises Refusal for one that says nothing, or too much."""
    texts = {name: text_of(fields, name) for name in ("message", "contact")}
    useful = fields.get("useful", "") if fields.get("useful") in ANSWERS else ""
    kind = fields.get("kind", "") if fields.get("kind") in KINDS else ""
    if not useful and not texts["message"]:
        raise Refusal("error.empty", "message")
    return Message(identifier, day, language, about_of(fields.get("about", "")), useful, kind, **texts)
