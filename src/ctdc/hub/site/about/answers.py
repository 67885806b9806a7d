"""What readers said and what was done about it, as it is shown in public: one YAML file.

Promise: it holds what somebody wrote for the public, never a message as it came; each entry exists in at least one
language, and where it lacks one, that is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import write_text
from ctdc.hub.site.about.content import read_yaml
from ctdc.standard.languages import LANGUAGES, shown_in

FORMAT = "ctdc-answers/1"
PARTS = ("you_said", "we_did")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
HEAD = "# What readers said and what was done, for the page 'You said, we did'. Newest first.\n"


@dataclass(frozen=True)
class Answer:
    """One entry. day: YYYY-MM-DD on which it was answered; you_said, we_did: language to text, the same languages."""

    day: str
    you_said: Mapping[str, str]
    we_did: Mapping[str, str]

    def language(self, wanted: str) -> str:
        """The language in which a reader of `wanted` sees it: as everywhere, the default where it lacks theirs."""
        return shown_in(self.you_said, wanted)


def read_answers(path: Path) -> tuple[Answer, ...]:
    """The entries of a file, in its order. Raises UserError (``answers.file`` or ``content.page``)."""
    found = read_yaml(path)
    if not isinstance(found, dict) or set(found) != {"format", "answers"} or found["format"] != FORMAT:
        raise _fault(str(path), "This is no file of answers.", f"format: {FORMAT}, and answers: a list")
    return tuple(_answer(entry, f"{path}, entry {at}") for at, entry in enumerate(found["answers"] or [], start=1))


def _answer(entry: Any, where: str) -> Answer:
    if not isinstance(entry, dict) or set(entry) != {"day", *PARTS}:
        raise _fault(where, "An entry has other parts.", f"day, {', '.join(PARTS)}")
    day = entry["day"].isoformat() if isinstance(entry["day"], date) else str(entry["day"])
    if not DAY.fullmatch(day):
        raise _fault(f"{where}, day", "This is no day.", "2026-03-01")
    for part in PARTS:
        texts = entry[part]
        if not isinstance(texts, dict) or not texts or not set(texts) <= set(LANGUAGES):
            raise _fault(f"{where}, {part}", "Here a text in at least one language is needed.", ", ".join(LANGUAGES))
        if not all(isinstance(text, str) and text.strip() for text in texts.values()):
            raise _fault(f"{where}, {part}", "A text is empty.")
    if set(entry["you_said"]) != set(entry["we_did"]):
        raise _fault(where, "Both parts have to be in the same languages.")
    return Answer(day, entry["you_said"], entry["we_did"])


def _fault(where: str, what: str, allowed: str = "") -> UserError:
    return UserError("answers.file", what, where=where, allowed=allowed, do="Mend the file.")


def add_answer(path: Path, answer: Answer) -> None:
    """Put an entry at the head of a file, which is made if it is missing. Raises UserError as `read_answers` does."""
    _answer({"day": answer.day, "you_said": dict(answer.you_said), "we_did": dict(answer.we_did)}, "the new entry")
    old = read_answers(path) if path.exists() else ()
    write_answers(path, (answer, *old))


def write_answers(path: Path, answers: Sequence[Answer]) -> None:
    """The whole file."""
    entries = [
        {"day": answer.day, "you_said": dict(answer.you_said), "we_did": dict(answer.we_did)} for answer in answers
    ]
    document = {"format": FORMAT, "answers": entries}
    write_text(path, HEAD + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110))
