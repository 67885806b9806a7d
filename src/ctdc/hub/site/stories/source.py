"""What editors write: stories, the numbers and charts that they bind, and their texts; read and checked.

Promise: a story that was read has no unknown name in it, and no digit in a text: figures can only be bound. Which
numbers a release has is not known here; that a name is none of any release is. All faults are UserErrors
(``story.source``) that say in which file, and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import ctdc.standard
from ctdc.foundation.errors import UserError
from ctdc.hub.site.stories.study import read_study
from ctdc.standard.languages import LANGUAGES

# The safe loader in C where there is one: the same values, ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CONTENT = Path(__file__).parent / "content"
LATEST = "latest"
CATEGORIES = ("victims", "exploitation", "control", "journeys", "perpetrators", "methods")
ANALYSES = ("global", "linked", "study")
NOTES = ("percentages", "several", "others", "gender", "identified", "lag", "corridors", "bounds", "rows", "study")
PEOPLE, LINKED_ROWS = "people", "linked_rows"  # what a number or a chart counts
COUNTED = frozenset({"counted"})
# What a number can be: the keys that it must have, and those that it may have.
MEASURES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "count": (frozenset(), frozenset({"part", "among"}) | COUNTED),
    "share": (frozenset({"part"}), frozenset({"among"}) | COUNTED),
    "difference": (frozenset({"first", "second"}), frozenset()),
    "ratio": (frozenset({"first", "second"}), frozenset()),
    "rank": (frozenset({"of", "place"}), frozenset({"as"}) | COUNTED),
    "answered": (frozenset({"of"}), COUNTED),
    "reported": (frozenset({"of"}), frozenset()),
    "first": (frozenset({"of"}), frozenset()),
    "last": (frozenset({"of"}), frozenset()),
    "corridors": (frozenset({"within"}), frozenset()),
    "threshold": (frozenset(), frozenset()),
    "most": (frozenset(), frozenset()),
    "study": (frozenset({"of", "what"}), frozenset()),
}
RULES = ("threshold", "most")  # numbers that are rules of the release, not listed among those of the story
CHARTS = {"bars": 1, "columns": 1, "pyramid": 2, "cross": 2, "corridors": 2}
VERDICTS = ("larger", "smaller", "unclear")
PLACEHOLDER = re.compile(r"\{([a-z_]+)(?:\.(value|label))?\}")
SLUG = re.compile(r"[a-z]+(-[a-z]+)*")


@dataclass(frozen=True)
class Term:
    """People as a story names them: those with one of the codes of the first of these variables that a release has."""

    variables: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Bound:
    """A number that a story binds. given: what its measure needs; release: `LATEST` or a release's folder or id.

    of_rows: it counts the rows that are linked to people.
    """

    name: str
    measure: str
    given: Mapping[str, Any]
    release: str
    of_rows: bool = False


@dataclass(frozen=True)
class Part:
    """A part of a story's body: a heading, a text, or a chart. by: the comparison that chooses among its sentences.

    say: whether a text without its numbers says so; otherwise it is left out.
    """

    kind: str
    key: str
    by: str = ""
    say: bool = True
    chart: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Words:
    """A story in one language. texts: key to a text, or to one for each of `VERDICTS`; numbers: what each is called."""

    title: str
    summary: str
    headings: Mapping[str, str]
    texts: Mapping[str, str | Mapping[str, str]]
    numbers: Mapping[str, str]


@dataclass(frozen=True)
class Story:
    """One story. words: by language; source: the language that stands in where one is missing."""

    slug: str
    category: str
    analysis: str
    sisters: tuple[str, ...]
    reviewed: date
    release: str
    source: str
    headline: str
    requires: tuple[str, ...]
    numbers: Mapping[str, Bound]
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    words: Mapping[str, Words]


def read_stories(content: Path = CONTENT) -> tuple[dict[str, Term], tuple[Story, ...]]:
    """The terms and all stories of a folder, in the order of its ``order.yaml``. Raises UserError."""
    terms = _terms(content / "terms.yaml")
    order = _yaml(content / "order.yaml")
    if not isinstance(order, list) or not all(isinstance(slug, str) for slug in order):
        raise _fault(content / "order.yaml", "This is not a list of stories.", "the names of folders")
    found = tuple(_story(content / slug, terms) for slug in order)
    for story in found:
        _only(content / story.slug / "story.yaml", "sister", story.sisters, order)
    return terms, found


def names_in(text: str) -> list[str]:
    """The numbers that a text binds."""
    return [found[1] for found in PLACEHOLDER.finditer(text)]


def _terms(path: Path) -> dict[str, Term]:
    found = {}
    for name, entry in _mapping(path, _yaml(path)).items():
        _keys(path, entry, {"variables"}, {"variables", "codes"})
        term = Term(tuple(entry["variables"]), tuple(str(code) for code in entry.get("codes", ["1"])))
        known = known_codes()
        for variable in term.variables:
            _only(path, "variable", [variable], known)
            _only(path, "code", [code for code in term.codes if not _somewhere(code, term)], known[variable])
        found[name] = term
    return found


def _somewhere(code: str, term: Term) -> bool:
    """Whether any of a term's variables has the code: profiles call one thing by different names."""
    return any(code in known_codes()[name] for name in term.variables if name in known_codes())


@cache
def known_codes() -> Mapping[str, frozenset[str]]:
    """Every variable that any profile of the standard publishes, of people or of rows that are linked to them, with
    all codes that it has in any of them.
    """
    found: dict[str, set[str]] = {}
    for profile in ctdc.standard.load().profiles.values():
        for column in (*profile.columns, *(profile.links.columns if profile.links else ())):
            found.setdefault(column.name, set()).update(column.codes)
        if profile.links:
            numbers = map(str, range(1, profile.links.most))
            found.setdefault(profile.links.number, set()).update([*numbers, f"{profile.links.most}+"])
    return {name: frozenset(codes) for name, codes in found.items()}


@cache
def known_groups() -> frozenset[str]:
    """The groups of flags of the standard's profiles."""
    profiles = ctdc.standard.load().profiles.values()
    linked = (profile.linked() for profile in profiles if profile.links)
    return frozenset(group for profile in (*profiles, *linked) for group in profile.groups)


def _story(folder: Path, terms: Collection[str]) -> Story:
    path = folder / "story.yaml"
    raw = _mapping(path, _yaml(path))
    required = {"category", "analysis", "reviewed", "headline", "numbers", "parts"}
    _keys(path, raw, required, required | {"sisters", "release", "source", "requires", "notes"})
    if not SLUG.fullmatch(folder.name):
        raise _fault(path, f"{folder.name!r} cannot be the name of a story.", "lower-case words joined by hyphens")
    _only(path, "category", [raw["category"]], CATEGORIES)
    _only(path, "analysis", [raw["analysis"]], ANALYSES)
    _only(path, "note", raw.get("notes", []), NOTES)
    _only(path, "language", [raw.get("source", "en")], LANGUAGES)
    if not isinstance(raw["reviewed"], date):
        raise _fault(path, "'reviewed' is not a day.", "a day such as 2026-03-01")
    release = str(raw.get("release", LATEST))
    numbers = _numbers(path, raw["numbers"], terms, release)
    _only(path, "number", [raw["headline"], *raw.get("requires", [])], numbers)
    parts = tuple(_part(path, entry, numbers) for entry in raw["parts"])
    return Story(
        slug=folder.name,
        category=raw["category"],
        analysis=raw["analysis"],
        sisters=tuple(raw.get("sisters", [])),
        reviewed=raw["reviewed"],
        release=release,
        source=raw.get("source", "en"),
        headline=raw["headline"],
        requires=tuple(raw.get("requires", [])),
        numbers=numbers,
        parts=parts,
        notes=tuple(raw.get("notes", [])),
        words=_all_words(folder, raw.get("source", "en"), numbers, parts),
    )


def _numbers(path: Path, raw: Any, terms: Collection[str], release: str) -> dict[str, Bound]:
    found: dict[str, Bound] = {}
    for name, entry in _mapping(path, raw).items():
        measure = _mapping(path, entry).get("measure", "")
        _only(path, "measure", [measure], MEASURES)
        required, optional = MEASURES[measure]
        _keys(path, entry, {"measure"} | required, {"measure", "release"} | required | optional)
        _only(path, "term", [*_list(entry.get("part", [])), *_list(entry.get("among", []))], terms)
        _only(path, "number", [entry[key] for key in ("first", "second") if key in entry and measure != "first"], found)
        if measure == "study":
            _only(path, "figure", [entry["what"]], read_study(str(entry["of"])).figures)
        else:
            _only(path, "variable or group", _list(entry.get("of", [])), {*known_codes(), *known_groups()})
        _only(path, "unit", [entry.get("counted", PEOPLE)], (PEOPLE, LINKED_ROWS))
        given = {key: value for key, value in entry.items() if key not in ("measure", "release", "counted")}
        of_rows = entry.get("counted") == LINKED_ROWS
        if measure in ("difference", "ratio"):
            of_rows, other = (found[entry[key]].of_rows for key in ("first", "second"))
            if of_rows != other:
                raise _fault(path, f"{name!r} compares people with linked rows.", "two numbers of the same unit")
        found[name] = Bound(name, measure, given, str(entry.get("release", release)), of_rows)
    return found


def _part(path: Path, entry: Any, numbers: Mapping[str, Bound]) -> Part:
    _keys(path, _mapping(path, entry), set(), {"heading", "text", "chart", "by", "without"})
    kinds = [kind for kind in ("heading", "text", "chart") if kind in entry]
    if len(kinds) != 1:
        raise _fault(path, "A part is not one thing.", "a heading, a text or a chart")
    kind = kinds[0]
    if kind == "chart":
        chart = _mapping(path, entry["chart"])
        _keys(path, chart, {"kind", "dimensions"}, {"kind", "dimensions"} | COUNTED)
        _only(path, "unit", [chart.get("counted", PEOPLE)], (PEOPLE, LINKED_ROWS))
        _only(path, "kind of chart", [chart["kind"]], CHARTS)
        _only(path, "variable or group", chart["dimensions"], {*known_codes(), *known_groups()})
        if len(chart["dimensions"]) != CHARTS[chart["kind"]]:
            raise _fault(path, f"A chart of the kind {chart['kind']} has {CHARTS[chart['kind']]} dimensions.", "")
        return Part("chart", "-".join([chart["kind"], *chart["dimensions"]]), chart=chart)
    by = entry.get("by", "")
    if by and (by not in numbers or numbers[by].measure != "difference"):
        raise _fault(path, f"{by!r} is no comparison.", "a number whose measure is difference")
    _only(path, "rule", [entry.get("without", "say")], ("say", "leave out"))
    return Part(kind, str(entry[kind]), by, entry.get("without", "say") == "say")


def _all_words(folder: Path, source: str, numbers: Mapping[str, Bound], parts: Sequence[Part]) -> dict[str, Words]:
    for path in folder.glob("*.yaml"):
        _only(path, "language", [path.stem], {*LANGUAGES, "story"})
    there = [language for language in LANGUAGES if (folder / f"{language}.yaml").is_file()]
    if source not in there:
        raise _fault(folder, f"The story has no text in its source language, {source}.", f"a file {source}.yaml")
    return {language: _words(folder / f"{language}.yaml", numbers, parts) for language in there}


def _words(path: Path, numbers: Mapping[str, Bound], parts: Sequence[Part]) -> Words:
    raw = _mapping(path, _yaml(path))
    names = {"title", "summary", "headings", "texts", "numbers"}
    _keys(path, raw, names, names)
    shown = {name for name, bound in numbers.items() if bound.measure not in RULES}
    _keys(path, _mapping(path, raw["numbers"]), shown, shown)
    headings = {part.key for part in parts if part.kind == "heading"}
    texts = {part.key for part in parts if part.kind == "text"}
    _keys(path, _mapping(path, raw["headings"]), headings, headings)
    _keys(path, _mapping(path, raw["texts"]), texts, texts)
    chosen = {part.key for part in parts if part.by}
    for key, text in raw["texts"].items():
        if (key in chosen) != isinstance(text, dict):
            raise _fault(path, f"The text {key!r} has one sentence where its part has several, or the reverse.", "")
        if isinstance(text, dict):
            _keys(path, text, set(VERDICTS), set(VERDICTS))
        for sentence in text.values() if isinstance(text, dict) else [text]:
            _check_text(path, key, sentence, numbers)
    for key, text in (("title", raw["title"]), ("summary", raw["summary"]), *raw["headings"].items()):
        _check_text(path, key, text, {})
    for key, text in raw["numbers"].items():
        _check_text(path, key, text, {})
    return Words(raw["title"], raw["summary"], raw["headings"], raw["texts"], raw["numbers"])


def _check_text(path: Path, key: str, text: Any, numbers: Collection[str]) -> None:
    if not isinstance(text, str) or not text.strip():
        raise _fault(path, f"{key!r} is no text.", "one line of text")
    _only(path, "number", names_in(text), numbers)
    rest = PLACEHOLDER.sub("", text)
    if re.search(r"\d", rest):
        raise _fault(
            path, f"A figure is typed into {key!r}.", "figures that are bound: {name}, from the story's numbers"
        )
    if "{" in rest or "}" in rest:
        raise _fault(path, f"{key!r} has a brace that is no placeholder.", "{name}, {name.value} or {name.label}")


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - both are safe loaders
    except FileNotFoundError:
        raise _fault(path, "A file of the stories is missing.", "") from None
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _fault(path, f"This is not YAML{line}.", "texts with a colon in quotation marks") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise _fault(path, "This file cannot be read.", "YAML in UTF-8") from None


def _mapping(path: Path, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _fault(path, "A mapping of names was expected.", "name: value")
    return value


def _keys(path: Path, value: Mapping[str, Any], required: Collection[str], allowed: Collection[str]) -> None:
    missing = sorted(set(required) - set(value))
    if missing:
        raise _fault(path, f"{missing[0]!r} is missing.", ", ".join(sorted(allowed)))
    _only(path, "name", value, allowed)


def _only(path: Path, what: str, names: Collection[str], allowed: Collection[str]) -> None:
    for name in names:
        if name not in allowed:
            raise _fault(path, f"There is no {what} {name!r}.", ", ".join(sorted(allowed)[:60]))


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _fault(path: Path, what: str, allowed: str) -> UserError:
    return UserError("story.source", what, where=str(path), allowed=allowed)
