"""Errors of the rooms below in the reader's language: a sentence by the code, what it is about as data, what to do.

Promise: names, numbers and allowed values are shown as they are, by themselves; the English of the program is shown for
a code that has no sentence, for one that only its room explains, and for places in a mapping, and marked as English. A
remedy is something that the reader of this page can do: nobody is sent to a command or into a file that is not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from markupsafe import Markup, escape

from ctdc.foundation.errors import ErrorDetail, UserError
from ctdc.hub.problems import is_exact, sentence_of
from ctdc.hub.studio.web.texts import catalogue, text
from ctdc.standard.languages import DEFAULT

# Rooms of the studio, which raise their errors in the language of whoever asked.
OWN_WORDS = frozenset({"agreement", "delivery", "job", "mapping", "withdrawal"})
OWN_RULE = "desk.rule"  # of the release desk, also where a job kept it
# Of a mapping's files, which are written in English words: where in them the fault is only the program's words say.
PRECISE = frozenset(
    {
        "intake.example",
        "intake.mapping",
        "intake.mapping_standard",
        "intake.reason",
        "intake.values",
        "intake.yaml",
    }
)
MAPPING_FILES = PRECISE | {
    "intake.date_ambiguous",
    "intake.date_format",
    "intake.encoding_unknown",
    "intake.mapping_missing",
    "intake.values_conflict",
}
REMEDIES: Mapping[str, str] = {
    "agreement": "agreement",
    "delivery.hash": "again",
    "delivery.mapping_changed": "recheck",
    "intake": "ask",
    "intake.column_type": "export",
    "intake.columns_missing": "columns",
    "intake.columns_repeated": "correct",
    "intake.damaged": "save_again",
    "intake.extra_missing": "operator",
    "intake.file_missing": "names",
    "intake.file_several": "one",
    "intake.formula_unsaved": "save_again",
    "intake.key": "operator",
    "intake.not_text": "export",
    "intake.not_text.archive": "unpack",
    "intake.not_text.workbook": "save_as_csv",
    "intake.protected": "password",
    "intake.quarantine": "recheck",
    "intake.quotes": "correct",
    "intake.source_missing": "names",
    "intake.too_large": "copy",
    "intake.xml_entities": "save_again",
    "mapping.none": "",
    "mapping.shipped": "",
    "studio": "operator",
    "vault": "operator",
    "vault.damaged": "again",
    "vault.identifiers": "take_columns_out",
    "vault.other_root": "again",
    "vault.withdrawn": "take_out",
    **dict.fromkeys(MAPPING_FILES, "mapping"),
}
# In the order in which they are shown; ``kind`` chooses the sentence.
FACTS = (
    "file",
    "sheet",
    "table",
    "row",
    "rows",
    "line",
    "lines",
    "place",
    "column",
    "columns",
    "positions",
    "cells",
    "value",
    "expected",
    "format",
    "found",
    "arrived",
    "allowed",
    "where",
)


@dataclass(frozen=True)
class Fact:
    """What an error is about: its label, and the values as they are."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """An error in words. what, do: in the reader's language; original: lines of the program, in English."""

    what: str
    facts: tuple[Fact, ...] = ()
    do: str = ""
    original: tuple[str, ...] = ()

    def line(self) -> SafeString:
        """In one line of HTML, for forms and lists of messages."""
        parts = [escape(self.what)]
        parts += [Markup("{}: {}.").format(one.label, _listed(one.values)) for one in self.facts]
        parts += [Markup('<span lang="en" dir="ltr">{}</span>').format(line) for line in self.original]
        return mark_safe(Markup(" ").join([*parts, *([self.do] if self.do else [])]))  # noqa: S308  escaped just above


def _listed(values: Sequence[str]) -> Markup:
    return Markup(", ").join(Markup("<bdi>{}</bdi>").format(value) for value in values)


def said(error: UserError | ErrorDetail | Mapping[str, Any]) -> Said:
    """An error in words: one that was just raised, or what was kept of one."""
    detail = _detail(error)
    code, facts = str(detail["code"]), detail.get("facts") or {}
    if code == OWN_RULE or (isinstance(error, UserError) and code.partition(".")[0] in OWN_WORDS):
        return Said(detail["what"], _facts({"where": detail["where"]}), detail["do"])
    key = sentence_of(code, catalogue("web").messages(DEFAULT), str(facts.get("kind", "")))
    remedy = _remedy(key, code)
    do = text(f"web.remedy.{remedy}") if remedy else ""
    if not is_exact(key, code):
        lines = tuple(str(detail[part]) for part in ("what", "where", "allowed", "do") if detail.get(part))
        return Said(text(f"web.{key or 'error.other'}"), (), do, lines)
    shown = facts or ({} if code in MAPPING_FILES else {"where": detail.get("where", "")})
    # What an earlier version kept says only in the program's words what it is about.
    is_older = isinstance(error, Mapping) and "facts" not in error
    original = (str(detail["what"]),) if detail["what"] and (code in PRECISE or is_older) else ()
    return Said(text(f"web.{key}"), _facts(shown), do, original)


def kept(detail: ErrorDetail) -> dict[str, Any]:
    """An error to be kept, from which `said` makes words later, in whatever language."""
    return {**detail.as_dict(), "facts": dict(detail.facts)}


def _detail(error: UserError | ErrorDetail | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(error, UserError):
        return error.detail.as_dict()
    return error.as_dict() if isinstance(error, ErrorDetail) else {"what": "", "code": "", **error}


def _facts(facts: Mapping[str, str | Sequence[str]]) -> tuple[Fact, ...]:
    found = []
    for name in FACTS:
        if value := facts.get(name):
            values = (value,) if isinstance(value, str) else tuple(map(str, value))
            found.append(Fact(text(f"web.fact.{name}"), values))
    return tuple(found)


def _remedy(key: str, code: str) -> str:
    """Of the sentence that was found, else of the code, else of its room."""
    places = (key.removeprefix("error."), code, code.partition(".")[0])
    return next((REMEDIES[place] for place in places if place in REMEDIES), "")
