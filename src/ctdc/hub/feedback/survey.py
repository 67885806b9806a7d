"""A short survey of readers: what it asks, and how often each answer was chosen.

Promise: answers are added to totals at once and never kept one by one, so nobody can say which answers came together,
or in which order; a day and an hour are not kept at all. What somebody writes besides becomes a message like any other,
with nothing that leads to what they chose. A file appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.foundation.files import alone, as_json, atomic_file
from ctdc.standard.languages import LANGUAGES

FORMAT = "ctdc-survey/1"
TOTALS_FORMAT = "ctdc-survey-totals/1"
FOLDER, DEFINITION, LOCK = "survey", "survey.json", ".lock"
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
MOST_QUESTIONS, MOST_OPTIONS, MOST_WORDS = 6, 8, 300

Words = Mapping[str, str]


@dataclass(frozen=True)
class Option:
    """An answer to choose. words: language to text."""

    id: str
    words: Words


@dataclass(frozen=True)
class Question:
    """A closed question."""

    id: str
    words: Words
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Survey:
    """What is asked of readers from the day `opens` to the day `closes` (YYYY-MM-DD). more: the open question.

    Raises UserError (``survey.file``) for what could not be shown to every reader.
    """

    id: str
    opens: str
    closes: str
    questions: tuple[Question, ...]
    more: Words

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.id):
            raise _fault("id", "lower-case letters, digits and hyphens, at most 40")
        if date.fromisoformat(self.opens) > date.fromisoformat(self.closes):
            raise _fault("closes", "not before the survey opens")
        if not 1 <= len(self.questions) <= MOST_QUESTIONS:
            raise _fault("questions", f"1 to {MOST_QUESTIONS}")
        _check_names("questions", [one.id for one in self.questions])
        _check_words("more", self.more)
        for one in self.questions:
            _check_question(one)

    def is_open(self, day: date) -> bool:
        """Whether readers are asked on `day`."""
        return self.opens <= day.isoformat() <= self.closes

    def as_dict(self) -> dict[str, Any]:
        """The survey as a JSON object."""
        return {"format": FORMAT, **asdict(self)}


def _check_question(one: Question) -> None:
    if not 2 <= len(one.options) <= MOST_OPTIONS:
        raise _fault(one.id, f"2 to {MOST_OPTIONS} answers")
    _check_names(one.id, [option.id for option in one.options])
    _check_words(one.id, one.words)
    for option in one.options:
        _check_words(f"{one.id}, {option.id}", option.words)


def _check_names(where: str, names: list[str]) -> None:
    if len(set(names)) != len(names) or not all(NAME.fullmatch(name) for name in names):
        raise _fault(where, "names of lower-case letters, digits and hyphens, each once")


def _check_words(where: str, words: Words) -> None:
    if set(words) != set(LANGUAGES) or not all(text.strip() and len(text) <= MOST_WORDS for text in words.values()):
        raise _fault(where, f"a text of at most {MOST_WORDS} characters in each of {', '.join(LANGUAGES)}")


def _fault(where: str, allowed: str) -> UserError:
    return UserError("survey.file", "This cannot be asked of readers.", where=where, allowed=allowed)


def survey_from_dict(document: Any) -> Survey:
    """The survey of a JSON object. Raises UserError (``survey.file``)."""
    try:
        if document["format"] != FORMAT:
            raise _fault("format", FORMAT)
        questions = tuple(
            Question(
                str(one["id"]),
                _texts(one["words"]),
                tuple(Option(str(option["id"]), _texts(option["words"])) for option in one["options"]),
            )
            for one in document["questions"]
        )
        days = (str(document["opens"]), str(document["closes"]))
        return Survey(str(document["id"]), *days, questions, _texts(document["more"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _fault("the file", "what the studio wrote") from None


def _texts(words: Any) -> Words:
    return {str(language): str(text) for language, text in words.items()}


def written(folder: Path) -> Path:
    """Where the survey stands, in the folder of messages."""
    return folder / FOLDER / DEFINITION


def read_survey(folder: Path) -> Survey | None:
    """The survey that was begun last, None where there is none. Raises UserError (``survey.file``)."""
    path = written(folder)
    if not path.is_file():
        return None
    try:
        return survey_from_dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        raise _fault(str(path), "what the studio wrote") from None


def write_survey(folder: Path, survey: Survey) -> None:
    """Ask this of readers from its first day on, instead of what was asked before."""
    written(folder).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with atomic_file(written(folder), private=True) as temporary:
        temporary.write_text(as_json(survey.as_dict()), encoding="utf-8")


@dataclass(frozen=True)
class Totals:
    """How many took part, and how many chose each answer: question to answer to number."""

    people: int
    counts: Mapping[str, Mapping[str, int]]


def read_totals(folder: Path, survey: Survey) -> Totals:
    """What was chosen so far. Raises UserError (``survey.totals``)."""
    path = _totals_path(folder, survey)
    found: Any = {"format": TOTALS_FORMAT, "people": 0, "counts": {}}
    try:
        if path.is_file():
            found = json.loads(path.read_text(encoding="utf-8"))
        return _totals(found, survey)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            "survey.totals", "This file does not hold totals of a survey.", where=str(path), do="Move it away."
        ) from None


def _totals(document: Any, survey: Survey) -> Totals:
    if document["format"] != TOTALS_FORMAT:
        raise ValueError(TOTALS_FORMAT)
    counts = {
        one.id: {option.id: int(document["counts"].get(one.id, {}).get(option.id, 0)) for option in one.options}
        for one in survey.questions
    }
    return Totals(int(document["people"]), counts)


def add_answers(folder: Path, survey: Survey, chosen: Mapping[str, str]) -> None:
    """Count the answers of one reader: question to answer, those that the survey has. Raises UserError, OSError."""
    path = _totals_path(folder, survey)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(path.parent / LOCK):
        totals = read_totals(folder, survey)
        counts = {question: dict(answers) for question, answers in totals.counts.items()}
        for question, answer in chosen.items():
            counts[question][answer] += 1
        _write(path, Totals(totals.people + 1, counts), survey)


def _totals_path(folder: Path, survey: Survey) -> Path:
    return folder / FOLDER / f"totals-{survey.id}.json"


def _write(path: Path, totals: Totals, survey: Survey) -> None:
    """The time of the file is that of the survey's first day: that of its writing would tell when somebody answered."""
    first = datetime.fromisoformat(survey.opens).replace(tzinfo=UTC).timestamp()
    with atomic_file(path, private=True) as temporary:
        temporary.write_text(as_json({"format": TOTALS_FORMAT, **asdict(totals)}), encoding="utf-8")
        os.utime(temporary, (first, first))
    for other in (path.parent / LOCK, path.parent):
        os.utime(other, (first, first))


def chosen_in(survey: Survey, fields: Mapping[str, str]) -> dict[str, str]:
    """The answers in a form's fields, ``q-QUESTION``; what the survey does not know is left out."""
    found = {}
    for one in survey.questions:
        answer = fields.get(f"q-{one.id}", "")
        if answer in {option.id for option in one.options}:
            found[one.id] = answer
    return found
