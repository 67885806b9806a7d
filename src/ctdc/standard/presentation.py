"""How a collaborative shows its standard: which variable plays which part, headlines, themes, kinds of stories.

Promise: frozen, and read once from the collaborative's ``presentation.toml``; nothing above this room names a variable.
It holds names and ids only. What people read about them stands in the collaborative's texts, under the same ids. A key
that is not known is refused; a variable that no profile has, too, by `check_presentation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ctdc.foundation.collaborative import current, fault
from ctdc.foundation.documents import BadDocument, parse_toml
from ctdc.standard.model import Standard

ROLES = ("year", "gender", "age", "origin", "place")
KINDS: Mapping[str, tuple[str, ...]] = {  # of headlines, and what each needs besides its id
    "total": (),
    "reported": ("role",),
    "range": ("role",),
    "share": ("role", "codes"),
}
TIME = "year"
_THEME = frozenset({"id", "questions", "by", "pairs", "time", "pyramid"})
_TOP = frozenset({"roles", "headline", "overview", "theme", "places", "examples", "stories", "help"})


@dataclass(frozen=True)
class HeadlineSpec:
    """A number that people quote. kind: one of `KINDS`; role: whose variable it is of; codes: of which the share is."""

    id: str
    kind: str
    role: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ThemeSpec:
    """A page of charts. questions: words of roles, ids of groups, or names of variables; by: what all of them are
    crossed with, each with a shape; pairs: further tables as (question, by, shape).
    """

    id: str
    questions: tuple[str, ...]
    by: tuple[tuple[str, str], ...] = ()
    pairs: tuple[tuple[str, str, str], ...] = ()
    time: bool = False
    pyramid: bool = False


@dataclass(frozen=True)
class Presentation:
    """All of it.

    roles: word -> names of variables, of which a release has at most one; overview: headlines of the first page, after
    the total; leading: the group whose answers follow them; groups: ids in the order of their charts; place_questions:
    what is asked on the page of a place; place_chart: which of it has an address of its own; place_tag: attribute of
    places in HXL; merged: a flag that several answers of contributors were merged into, for the page on mistakes;
    delicate: groups that an example about arithmetic does without; asked: variables that examples for programs ask
    about; categories: of stories; helplines: whom a helpline can be for.
    """

    roles: Mapping[str, tuple[str, ...]]
    headlines: tuple[HeadlineSpec, ...]
    overview: tuple[str, ...] = ()
    leading: str = ""
    groups: tuple[str, ...] = ()
    themes: tuple[ThemeSpec, ...] = ()
    place_questions: tuple[str, ...] = ()
    place_chart: str = ""
    place_tag: str = "place"
    merged: str = ""
    delicate: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    helplines: tuple[str, ...] = ()

    def role(self, word: str) -> tuple[str, ...]:
        """The names that a role's variable may have; none where the standard has no such variable."""
        return self.roles.get(word, ())

    @property
    def total(self) -> str:
        """The id of the headline that says how many people there are."""
        return self.headlines[0].id

    def text_keys(self) -> Iterator[tuple[str, str]]:
        """(room, key) of every text that a collaborative has to give for what is named here."""
        yield from (("release", f"headline.{one.id}") for one in self.headlines)
        for theme in self.themes:
            yield from (("hub/site", f"dash.theme.{theme.id}{end}") for end in ("", ".text"))
        yield from (("hub/site/stories", f"stories.category.{one}") for one in self.categories)
        yield from (("hub/site/about", f"help.for.{one}") for one in self.helplines)


@cache
def presentation() -> Presentation:
    """The one of the collaborative that is served. Raises UserError (``collaborative.broken``)."""
    path = current().part("presentation")
    return Presentation(MappingProxyType({}), (HeadlineSpec("people", "total"),)) if path is None else read(path)


def read(path: Path) -> Presentation:
    """What a ``presentation.toml`` holds. Raises UserError (``collaborative.broken``)."""
    try:
        given = parse_toml(path.read_bytes())
    except BadDocument as error:
        raise fault(f"This is not TOML: {error}.", path) from None
    _keys(path, "the file", given, _TOP)
    overview, places, examples = (given.get(name, {}) for name in ("overview", "places", "examples"))
    _keys(path, "[overview]", overview, frozenset({"headlines", "leading", "groups"}))
    _keys(path, "[places]", places, frozenset({"questions", "chart", "tag"}))
    _keys(path, "[examples]", examples, frozenset({"merged", "delicate", "asked"}))
    _keys(path, "[stories]", given.get("stories", {}), frozenset({"categories"}))
    _keys(path, "[help]", given.get("help", {}), frozenset({"for"}))
    return Presentation(
        roles=_roles(path, given.get("roles", {})),
        headlines=_headlines(path, given.get("headline", [])),
        overview=_names(path, overview, "headlines"),
        leading=str(overview.get("leading", "")),
        groups=_names(path, overview, "groups"),
        themes=tuple(_theme(path, entry) for entry in given.get("theme", [])),
        place_questions=_names(path, places, "questions"),
        place_chart=str(places.get("chart", "")),
        place_tag=str(places.get("tag", "place")),
        merged=str(examples.get("merged", "")),
        delicate=_names(path, examples, "delicate"),
        asked=_names(path, examples, "asked"),
        categories=_names(path, given.get("stories", {}), "categories"),
        helplines=_names(path, given.get("help", {}), "for"),
    )


def _roles(path: Path, given: Any) -> Mapping[str, tuple[str, ...]]:
    _keys(path, "[roles]", given, frozenset(ROLES))
    return MappingProxyType({word: _names(path, given, word) for word in given})


def _headlines(path: Path, given: Any) -> tuple[HeadlineSpec, ...]:
    found = tuple(_headline(path, entry) for entry in given)
    totals = [one.id for one in found if one.kind == "total"]
    if len(totals) != 1 or found[0].kind != "total":
        raise fault("The first headline, and no other, says how many people there are.", path, 'kind = "total"')
    return found


def _headline(path: Path, entry: Any) -> HeadlineSpec:
    kind = entry.get("kind", "") if isinstance(entry, dict) else ""
    if kind not in KINDS:
        raise fault(f"There is no kind of headline {kind!r}.", path, ", ".join(KINDS))
    _keys(path, f"a headline of the kind {kind}", entry, frozenset({"id", "kind", *KINDS[kind]}))
    if set(entry) != {"id", "kind", *KINDS[kind]}:
        raise fault(f"A headline of the kind {kind} is not whole.", path, ", ".join(("id", "kind", *KINDS[kind])))
    if kind != "total" and entry["role"] not in ROLES:
        raise fault(f"There is no role {entry['role']!r}.", path, ", ".join(ROLES))
    return HeadlineSpec(entry["id"], kind, entry.get("role", ""), _names(path, entry, "codes"))


def _theme(path: Path, entry: Any) -> ThemeSpec:
    _keys(path, "[[theme]]", entry, _THEME)
    by, pairs = (entry.get(name, []) for name in ("by", "pairs"))
    if not all(isinstance(one, list) and len(one) == 2 for one in by):
        raise fault("'by' of a theme is a list of pairs.", path, 'by = [["gender", "cross"]]')
    if not all(isinstance(one, list) and len(one) == 3 for one in pairs):
        raise fault("'pairs' of a theme is a list of triples.", path, 'pairs = [["age", "gender", "cross"]]')
    return ThemeSpec(
        id=str(entry.get("id", "")),
        questions=_names(path, entry, "questions"),
        by=tuple((str(one), str(shape)) for one, shape in by),
        pairs=tuple((str(one), str(other), str(shape)) for one, other, shape in pairs),
        time=bool(entry.get("time", False)),
        pyramid=bool(entry.get("pyramid", False)),
    )


def _names(path: Path, given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise fault(f"{key!r} is no list of names.", path, f'{key} = ["one", "two"]')
    return tuple(value)


def _keys(path: Path, where: str, given: Any, allowed: frozenset[str]) -> None:
    if not isinstance(given, dict):
        raise fault(f"{where} is no table.", path, ", ".join(sorted(allowed)))
    for key in given:
        if key not in allowed:
            raise fault(f"{where} has an unknown key {key!r}.", path, ", ".join(sorted(allowed)))


def check_presentation(shown: Presentation, standard: Standard, path: Path) -> None:
    """Whether all that is named is there. Raises UserError (``collaborative.broken``) with the first that is not."""
    columns: dict[str, set[str]] = {}
    for profile in standard.profiles.values():
        for column in (*profile.columns, *(profile.links.columns if profile.links else ())):
            columns.setdefault(column.name, set()).update(column.codes)
    for word, names in shown.roles.items():
        for name in names:
            if name not in columns:
                raise fault(f"[roles] {word}: no profile has a column {name!r}.", path, ", ".join(sorted(columns)))
    for headline in shown.headlines:
        codes = {code for name in shown.role(headline.role) for code in columns[name]}
        if unknown := [code for code in headline.codes if code not in codes]:
            raise fault(f"The headline {headline.id!r} names a code {unknown[0]!r}.", path, ", ".join(sorted(codes)))
    asked = [*shown.place_questions, shown.place_chart, shown.leading, *shown.groups, *shown.delicate, *shown.asked]
    for theme in shown.themes:
        asked += [*theme.questions, *(one for one, _ in theme.by), *(name for pair in theme.pairs for name in pair[:2])]
    known = {*columns, *standard.groups, *shown.roles, ""}
    if wrong := [name for name in asked if name not in known]:
        allowed = ", ".join(sorted({*standard.groups, *shown.roles}))
        raise fault(f"{wrong[0]!r} is no role, no group and no column of a profile.", path, allowed)
    if wrong := [one for one in shown.overview if one not in {headline.id for headline in shown.headlines}]:
        raise fault(f"[overview] names a headline {wrong[0]!r}.", path, ", ".join(one.id for one in shown.headlines))
