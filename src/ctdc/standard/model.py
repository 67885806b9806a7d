"""What the standard is made of: codes, code lists, variables, recodes, profiles and crosswalks.

Promise: everything here is immutable and complete. Every label exists in all five languages (the loader refuses a
standard in which one is missing), codes are text, and the order of codes is the order in which they are shown.
Standard library only, so that any room can load the standard in a few hundredths of a second.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.standard.languages import DEFAULT

Labels = Mapping[str, str]  # language -> text, for each of the five languages

JOINER = ";"  # between the codes of a harmonised list value; profiles may write another separator
YEAR_LIST = "year"
COUNTRY_LIST = "country"


@dataclass(frozen=True)
class Code:
    """One code and its labels. `parent`: the code above it (a sub-region's region, a country's sub-region)."""

    code: str
    labels: Labels
    parent: str = ""


@dataclass(frozen=True)
class CodeList:
    """A closed list of codes in the order in which they are shown. source: the document that lays it down."""

    id: str
    codes: tuple[Code, ...]
    source: str = ""

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The codes alone."""
        return tuple(code.code for code in self.codes)

    @cached_property
    def by_code(self) -> Mapping[str, Code]:
        """Code to its entry."""
        return {code.code: code for code in self.codes}

    def label(self, code: str, language: str) -> str:
        """The label of `code`. Raises KeyError for a code that is not in the list."""
        return self.by_code[code].labels[language]


@dataclass(frozen=True)
class Group:
    """Variables that are read together (all means of control), with the group's name in five languages."""

    id: str
    labels: Labels


@dataclass(frozen=True)
class MissingReason:
    """Why a value is not there, with its words in five languages."""

    id: str
    labels: Labels
    definitions: Labels


@dataclass(frozen=True)
class VariableDef:
    """One variable of the standard.

    kind: ``flag`` (1 yes, 0 no), ``code``, ``year`` or ``list`` (one or several codes joined by ``;``).
    denominator: ``group`` when shares follow the codebook's rule for its group, None when they are taken over the
    records in which the variable itself is known. rule: empty for a harmonised variable, otherwise how it is
    derived from `sources` (``any``, ``all``, ``join`` or ``recode``). source: where the codebooks define it.
    """

    name: str
    kind: str
    code_list: str
    group: str
    denominator: str | None
    labels: Labels
    definitions: Labels
    source: str
    rule: str = ""
    sources: tuple[str, ...] = ()
    recode: str = ""

    @property
    def is_derived(self) -> bool:
        """Whether it is computed from harmonised variables instead of being delivered."""
        return bool(self.rule)


@dataclass(frozen=True)
class Recode:
    """A mapping of the standard's codes to the codes that a release published; many to one is allowed.

    Harmonised codes that are not in `forward` have no counterpart and become empty. Published codes have a way
    back only where `backward` has them, so that nothing is made more precise than it was.
    """

    id: str
    forward: Mapping[str, str]
    backward: Mapping[str, str]


@dataclass(frozen=True)
class Fact:
    """True by definition: whoever has one of `codes` in `variable` has one of `implied` in `implies`.

    or_unknown: whether `implies` may also be empty. In the standard, names and codes are those of variables; in a
    profile, those of its columns. why: the definition that it follows from.
    """

    variable: str
    codes: tuple[str, ...]
    implies: str
    implied: tuple[str, ...]
    or_unknown: bool
    why: str


@dataclass(frozen=True)
class ProfileColumn:
    """One column of a published shape: its published name, the variable it shows and the codes it may hold.

    `recode`: id of the recode between the variable's codes and these, empty when they are the same words.
    """

    name: str
    variable: str
    kind: str
    code_list: str
    codes: tuple[str, ...]
    recode: str
    group: str
    denominator: str | None
    labels: Labels
    definitions: Labels
    code_labels: Mapping[str, Labels]


@dataclass(frozen=True)
class Entity:
    """Something of which a case may have several: its variables stand beside those of cases.

    number, number_definition: what the number of them is called, and what it means.
    """

    id: str
    labels: Labels
    number: Labels
    number_definition: Labels
    variables: Mapping[str, VariableDef]
    derived: Mapping[str, VariableDef]


@dataclass(frozen=True)
class Links:
    """Rows of an entity that belong to each case of a profile.

    columns: of the published linked table; main, name: names of the two tables; most: of one case that count; number:
    name of the column that says how many; flattened: id of the profile that holds both tables in one row.
    """

    entity: str
    columns: tuple[ProfileColumn, ...]
    main: str
    name: str
    most: int
    number: str
    flattened: str


@dataclass(frozen=True)
class Profile:
    """A published shape of the data.

    years: first and last year of registration that the release may hold, both public. separator: what divides the
    codes of a list value. missing: published text -> reason, for texts that mean "no value"; a text that is one of
    the column's codes is always that code. ignored: columns of the published file that hold no data. facts: what is
    true between its columns by definition, for cases that are derived here; files that others published may differ.
    """

    id: str
    title: Labels
    columns: tuple[ProfileColumn, ...]
    years: tuple[int, int]
    separator: str
    missing: Mapping[str, str]
    ignored: tuple[str, ...]
    source: str
    facts: tuple[Fact, ...] = ()
    links: Links | None = None

    def linked(self) -> Profile:
        """The shape of the linked table alone. Raises UserError (``standard.not_linked``) where there is none."""
        if self.links is None:
            raise UserError(
                "standard.not_linked",
                f"The profile {self.id} has no linked rows.",
                do="Choose a profile that has them; 'ctdc standard show' lists all.",
            )
        return replace(self, columns=self.links.columns, facts=(), links=None)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Published names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def _by_name(self) -> Mapping[str, ProfileColumn]:
        return {column.name: column for column in self.columns}

    @cached_property
    def by_variable(self) -> Mapping[str, ProfileColumn]:
        """The column that shows each variable."""
        return {column.variable: column for column in self.columns}

    @cached_property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Group -> columns whose shares follow the codebook's denominator rule, in order."""
        ids = dict.fromkeys(column.group for column in self.columns if column.denominator == "group")
        return {
            group: tuple(c.name for c in self.columns if c.group == group and c.denominator == "group") for group in ids
        }

    def column(self, name: str) -> ProfileColumn:
        """The column of that published name. Raises UserError (``standard.unknown_column``)."""
        if name not in self._by_name:
            raise UserError(
                "standard.unknown_column",
                f"The profile {self.id} has no column {name!r}.",
                allowed=", ".join(self.names),
            )
        return self._by_name[name]

    def codes(self, name: str) -> tuple[str, ...]:
        """The codes that the column may hold; empty cells are not among them."""
        return self.column(name).codes

    def is_open_list(self, column: ProfileColumn) -> bool:
        """Whether cells of the column hold any of its codes, joined; other lists spell out every combination."""
        return column.kind == "list" and not any(self.separator in code for code in column.codes)

    def _constraints(self, column: ProfileColumn) -> dict[str, Any]:
        if not self.is_open_list(column):
            return {"enum": list(column.codes)}
        one = "(" + "|".join(re.escape(code) for code in column.codes) + ")"
        return {"pattern": f"{one}({re.escape(self.separator)}{one})*"}

    def table_schema(self, language: str = DEFAULT) -> dict[str, Any]:
        """The profile as a Frictionless Table Schema (v1) with labels: string fields with ``constraints.enum``.

        Open lists have a pattern instead, so that a table with them is not taken for a closed domain. Facts stand in
        ``ctdc.implications``, where "" means empty.
        """
        fields = [
            {
                "name": column.name,
                "type": "string",
                "title": column.labels[language],
                "description": column.definitions[language],
                "constraints": self._constraints(column),
            }
            for column in self.columns
        ]
        document: dict[str, Any] = {"fields": fields, "missingValues": [""], "ctdc:profile": self.id}
        if self.facts:
            document["ctdc"] = {"implications": [_implication(fact) for fact in self.facts]}
        return document


def _implication(fact: Fact) -> dict[str, Any]:
    allowed = [*fact.implied, *([""] if fact.or_unknown else [])]
    return {"if": {fact.variable: list(fact.codes)}, "then": {fact.implies: allowed}}


@dataclass(frozen=True)
class Crosswalk:
    """How one published shape becomes another, and what is lost on the way.

    absent: target columns for which the source holds nothing (they are empty). partial: target columns that the
    source covers in part only, so that they miss cases. dropped: source columns without a place in the target.
    """

    source: str
    target: str
    absent: tuple[str, ...]
    partial: tuple[str, ...]
    dropped: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Defect:
    """A known error of a published file: which value stands where, and what is done with it."""

    profile: str
    column: str
    value: str
    rows: int
    what: str
    treatment: str


@dataclass(frozen=True)
class Standard:
    """The whole standard. `variables` are the harmonised ones; `derived` those that profiles compute from them."""

    version: str
    content_hash: str
    groups: Mapping[str, Group]
    variables: Mapping[str, VariableDef]
    derived: Mapping[str, VariableDef]
    code_lists: Mapping[str, CodeList]
    missing_reasons: Mapping[str, MissingReason]
    recodes: Mapping[str, Recode]
    facts: tuple[Fact, ...]
    profiles: Mapping[str, Profile]
    crosswalks: Mapping[tuple[str, str], Crosswalk]
    defects: tuple[Defect, ...]
    entities: Mapping[str, Entity] = field(default_factory=dict)

    def of_entity(self, entity_id: str) -> Standard:
        """The standard with the variables of an entity in place of those of cases."""
        if entity_id not in self.entities:
            raise _unknown("entity", entity_id, list(self.entities))
        entity = self.entities[entity_id]
        return replace(self, variables=entity.variables, derived=entity.derived, facts=(), profiles={}, entities={})

    def variable(self, name: str) -> VariableDef:
        """A harmonised or derived variable. Raises UserError (``standard.unknown_variable``) with near names."""
        found = self.variables.get(name) or self.derived.get(name)
        if found is None:
            raise _unknown("variable", name, [*self.variables, *self.derived])
        return found

    def codes(self, name: str) -> tuple[str, ...]:
        """The codes of a variable, in the order in which they are shown."""
        return self.code_lists[self.variable(name).code_list].values

    def profile(self, profile_id: str) -> Profile:
        """A profile by its id. Raises UserError (``standard.unknown_profile``)."""
        if profile_id not in self.profiles:
            raise _unknown("profile", profile_id, list(self.profiles))
        return self.profiles[profile_id]


def _unknown(what: str, name: str, known: list[str]) -> UserError:
    lowered = {entry.lower(): entry for entry in known}
    near = [lowered[match] for match in get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]
    return UserError(
        f"standard.unknown_{what}",
        f"The standard has no {what} {name!r}.",
        allowed=", ".join(near or known),
        do="Did you mean one of these? 'ctdc standard show' lists all." if near else "'ctdc standard show' lists all.",
    )
