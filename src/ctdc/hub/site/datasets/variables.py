"""A page for each variable of the newest release: what it means, its codes, and how much of it is known in each year.

Promise: ``/LANGUAGE/codebook/VARIABLE/`` and its anchor for each code are the same in every language and release. Every
number is one of the release's published counts, with its interval; what is too few to say is never a zero.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ctdc.standard
from ctdc.hub.site.about.sources import reporting_context, sources_file
from ctdc.hub.site.datasets.words import DATASET_TEXTS, dataset_text
from ctdc.hub.site.frame import Entry, SiteFile, SitePage
from ctdc.hub.site.view import SiteRelease
from ctdc.release.codebook import fact_sentence
from ctdc.release.estimates import Z95
from ctdc.release.figures import YEAR
from ctdc.release.numbers import number, number_range, percent, percent_range
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import VariableWords
from ctdc.release.within import Row
from ctdc.standard.languages import LANGUAGES
from ctdc.table.linked import LINKED

CODEBOOK_PATH = "codebook/"
CODES_CSV = "codes.csv"
API = "/api/v1"  # where a served site answers programs
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_TAKEN = frozenset({"content", "exit", "codes", "about", "denominator", "known", "years", "compare", "facts"})
SMALL_WHOLE = 1000  # people; of fewer, rounded counts would not divide to the share that is shown
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run such a cell


def variable_path(view: SiteRelease, name: str, linked: bool = False) -> str:
    """Where the page of a variable stands, below ``/LANGUAGE/``. linked: of the linked rows."""
    part = view.linked if linked and view.linked is not None else view
    names = [words.name for words in part.vocabulary.variables]
    known = name if _PLAIN.fullmatch(name) else f"variable-{names.index(name) + 1}"
    return f"{CODEBOOK_PATH}{LINKED if linked else ''}{known}/"


def code_anchor(code: str) -> str:
    """The anchor of a code on its variable's page: the code, without spaces, which anchors cannot have."""
    anchor = re.sub(r"\s+", "_", code.strip())
    return f"code-{anchor}" if anchor in _TAKEN or not anchor else anchor


@dataclass(frozen=True)
class Shown:
    """A number and its 95 % interval as text."""

    value: str
    interval: str


@dataclass(frozen=True)
class CodeRow:
    """One code as text. count, share: None where there is none; few: too few to say."""

    code: str
    anchor: str
    label: str
    count: Shown | None
    share: Shown | None
    few: bool


@dataclass(frozen=True)
class YearRow:
    """How much is known of one year's people, as text; few: too few to say."""

    year: str
    people: str
    share: Shown | None
    few: bool


class VariablePages:
    """The section of these pages. What a page counts is computed once for all languages."""

    id = "variables"
    shows_earlier = False

    def __init__(self, view: SiteRelease) -> None:
        self._view = view
        self.content = sources_file(view)
        self._years: dict[str, list[tuple[str, Row | None]]] = {}

    def entries(self, language: str) -> Sequence[Entry]:
        """None: the code book's page leads to each variable."""
        return ()

    def pages(self, language: str) -> Iterator[SitePage | SiteFile]:
        """A page for each variable, and its codes as a file."""
        for part, linked in ((self._view, False), (self._view.linked, True)):
            for words in part.vocabulary.variables if part is not None else ():
                path = variable_path(self._view, words.name, linked)
                context = self._page(part or self._view, words, language, linked)
                yield SitePage("codebook", path, "variable.html.j2", context)
                yield SiteFile(path + CODES_CSV, codes_csv(words))

    def _page(self, part: SiteRelease, words: VariableWords, language: str, linked: bool) -> dict[str, Any]:
        text = dataset_text(language)
        info, schema = self._view.manifest.info, self._view.manifest.schema
        facts = [fact for fact in part.vocabulary.facts if words.name in (fact.given, fact.then)]
        group = part.groups.get(words.group or "")
        return {
            "heading": words.labels[language],
            "description": words.definitions[language] or words.labels[language],
            "d": text,
            "r": lambda key: RELEASE_TEXTS.text(language, key),
            "words": words,
            "group": group,
            "codes": _codes(part, words, language),
            "csv": variable_path(self._view, words.name, linked) + CODES_CSV,
            "api": "" if linked else f"{API}/releases/{self._view.manifest.folder}/variables/{words.name}",
            "kind": text(f"variable.kind.{words.kind}"),
            "standard": ", ".join(filter(None, (schema["standard_version"], schema["profile"]))),
            "sources": text("variable.sources.text", sources="; ".join(info.sources))
            if info.sources
            else text("variable.sources.none"),
            "rule": text("variable.denominator.group", group=group.labels[language])
            if group
            else text("variable.denominator.own"),
            "example": _example(part, words, language),
            "known": _known(part, words, language),
            "years": () if linked else self._year_rows(words, language),
            "others": [] if linked else self._others(words, language),
            "facts": [fact_sentence(language, fact, part.vocabulary) for fact in facts],
            **reporting_context(self._view, language),
        }

    def _year_rows(self, words: VariableWords, language: str) -> list[YearRow]:
        """Each year that the release has people of; none of the years' own variable, which is known by itself."""
        year = next((name for name in YEAR if name in self._view.words), None)
        if year is None or words.name == year or self._view.within.measured_length < 2:
            return []
        key = words.group or words.name
        if key not in self._years:
            self._years[key] = [
                (code["code"], self._row(year, code, words)) for code in _entry(self._view, year)["codes"]
            ]
        people = {code["code"]: code for code in _entry(self._view, year)["codes"]}
        return [_year_row(language, people[code], row) for code, row in self._years[key]]

    def _row(self, year: str, code: dict[str, Any], words: VariableWords) -> Row | None:
        if code["below_threshold"]:
            return None
        group = self._view.groups.get(words.group or "")
        if group is not None:
            return self._view.within.flags((year, code["code"]), group.variables)
        return self._view.within.codes((year, code["code"]), words.name)

    def _others(self, words: VariableWords, language: str) -> list[tuple[str, str, str]]:
        """The same variable in other shapes of the standard: title, column, how its codes compare."""
        profile = self._view.vocabulary.profile
        if not profile:
            return []
        standard = ctdc.standard.load()
        names = {column.name: column for column in standard.profile(profile).columns}
        if words.name not in names:
            return []
        here, found = names[words.name], []
        for other in standard.profiles.values():
            column = other.by_variable.get(here.variable)
            if other.id == profile or column is None:
                continue
            shared = len(set(here.codes) & set(column.codes))
            same = set(here.codes) == set(column.codes)
            numbers = {"shared": shared, "here": len(here.codes), "there": len(column.codes)}
            shown = {key: number(language, value) for key, value in numbers.items()}
            key = "variable.compare.same" if same else "variable.compare.shared"
            found.append((other.title[language], column.name, DATASET_TEXTS.text(language, key, **shown)))
        return found


def _entry(view: SiteRelease, name: str) -> dict[str, Any]:
    return next(entry for entry in view.figures["variables"] if entry["name"] == name)


def _codes(part: SiteRelease, words: VariableWords, language: str) -> list[CodeRow]:
    counted = {code["code"]: code for code in _entry(part, words.name)["codes"]}
    shares = {code: entry["share"] for code, entry in counted.items()}
    if words.group in part.groups:
        shares = dict.fromkeys(counted, _member(part, words)["share"])
    return [
        _code_row(language, code.code, code.labels[language], counted.get(code.code), shares.get(code.code))
        for code in words.codes
    ]


def _code_row(language: str, code: str, label: str, counted: Any, share: Any) -> CodeRow:
    few = counted is None or counted["below_threshold"]
    return CodeRow(
        code=code,
        anchor=code_anchor(code),
        label=label,
        count=None if few else _amount(language, counted),
        share=None if few or not share else _share(language, share),
        few=few,
    )


def _member(part: SiteRelease, words: VariableWords) -> dict[str, Any]:
    group = next(one for one in part.figures["groups"] if one["id"] == words.group)
    member: dict[str, Any] = next(one for one in group["members"] if one["variable"] == words.name)
    return member


def _amount(language: str, entry: Any) -> Shown:
    between = number_range(language, max(0, entry["low95"]), max(0, entry["high95"]))
    return Shown(number(language, max(0, entry["count"])), between)


def _share(language: str, share: Any) -> Shown:
    return Shown(percent(language, share["share"]), percent_range(language, share["low95"], share["high95"]))


def _example(part: SiteRelease, words: VariableWords, language: str) -> str:
    """The rule, with the numbers of this variable's most frequent code."""
    entry = _entry(part, words.name)
    whole, label = entry["known"], words.labels[language]
    reported = [code for code in entry["codes"] if not code["below_threshold"]]
    best = max(reported, key=lambda code: code["count"], default=None)
    share = best and best["share"]
    if best is not None and words.group in part.groups:
        group = next(one for one in part.figures["groups"] if one["id"] == words.group)
        whole, share = group["denominator"], _member(part, words)["share"]
    elif best is not None:
        label = part.code_label(words.name, best["code"], language)
    if best is None or not share:
        return DATASET_TEXTS.text(language, "variable.denominator.none")
    digits = 1 if whole["count"] < SMALL_WHOLE else 0
    return DATASET_TEXTS.text(
        language,
        "variable.denominator.example",
        code=label,
        count=number(language, best["count"], digits),
        known=number(language, whole["count"], digits),
        share=percent(language, share["share"]),
    )


def _known(part: SiteRelease, words: VariableWords, language: str) -> str:
    key, share = "variable.known.text", _entry(part, words.name)["known_share"]
    if words.group in part.groups:
        group = next(one for one in part.figures["groups"] if one["id"] == words.group)
        key, share = "variable.known.group", group["denominator_share"]
    if not share:
        return DATASET_TEXTS.text(language, "variable.few")
    between = percent_range(language, share["low95"], share["high95"])
    return DATASET_TEXTS.text(language, key, share=percent(language, share["share"]), range=between)


def _year_row(language: str, people: Any, row: Row | None) -> YearRow:
    few = people["below_threshold"]
    amount = "" if few else number(language, people["count"])
    if row is None or row.is_empty or people["count"] <= 0:
        return YearRow(people["code"], amount, None, few=True)
    least = max(people["count"] - Z95 * people["standard_error"], 1.0)
    most = people["count"] + Z95 * people["standard_error"]
    # Each end at its worst: the known and all people of a year share noise, and so the interval errs to be too wide.
    share = min(1.0, row.known / people["count"])
    low, high = min(share, row.low / most), max(share, min(1.0, row.high / least))
    shown = Shown(percent(language, share), percent_range(language, low, high))
    return YearRow(people["code"], amount, shown, few=False)


def codes_csv(words: VariableWords) -> bytes:
    """The codes of a variable with their labels in all languages, in UTF-8 with a byte-order mark for spreadsheets."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(["variable", "code", *(f"label_{language}" for language in LANGUAGES)])
    for code in words.codes:
        row = [words.name, code.code, *(code.labels[language] for language in LANGUAGES)]
        writer.writerow(["'" + cell if cell.startswith(_FORMULA_STARTS) else cell for cell in row])
    return ("\ufeff" + stream.getvalue()).encode()
