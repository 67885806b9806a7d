"""What editors write: stories, the numbers and charts that they bind, and their texts; read and checked.

Promise: a story that was read has no unknown name in it, and no digit in a text: figures can only be bound. Which
numbers a release has is not known here; that a name is none of any release is. All faults are `StoryFault`s
(``story.source``) that say in which file, and what is allowed. A story is checked in the same way wherever it was
written: `read_stories` reads files, `story_from` takes what a form holds, and the parts can be checked one by one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import ctdc.standard
from ctdc.foundation.collaborative import COMPLETE, current
from ctdc.foundation.errors import UserError
from ctdc.hub.site.kit.spec import SHAPES, ChartSpec
from ctdc.hub.site.stories.study import read_study
from ctdc.release.yamls import parse_yaml
from ctdc.standard.languages import DEFAULT, LANGUAGES
from ctdc.standard.presentation import presentation

CONTENT = current().places["stories"]
LATEST = "latest"
CATEGORIES = presentation().categories
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
CORRIDORS = "corridors"  # the table of pairs of countries, which is no chart of the kit
CHARTS = {shape: number for shape, (number, _) in SHAPES.items()} | {CORRIDORS: 2}
CHART_KEYS = frozenset({"kind", "dimensions", "filter", "measure", "counted", "release"})
VERDICTS = ("larger", "smaller", "unclear")
PLACEHOLDER = re.compile(r"\{([a-z_]+)(?:\.(value|label))?\}")
SLUG = re.compile(r"[a-z]+(-[a-z]+)*")


class StoryFault(UserError):
    """Something that is wrong in a story.

    fault: what kind of thing, for programs that say it in their reader's own words: ``file``, ``missing``, ``unknown``,
    ``empty``, ``figure``, ``brace``, ``units``, ``comparison``, ``dimensions``, ``sentences`` or ``form``; key: where
    in the entry that was checked; named: the name that it is about.
    """

    def __init__(
        self, where: str, what: str, allowed: str, fault: str = "file", key: str = "", named: str = ""
    ) -> None:
        super().__init__("story.source", what, where=where, allowed=allowed, do="Mend the file, and build again.")
        self.fault, self.key, self.named = fault, key, named


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
    if not content.is_dir():
        return {}, ()
    terms = read_terms(content)
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


def read_terms(content: Path = CONTENT) -> dict[str, Term]:
    """The terms of a folder's ``terms.yaml``. Raises StoryFault."""
    path = content / "terms.yaml"
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
    for path in folder.glob("*.yaml"):
        _only(path, "language", [path.stem], {*LANGUAGES, *COMPLETE, "story"})
    there = [language for language in LANGUAGES if (folder / f"{language}.yaml").is_file()]
    words = {language: _yaml(folder / f"{language}.yaml") for language in there}
    return story_from(folder, _yaml(folder / "story.yaml"), words, terms)


def story_from(folder: Path, raw: Any, words: Mapping[str, Any], terms: Collection[str]) -> Story:
    """A story of plain values, as its files hold them: of ``story.yaml``, and the words by language. Raises StoryFault.

    folder: the last part is the story's name; the rest says where faults are.
    """
    path = folder / "story.yaml"
    raw = _mapping(path, raw)
    required = {"category", "analysis", "reviewed", "headline", "numbers", "parts"}
    _keys(path, raw, required, required | {"sisters", "release", "source", "requires", "notes"})
    check_slug(folder)
    _only(path, "category", [raw["category"]], CATEGORIES, "category")
    _only(path, "analysis", [raw["analysis"]], ANALYSES, "analysis")
    _only(path, "note", raw.get("notes", []), NOTES, "notes")
    source = raw.get("source", DEFAULT)
    _only(path, "language", [source], LANGUAGES, "source")
    if not isinstance(raw["reviewed"], date):
        raise _fault(path, "'reviewed' is not a day.", "a day such as 2026-03-01", "form", "reviewed")
    release = str(raw.get("release", LATEST))
    numbers: dict[str, Bound] = {}
    for name, entry in _mapping(path, raw["numbers"]).items():
        numbers[name] = number_from(path, name, entry, terms, numbers, release)
    _only(path, "number", [raw["headline"]], numbers, "headline")
    _only(path, "number", raw.get("requires", []), numbers, "requires")
    parts = tuple(part_from(path, entry, numbers) for entry in raw["parts"])
    if source not in words:
        raise _fault(folder, f"The story has no text in its source language, {source}.", f"a file {source}.yaml")
    return Story(
        slug=folder.name,
        category=raw["category"],
        analysis=raw["analysis"],
        sisters=tuple(raw.get("sisters", [])),
        reviewed=raw["reviewed"],
        release=release,
        source=source,
        headline=raw["headline"],
        requires=tuple(raw.get("requires", [])),
        numbers=numbers,
        parts=parts,
        notes=tuple(raw.get("notes", [])),
        words={one: words_from(folder / f"{one}.yaml", own, numbers, parts) for one, own in words.items()},
    )


def check_slug(folder: Path) -> None:
    """Raise StoryFault unless the last part of `folder` can be the name of a story."""
    if not SLUG.fullmatch(folder.name):
        what = f"{folder.name!r} cannot be the name of a story."
        raise _fault(folder / "story.yaml", what, "lower-case words joined by hyphens", "form", "slug", folder.name)


def number_from(
    path: Path, name: str, entry: Any, terms: Collection[str], found: Mapping[str, Bound], release: str = LATEST
) -> Bound:
    """A number of plain values. found: those above it, which it may compare. Raises StoryFault."""
    measure = _mapping(path, entry).get("measure", "")
    _only(path, "measure", [measure], MEASURES, "measure")
    required, optional = MEASURES[measure]
    _keys(path, entry, {"measure"} | required, {"measure", "release"} | required | optional)
    for key in ("part", "among"):
        _only(path, "term", _list(entry.get(key, [])), terms, key)
    if measure == "study":
        _only(path, "figure", [entry["what"]], read_study(str(entry["of"])).figures, "what")
    else:
        _only(path, "variable or group", _list(entry.get("of", [])), {*known_codes(), *known_groups()}, "of")
    _only(path, "unit", [entry.get("counted", PEOPLE)], (PEOPLE, LINKED_ROWS), "counted")
    given = {key: value for key, value in entry.items() if key not in ("measure", "release", "counted")}
    of_rows = entry.get("counted") == LINKED_ROWS
    if measure in ("difference", "ratio"):
        of_rows = _compared(path, name, entry, found)
    return Bound(name, measure, given, str(entry.get("release", release)), of_rows)


def _compared(path: Path, name: str, entry: Mapping[str, Any], found: Mapping[str, Bound]) -> bool:
    """Whether the two numbers that are compared are of linked rows; raise StoryFault unless both are, or none."""
    for key in ("first", "second"):
        _only(path, "number", [entry[key]], found, key)
    first, second = (found[entry[key]].of_rows for key in ("first", "second"))
    if first != second:
        what = f"{name!r} compares people with linked rows."
        raise _fault(path, what, "two numbers of the same unit", "units", "second", name)
    return first


def part_from(path: Path, entry: Any, numbers: Mapping[str, Bound]) -> Part:
    """A part of a story of plain values. Raises StoryFault."""
    _keys(path, _mapping(path, entry), set(), {"heading", "text", "chart", "by", "without"})
    kinds = [kind for kind in ("heading", "text", "chart") if kind in entry]
    if len(kinds) != 1:
        raise _fault(path, "A part is not one thing.", "a heading, a text or a chart")
    kind = kinds[0]
    if kind == "chart":
        return _chart(path, _mapping(path, entry["chart"]))
    by = entry.get("by", "")
    if by and (by not in numbers or numbers[by].measure != "difference"):
        what = f"{by!r} is no comparison."
        raise _fault(path, what, "a number whose measure is difference", "comparison", "by", by)
    _only(path, "rule", [entry.get("without", "say")], ("say", "leave out"), "without")
    return Part(kind, str(entry[kind]), by, entry.get("without", "say") == "say")


def _chart(path: Path, chart: Mapping[str, Any]) -> Part:
    _keys(path, chart, {"kind", "dimensions"}, CHART_KEYS)
    _only(path, "unit", [chart.get("counted", PEOPLE)], (PEOPLE, LINKED_ROWS), "counted")
    kind, dimensions = chart["kind"], chart["dimensions"]
    _only(path, "kind of chart", [kind], CHARTS, "kind")
    _only(path, "variable or group", dimensions, {*known_codes(), *known_groups()}, "dimensions")
    if len(dimensions) != CHARTS[kind]:
        what = f"A chart of the kind {kind} has {CHARTS[kind]} dimensions."
        raise _fault(path, what, "", "dimensions", "dimensions", kind)
    _check_drawn(path, chart)
    return Part("chart", "-".join([kind, *dimensions]), chart=chart)


def _check_drawn(path: Path, chart: Mapping[str, Any]) -> None:
    """Whether a chart's filter and measure can be: names and codes that are known, and what its kind can draw."""
    kind, chosen = chart["kind"], _mapping(path, chart.get("filter", {}))
    _only(path, "variable", chosen, known_codes(), "filter")
    for name, codes in chosen.items():
        _only(path, "code", _list(codes), known_codes()[name], "filter")
    measures = () if kind == CORRIDORS else SHAPES[kind][1]
    _only(path, "measure", [chart["measure"]] if "measure" in chart else [], measures, "measure")
    if kind == CORRIDORS:
        _only(path, "name", chart, CHART_KEYS - {"filter", "measure"}, "filter")
    else:
        ChartSpec(kind, tuple(chart["dimensions"]), {name: tuple(_list(codes)) for name, codes in chosen.items()})


def words_from(path: Path, raw: Any, numbers: Mapping[str, Bound], parts: Sequence[Part]) -> Words:
    """The words of a story in one language, of plain values. Raises StoryFault."""
    raw = _mapping(path, raw)
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
            what = f"The text {key!r} has one sentence where its part has several, or the reverse."
            raise _fault(path, what, "", "sentences", key)
        if isinstance(text, dict):
            _keys(path, text, set(VERDICTS), set(VERDICTS))
        for sentence in text.values() if isinstance(text, dict) else [text]:
            check_text(path, key, sentence, numbers)
    for key, text in (("title", raw["title"]), ("summary", raw["summary"]), *raw["headings"].items()):
        check_text(path, key, text, {})
    for key, text in raw["numbers"].items():
        check_text(path, key, text, {})
    return Words(raw["title"], raw["summary"], raw["headings"], raw["texts"], raw["numbers"])


def check_text(path: Path, key: str, text: Any, numbers: Collection[str]) -> None:
    """Raise StoryFault unless `text` is one line of words that binds only `numbers`, and has no digit typed into it."""
    if not isinstance(text, str) or not text.strip():
        raise _fault(path, f"{key!r} is no text.", "one line of text", "empty", key)
    _only(path, "number", names_in(text), numbers, key)
    rest = PLACEHOLDER.sub("", text)
    if re.search(r"\d", rest):
        allowed = "figures that are bound: {name}, from the story's numbers"
        raise _fault(path, f"A figure is typed into {key!r}.", allowed, "figure", key)
    if "{" in rest or "}" in rest:
        what = f"{key!r} has a brace that is no placeholder."
        raise _fault(path, what, "{name}, {name.value} or {name.label}", "brace", key)


def _yaml(path: Path) -> Any:
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
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
        what = f"{missing[0]!r} is missing."
        raise _fault(path, what, ", ".join(sorted(allowed)), "missing", missing[0], missing[0])
    _only(path, "name", value, allowed)


def _only(path: Path, what: str, names: Iterable[str], allowed: Collection[str], key: str = "") -> None:
    for name in names:
        if name not in allowed:
            said = f"There is no {what} {name!r}."
            raise _fault(path, said, ", ".join(sorted(allowed)[:60]), "unknown", key or str(name), str(name))


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _fault(path: Path, what: str, allowed: str, fault: str = "file", key: str = "", named: str = "") -> StoryFault:
    return StoryFault(str(path), what, allowed, fault, key, named)
