"""The code book of a release: csv and json for programs, HTML in five languages for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

from babel.lists import format_list

from ctdc.release.document import Section, Table
from ctdc.release.linked_words import files_section
from ctdc.release.texts import RELEASE_TEXTS
from ctdc.release.vocabulary import LinkedWords, VariableWords, Vocabulary
from ctdc.standard.languages import LANGUAGES
from ctdc.table.constraints import EMPTY, Implication
from ctdc.table.linked import LINKED

# A cell that starts with one of these would be run as a formula by a spreadsheet program.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
FACTS_ANCHOR = "facts-by-definition"
MARKS = ("unknown", "uncollected", "suppressed", "no")  # words that are not the same; the middle of a text key


def codebook_csv(vocabulary: Vocabulary) -> str:
    """One row per variable and code, with labels in all languages, in UTF-8 with a byte-order mark for spreadsheets.

    Of linked tables the first column names the table.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    languages = sorted(LANGUAGES)
    labels = [f"{part}_{language}" for part in ("variable_label", "definition", "code_label") for language in languages]
    tables = _tables(vocabulary)
    writer.writerow([*tables[0][0], "variable", "kind", "group", "code", "source", *labels])
    for _, table, variables in tables:
        for variable in variables:
            for words in variable.codes:
                row = [*table, variable.name, variable.kind, variable.group or "", words.code, variable.source]
                for texts in (variable.labels, variable.definitions, words.labels):
                    row.extend(texts[language] for language in languages)
                writer.writerow([_inert(cell) for cell in row])
    return "\ufeff" + stream.getvalue()


def _tables(vocabulary: Vocabulary) -> list[tuple[list[str], list[str], tuple[VariableWords, ...]]]:
    """Each table's variables, after the header and the cell that name it, which one table alone does not need."""
    linked = vocabulary.linked
    if linked is None:
        return [([], [], vocabulary.variables)]
    return [(["table"], [linked.main], vocabulary.variables), (["table"], [linked.linked], linked.variables)]


def _inert(cell: str) -> str:
    return "'" + cell if cell.startswith(FORMULA_STARTS) else cell


def codebook_sections(language: str, vocabulary: Vocabulary) -> tuple[Section, ...]:
    """The code book as a document: how to read it, a section per variable, then what is true by definition."""
    intro = [codebook_intro(language, vocabulary)]
    if vocabulary.groups:
        intro.append(RELEASE_TEXTS.text(language, "codebook.groups"))
    groups = {group.id: group.labels[language] for group in vocabulary.groups}
    variables = (_variable_section(language, words, groups) for words in vocabulary.variables)
    colon = "\u00a0: " if language == "fr" else ": "
    bullets = tuple(f"{word}{colon}{mark}" for word, mark in marks(language))
    own = (
        Section("", "", (*intro, RELEASE_TEXTS.text(language, "codebook.marks.intro")), bullets),
        *variables,
        *_facts_section(language, vocabulary),
    )
    return own if vocabulary.linked is None else _with_linked(language, own, vocabulary.linked)


def codebook_intro(language: str, vocabulary: Vocabulary) -> str:
    """What a row stands for, and what an empty cell means."""
    linked = vocabulary.linked
    if linked is None:
        return RELEASE_TEXTS.text(language, "codebook.intro")
    return RELEASE_TEXTS.text(
        language, "codebook.linked.intro", main=f"{linked.main}.csv", linked=f"{linked.linked}.csv"
    )


def marks(language: str) -> list[tuple[str, str]]:
    """Words for what is not in the data, and "no", each with the mark that means it."""
    keys = [f"codebook.mark.{name}" for name in MARKS]
    return [(RELEASE_TEXTS.text(language, key), RELEASE_TEXTS.text(language, f"{key}.text")) for key in keys]


def table_heading(language: str, table: str) -> str:
    """The heading above the variables of one of two linked tables."""
    return RELEASE_TEXTS.text(language, "codebook.linked.table", table=f"{table}.csv")


def _with_linked(language: str, people: tuple[Section, ...], linked: LinkedWords) -> tuple[Section, ...]:
    """What each file counts, then the variables of people, then those of linked rows under anchors of their own."""
    intro, *variables = people
    groups = {group.id: group.labels[language] for group in linked.groups}
    rows = [
        replace(section, anchor=LINKED + section.anchor)
        for section in (
            *(_variable_section(language, words, groups) for words in linked.variables),
            *_facts_section(language, linked.vocabulary()),
        )
    ]
    first, second = (Section(table_heading(language, name), name) for name in (linked.main, linked.linked))
    return (intro, files_section(language, linked), first, *variables, second, *rows)


def _variable_section(language: str, words: VariableWords, groups: dict[str, str]) -> Section:
    colon = "\u00a0: " if language == "fr" else ": "
    facts = [("codebook.name", words.name)]
    if words.group in groups:
        facts.append(("codebook.group", groups[words.group]))
    if words.source:
        facts.append(("codebook.source", words.source))
    lines = tuple(RELEASE_TEXTS.text(language, key) + colon + value for key, value in facts)
    definition = words.definitions[language]
    headers = (RELEASE_TEXTS.text(language, "codebook.code"), RELEASE_TEXTS.text(language, "codebook.label"))
    rows = tuple((code.code, code.labels[language]) for code in words.codes)
    paragraphs = (definition,) if definition not in ("", words.labels[language]) else ()
    return Section(words.labels[language], words.name, paragraphs, lines, Table(headers, rows))


def _facts_section(language: str, vocabulary: Vocabulary) -> tuple[Section, ...]:
    if not vocabulary.facts:
        return ()
    heading, intro = (RELEASE_TEXTS.text(language, key) for key in ("codebook.facts", "codebook.facts.intro"))
    sentences = tuple(fact_sentence(language, fact, vocabulary) for fact in vocabulary.facts)
    return (Section(heading, FACTS_ANCHOR, (intro,), sentences),)


def fact_sentence(language: str, fact: Implication, vocabulary: Vocabulary) -> str:
    """One fact in words, with the labels of its variables and codes."""
    words = {variable.name: variable for variable in vocabulary.variables}
    given, then = words[fact.given], words[fact.then]
    return RELEASE_TEXTS.text(
        language,
        "codebook.facts.sentence",
        variable=given.labels[language],
        codes=_one_of(language, given, fact.given_codes),
        other=then.labels[language],
        allowed=_one_of(language, then, fact.then_codes),
    )


def _one_of(language: str, variable: VariableWords, codes: Sequence[str]) -> str:
    labels = {code.code: code.labels[language] for code in variable.codes}
    labels[EMPTY] = RELEASE_TEXTS.text(language, "codebook.facts.unknown")
    return format_list([labels[code] for code in codes], style="or", locale=language)
