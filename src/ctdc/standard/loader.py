"""Loads the standard from its data files and refuses one that is incomplete or does not agree with itself.

Promise: what `load` returns has every variable, code, group and reason labelled in every language that is served, names
that are unique, and profiles whose codes can all be reached from harmonised ones; it is immutable and loaded once.
Standard library only; a few hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ctdc.foundation.collaborative import current
from ctdc.foundation.errors import UserError
from ctdc.foundation.hashing import hash_tree
from ctdc.standard import checks, reading
from ctdc.standard.code_lists import read_code_lists, year_list
from ctdc.standard.facts import read_facts, with_facts
from ctdc.standard.languages import LANGUAGES
from ctdc.standard.model import (
    YEAR_LIST,
    CodeList,
    Crosswalk,
    Defect,
    Entity,
    Group,
    Links,
    MissingReason,
    Profile,
    ProfileColumn,
    Standard,
    VariableDef,
)
from ctdc.standard.recodes import read_recodes

DATA = current().places["standard"]
VARIABLE_COLUMNS = ("name", "kind", "code_list", "group", "denominator", "rule", "sources", "recode", "codebook")
REASON_COLUMNS = ("reason", *LANGUAGES, *(f"definition_{language}" for language in LANGUAGES))


@cache
def load(folder: Path = DATA) -> Standard:
    """The standard in `folder`, by default that of the collaborative that is served.

    Raises UserError (``standard.broken``) with file and line for a standard that is incomplete or inconsistent.
    """
    settings = reading.toml(folder / "standard.toml")
    years = range(settings["first_year"], settings["last_year"] + 1)
    code_lists = read_code_lists(folder, years)
    variables = _variables(folder)
    recodes = read_recodes(folder, code_lists)
    facts = read_facts(folder)
    entities = _entities(folder)
    profiles = _profiles(folder, variables, code_lists, entities)
    standard = Standard(
        version=settings["version"],
        content_hash=hash_tree(folder),
        groups=_groups(folder),
        variables=MappingProxyType({name: v for name, v in variables.items() if not v.is_derived}),
        derived=MappingProxyType({name: v for name, v in variables.items() if v.is_derived}),
        code_lists=MappingProxyType(code_lists),
        missing_reasons=_missing_reasons(folder),
        recodes=MappingProxyType(recodes),
        facts=facts,
        profiles=MappingProxyType({name: with_facts(profile, facts, recodes) for name, profile in profiles.items()}),
        crosswalks=_crosswalks(folder),
        defects=_defects(folder),
        entities=MappingProxyType(entities),
    )
    checks.check(standard)
    return standard


def check_same(content_hash: str) -> None:
    """Raise UserError (``standard.other``) unless this process has the standard with that hash: tasks run elsewhere."""
    if load().content_hash != content_hash:
        raise UserError(
            "standard.other",
            "A machine of the cluster has another standard than this one.",
            where=str(DATA),
            do="Install the same version of ctdc on all machines, and the collaborative at one place on each.",
        )


def _groups(folder: Path) -> Mapping[str, Group]:
    groups: dict[str, Group] = {}
    for place, row in reading.rows(folder / "groups.csv", ("group", *LANGUAGES)):
        reading.add(groups, row["group"], Group(row["group"], reading.texts(row, place)), place)
    return MappingProxyType(groups)


def _missing_reasons(folder: Path) -> Mapping[str, MissingReason]:
    reasons: dict[str, MissingReason] = {}
    for place, row in reading.rows(reading.part(folder, "missing_reasons.csv"), REASON_COLUMNS):
        texts = reading.texts(row, place), reading.texts(row, place, "definition_")
        reading.add(reasons, row["reason"], MissingReason(row["reason"], *texts), place)
    return MappingProxyType(reasons)


def _texts_by_name(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, row in reading.rows(path, ("name", *LANGUAGES)):
        reading.add(found, row["name"], reading.texts(row, place), place)
    return found


def _variables(folder: Path) -> dict[str, VariableDef]:
    labels, definitions = (_texts_by_name(folder / name) for name in ("labels.csv", "definitions.csv"))
    variables: dict[str, VariableDef] = {}
    for place, row in reading.rows(folder / "variables.csv", VARIABLE_COLUMNS):
        name = row["name"]
        if name not in labels or name not in definitions:
            raise reading.broken(f"The variable {name!r} has no label or no definition.", place)
        variable = VariableDef(
            name=name,
            kind=row["kind"],
            code_list=row["code_list"],
            group=row["group"],
            denominator=row["denominator"] or None,
            labels=labels[name],
            definitions=definitions[name],
            source=row["codebook"],
            rule=row["rule"],
            sources=tuple(row["sources"].split()),
            recode=row["recode"],
        )
        reading.add(variables, name, variable, place)
    for file, named in (("labels.csv", labels), ("definitions.csv", definitions)):
        for unknown in named.keys() - variables.keys():
            raise reading.broken(f"There is no variable {unknown!r}.", file)
    return variables


def _entities(folder: Path) -> dict[str, Entity]:
    entities = {}
    for path in sorted((folder / "entities").glob("*/entity.toml")):
        settings, variables = reading.toml(path), _variables(path.parent)
        entities[path.parent.name] = Entity(
            id=path.parent.name,
            labels=reading.texts(settings["label"], str(path)),
            number=reading.texts(settings["number"], str(path)),
            number_definition=reading.texts(settings["number_definition"], str(path)),
            variables=MappingProxyType({name: v for name, v in variables.items() if not v.is_derived}),
            derived=MappingProxyType({name: v for name, v in variables.items() if v.is_derived}),
        )
    return entities


def _links(
    folder: Path, profile_id: str, settings: dict[str, Any], lists: Mapping[str, CodeList], entities: dict[str, Entity]
) -> Links:
    entity = settings["entity"]
    if entity not in entities:
        raise reading.broken(f"There is no entity {entity!r}.", f"profiles.toml [{profile_id}]")
    variables = {**entities[entity].variables, **entities[entity].derived}
    path = folder / "entities" / entity / f"{profile_id}.csv"
    return Links(columns=_profile_columns(path, variables, lists), **settings)


def _profiles(
    folder: Path,
    variables: Mapping[str, VariableDef],
    code_lists: Mapping[str, CodeList],
    entities: dict[str, Entity],
) -> dict[str, Profile]:
    profiles = {}
    for profile_id, settings in reading.toml(folder / "profiles.toml").items():
        first, last = settings["years"]
        lists = {**code_lists, YEAR_LIST: year_list(range(first, last + 1))}
        profiles[profile_id] = Profile(
            id=profile_id,
            title=reading.texts(settings["title"], f"profiles.toml [{profile_id}]"),
            columns=_profile_columns(folder / "profiles" / f"{profile_id}.csv", variables, lists),
            years=(first, last),
            separator=settings["separator"],
            missing=MappingProxyType(dict(settings.get("missing", {}))),
            ignored=tuple(settings.get("ignored", ())),
            source=settings["source"],
            links=_links(folder, profile_id, settings["links"], lists, entities) if "links" in settings else None,
        )
    return profiles


def _profile_columns(
    path: Path, variables: Mapping[str, VariableDef], code_lists: Mapping[str, CodeList]
) -> tuple[ProfileColumn, ...]:
    columns: dict[str, ProfileColumn] = {}
    for place, row in reading.rows(path, ("column", "variable", "code_list", "recode")):
        variable, code_list = variables.get(row["variable"]), code_lists.get(row["code_list"])
        if variable is None or code_list is None:
            raise reading.broken(f"Unknown variable {row['variable']!r} or code list {row['code_list']!r}.", place)
        column = ProfileColumn(
            name=row["column"],
            variable=variable.name,
            kind=variable.kind,
            code_list=code_list.id,
            codes=code_list.values,
            recode=row["recode"],
            group=variable.group,
            denominator=variable.denominator,
            labels=variable.labels,
            definitions=variable.definitions,
            code_labels=MappingProxyType({code.code: code.labels for code in code_list.codes}),
        )
        reading.add(columns, column.name, column, place)
    return tuple(columns.values())


def _crosswalks(folder: Path) -> Mapping[tuple[str, str], Crosswalk]:
    found: dict[tuple[str, str], Crosswalk] = {}
    path = folder / "crosswalks.toml"
    for entry in reading.toml(path)["crosswalk"] if path.is_file() else ():
        absent, partial, dropped = (tuple(entry[name]) for name in ("absent", "partial", "dropped"))
        crosswalk = Crosswalk(entry["source"], entry["target"], absent, partial, dropped, entry["note"])
        found[crosswalk.source, crosswalk.target] = crosswalk
    return MappingProxyType(found)


def _defects(folder: Path) -> tuple[Defect, ...]:
    columns = ("profile", "column", "value", "rows", "what", "treatment")
    return tuple(
        Defect(row["profile"], row["column"], row["value"], int(row["rows"]), row["what"], row["treatment"])
        for _, row in reading.rows_if_there(folder / "defects.csv", columns)
    )
