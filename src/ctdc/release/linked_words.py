"""What a reader has to know about linked tables, in five languages: what is counted in each file, and who is protected.

Promise: a table is called what its publisher calls it; every number is one of ``privacy.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ctdc.release.document import Section
from ctdc.release.linked import ACROSS_AGGREGATES, LINKED_AGGREGATES, LinkedData, TableNames
from ctdc.release.numbers import number, percent
from ctdc.release.protected import LINKED_SCHEMA, SCHEMA, read_json
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import (
    CodeWords,
    LinkedWords,
    VariableWords,
    Vocabulary,
    same_in_all,
    vocabulary_of_schema,
)
from ctdc.standard.languages import LANGUAGES
from ctdc.table.schema import Variable

ROLES = ("main", "linked", "flattened", "aggregates", LINKED_AGGREGATES, ACROSS_AGGREGATES)


def linked_vocabulary(data: LinkedData, names: TableNames) -> Vocabulary:
    """The words that both Table Schemas have for themselves, and ours for the number of linked rows."""
    people = vocabulary_of_schema(data.main.schema, read_json(data.folder / SCHEMA))
    rows = vocabulary_of_schema(data.linked.schema, read_json(data.folder / LINKED_SCHEMA))
    number_words = words_of_number(data.main.schema.variables[0], names.linked, data.most)
    words = LinkedWords(
        main=names.main,
        linked=names.linked,
        number=data.number,
        most=data.most,
        main_labels=same_in_all(names.main),
        labels=same_in_all(names.linked),
        variables=rows.variables,
        facts=rows.facts,
    )
    return replace(people, variables=(number_words, *people.variables[1:]), linked=words)


def words_of_number(variable: Variable, linked: str, most: int) -> VariableWords:
    """What the number of linked rows is called, and what it means when it is empty."""
    labels = {language: RELEASE_TEXTS.text(language, "codebook.number.label") for language in LANGUAGES}
    definitions = {
        language: RELEASE_TEXTS.text(language, "codebook.number.definition", linked=linked, most=str(most))
        for language in LANGUAGES
    }
    codes = tuple(CodeWords(code, same_in_all(code)) for code in variable.codes)
    return VariableWords(variable.name, "code", None, labels, definitions, "", codes)


def file_names(words: LinkedWords) -> Mapping[str, str]:
    """What each table's files are called in the release, by the role that they have (`ROLES`), without their ends."""
    given = {"main": words.main, "linked": words.linked, "flattened": words.flattened}
    named = {role: given.get(role, role) for role in ROLES}
    return {role: name for role, name in named.items() if name}


def file_sentences(language: str, words: LinkedWords) -> Mapping[str, str]:
    """For each file of data, by its role, a sentence that says what is counted in it: people or linked rows."""
    values = {"number": words.number, "linked": words.linked, "most": number(language, words.most)}
    return {
        role: RELEASE_TEXTS.text(language, f"files.{role}", file=f"{name}.csv", **values)
        for role, name in file_names(words).items()
    }


def files_section(language: str, words: LinkedWords) -> Section:
    """What each file counts, as a section of a document."""
    sentences = tuple(file_sentences(language, words).values())
    return Section(RELEASE_TEXTS.text(language, "files.heading"), "files", (), sentences)


def links_section(language: str, facts: Mapping[str, Any], words: LinkedWords) -> Section:
    """How many linked rows were counted, what was left out, and who is protected only as a group.

    facts: what ``privacy.json`` states under ``linked``.
    """
    left_out = facts["left_out"]
    rows, people = left_out["rows"], left_out["people"]
    cut = RELEASE_TEXTS.text(
        language,
        "privacy.linked.cut",
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
