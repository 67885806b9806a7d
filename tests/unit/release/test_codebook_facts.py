"""What a code book says to be true by definition."""

import json

import pytest

from ctdc.release.codebook import MARKS, codebook_sections, fact_sentence, marks
from ctdc.release.vocabulary import vocabulary_from_dict, vocabulary_of_profile, vocabulary_of_schema
from ctdc.standard import load
from ctdc.standard.languages import LANGUAGES
from ctdc.table.constraints import Implication
from ctdc.table.schema import Schema
from ctdc.table.variable import Variable

STANDARD = load()
FACTS = (
    Implication("ageBroad", ("0--8", "09--17"), "majorityStatusAtExploit", ("Minor", "")),
    Implication("typeOfSexOther", ("1",), "isSexualExploit", ("1",)),
)
PROFILE = STANDARD.profile("synthetic-2021")
SCHEMA = Schema(tuple(Variable(column.name, column.codes) for column in PROFILE.columns), FACTS)
WORDS = vocabulary_of_profile(STANDARD, PROFILE, SCHEMA)


def test_a_fact_is_a_sentence_in_the_words_of_the_standard() -> None:
    assert [fact_sentence("en", fact, WORDS) for fact in FACTS] == [
        "Whoever has 0–8 years or 9–17 years under “Age group” has Child (under 18) or no answer under "
        "“Child or adult during exploitation”.",
        "Whoever has Yes under “Other sexual exploitation” has Yes under “Sexual exploitation”.",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_section_lists_every_fact_in_each_language(language: str) -> None:
    section = codebook_sections(language, WORDS)[-1]
    assert section.anchor == "facts-by-definition"
    assert len(section.bullets) == len(FACTS)
    column = PROFILE.column("typeOfSexOther")
    assert column.labels[language] in section.bullets[1]
    assert all("{" not in bullet for bullet in section.bullets)


def test_a_code_book_without_facts_has_no_such_section() -> None:
    words = vocabulary_of_schema(SCHEMA.without_facts(), {})
    assert codebook_sections("en", words)[-1].anchor == PROFILE.names[-1]


def test_there_and_back_and_from_an_older_release() -> None:
    document = json.loads(json.dumps(WORDS.as_dict()))
    assert vocabulary_from_dict(document).facts == FACTS
    del document["facts_by_definition"]
    assert vocabulary_from_dict(document).facts == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_book_says_which_mark_means_which_word(language: str) -> None:
    first = codebook_sections(language, WORDS)[0]
    assert len(marks(language)) == len(first.bullets) == len(MARKS)
    for (word, mark), bullet in zip(marks(language), first.bullets, strict=True):
        assert bullet.startswith(word)
        assert bullet.endswith(mark)
    assert len({word for word, _ in marks(language)}) == len(MARKS)
