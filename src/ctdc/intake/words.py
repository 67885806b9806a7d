"""The words of reports on deliveries, by language: of pages, of what contributors take home, and of hints in both.

Promise: every language has the same keys; a collaborative's own words stand in the place of ours. Names of variables,
codes and countries are those of the standard.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ctdc.foundation.collaborative import current
from ctdc.intake.hints import hint_in
from ctdc.standard import load
from ctdc.standard.languages import LANGUAGES

DATA = Path(__file__).parent / "data"
_COUNTRIES = "country"
_OF_IDENTIFIERS = "identifiers"


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Language -> key -> text."""
    with (DATA / "report_texts.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    ours = {language: {row["key"]: row[language] for row in rows if language in row} for language in (*LANGUAGES, "en")}
    return {language: {**words, **current().texts(language).get("intake", {})} for language, words in ours.items()}


def label_of(variable: str, language: str) -> str:
    """What a variable is called; one that the standard does not have (of linked rows) by its name."""
    known = load().variables.get(variable)
    return known.labels[language] if known is not None else variable


def hint_of(text: str, language: str) -> str:
    """A hint of a report, in the language."""
    return hint_in(text, texts()[language], lambda code: _countries(language).get(code, code))


@cache
def _countries(language: str) -> Mapping[str, str]:
    lists = load().code_lists
    return {one.code: one.labels[language] for one in lists[_COUNTRIES].codes} if _COUNTRIES in lists else {}


def mark(kind: str, about: str) -> str:
    """The comment on a marked cell, in English: a status and a hint, or ``identifiers`` and their kinds."""
    return f"{kind}: {about}"


def mark_in(comment: str, language: str) -> str:
    """What `mark` gave, in the language; anything else as it is."""
    words = texts()[language]
    kind, _, about = comment.partition(": ")
    if kind == _OF_IDENTIFIERS:
        return f"{words['identifiers']}: {', '.join(words.get(f'kind.{one}', one) for one in about.split(', '))}"
    if f"status.{kind}" not in words:
        return comment
    said = hint_of(about, language)
    if said == about:  # variables that the cell should tell, or items of a list
        said = ", ".join(label_of(one, language) for one in about.split(", "))
    return f"{words[f'status.{kind}']}: {said}"
