"""The words of a release: labels and definitions of its variables and codes, in five languages.

Promise: a vocabulary covers every variable and code of the schema, in every language. With a profile of the
standard its words are the standard's; for any other table they are what the schema file says, and the codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import UserError
from ctdc.release.protected import read_json_as
from ctdc.standard.languages import LANGUAGES, in_each
from ctdc.standard.model import Profile, ProfileColumn, Standard
from ctdc.table.constraints import Implication, read_implications
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

Labels = Mapping[str, str]
FLAG_CODES = ("1",)  # a flag of a synthetic profile is 1 or empty


@dataclass(frozen=True)
class CodeWords:
    """One code and what it is called in each language."""

    code: str
    labels: Labels


@dataclass(frozen=True)
class VariableWords:
    """One variable: what it is called and means in each language, and the group whose denominator it shares.

    kind: ``flag`` (1 or empty) or ``code``. definitions may be empty texts; source: section of a code book or "".
    """

    name: str
    kind: str
    group: str | None
    labels: Labels
    definitions: Labels
    source: str
    codes: tuple[CodeWords, ...]

    def as_dict(self) -> dict[str, Any]:
        """The words as a JSON object."""
        return {
            "name": self.name,
            "kind": self.kind,
            "group": self.group,
            "labels": dict(self.labels),
            "definitions": dict(self.definitions),
            "source": self.source,
            "codes": [{"code": words.code, "labels": dict(words.labels)} for words in self.codes],
        }


@dataclass(frozen=True)
class Group:
    """Flags that share a denominator: only people with any answer in the group are counted in it."""

    id: str
    labels: Labels
    variables: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The group as a JSON object."""
        return {"id": self.id, "labels": dict(self.labels), "variables": list(self.variables)}


@dataclass(frozen=True)
class LinkedWords:
    """The words of rows that are linked to people.

    main, linked: what the files of both tables are called; number: the variable that says how many linked rows a person
    has; most: how many of a person are counted; labels: what the linked rows are called; variables, groups, facts: of
    the linked rows; flattened: id of the profile in whose shape a third file holds both, None where there is none.
    """

    main: str
    linked: str
    number: str
    most: int
    labels: Labels
    variables: tuple[VariableWords, ...]
    groups: tuple[Group, ...] = ()
    facts: tuple[Implication, ...] = ()
    flattened: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The words as a JSON object."""
        return {
            "tables": {"main": self.main, "linked": self.linked},
            "flattened_profile": self.flattened,
            "labels": dict(self.labels),
            "number": self.number,
            "most": self.most,
            "groups": [group.as_dict() for group in self.groups],
            "facts_by_definition": [fact.as_dict() for fact in self.facts],
            "variables": [words.as_dict() for words in self.variables],
        }

    def vocabulary(self) -> Vocabulary:
        """The words of the linked rows as those of a table of its own."""
        return Vocabulary(self.variables, self.groups, facts=self.facts)


@dataclass(frozen=True)
class Vocabulary:
    """All words of one release, in the schema's order. profile and standard_version are None without a standard.

    facts: what the schema declares to be true by definition; linked: None for one table.
    """

    variables: tuple[VariableWords, ...]
    groups: tuple[Group, ...] = ()
    profile: str | None = None
    standard_version: str | None = None
    standard_hash: str | None = None
    facts: tuple[Implication, ...] = ()
    linked: LinkedWords | None = None

    def as_dict(self) -> dict[str, Any]:
        """The vocabulary as the JSON object of ``codebook/codebook.json``."""
        linked = {} if self.linked is None else {"linked": self.linked.as_dict()}
        return {
            "format": "ctdc-codebook/1",
            "profile": self.profile,
            "standard_version": self.standard_version,
            "standard_hash": self.standard_hash,
            "languages": list(LANGUAGES),
            "groups": [group.as_dict() for group in self.groups],
            "facts_by_definition": [fact.as_dict() for fact in self.facts],
            "variables": [words.as_dict() for words in self.variables],
            **linked,
        }


def same_in_all(text: str) -> Labels:
    """One text for all five languages: what a table of another field has."""
    return dict.fromkeys(LANGUAGES, text)


def variable_kind(variable: Variable) -> str:
    """``flag`` for a variable that is 1 or empty, ``code`` for any other."""
    return "flag" if variable.codes == FLAG_CODES else "code"


def vocabulary_of_schema(schema: Schema, document: Mapping[str, Any]) -> Vocabulary:
    """The words that a Table Schema has for itself: each field's ``title`` and ``description``, else its name.

    document: the parsed ``schema.json`` that `schema` was read from.
    """
    fields = {field.get("name"): field for field in document.get("fields", [])}
    words = tuple(_words(variable, fields.get(variable.name, {})) for variable in schema.variables)
    return Vocabulary(words, facts=schema.implications)


def _words(variable: Variable, field: Mapping[str, Any]) -> VariableWords:
    return VariableWords(
        name=variable.name,
        kind=variable_kind(variable),
        group=None,
        labels=same_in_all(str(field.get("title") or variable.name)),
        definitions=same_in_all(str(field.get("description") or "")),
        source="",
        codes=tuple(CodeWords(code, same_in_all(code)) for code in variable.codes),
    )


def vocabulary_of_profile(standard: Standard, profile: Profile, schema: Schema) -> Vocabulary:
    """The standard's words for a table in the shape of one of its profiles.

    Raises UserError (``release.profile_mismatch``) when the schema's variables or codes are not the profile's.
    """
    wanted = {column.name: column.codes for column in profile.columns}
    for variable in schema.variables:
        if variable.codes != wanted.get(variable.name):
            raise UserError(
                "release.profile_mismatch",
                f"The variable {variable.name!r} of the schema is not that of the profile {profile.id}.",
                allowed=f"the variables and codes of {profile.id}, in the standard's order",
                do="Name the profile that the cases were protected in, or none for a table of your own.",
            )
    variables = tuple(_profile_words(profile.column(name), standard) for name in schema.names)
    groups = []
    for group, names in profile.groups.items():
        present = tuple(name for name in names if name in schema.names)
        if present:
            groups.append(Group(group, standard.groups[group].labels, present))
    about = (profile.id, standard.version, standard.content_hash)
    return Vocabulary(variables, tuple(groups), *about, schema.implications)


def _profile_words(column: ProfileColumn, standard: Standard) -> VariableWords:
    return VariableWords(
        name=column.name,
        kind="flag" if column.codes == FLAG_CODES else "code",
        group=column.group if column.denominator == "group" else None,
        labels=column.labels,
        definitions=column.definitions,
        source=standard.variable(column.variable).source,
        codes=tuple(CodeWords(code, column.code_labels[code]) for code in column.codes),
    )


def vocabulary_from_dict(document: Mapping[str, Any]) -> Vocabulary:
    """Read back what `Vocabulary.as_dict` wrote. Raises KeyError, TypeError or UserError for anything else."""
    about = (document["profile"], document["standard_version"], document["standard_hash"])
    linked = document.get("linked")
    words = None if linked is None else _linked_from_dict(linked)
    return Vocabulary(_variables_from(document), _groups_from(document), *about, _facts_from(document), words)


def read_vocabulary(path: Path) -> Vocabulary:
    """The words in a release's ``codebook.json``. Raises UserError (``release.codebook``) for anything else."""
    return read_json_as(vocabulary_from_dict, path, "release.codebook", "The code book lacks or misstates")


def _variables_from(document: Mapping[str, Any]) -> tuple[VariableWords, ...]:
    return tuple(
        VariableWords(
            name=entry["name"],
            kind=entry["kind"],
            group=entry["group"],
            labels=in_each(entry["labels"]),
            definitions=in_each(entry["definitions"]),
            source=entry["source"],
            codes=tuple(CodeWords(code["code"], in_each(code["labels"])) for code in entry["codes"]),
        )
        for entry in document["variables"]
    )


def _groups_from(document: Mapping[str, Any]) -> tuple[Group, ...]:
    return tuple(
        Group(entry["id"], in_each(entry["labels"]), tuple(entry["variables"])) for entry in document["groups"]
    )


def _facts_from(document: Mapping[str, Any]) -> tuple[Implication, ...]:
    return read_implications(document.get("facts_by_definition", []), "the code book")  # older releases have none


def _linked_from_dict(document: Mapping[str, Any]) -> LinkedWords:
    tables = document["tables"]
    return LinkedWords(
        main=tables["main"],
        linked=tables["linked"],
        number=document["number"],
        most=document["most"],
        labels=in_each(document["labels"]),
        variables=_variables_from(document),
        groups=_groups_from(document),
        facts=_facts_from(document),
        flattened=document["flattened_profile"],
    )
