"""What a reader has to know about linked tables, in five languages: what is counted in each file, and who is protected.

Promise: a table is called what its publisher calls it; every number is one of ``privacy.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ctdc.standard
from ctdc.foundation.errors import UserError
from ctdc.release.document import Section
from ctdc.release.flattened import flattened_shape
from ctdc.release.linked import ACROSS_AGGREGATES, FLATTENED, LINKED_AGGREGATES, LinkedData, TableNames
from ctdc.release.numbers import number, percent
from ctdc.release.protected import LINKED_SCHEMA, SCHEMA, read_json
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import (
    CodeWords,
    Labels,
    LinkedWords,
    VariableWords,
    Vocabulary,
    same_in_all,
    vocabulary_of_profile,
    vocabulary_of_schema,
)
from ctdc.standard.languages import LANGUAGES

SIGNIFICANT = 2.0  # standard errors: what is below could be nobody

ROLES = ("main", "linked", FLATTENED, "aggregates", LINKED_AGGREGATES, ACROSS_AGGREGATES)


def linked_vocabulary(data: LinkedData, profile_id: str | None, names: TableNames | None) -> Vocabulary:
    """The words of both tables: the profile's, or those that the Table Schemas have for themselves.

    names: of the tables, None for the profile's, or plain ones. Raises UserError (``release.profile_mismatch``) for
    tables that are not the profile's.
    """
    if profile_id is None:
        return _of_schemas(data, names or TableNames())
    standard = ctdc.standard.load()
    profile = standard.profile(profile_id)
    if profile.links is None or (profile.links.number, profile.links.most) != (data.number, data.most):
        raise UserError(
            "release.profile_mismatch",
            f"The linked tables are not those of the profile {profile.id}.",
            allowed="a profile with linked rows, their number and how many of them count",
            do="Name the profile that the cases were protected in, or none for tables of your own.",
        )
    links, entity = profile.links, standard.entities[profile.links.entity]
    people = vocabulary_of_profile(standard, profile, data.domain.main)
    rows = vocabulary_of_profile(standard.of_entity(entity.id), profile.linked(), data.linked.schema)
    called = names or TableNames(links.main, links.name)
    return _joined(data, people, rows, called, (entity.labels, entity.number, entity.number_definition))


def _of_schemas(data: LinkedData, names: TableNames) -> Vocabulary:
    people, rows = (
        vocabulary_of_schema(schema, read_json(data.folder / file))
        for schema, file in ((data.domain.main, SCHEMA), (data.linked.schema, LINKED_SCHEMA))
    )
    label = _in_all("codebook.number.label")
    definition = _in_all("codebook.number.definition", linked=f"{names.linked}.csv")
    return _joined(data, people, rows, names, (same_in_all(names.linked), label, definition))


def _in_all(key: str, **values: str) -> Labels:
    return {language: RELEASE_TEXTS.text(language, key, **values) for language in LANGUAGES}


def _joined(
    data: LinkedData, people: Vocabulary, rows: Vocabulary, names: TableNames, words: tuple[Labels, Labels, Labels]
) -> Vocabulary:
    """One vocabulary of both tables. words: what linked rows are called, what their number is called and means."""
    labels, number_label, number_means = words
    above = _in_all("codebook.number.most", most=str(data.most))
    number_words = VariableWords(
        name=data.number,
        kind="code",
        group=None,
        labels=number_label,
        definitions={language: f"{number_means[language]} {above[language]}" for language in LANGUAGES},
        source="",
        codes=tuple(CodeWords(code, same_in_all(code)) for code in data.domain.numbers.codes),
    )
    linked = LinkedWords(
        main=names.main,
        linked=names.linked,
        number=data.number,
        most=data.most,
        labels=labels,
        variables=rows.variables,
        groups=rows.groups,
        facts=rows.facts,
        flattened=flattened_shape(people.profile),
    )
    return replace(people, variables=(number_words, *people.variables), linked=linked)


def file_names(words: LinkedWords) -> Mapping[str, str]:
    """What each table's files are called in the release, by the role that they have (`ROLES`), without their ends."""
    given = {"main": words.main, "linked": words.linked, FLATTENED: FLATTENED if words.flattened else ""}
    named = {role: given.get(role, role) for role in ROLES}
    return {role: name for role, name in named.items() if name}


def file_sentences(language: str, words: LinkedWords) -> Mapping[str, str]:
    """For each file of data, by its role, sentences that say what is counted in it: people or linked rows."""
    values = {"number": words.number, "linked": words.linked, "most": number(language, words.most)}
    return {role: RELEASE_TEXTS.text(language, f"files.{role}", **values) for role in file_names(words)}


def files_section(language: str, words: LinkedWords) -> Section:
    """What each file counts, as a section of a document."""
    colon = "\u00a0: " if language == "fr" else ": "
    names, sentences = file_names(words), file_sentences(language, words)
    lines = tuple(f"{name}.csv{colon}{sentences[role]}" for role, name in names.items())
    return Section(RELEASE_TEXTS.text(language, "files.heading"), "files", (), lines)


def links_section(language: str, facts: Mapping[str, Any], words: LinkedWords) -> Section:
    """How many linked rows were counted, what was left out, and who is protected only as a group.

    facts: what ``privacy.json`` states under ``linked``.
    """
    left_out = facts["left_out"]
    rows, people = left_out["rows"], left_out["people"]
    # A share of what could be nothing would be quoted all the same.
    few = rows["count"] < SIGNIFICANT * rows["standard_error"]
    cut = RELEASE_TEXTS.text(
        language,
        "privacy.linked.cut_few" if few else "privacy.linked.cut",
        most=number(language, facts["most"]),
        share=percent(language, left_out["share_of_rows"]),
        rows=number(language, max(0.0, rows["count"])),
        rows_error=number(language, rows["standard_error"], 1),
        people=number(language, max(0.0, people["count"])),
        people_error=number(language, people["standard_error"], 1),
        counted=number(language, left_out["at_most_counted"]),
    )
    group = RELEASE_TEXTS.text(language, "privacy.linked.group", label=words.labels[language])
    return Section(RELEASE_TEXTS.text(language, "privacy.linked.heading"), "linked", (cut, group))
